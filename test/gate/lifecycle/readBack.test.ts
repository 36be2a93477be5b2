// What was said to the requests of one proposal, and what is kept of it at the end.
import assert from "node:assert/strict";
import type { ApprovalReading } from "../../../functions/gate/ports/index.ts";
import type {
  ApprovalAttempt,
  ApprovalProgress,
} from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { Bench, endOf, SLA_MS } from "./bench.ts";

const COOL_DOWN_MS = 10 * 60_000;
const TERMS = { editable: ["max_replicas"], coolDown: "10m" };
const NOBODY = { status: "REJECTED", retryable: true, autoDecided: true } as const;

function approvalOf(bench: Bench): ApprovalProgress {
  return bench.proposal.approval ?? assert.fail();
}

function withAttempts(bench: Bench, attempts: ApprovalAttempt[]): Bench {
  bench.proposal = { ...bench.proposal, approval: { ...approvalOf(bench), attempts } };
  return bench;
}

/** Two requests for the same are in the inbox, and these are the answers to them. */
function twice(one: Partial<ApprovalReading>, other: Partial<ApprovalReading>): Bench {
  const bench = new Bench(TERMS).asked();
  const [attempt = assert.fail()] = approvalOf(bench).attempts;
  const details = { ...attempt.details, attempt_id: "att_2" };
  const second = {
    ...attempt,
    attemptId: "att_2",
    tokenHash: "hash_2",
    approvalId: "req_2",
    details,
  };
  withAttempts(bench, [attempt, second]);
  const reading = bench.approvals["req_1"] ?? assert.fail();
  bench.approvals["req_2"] = { ...reading, id: "req_2", details };
  bench.nowMs += 20_000;
  bench.decide("req_1", one);
  bench.decide("req_2", other);
  return bench;
}

const EVENT = {
  kind: "event",
  eventId: "ev_1",
  eventType: "incident.triggered",
  deliveryId: "dl_1",
  proposingRule: "only",
} as const;
const YES = { status: "APPROVED" } as const;
const NO = { status: "REJECTED" } as const;
const RULES_NO = { status: "REJECTED", autoDecided: true } as const;
const PENDING = { status: "PENDING", decidedAtMs: null } as const;

describe("of two requests for the same", () => {
  it("a no outweighs a yes", () => {
    assert.equal(endOf(twice(YES, NO).step()), "suppressed rejected");
  });

  it("a human's no is told before a rule's", () => {
    assert.equal(endOf(twice(RULES_NO, NO).step()), "suppressed rejected");
  });

  it("a rule's no outweighs a human's yes", () => {
    assert.equal(endOf(twice(YES, RULES_NO).step()), "suppressed rejectedByRule");
  });

  it("a yes to one waits until the other can be read", () => {
    const bench = twice(YES, NO);
    delete bench.approvals["req_2"];
    const step = bench.step();
    assert.ok(step.kind === "save");
    assert.equal(step.next.decision, null);
    assert.deepEqual(step.facts, [{ type: "approval.unreadable", data: { problem: "not read" } }]);
  });

  it("the earlier of two yeses counts", () => {
    const bench = twice(YES, { ...YES, decidedAtMs: START_MS + 5_000 });
    assert.equal(bench.save().next.decision?.atMs, START_MS + 5_000);
  });

  it("two yeses to different things are none", () => {
    const bench = twice(YES, { ...YES, modifiedDetails: { max_replicas: 2 } });
    assert.equal(endOf(bench.step()), "suppressed changeNotPossible");
  });

  it("one that cannot be carried out as it was given ends it", () => {
    const bench = twice(PENDING, { ...YES, details: { service: "search" } });
    assert.equal(endOf(bench.step()), "suppressed approvalAltered");
  });

  it("one that nobody looked at is not asked anew while the other is open", () => {
    const { next } = twice(NOBODY, PENDING).save();
    assert.equal(next.approval?.nextSubmitAtMs, null);
    assert.equal(next.approval.attempts[0]?.state, "ended");
  });
});

describe("a request that nobody looked at", () => {
  const unattended = (attempts = 1, atMs = START_MS + 20_000): Bench => {
    const bench = new Bench(TERMS).asked();
    const [attempt = assert.fail()] = approvalOf(bench).attempts;
    const others = Array.from({ length: attempts - 1 }, (_, i) => ({
      ...attempt,
      attemptId: `att_0${i}`,
      approvalId: null,
      state: "ended" as const,
    }));
    withAttempts(bench, [...others, attempt]);
    bench.nowMs = atMs;
    bench.decide("req_1", NOBODY);
    return bench;
  };

  it("is asked anew after 15 s", () => {
    const bench = unattended();
    assert.equal(bench.save().next.approval?.nextSubmitAtMs, bench.nowMs + 15_000);
  });

  it("is not asked anew more than five times", () => {
    assert.equal(unattended(5).save().next.approval?.nextSubmitAtMs, null);
  });

  it("is not asked anew in the last minute", () => {
    const bench = unattended(1, START_MS + SLA_MS - 60_000);
    assert.equal(bench.save().next.approval?.nextSubmitAtMs, null);
  });

  it("stays unclear where it may have been a rule's no", () => {
    const bench = twice(PENDING, { ...NO, decidedAtMs: START_MS });
    const attempts = approvalOf(bench).attempts.map((one) => ({
      ...one,
      receipt: "decided" as const,
    }));
    withAttempts(bench, attempts);
    assert.equal(bench.save().next.approval?.attempts[1]?.state, "unclear");
  });
});

