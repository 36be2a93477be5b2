// From the claim of an execution to its result, one guard at a time.
import assert from "node:assert/strict";
import { START_MS } from "../../harness/clock.ts";
import { Bench, endOf } from "./bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FLOW = {
  runbooks: {
    flow: {
      incidentWorkflow: "PWF0001",
      parameters: { zone: { type: "string", default: "a", customField: "zone" } },
    },
  },
};

/** Accepted by PagerDuty in this moment. */
function accepted(bench = new Bench()): Bench {
  const { effect } = bench.approved().claim();
  bench.answer(effect, {
    ok: true,
    kind: "execute",
    invocationId: "INV1",
    state: "created",
    agentId: null,
  });
  return bench;
}

/** What PagerDuty tells of the run after so long. */
function after(ms: number, state: string, bench = accepted()): Bench {
  bench.nowMs += ms;
  bench.more = {
    invocation: {
      ok: true,
      value: {
        id: "INV1",
        actionId: "01DBFAILOVER",
        incidentId: "PINC1",
        state,
        agentId: null,
        createdAtMs: null,
      },
    },
  };
  return bench;
}

describe("a claimed execution", () => {
  it("is not taken for cut off while its lease lasts", () => {
    const bench = new Bench().approved();
    bench.claim();
    const leaseEndMs = bench.nowMs + 30_000;
    bench.nowMs = leaseEndMs - 1;
    assert.deepEqual(bench.step(), { kind: "wait", untilMs: leaseEndMs, lookFailures: 0 });
    bench.nowMs = leaseEndMs;
    assert.equal(bench.save().next.execution?.state, "uncertain");
  });

  it("takes a run that is found for itself alone", () => {
    const bench = new Bench().approved();
    bench.claim();
    const { nowMs } = bench;
    bench.nowMs += 30_000;
    bench.save();
    const found = {
      id: "INV1",
      actionId: "01DBFAILOVER",
      incidentId: "PINC1",
      state: "running",
      agentId: "PGATE01",
      createdAtMs: nowMs,
      linkedTo: null,
      firstSeenAtMs: null,
      byGate: true,
    };
    bench.more = { candidates: { ok: true, value: [found] } };
    const { options, next } = bench.save();
    assert.equal(options?.take, "invocation/INV1");
    assert.deepEqual(options.letGo, [{ key: "start/PINC1/01DBFAILOVER", untilMs: null }]);
    assert.equal(next.execution?.invocationId, "INV1");
  });
});

describe("an accepted run", () => {
  it("that no runner has started in 15 minutes may never run", () => {
    assert.equal(endOf(after(15 * MINUTE_MS - 1, "created").step()), null);
    assert.equal(endOf(after(15 * MINUTE_MS, "created").step()), "uncertain neverRan");
  });

  it("that goes on is followed for a day", () => {
    assert.equal(endOf(after(24 * HOUR_MS - 1, "running").step()), null);
    assert.equal(endOf(after(24 * HOUR_MS, "running").step()), "uncertain noResult");
  });

  for (const [what, ms, state, kind] of [
    ["nobody can tell whether it ran", 24 * HOUR_MS, "running", "uncertain"],
    ["it may never run", 15 * MINUTE_MS, "created", "neverRan"],
  ] as const) {
    it(`of which ${what} raises an alarm as it ends`, () => {
      const bench = after(ms, state);
      const { alarms, next } = bench.save();
      const { text } = next.outcome ?? {};
      assert.deepEqual(alarms, [
        {
          key: "uncertain/prop_1",
          kind,
          atMs: bench.nowMs,
          text,
          proposalId: "prop_1",
          incidentId: "PINC1",
        },
      ]);
    });
  }

  for (const [state, end] of [
    ["completed", "executed completed"],
    ["error", "failed runFailed"],
    ["aborted", "failed runFailed"],
  ] as const) {
    it(`that PagerDuty calls ${state} is ${end}`, () => {
      assert.equal(endOf(after(MINUTE_MS, state).step()), end);
    });
  }

  it("gives its field back at its end, and keeps it for a day where nobody can tell of one", () => {
    const done = after(MINUTE_MS, "completed").save();
    assert.deepEqual(
      done.options?.letGo?.map(({ untilMs }) => untilMs),
      [null, null],
    );
    const bench = after(15 * MINUTE_MS, "created");
    assert.deepEqual(bench.save().options?.letGo, [
      { key: "start/PINC1/01DBFAILOVER", untilMs: bench.nowMs + 5 * MINUTE_MS },
      { key: "field/PINC1/max_replicas", untilMs: bench.nowMs + 24 * HOUR_MS },
    ]);
  });

  it("of a workflow ends when PagerDuty says so", () => {
    const bench = accepted(new Bench({}, { runbook: "flow" }, FLOW));
    bench.hint("workflow", { state: "started" });
    assert.equal(endOf(bench.step()), null);
    bench.hint("workflow", { state: "completed" });
    assert.equal(endOf(bench.step()), "executed completed");
  });

  it("of a workflow whose end nobody told of keeps its field for a day", () => {
    const bench = accepted(new Bench({}, { runbook: "flow" }, FLOW));
    bench.nowMs += 30 * MINUTE_MS;
    const step = bench.save();
    assert.equal(endOf(step), "executed accepted");
    assert.deepEqual(step.options?.letGo, [
      { key: "start/PINC1/PWF0001", untilMs: bench.nowMs + 5 * MINUTE_MS },
      { key: "field/PINC1/zone", untilMs: bench.nowMs + 24 * HOUR_MS },
    ]);
  });
});

