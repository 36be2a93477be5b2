import assert from "node:assert/strict";
import fc from "fast-check";
import { GatingError, evaluate, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import type { ServiceGating } from "../../../functions/gate/gating/index.ts";
import { problemsOf, runbooks, withRules } from "./problemsOf.ts";
import { anyMatch, anySubject, values } from "./subjects.ts";

/** Which of the rules with these matches are refused as never matching, and by which they are covered. */
function covered(...matches: unknown[]): Record<number, string> {
  const rules = matches.map((match, index) => ({ name: `r${index}`, decision: "deny", match }));
  return Object.fromEntries(
    problemsOf(withRules(...rules)).map((line) => {
      const found =
        /^services\.db\.rules\[(\d+)\] \(r\d+\): can never match: everything it matches is taken by rules before it \((.*)\); move it above them, narrow them, or remove it$/.exec(
          line,
        );
      assert(found !== null, line);
      return [Number(found[1]), found[2] ?? ""];
    }),
  );
}

const weekend = { days: ["sat", "sun"], timeZone: "UTC" };
const weekdays = ["mon", "tue", "wed", "thu", "fri"];
const stretch = { start: "2020-12-20T00:00", end: "2020-12-21T00:00", timeZone: "UTC" };
const night = { from: "22:00", to: "06:00", timeZone: "UTC" };

describe("rules that can never match", () => {
  const cases: readonly (readonly [string, unknown[], Record<number, string>])[] = [
    ["after a rule that matches everything", [undefined, { priority: "P1" }], { 1: "r0" }],
    ["after the same rule", [{ priority: "P1" }, { priority: "P1" }], { 1: "r0" }],
    [
      "whatever the capitals of a priority",
      [{ priority: "P1" }, { priority: ["p1"] }],
      { 1: "r0" },
    ],
    [
      "after a wider one",
      [{ priority: ["P1", "P2"] }, { priority: "P2", urgency: "high" }],
      { 1: "r0" },
    ],
    [
      "after two that share it out",
      [{ priority: "P1" }, { priority: "P2" }, { priority: ["P1", "P2"] }],
      { 2: "r0, r1" },
    ],
    [
      "after rules for every runbook, of which there are no others",
      [{ runbook: "failover" }, { runbook: ["restart", "page"] }, undefined],
      { 2: "r0, r1" },
    ],
    [
      "after the rule for a runbook's action",
      [{ action: "restart_service" }, { runbook: "restart" }],
      { 1: "r0" },
    ],
    [
      "when two fields share it out crosswise",
      [
        { urgency: "high", priority: ["P1", "P2"] },
        { urgency: "low" },
        { urgency: ["high", "low"], priority: "P1" },
      ],
      { 2: "r0, r1" },
    ],
    [
      "when regions are shared out",
      [{ region: "a" }, { region: "b" }, { region: ["a", "b"] }],
      { 2: "r0, r1" },
    ],
    [
      "under the same title pattern and window",
      [
        { titlePattern: ["x", "y"], during: [weekend, night] },
        { titlePattern: "x", during: night, priority: "P1" },
      ],
      { 1: "r0" },
    ],
    [
      "in a window that is the same, written otherwise",
      [
        { during: { days: "sat", timeZone: "UTC" } },
        { during: [{ days: ["sat", "sat"], from: "00:00", to: "24:00", timeZone: "UTC" }] },
      ],
      { 1: "r0" },
    ],
    [
      "in a window that lies inside another",
      [{ during: night }, { during: { days: "sun", from: "23:00", to: "02:00", timeZone: "UTC" } }],
      { 1: "r0" },
    ],
    [
      "in a window that several of one rule make up",
      [
        {
          during: [
            { from: "18:00", to: "02:00", timeZone: "UTC" },
            { days: ["mon", "tue"], from: "01:00", to: "06:00", timeZone: "UTC" },
          ],
        },
        { during: { days: "mon", from: "22:00", to: "06:00", timeZone: "UTC" } },
      ],
      { 1: "r0" },
    ],
    [
      "after windows that make up the whole week",
      [{ during: [weekend, { days: weekdays, timeZone: "UTC" }] }, undefined],
      { 1: "r0" },
    ],
    [
      "in the same stretch",
      [{ during: [night, stretch] }, { during: stretch, priority: "P1" }],
      { 1: "r0" },
    ],
    [
      "with a pattern after one without",
      [{ priority: "P1" }, { priority: "P1", titlePattern: "x" }],
      { 1: "r0" },
    ],
    [
      "with custom: before a type that the list has",
      [{ event: "incident.triggered" }, { event: "custom:incident.triggered" }],
      { 1: "r0" },
    ],
  ];
  for (const [name, matches, expected] of cases) {
    it(`are refused ${name}`, () => {
      assert.deepEqual(covered(...matches), expected);
    });
  }

  const reachable: readonly (readonly [string, unknown[]])[] = [
    ["something the earlier leave over", [{ priority: "P1" }, { priority: ["P1", "P2"] }]],
    ["no urgency, which both urgencies leave over", [{ urgency: ["high", "low"] }, undefined]],
    ["an explicit proposal, which events leave over", [{ event: "incident.triggered" }, undefined]],
    ["a region of its own", [{ region: "a" }, { region: ["a", "b"] }]],
    ["no region", [{ region: ["a", "b"] }, undefined]],
    [
      "another pattern",
      [{ titlePattern: "x" }, { titlePattern: "y" }, { titlePattern: ["x", "z"] }],
    ],
    ["no pattern", [{ titlePattern: "x" }, undefined]],
    [
      "a minute more",
      [
        { during: { days: "mon", from: "22:00", to: "06:00", timeZone: "UTC" } },
        { during: { days: "mon", from: "22:00", to: "06:01", timeZone: "UTC" } },
      ],
    ],
    [
      "the same hours of another zone",
      [{ during: night }, { during: { ...night, timeZone: "Europe/Berlin" } }],
    ],
    ["no window", [{ during: [weekend, stretch] }, undefined]],
    ["another stretch", [{ during: stretch }, { during: { ...stretch, end: "2026-12-22T00:00" } }]],
    ["another window", [{ during: weekend }, { during: [weekend, night] }]],
    ["proposers that differ in capitals", [{ proposer: "bot" }, { proposer: "Bot" }]],
  ];
  for (const [name, matches] of reachable) {
    it(`do not include one that has ${name}`, () => {
      assert.deepEqual(covered(...matches), {});
    });
  }

  it("are not looked for beyond what can be told in a moment", () => {
    const many = Array.from({ length: 99 }, (_, index) => ({ region: `r${index}` }));
    assert.deepEqual(covered(undefined, ...many.slice(0, 90), { priority: "P1" })[91], "r0");
    assert.deepEqual(covered(undefined, ...many), {});
  });

  it("are compared even when another rule is wrong", () => {
    assert.deepEqual(
      problemsOf(
        withRules(
          { name: "a", decision: "deny", match: { priority: [] } },
          { name: "b", decision: "deny" },
          { name: "c", decision: "deny", sla: "1s" },
        ),
      ),
      [
        "services.db.rules[0] (a): `match.priority` must hold at least one value or be left out, got an empty list",
        'services.db.rules[2] (c): `sla` must be between 1m and 7d, got "1s"',
        "services.db.rules[2] (c): can never match: everything it matches is taken by rules before it (b); move it above them, narrow them, or remove it",
      ],
    );
  });

  it("are never reached by any proposal", () => {
    const rules = fc
      .array(anyMatch, { minLength: 2, maxLength: 4 })
      // Rules with one field are wide, so that they cover others often enough.
      .map((matches) =>
        matches.map((match, index) => ({
          name: `r${index}`,
          decision: "deny",
          match: Object.fromEntries(Object.entries(match).slice(0, 1 + (index % 2))),
        })),
      );
    let refusals = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(anySubject, { minLength: 20, maxLength: 20 }),
        (written, subjects) => {
          const refused = refusedOf(written);
          const gating = withoutChecks(written);
          refusals += refused.size;
          for (const subject of gating === null ? [] : subjects) {
            const { rule } = evaluate(gating ?? assert.fail(), subject);
            assert(rule === null || !refused.has(rule), `${rule} was reached`);
          }
        },
      ),
      { numRuns: 150, seed: 4421 },
    );
    assert(refusals > 10, `only ${refusals} refusals were put to the test`);
  });

  it("are all found where no pattern, window or region hides them", () => {
    const { priority, urgency, runbook } = values;
    const some = <Value>(from: readonly Value[]) => fc.subarray([...from], { minLength: 1 });
    const match = fc.record(
      { priority: some(priority), urgency: some(urgency), runbook: some(runbook) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(match, { minLength: 2, maxLength: 5 }), (matches) => {
        const rules = matches.map((each, index) => ({
          name: `r${index}`,
          decision: "deny",
          match: each,
        }));
        const gating = withoutChecks(rules);
        assert(gating !== null);
        const reached = new Set<string | null>();
        for (const subject of everySubject()) reached.add(evaluate(gating, subject).rule);
        assert.deepEqual(
          [...refusedOf(rules)],
          rules.map((rule) => rule.name).filter((name) => !reached.has(name)),
        );
      }),
    );
  });
});

interface Written {
  name: string;
  match: object;
}

/** Names of the rules that are refused because others take what they match. */
function refusedOf(rules: readonly Written[]): Set<string> {
  return new Set(
    problemsOf(withRules(...rules)).flatMap((line) => {
      const found = /\((r\d+)\): can never match: everything/.exec(line);
      return found?.[1] === undefined ? [] : [found[1]];
    }),
  );
}

/** The gating with all these rules, each read by itself; null: one is wrong by itself. */
function withoutChecks(rules: readonly Written[]): ServiceGating | null {
  try {
    const parsed = rules.map((rule) => parseServiceGating("db", { runbooks, rules: [rule] }));
    const [first] = parsed;
    return first === undefined ? null : { ...first, rules: parsed.flatMap((one) => one.rules) };
  } catch (error) {
    if (error instanceof GatingError) return null;
    throw error;
  }
}

/** Every proposal that differs in priority, urgency or runbook. */
function* everySubject() {
  const [base] = fc.sample(anySubject, { numRuns: 1, seed: 1 });
  assert(base !== undefined);
  for (const priority of [...values.priority, null]) {
    for (const urgency of [...values.urgency, null]) {
      for (const runbook of values.runbook) yield { ...base, priority, urgency, runbook };
    }
  }
}
