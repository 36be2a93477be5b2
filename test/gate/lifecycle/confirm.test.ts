// The decision in the ledger against what Cheqpoint says right before the claim: neither a forged record nor a forged or
// altered request runs anything.
import assert from "node:assert/strict";
import type { ApprovalReading } from "../../../functions/gate/ports/index.ts";
import type { ApprovalAttempt, Decision } from "../../../functions/gate/proposal/proposal.ts";
import { Bench, endOf } from "./bench.ts";

const EDITED = { editable: ["max_replicas"] };
const SILENCE = { onExpiry: "approve", acknowledgeRisk: true };
const TWO = { modifiedDetails: { max_replicas: 2 } };

function forged(bench: Bench, change: Partial<Decision>): Bench {
  const { decision } = bench.proposal;
  assert.ok(decision !== null);
  bench.proposal = { ...bench.proposal, decision: { ...decision, ...change } };
  return bench;
}

function withAttempt(bench: Bench, change: Partial<ApprovalAttempt>): Bench {
  const { approval } = bench.proposal;
  assert.ok(approval !== null);
  const attempts = approval.attempts.map((one) => ({ ...one, ...change }));
  bench.proposal = { ...bench.proposal, approval: { ...approval, attempts } };
  return bench;
}

/** What Cheqpoint shows, and what the record says was sent: whoever can write the ledger can make them the same. */
function withDetails(bench: Bench, change: ApprovalReading["details"]): Bench {
  const reading = bench.approvals["req_1"];
  assert.ok(reading !== null && reading !== undefined);
  const details = { ...reading.details, ...change };
  bench.approvals["req_1"] = { ...reading, details };
  return withAttempt(bench, { details });
}

/** A second request of the same proposal, which was approved as well or not. */
function withSecond(bench: Bench, change: Partial<ApprovalReading>): Bench {
  const { approval } = bench.proposal;
  const [attempt] = approval?.attempts ?? [];
  const reading = bench.approvals["req_1"];
  assert.ok(attempt !== undefined && approval !== null && reading !== null);
  assert.ok(reading !== undefined);
  const details = { ...attempt.details, attempt_id: "att_2" };
  const second = {
    ...attempt,
    attemptId: "att_2",
    tokenHash: "hash_2",
    approvalId: "req_2",
    details,
  };
  bench.proposal = {
    ...bench.proposal,
    approval: { ...approval, attempts: [attempt, second] },
  };
  bench.approvals["req_2"] = { ...reading, id: "req_2", details, ...change };
  return bench;
}

function silent(): Bench {
  const bench = new Bench(SILENCE).asked();
  bench.nowMs = bench.proposal.decideByMs ?? 0;
  bench.proposal = { ...bench.proposal, dueAtMs: bench.nowMs, seenAtMs: bench.nowMs };
  bench.save();
  assert.equal(bench.proposal.decision?.by, "onExpiry");
  return bench;
}

/** It neither runs nor ends: Cheqpoint may confirm it yet. */
function assertWaits(bench: Bench, problem: string): void {
  const step = bench.step();
  assert.equal(endOf(step), null);
  assert.ok(step.kind === "save", `it does not save, but ${step.kind}`);
  assert.equal(step.next.unconfirmed, problem);
}

const ELSE = "Cheqpoint tells of an approval of something else";
const NONE = "Cheqpoint does not confirm the approval";