describe("after its end", () => {
  /** Closed as uncertain, so that its field is kept. */
  const closed = (): Bench => {
    const bench = after(15 * MINUTE_MS, "created");
    bench.save();
    bench.proposal = { ...bench.proposal, closedAtMs: bench.nowMs, dueAtMs: null };
    return bench;
  };
  const letGo = (data: { invocationId?: string; state?: string }): unknown => {
    const bench = closed();
    bench.hint("invocation", data);
    return bench.save().options?.letGo;
  };
  const FIELD = [{ key: "field/PINC1/max_replicas", untilMs: null }];

  it("a run gives its field back once PagerDuty calls it over, and no other does", () => {
    assert.deepEqual(letGo({ invocationId: "INV1", state: "completed" }), FIELD);
    assert.deepEqual(letGo({ invocationId: "INV1", state: "aborted" }), FIELD);
    assert.equal(letGo({ invocationId: "INV1", state: "running" }), undefined);
    assert.equal(letGo({ invocationId: "INV9", state: "completed" }), undefined);
  });

  /** Nobody decided in time; the request stays in the inbox. */
  const expired = (): Bench => {
    const bench = new Bench().asked();
    bench.nowMs = bench.proposal.decideByMs ?? START_MS;
    bench.save();
    bench.proposal = { ...bench.proposal, closedAtMs: bench.nowMs, dueAtMs: bench.nowMs };
    bench.nowMs += MINUTE_MS;
    return bench;
  };

  it("a late no stands against whoever asks for the same, as late as it can have been said", () => {
    const bench = expired();
    bench.decide("req_1", { status: "REJECTED", decidedAtMs: bench.nowMs + 30_000 });
    assert.equal(bench.save().options?.no?.atMs, bench.nowMs + 30_000);
  });

  /** A second request is in the inbox as well. */
  const twice = (): Bench => {
    const bench = expired();
    const approval = bench.proposal.approval ?? assert.fail();
    const [attempt = assert.fail()] = approval.attempts;
    const reading = bench.approvals["req_1"] ?? assert.fail();
    bench.approvals["req_2"] = { ...reading, id: "req_2" };
    const second = { ...attempt, attemptId: "att_2", tokenHash: "hash_2", approvalId: "req_2" };
    bench.proposal = { ...bench.proposal, approval: { ...approval, attempts: [attempt, second] } };
    bench.decide("req_2", { status: "REJECTED" });
    return bench;
  };

  it("a late no stands beside a late yes to another request", () => {
    const bench = twice();
    bench.decide("req_1", { status: "APPROVED" });
    assert.equal(bench.save().options?.no?.atMs, bench.nowMs);
  });

  it("a late no stands beside a request that cannot be read", () => {
    const bench = twice();
    delete bench.approvals["req_1"];
    assert.equal(bench.save().options?.no?.atMs, bench.nowMs);
  });

  it("it cannot be withdrawn any more, which is recorded", () => {
    const bench = expired();
    const { outcome } = bench.proposal;
    bench.hint("withdrawal", { proposer: "agent" });
    const { next, facts } = bench.save();
    assert.deepEqual(next.outcome, outcome);
    assert.deepEqual(
      facts.map(({ type }) => type),
      ["proposal.withdrawnLate"],
    );
  });

  it("a late yes stands against nobody", () => {
    const bench = expired();
    bench.decide("req_1", { status: "APPROVED" });
    assert.equal(bench.save().options?.no, undefined);
  });

  it("a request that may be answered yet is read once more in an hour", () => {
    const bench = expired();
    bench.proposal = { ...bench.proposal, closedAtMs: bench.nowMs, dueAtMs: bench.nowMs };
    assert.equal(bench.save().next.dueAtMs, bench.nowMs + HOUR_MS);
  });
});
