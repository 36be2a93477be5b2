// From the receipt of a proposal to the deadline, one guard at a time.
import assert from "node:assert/strict";
import type {
  ApprovalAttempt,
  ApprovalProgress,
} from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { Bench, endOf, INCIDENT, SLA_MS } from "./bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SILENCE = { onExpiry: "approve", acknowledgeRisk: true, validFor: "15m" };
const BY_ALERT = { incidentId: null, alertKey: "db-7" };
const FOUND = { incidentsByAlert: { ok: true as const, value: [INCIDENT] } };

function byAlert(rule: object = {}): Bench {
  const bench = new Bench(rule, BY_ALERT);
  bench.more = FOUND;
  return bench;
}

function approvalOf(bench: Bench): ApprovalProgress {
  assert.ok(bench.proposal.approval !== null);
  return bench.proposal.approval;
}

function withApproval(bench: Bench, change: Partial<ApprovalProgress>): Bench {
  bench.proposal = { ...bench.proposal, approval: { ...approvalOf(bench), ...change } };
  return bench;
}

function withAttempt(bench: Bench, change: Partial<ApprovalAttempt>): Bench {
  const { receipt: _receipt, ...attempt } = approvalOf(bench).attempts[0] ?? assert.fail();
  return withApproval(bench, { attempts: [{ ...attempt, ...change }] });
}

/** At the deadline, which the gate has watched come. */
function atDeadline(bench: Bench, laterMs = 0): Bench {
  bench.nowMs = (bench.proposal.decideByMs ?? assert.fail()) + laterMs;
  bench.proposal = { ...bench.proposal, dueAtMs: bench.nowMs, seenAtMs: bench.nowMs };
  return bench;
}

describe("a proposal that is weighed", () => {
  it("takes a place at its brakes, and gives it back at its end", () => {
    const bench = new Bench();
    const { options, next } = bench.save();
    const keys = ['open/approved/["payments-db","only"]'];
    assert.deepEqual(
      options?.reserve?.map(({ key, untilMs }) => ({ key, untilMs })),
      keys.map((key) => ({ key, untilMs: null })),
    );
    assert.deepEqual(next.places, keys);
    bench.incident = { ...INCIDENT, status: "resolved" };
    bench.hint("incident");
    const end = bench.save();
    assert.equal(endOf(end), "suppressed incidentResolved");
    assert.deepEqual(end.options?.giveBack, keys);
    assert.deepEqual(end.next.places, []);
  });

  it("has until the deadline from its receipt, however late it is weighed", () => {
    const bench = new Bench();
    bench.nowMs += 30_000;
    assert.equal(bench.save().next.decideByMs, START_MS + SLA_MS);
  });

  it("has that time from its incident on, where only an alert was known", () => {
    const bench = byAlert();
    bench.nowMs += 30_000;
    const { next, options } = bench.save();
    assert.equal(next.decideByMs, START_MS + 30_000 + SLA_MS);
    assert.equal(options?.dedupe?.kind, "move");
  });

  it("is matched by the incident's priority, not by what its proposer says", () => {
    const bench = new Bench({ match: { priority: ["P2"] } }, { severity: "P1" });
    assert.equal(bench.save().next.weighing?.evaluation.rule, "only");
  });

  it("is that of a service that was renamed", () => {
    const bench = new Bench();
    bench.incident = { ...INCIDENT, serviceName: "payments-database" };
    assert.equal(endOf(bench.step()), null);
  });

  it("remembers that nobody watched before, where silence means yes", () => {
    const bench = new Bench(SILENCE);
    bench.nowMs += 2 * MINUTE_MS;
    assert.equal(bench.save().next.approval?.unwatchedMs, 2 * MINUTE_MS);
  });

  const ends: Record<string, { bench: () => Bench; end: string }> = {
    "an incident of the gate's own": {
      bench: () => {
        const bench = new Bench();
        bench.incident = { ...INCIDENT, incidentKey: "pagerduty-approval-gate/task/prop_0" };
        return bench;
      },
      end: "suppressed gateIncident",
    },
    "an incident of another service": {
      bench: () => new Bench({}, { service: "search" }),
      end: "suppressed serviceMismatch",
    },
    "an incident that is resolved": {
      bench: () => {
        const bench = new Bench();
        bench.incident = { ...INCIDENT, status: "resolved" };
        return bench;
      },
      end: "suppressed incidentResolved",
    },
    "a rule that denies it": {
      bench: () => new Bench({ decision: "deny" }),
      end: "suppressed deniedByPolicy",
    },
    "a no that stands by the rule that it was asked under": {
      bench: () => {
        const bench = new Bench();
        bench.no = { atMs: START_MS - 24 * HOUR_MS, untilMs: START_MS + 1 };
        return bench;
      },
      end: "suppressed sameAsRejected",
    },
    "a no that stands by its own rule": {
      bench: () => {
        const bench = new Bench({ coolDown: "2h" });
        bench.no = { atMs: START_MS - HOUR_MS, untilMs: START_MS - HOUR_MS };
        return bench;
      },
      end: "suppressed sameAsRejected",
    },
    "brakes at which no place can come in time": {
      bench: () => {
        const bench = new Bench();
        bench.taken = Array.from({ length: 100 }, () => START_MS + 24 * HOUR_MS);
        return bench;
      },
      end: "suppressed executionsLimit",
    },
  };
  for (const [what, { bench, end }] of Object.entries(ends)) {
    it(`asks nobody because of ${what}`, () => {
      assert.equal(endOf(bench().step()), end);
    });
  }
});