describe("a yes", () => {
  it("of the deadline's very millisecond counts, and a later one does not", () => {
    const bench = new Bench(TERMS).asked();
    bench.nowMs = START_MS + SLA_MS + 1;
    bench.decide("req_1", { ...YES, decidedAtMs: START_MS + SLA_MS });
    assert.equal(endOf(bench.step()), null);
    bench.decide("req_1", { ...YES, decidedAtMs: START_MS + SLA_MS + 1 });
    assert.equal(endOf(bench.step()), "suppressed expired");
  });
});

describe("a callback of a request whose answer was lost", () => {
  /** The answer to the first request was lost; a second one is in the inbox. */
  const lost = (): Bench => {
    const bench = new Bench(TERMS).asked();
    const [attempt = assert.fail()] = approvalOf(bench).attempts;
    const { receipt: _receipt, ...unanswered } = attempt;
    const first = { ...unanswered, attemptId: "att_0", tokenHash: "hash_0", approvalId: null };
    return withAttempts(bench, [{ ...first, state: "unclear" }, attempt]);
  };
  const statesOf = (bench: Bench): (string | null | undefined)[] =>
    approvalOf(bench).attempts.map(({ approvalId }) => approvalId);

  it("tells its id, so that it is read", () => {
    const bench = lost();
    bench.hint("decision", { tokenHash: "hash_0", approvalId: "req_0", status: "APPROVED" });
    bench.save();
    assert.deepEqual(statesOf(bench), ["req_0", "req_1"]);
  });

  it("is believed where it tells of a no without an id", () => {
    const bench = lost();
    bench.hint("decision", { tokenHash: "hash_0", status: "REJECTED" });
    bench.save();
    assert.equal(endOf(bench.step()), "suppressed rejected");
  });

  const others: Record<string, { tokenHash: string; approvalId?: string; status: string }> = {
    "with a yes but no id tells nothing": { tokenHash: "hash_0", status: "APPROVED" },
    "with another request's id tells nothing": {
      tokenHash: "hash_0",
      approvalId: "req_1",
      status: "APPROVED",
    },
    "with a token of nobody's tells nothing": {
      tokenHash: "hash_9",
      approvalId: "req_9",
      status: "REJECTED",
    },
    "whose id is known changes none": {
      tokenHash: "hash_1",
      approvalId: "req_9",
      status: "APPROVED",
    },
  };
  for (const [what, data] of Object.entries(others)) {
    it(what, () => {
      const bench = lost();
      bench.nowMs += 20_000;
      bench.hint("decision", data);
      const { facts } = bench.save();
      assert.deepEqual(statesOf(bench), [null, "req_1"]);
      assert.ok(facts.every(({ type }) => type !== "approval.toldByCallback"));
      assert.ok(approvalOf(bench).attempts.every(({ toldNoAtMs }) => toldNoAtMs === undefined));
    });
  }
});

describe("the end of a proposal", () => {
  it("keeps a human's no, as late as it can have been said, under what would be sent", () => {
    const bench = new Bench(TERMS).asked();
    bench.nowMs += 10_000;
    bench.decide("req_1", { ...NO, decidedAtMs: bench.nowMs + 30_000 });
    const { options } = bench.save();
    assert.equal(options?.no?.atMs, bench.nowMs + 30_000);
    assert.equal(options.no.untilMs, bench.nowMs + COOL_DOWN_MS);
    assert.match(options.no.name, /^PINC1 sha256:/);
    assert.deepEqual(options.dedupe, {
      kind: "coolDown",
      untilMs: bench.nowMs + COOL_DOWN_MS,
      scope: "all",
    });
  });

  it("keeps no rule's no", () => {
    const bench = new Bench(TERMS).asked();
    bench.nowMs += 10_000;
    bench.decide("req_1", RULES_NO);
    const { options } = bench.save();
    assert.equal(options?.no, undefined);
    assert.deepEqual(options?.dedupe, { kind: "release" });
  });

  it("has a denial cool down for as long as its gating is in force", () => {
    const bench = new Bench({ ...TERMS, decision: "deny" });
    assert.deepEqual(bench.save().options?.dedupe, {
      kind: "coolDown",
      untilMs: START_MS + COOL_DOWN_MS,
      scope: "all",
      gatingHash: bench.gating.hash,
    });
  });

  it("leaves the same free where nothing was decided about it", () => {
    const bench = new Bench(TERMS).asked();
    bench.proposal = { ...bench.proposal, source: EVENT };
    bench.incident = { ...(bench.incident ?? assert.fail()), status: "resolved" };
    bench.hint("incident");
    assert.deepEqual(bench.save().options?.dedupe, { kind: "release" });
  });

  it("has an event not run the same again and again", () => {
    const bench = new Bench(TERMS).asked();
    bench.proposal = { ...bench.proposal, source: EVENT };
    bench.nowMs += 10_000;
    bench.decide("req_1", { ...YES, details: { service: "search" } });
    assert.deepEqual(bench.save().options?.dedupe, {
      kind: "coolDown",
      untilMs: bench.nowMs + COOL_DOWN_MS,
      scope: "events",
    });
  });

  it("keeps the greatest time that was seen", () => {
    const bench = new Bench(TERMS).asked();
    bench.nowMs -= 1_000;
    bench.hint("incident");
    assert.equal(bench.save().next.seenAtMs, START_MS);
  });
});
