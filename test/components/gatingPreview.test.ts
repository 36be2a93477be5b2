// The preview itself, with an engine and a store, is in test/engine/ruleDiff.test.ts.
import assert from "node:assert/strict";
import { gatingItem } from "../../components/gatingRecord.ts";
import { changeLines } from "../../components/gatingPreview.ts";

const nowMs = Date.parse("2026-11-24T10:00:00Z");
const service = { id: "PSVC001", name: "db" };
const runbooks = { restart: { automationAction: "01RESTART" } };
const ask = (priority: string, more: object = {}) => ({
  name: `ask-${priority}`,
  match: { priority },
  decision: "requireApproval",
  ...more,
});

const lines = (before: unknown, after: unknown, forms: readonly [number?, number?] = [2, 2]) =>
  changeLines(gatingItem(service, before, forms[0]), gatingItem(service, after, forms[1]), nowMs);

describe("what a preview tells of a changed gating", () => {
  it("is what is answered differently, in at most five lines", () => {
    const rules = ["P1", "P2", "P3", "P4", "P5", "P6"].map((priority) => ask(priority));
    const wider = rules.map((rule) => ({ ...rule, validFor: "1h" }));
    assert.deepEqual(
      lines({ runbooks, rules: rules.slice(0, 2) }, { runbooks, rules: wider.slice(0, 2) }),
      [
        "What is answered differently: 2 loosened",
        "loosened: priority P1: a human is asked (rule `ask-P1`); `validFor` 15m → 1h",
        "loosened: priority P2: a human is asked (rule `ask-P2`); `validFor` 15m → 1h",
      ],
    );
    const many = lines({ runbooks, rules }, { runbooks, rules: wider });
    assert.equal(many.length, 5);
    assert.equal(many.at(-1), "… and 3 more: `gate gating compare` tells them");
  });

  it("is that nothing changes in meaning where it is written otherwise, or kept in another form", () => {
    const same = [
      "Nothing changes in meaning: every proposal and every event is answered as before.",
    ];
    const rules = [ask("P1"), ask("P2")];
    assert.deepEqual(lines({ runbooks, rules }, { runbooks, rules: rules.toReversed() }), same);
    assert.deepEqual(lines({ runbooks, rules }, { runbooks, rules }, [1, 2]), same);
  });

  it("is nothing where the record is the same, or what is kept is none that can be read", () => {
    const gating = { runbooks, rules: [ask("P1")] };
    assert.deepEqual(lines(gating, gating), []);
    for (const kept of [
      "",
      "null",
      "{}",
      '{"gating":{"S":"{"}}',
      '{"gating":{"S":"{\\"rules\\":1}"}}',
    ]) {
      assert.deepEqual(changeLines(kept, gatingItem(service, gating, 2), nowMs), []);
    }
  });
});
