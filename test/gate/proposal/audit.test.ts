import assert from "node:assert/strict";
import fc from "fast-check";
import {
  chainFacts,
  GENESIS,
  verifyChain,
  type AuditEvent,
} from "../../../functions/gate/proposal/audit.ts";

const facts = fc.array(
  fc.record({
    type: fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,8}$/),
    data: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
  }),
  { minLength: 2, maxLength: 8 },
);

const chained = facts.map((list) => chainFacts("prop_1", { seq: 0, head: GENESIS }, list, 1_000));

function headOf(events: readonly AuditEvent[]): { seq: number; head: string } {
  return { seq: events.length, head: events.at(-1)?.hash ?? GENESIS };
}

describe("A proposal's history", () => {
  it("verifies as it was written, in one go or in several", () => {
    fc.assert(
      fc.property(facts, fc.nat(), (list, cut) => {
        const at = cut % list.length;
        const first = chainFacts("prop_1", { seq: 0, head: GENESIS }, list.slice(0, at), 1_000);
        const rest = chainFacts("prop_1", headOf(first), list.slice(at), 2_000);
        const events = [...first, ...rest];
        assert.deepEqual(verifyChain("prop_1", events, headOf(events)), []);
      }),
    );
  });

  it("does not verify when an event is missing, repeated or out of place", () => {
    fc.assert(
      fc.property(chained, fc.nat(), (events, which) => {
        const at = which % events.length;
        const head = headOf(events);
        const event = events[at];
        assert.ok(event !== undefined);
        const missing = events.filter((_, index) => index !== at);
        const repeated = [...events.slice(0, at), event, ...events.slice(at)];
        const reversed = events.toReversed();
        for (const altered of [missing, repeated, reversed]) {
          assert.notDeepEqual(verifyChain("prop_1", altered, head), []);
        }
      }),
    );
  });

  it("does not verify when a word of an event was changed", () => {
    const [first, second] = chainFacts(
      "prop_1",
      { seq: 0, head: GENESIS },
      [
        { type: "decision.rejected", data: { by: "human" } },
        { type: "outcome.suppressed", data: {} },
      ],
      1_000,
    );
    assert.ok(first !== undefined && second !== undefined);
    const head = headOf([first, second]);
    const altered = (change: Partial<AuditEvent>) =>
      verifyChain("prop_1", [{ ...first, ...change }, second], head);
    assert.deepEqual(altered({ type: "decision.approved" }), [
      "prop_1 event 1: its content was altered",
    ]);
    assert.deepEqual(altered({ data: { by: "policy" } }), [
      "prop_1 event 1: its content was altered",
    ]);
    assert.deepEqual(altered({ atMs: 999 }), ["prop_1 event 1: its content was altered"]);
    assert.deepEqual(altered({ proposalId: "prop_2" }), [
      "prop_1 event 1: belongs to prop_2",
      "prop_1 event 1: its content was altered",
    ]);
    assert.deepEqual(verifyChain("prop_1", [first], head), [
      "prop_1: the record ends at event 2, the history at 1",
    ]);
  });
});