describe("an approval, read once more right before the claim,", () => {
  it("is confirmed where Cheqpoint says the same", () => {
    assert.equal(new Bench(EDITED).approved(TWO).step().kind, "effect");
  });

  const records: Record<string, Partial<Decision>> = {
    "another one decided": { by: "autoRule" },
    "another digest was approved": { digest: "sha256:other" },
    "another value was approved": { parameters: { max_replicas: 5 } },
    "a reviewer changed nothing": { changed: [] },
  };
  for (const [what, change] of Object.entries(records)) {
    it(`is not confirmed where the record says that ${what}`, () => {
      assertWaits(forged(new Bench(EDITED).approved(TWO), change), ELSE);
    });
  }

  const requests: Record<string, ApprovalReading["details"]> = {
    "another proposal": { proposal_id: "prop_2" },
    "another request": { attempt_id: "att_9" },
    "another action": { action_digest: "sha256:other" },
  };
  for (const [what, change] of Object.entries(requests)) {
    it(`is not confirmed by a request for ${what}`, () => {
      assertWaits(withDetails(new Bench().approved(), change), `${NONE}: it was approved`);
    });
  }

  it("is not confirmed where the record's own digest is another one", () => {
    const bench = new Bench().approved();
    bench.proposal = { ...bench.proposal, digest: "sha256:other" };
    assertWaits(bench, `${NONE}: it was approved`);
  });

  it("is not confirmed once it is older than its rule allows, whatever the record says", () => {
    const bench = new Bench().approved();
    const goodUntilMs = bench.proposal.decision?.validUntilMs ?? 0;
    forged(bench, { validUntilMs: goodUntilMs + 300_000 });
    bench.nowMs = goodUntilMs;
    assert.equal(bench.step().kind, "effect");
    bench.nowMs = goodUntilMs + 1;
    assertWaits(bench, "the approval is older than the rule lets it be good for");
  });

  it("is not confirmed where it came after the deadline, whatever the record says", () => {
    const bench = new Bench().approved();
    const decideByMs = bench.proposal.decideByMs ?? 0;
    bench.nowMs = decideByMs + 2;
    forged(bench, { validUntilMs: decideByMs + 300_000 });
    bench.decide("req_1", { decidedAtMs: decideByMs });
    assert.equal(bench.step().kind, "effect");
    bench.decide("req_1", { decidedAtMs: decideByMs + 1 });
    assertWaits(bench, "the approval came after the deadline that the reviewer was shown");
  });

  it("is not confirmed by a request that nobody has decided", () => {
    const bench = new Bench().approved();
    bench.decide("req_1", { status: "PENDING", decidedAtMs: null });
    assertWaits(bench, `${NONE}: nobody has decided`);
  });

  it("is not confirmed where no request is known", () => {
    const bench = new Bench().approved();
    const { approval } = bench.proposal;
    assert.ok(approval !== null);
    bench.proposal = { ...bench.proposal, approval: { ...approval, attempts: [] } };
    assertWaits(bench, `${NONE}: no request is known`);
  });

  it("is not confirmed while another request of it cannot be read", () => {
    const bench = withSecond(new Bench().approved(), {});
    delete bench.approvals["req_2"];
    assertWaits(bench, "not read");
  });

  it("is not confirmed by one of two approvals that differ", () => {
    assertWaits(withSecond(new Bench(EDITED).approved(), TWO), ELSE);
  });

  it("is overruled by a no to another request, which is kept as a human's", () => {
    const bench = withSecond(new Bench().approved(), { status: "REJECTED" });
    const step = bench.step();
    assert.equal(endOf(step), "suppressed rejected");
    assert.ok(step.kind === "save");
    assert.equal(step.options?.no?.atMs, bench.nowMs);
  });

  it("is overruled by a no as late as it can have been said, also by a clock that is ahead of the gate's", () => {
    const bench = new Bench().approved();
    bench.decide("req_1", { status: "REJECTED", decidedAtMs: bench.nowMs + 30_000 });
    assert.equal(bench.save().options?.no?.atMs, bench.nowMs + 30_000);
  });

  it("is overruled by a rule's no, which is not kept as a human's", () => {
    const bench = withSecond(new Bench().approved(), { status: "REJECTED", autoDecided: true });
    const step = bench.step();
    assert.equal(endOf(step), "suppressed rejectedByRule");
    assert.ok(step.kind === "save");
    assert.equal(step.options?.no, undefined);
  });

  it("of a rule is not confirmed once the rule's approval is gone", () => {
    const bench = new Bench({ acceptRuleApprovals: true }).approved({ autoDecided: true });
    bench.decide("req_1", { status: "PENDING", decidedAtMs: null });
    assertWaits(bench, `${NONE}: nobody has decided`);
  });
});

describe("silence, looked at once more right before the claim,", () => {
  const quiet = "Cheqpoint does not confirm the silence";

  it("is not confirmed by a request that Cheqpoint no longer knows", () => {
    const bench = silent();
    bench.approvals["req_1"] = null;
    assertWaits(bench, `${quiet}: Cheqpoint has no request req_1.`);
  });

  it("is not confirmed by a status that the gate does not know", () => {
    const bench = silent();
    bench.decide("req_1", { status: "UNKNOWN" });
    assertWaits(bench, `${quiet}: Cheqpoint's status of it is one that the gate does not know.`);
  });

  it("is confirmed by a request that nobody looked at", () => {
    const bench = silent();
    bench.decide("req_1", { status: "REJECTED", retryable: true, autoDecided: true });
    assert.equal(bench.step().kind, "effect");
  });

  it("is not confirmed where it may have been a rule's no", () => {
    const bench = withSecond(silent(), {});
    const { approval } = bench.proposal;
    assert.ok(approval !== null);
    const attempts = approval.attempts.map((one) => ({ ...one, receipt: "decided" as const }));
    bench.proposal = { ...bench.proposal, approval: { ...approval, attempts } };
    bench.decide("req_2", {
      status: "REJECTED",
      decidedAtMs: attempts[1]?.startedAtMs ?? 0,
    });
    assertWaits(
      bench,
      `${quiet}: nobody has decided; The repeated request was rejected at once, as Cheqpoint's loop protection does: it may be nobody's no.`,
    );
  });

  for (const state of ["unclear", "started"] as const) {
    it(`is not confirmed where a request is ${state}`, () => {
      assertWaits(
        withAttempt(silent(), { state }),
        "what was said to a request whose answer was lost is not known",
      );
    });
  }

  it("approves nothing else than what was asked", () => {
    assertWaits(
      forged(silent(), { digest: "sha256:other" }),
      "silence approves nothing else than what was asked",
    );
  });

  it("is not confirmed by a request that asked for something else", () => {
    assertWaits(
      withDetails(silent(), { action_digest: "sha256:other" }),
      `${quiet}: nobody has decided`,
    );
  });

  it("is not confirmed once it is older than its rule allows, whatever the record says", () => {
    const bench = silent();
    const goodUntilMs = bench.proposal.decision?.validUntilMs ?? 0;
    forged(bench, { validUntilMs: goodUntilMs + 300_000 });
    bench.nowMs = goodUntilMs + 1;
    assertWaits(bench, "the approval is older than the rule lets it be good for");
  });

  it("is not confirmed before the deadline that the reviewer was shown", () => {
    const later = new Date(silent().nowMs + 1).toISOString();
    assertWaits(withDetails(silent(), { decide_by: later }), `${quiet}: nobody has decided`);
  });

  it("is overruled by a human's no", () => {
    const bench = silent();
    bench.decide("req_1", { status: "REJECTED" });
    assert.equal(endOf(bench.step()), "suppressed rejected");
  });
});
