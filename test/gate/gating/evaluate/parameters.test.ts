import assert from "node:assert/strict";
import fc from "fast-check";
import { checkParameters, parseServiceGating } from "../../../../functions/gate/gating/index.ts";
import type { Runbook } from "../../../../functions/gate/gating/index.ts";

function runbookWith(parameters: Record<string, unknown>): Runbook {
  const runbooks = { r: { automationAction: "01A", parameters } };
  const runbook = parseServiceGating("db", { runbooks }).runbooks["r"];
  assert(runbook !== undefined);
  return runbook;
}

const runbook = runbookWith({
  max_replicas: { type: "integer", minimum: 1, maximum: 5, default: 3 },
  ratio: { type: "number", minimum: 0.5 },
  mode: { type: "string", enum: ["fast", "safe"] },
  note: { type: "string", maxLength: 10 },
  force: { type: "boolean", required: true },
});

describe("checkParameters", () => {
  it("takes what fits and fills in the defaults", () => {
    assert.deepEqual(checkParameters(runbook, { force: false }), {
      ok: true,
      value: { max_replicas: 3, force: false },
    });
    const full = { max_replicas: 5, ratio: 0.5, mode: "safe", note: "ä".repeat(10), force: true };
    assert.deepEqual(checkParameters(runbook, full), { ok: true, value: full });
  });

  it("takes nothing for a runbook that has no parameters", () => {
    const none = runbookWith({});
    for (const input of [undefined, null, {}]) {
      assert.deepEqual(checkParameters(none, input), { ok: true, value: {} });
    }
    assert.deepEqual(checkParameters(none, { a: 1 }), {
      ok: false,
      problems: ['`parameters` of runbook `r` must not hold "a": it takes none'],
    });
  });

  it("tells every problem at once", () => {
    const input = {
      max_replica: 1,
      max_replicas: 6,
      ratio: "0.9",
      mode: "slow",
      note: "12345678901",
    };
    assert.deepEqual(checkParameters(runbook, input), {
      ok: false,
      problems: [
        '`parameters` of runbook `r` must not hold "max_replica": it takes `max_replicas`, `ratio`, `mode`, `note`, `force`; did you mean `max_replicas`?',
        "`parameters.max_replicas` must be a whole number between 1 and 5, got 6",
        '`parameters.ratio` must be a number of at least 0.5, got "0.9"',
        '`parameters.mode` must be "fast" or "safe", got "slow"',
        '`parameters.note` must be text of at most 10 characters without invisible and control characters, got "12345678901"',
        "`parameters.force` is required and must be true or false",
      ],
    });
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ["max_replicas", 1.5],
    ["max_replicas", null],
    ["max_replicas", [3]],
    ["max_replicas", "3"],
    ["ratio", Infinity],
    ["ratio", NaN],
    ["note", "a\nb"],
    ["note", "\u202Eabc"],
    ["note", "\uD800"],
    ["force", "true"],
    ["force", 1],
  ];
  for (const [name, value] of refused) {
    it(`refuses ${JSON.stringify(value) ?? String(value)} for ${name}`, () => {
      const checked = checkParameters(runbook, { force: true, [name]: value });
      assert(!checked.ok);
      assert.equal(checked.problems.length, 1);
      assert(checked.problems[0]?.startsWith(`\`parameters.${name}\` must be `));
    });
  }

  it("refuses what is no object, and names that every object has", () => {
    for (const [input, found] of [
      [[1], "a list of 1"],
      ["a", '"a"'],
      [5, "5"],
    ] as const) {
      assert.deepEqual(checkParameters(runbook, input), {
        ok: false,
        problems: [`\`parameters\` must be an object, got ${found}`],
      });
    }
    for (const name of ["constructor", "__proto__", "toString"]) {
      const input: unknown = JSON.parse(`{"force":true,${JSON.stringify(name)}:1}`);
      assert.equal(checkParameters(runbook, input).ok, false);
    }
  });

  it("lets nothing through that was not declared, and never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue()), (any, object) => {
        for (const input of [any, object, { ...object, force: true }]) {
          const checked = checkParameters(runbook, input);
          if (!checked.ok) continue;
          for (const name of Object.keys(checked.value))
            assert(Object.hasOwn(runbook.parameters, name));
        }
      }),
    );
  });
});