describe("a reviewer", () => {
  it("is asked once, by a request whose callback is known", () => {
    const bench = new Bench();
    bench.save();
    const { effect, options } = bench.claim();
    assert.equal(effect.kind, "submit");
    assert.deepEqual(options?.links, ["token/hash_1"]);
    bench.nowMs += 29_999;
    const step = bench.step();
    assert.deepEqual(step, { kind: "wait", untilMs: START_MS + 30_000, lookFailures: 0 });
  });

  it("is asked again 15 s after a request that was cut off, of which both are remembered", () => {
    const bench = new Bench();
    bench.save();
    bench.claim();
    bench.nowMs += 30_000;
    const { next } = bench.save();
    assert.deepEqual(
      next.approval?.attempts.map(({ state }) => state),
      ["unclear"],
    );
    bench.nowMs += 14_999;
    assert.equal(bench.step().kind, "wait");
    bench.nowMs += 1;
    assert.deepEqual(
      bench.claim().next.approval?.attempts.map(({ state }) => state),
      ["unclear", "started"],
    );
  });

  it("is not asked any more in the moment of the deadline", () => {
    const bench = new Bench();
    bench.save();
    assert.equal(endOf(atDeadline(bench).step()), "suppressed neverAsked");
  });

  it("has the lease of a request that is under way at the deadline", () => {
    const bench = new Bench();
    bench.save();
    bench.nowMs = START_MS + SLA_MS - 10_000;
    bench.claim();
    bench.nowMs = START_MS + SLA_MS;
    assert.deepEqual(bench.step(), {
      kind: "wait",
      untilMs: START_MS + SLA_MS + 20_000,
      lookFailures: 0,
    });
  });

  it("is not asked about an incident that is resolved meanwhile", () => {
    const bench = new Bench().asked();
    bench.incident = { ...INCIDENT, status: "resolved" };
    bench.hint("incident");
    assert.equal(endOf(bench.step()), "suppressed incidentResolved");
  });

  it("is heard by a request of an earlier release whose answer came late", () => {
    const bench = withAttempt(new Bench().asked(), { state: "unclear" });
    bench.nowMs += 10_000;
    bench.decide("req_1", { status: "APPROVED" });
    assert.equal(bench.save().next.decision?.outcome, "approved");
  });
});

describe("a page", () => {
  const PAGE = { escalateAfter: "1m", escalateTo: { users: ["PUSER01"] } };
  const isPage = (bench: Bench): boolean => {
    const step = bench.step();
    return step.kind === "effect" && step.effect.kind === "createIncident";
  };
  const quiet = (bench: Bench): Bench =>
    withApproval(bench, { nextReadAtMs: START_MS + HOUR_MS, reads: 9 });

  it("is sent when its time has come", () => {
    const bench = quiet(new Bench(PAGE).asked());
    bench.nowMs = START_MS + MINUTE_MS - 1;
    assert.equal(isPage(bench), false);
    bench.nowMs += 1;
    assert.equal(isPage(bench), true);
  });

  it("has its time from an alert's incident on", () => {
    const bench = byAlert(PAGE);
    bench.nowMs += 30_000;
    quiet(bench.asked());
    bench.nowMs = START_MS + 30_000 + MINUTE_MS - 1;
    assert.equal(isPage(bench), false);
    bench.nowMs += 1;
    assert.equal(isPage(bench), true);
  });

  it("is not sent for an incident that is over", () => {
    const bench = quiet(new Bench(PAGE).asked());
    bench.nowMs = START_MS + MINUTE_MS;
    bench.incident = { ...INCIDENT, status: "resolved" };
    assert.equal(endOf(bench.step()), "suppressed incidentResolved");
  });
});

