import assert from "node:assert/strict";
import type { Verdict } from "../../../functions/gate/review/decision.ts";
import type { ApprovalReading } from "../../../functions/gate/ports/index.ts";
import type { ApprovalAttempt } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { ATTEMPT, DETAILS, tooDeep, verdictOf, without } from "./verdicts.ts";

describe("A rejection", () => {
  const earlier: ApprovalAttempt = { ...ATTEMPT, attemptId: "att_0", state: "unclear" };
  const rejectedAfter = (
    ms: number,
    attempts: ApprovalAttempt[],
    autoDecided = false,
    attempt: Partial<ApprovalAttempt> = {},
    notes: string[] = [],
  ): Verdict =>
    verdictOf(
      { status: "REJECTED", autoDecided, decidedAtMs: START_MS + ms, notes },
      attempts,
      START_MS + 60_000,
      attempt,
    );

  it("of the first request is a human's no, however quick", () => {
    const verdict = rejectedAfter(1_000, []);
    assert.ok(verdict.kind === "decided");
    assert.equal(verdict.decision.outcome, "rejected");
    assert.equal(verdict.decision.by, "human");
  });

  const isNobodys = { kind: "unattended", isSure: false, note: null };
  for (const autoDecided of [false, true]) {
    it(`with the very answer to a repeated request may be loop protection, also where \`autoDecided\` is ${autoDecided}`, () => {
      const verdict = rejectedAfter(15_000, [earlier], autoDecided, { receipt: "decided" });
      assert.deepEqual(verdict, {
        ...isNobodys,
        atMs: START_MS + 15_000,
        text: "The repeated request was rejected at once, as Cheqpoint's loop protection does: it may be nobody's no.",
      });
    });
  }

  const human: [string, () => Verdict][] = [
    ["was pending first", () => rejectedAfter(1_000, [earlier], false, { receipt: "pending" })],
    ["has no answer", () => rejectedAfter(1_000, [earlier], false, {})],
    ["has one without a status", () => rejectedAfter(1, [earlier], false, { receipt: "unknown" })],
    ["has a note", () => rejectedAfter(1, [earlier], false, { receipt: "decided" }, ["no"])],
    [
      "somebody had time to read",
      () => rejectedAfter(15_001, [earlier], false, { receipt: "decided" }),
    ],
    ["is the first", () => rejectedAfter(1, [], false, { receipt: "decided" })],
  ];
  for (const [what, verdictOn] of human) {
    it(`of a repeated request that ${what} is a human's no`, () => {
      const verdict = verdictOn();
      assert.ok(verdict.kind === "decided");
      assert.deepEqual([verdict.decision.outcome, verdict.decision.by], ["rejected", "human"]);
    });
  }

  it("that names a rule without saying that the rule decided is a human's", () => {
    const verdict = verdictOf({ status: "REJECTED", autoDecisionRuleName: "quick" });
    assert.ok(verdict.kind === "decided");
    assert.equal(verdict.decision.by, "human");
  });
});

describe("An approval", () => {
  it("that names a rule counts as the rule's, whether or not it says that the rule decided", () => {
    for (const autoDecided of [false, true]) {
      const verdict = verdictOf({ autoDecided, autoDecisionRuleName: "quick" });
      assert.ok(verdict.kind === "refused");
      assert.equal(verdict.reason, "ruleApprovalNotAccepted");
    }
  });

  const altered: Record<string, Partial<ApprovalReading>> = {
    "of another id": { id: "req_2" },
    "with another value": { details: { ...DETAILS, max_replicas: 6 } },
    "with one more detail": { details: { ...DETAILS, note: "all well" } },
    "with one detail less": { details: without("ticket") },
    "with what cannot be compared": { details: { ...DETAILS, max_replicas: tooDeep() } },
  };
  for (const [what, reading] of Object.entries(altered)) {
    it(`${what} is not one of what was submitted`, () => {
      const verdict = verdictOf(reading);
      assert.ok(verdict.kind === "refused");
      assert.deepEqual(
        [verdict.reason, verdict.text],
        [
          "approvalAltered",
          "What Cheqpoint shows as approved is not what was submitted for review.",
        ],
      );
    });
  }

  it("of an unknown status is none, and not taken for nobody's answer either", () => {
    assert.deepEqual(verdictOf({ status: "UNKNOWN" }), {
      kind: "unknown",
      text: "Cheqpoint's status of it is one that the gate does not know.",
    });
  });

  const LATER_MS = START_MS + 60_000;
  const times: [string, number | null, { atMs: number; saidAtMs: number }][] = [
    ["of now", LATER_MS, { atMs: LATER_MS, saidAtMs: LATER_MS }],
    ["in the future", LATER_MS + 1, { atMs: LATER_MS, saidAtMs: START_MS }],
    ["of before it was asked for", START_MS - 1, { atMs: START_MS, saidAtMs: START_MS }],
    ["unknown", null, { atMs: LATER_MS, saidAtMs: START_MS }],
  ];
  for (const [what, decidedAtMs, expected] of times) {
    it(`is dated by ${what}: good from the earliest, and later than a no only for sure`, () => {
      const verdict = verdictOf({ decidedAtMs }, [], LATER_MS);
      assert.ok(verdict.kind === "decided");
      const { atMs, saidAtMs, validUntilMs } = verdict.decision;
      assert.deepEqual({ atMs, saidAtMs }, expected);
      assert.equal(validUntilMs, atMs + 15 * 60_000);
    });
  }

  for (const [what, decidedAtMs, saidAtMs] of [
    ["unknown", null, LATER_MS],
    ["still to come by a clock that is behind Cheqpoint's", LATER_MS + 900, LATER_MS + 900],
    ["further ahead than two clocks differ", LATER_MS + 3_600_000, LATER_MS + 60_000],
  ] as const) {
    it(`is no earlier for a no than it can have been: a time that is ${what}`, () => {
      const no = verdictOf({ status: "REJECTED", decidedAtMs }, [], LATER_MS);
      assert.ok(no.kind === "decided");
      assert.equal(no.decision.saidAtMs, saidAtMs);
    });
  }
});