describe("the deadline", () => {
  it("is looked at when it comes, whenever the next reading would be", () => {
    const bench = withApproval(new Bench().asked(), { nextReadAtMs: START_MS + HOUR_MS });
    assert.equal(endOf(atDeadline(bench).step()), "suppressed expired");
  });

  it("keeps the pause after a reading that failed", () => {
    const bench = atDeadline(new Bench().asked());
    withApproval(bench, { failures: 1, nextReadAtMs: bench.nowMs + 2_000 });
    assert.equal(endOf(bench.step()), null);
  });

  it("ends what no rule lets run on silence", () => {
    assert.equal(endOf(atDeadline(new Bench().asked()).step()), "suppressed expired");
  });

  it("lets silence approve from then on, for as long as the reviewer was told", () => {
    const { decision } = atDeadline(new Bench(SILENCE).asked(), 20_000).save().next;
    assert.equal(decision?.by, "onExpiry");
    assert.equal(decision.validUntilMs, START_MS + SLA_MS + 15 * MINUTE_MS);
  });

  const unheard: Record<string, (bench: Bench) => void> = {
    "Cheqpoint does not know its request": (bench) => (bench.approvals["req_1"] = null),
    "its request has a status that the gate does not know": (bench) =>
      bench.decide("req_1", { status: "UNKNOWN", decidedAtMs: null }),
    "a second request may be in the inbox": (bench) => {
      const [attempt = assert.fail()] = approvalOf(bench).attempts;
      const { receipt: _receipt, ...rest } = attempt;
      const second = { ...rest, attemptId: "att_2", tokenHash: "hash_2", approvalId: null };
      withApproval(bench, { attempts: [attempt, { ...second, state: "unclear" }] });
    },
  };
  for (const [what, change] of Object.entries(unheard)) {
    it(`does not let silence approve where ${what}`, () => {
      const bench = new Bench(SILENCE).asked();
      change(bench);
      assert.equal(endOf(atDeadline(bench).step()), "suppressed expired");
    });
  }

  it("waits a minute for a request that cannot be read, and approves nothing then", () => {
    const bench = new Bench(SILENCE).asked();
    delete bench.approvals["req_1"];
    const step = atDeadline(bench, MINUTE_MS - 1).step();
    assert.ok(step.kind === "save");
    assert.equal(step.next.decision, null);
    assert.equal(endOf(atDeadline(bench, MINUTE_MS).step()), "suppressed expired");
  });

  it("is later by the time that nobody watched, before silence approves", () => {
    const bench = withApproval(new Bench(SILENCE).asked(), { unwatchedMs: 30_000 });
    const early = atDeadline(bench, 29_999).step();
    assert.ok(early.kind !== "save" || early.next.decision === null);
    assert.equal(atDeadline(bench, 30_000).save().next.decision?.by, "onExpiry");
  });

  it("ends what was not watched for longer than silence would be good", () => {
    const bench = withApproval(new Bench(SILENCE).asked(), { unwatchedMs: 15 * MINUTE_MS + 1 });
    assert.equal(endOf(atDeadline(bench, 16 * MINUTE_MS).step()), "suppressed expired");
  });

  it("counts time that nobody watched whatever is written after it", () => {
    const jumpMs = 3 * MINUTE_MS;
    const asking = new Bench(SILENCE);
    asking.save();
    const { effect } = asking.claim();
    const askedAtMs = asking.nowMs;
    asking.nowMs += jumpMs;
    const receipt = { approvalId: "req_1", reviewUrl: null, status: "pending" as const };
    const { next, facts } = asking.answer(effect, { ok: true, kind: "submit", receipt });
    assert.equal(next.approval?.unwatchedMs, asking.nowMs - askedAtMs);
    assert.ok(facts.some(({ type }) => type === "approval.unwatched"));

    const joined = new Bench(SILENCE).asked();
    joined.nowMs += jumpMs;
    joined.hints = [
      { id: "joined/b", kind: "joined", atMs: joined.nowMs, data: { proposer: "b" } },
    ];
    assert.ok((joined.save().next.approval?.unwatchedMs ?? 0) > MINUTE_MS);
  });

  it("counts a gate that came to it long after as one that has not watched", () => {
    const bench = new Bench(SILENCE).asked();
    const { dueAtMs, seenAtMs } = bench.proposal;
    assert.ok(dueAtMs !== null && seenAtMs !== undefined);
    bench.nowMs = Math.max(dueAtMs, seenAtMs) + MINUTE_MS;
    assert.equal(bench.save().next.approval?.unwatchedMs, undefined);
    const { dueAtMs: nextDueAtMs } = bench.proposal;
    assert.ok(nextDueAtMs !== null);
    bench.nowMs = Math.max(nextDueAtMs, bench.proposal.seenAtMs ?? 0) + MINUTE_MS + 1;
    assert.ok((bench.save().next.approval?.unwatchedMs ?? 0) > MINUTE_MS);
  });
});
