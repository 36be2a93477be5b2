// What an answer changes, whenever it comes: a lost or late one must neither run a thing twice nor take back what is known.
import assert from "node:assert/strict";
import type { Effect } from "../../../functions/gate/lifecycle/known.ts";
import type { EffectResult } from "../../../functions/gate/lifecycle/results.ts";
import { RemoteError } from "../../../functions/gate/ports/index.ts";
import type { Duty, Execution } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { Bench } from "./bench.ts";

const failed = (nothingDone: boolean, retryable: boolean, retryAfterMs = 0): EffectResult => ({
  ok: false,
  error: new RemoteError("it failed", { nothingDone, retryable, retryAfterMs }),
});
const ran = (
  invocationId: string | null = "INV1",
  agentId: string | null = null,
): EffectResult => ({
  ok: true,
  kind: "execute",
  invocationId,
  state: "created",
  agentId,
});
const MADE: EffectResult = { ok: true, kind: "duty", ref: "PTASK1" };

function claimed(): { bench: Bench; effect: Effect } {
  const bench = new Bench().approved();
  return { bench, effect: bench.claim().effect };
}

function withExecution(bench: Bench, change: Partial<Execution>): void {
  const { execution } = bench.proposal;
  assert.ok(execution !== null);
  bench.proposal = { ...bench.proposal, execution: { ...execution, ...change } };
}

describe("the answer to an execution", () => {
  it("is kept with what its run will be known by, and by whom", () => {
    const { bench, effect } = claimed();
    const { next, options } = bench.answer(effect, ran("INV1", "PUSER9"));
    assert.equal(next.execution?.state, "accepted");
    assert.deepEqual(options?.links, ["invocation/INV1", "agent", "agent/PUSER9"]);
    assert.deepEqual(options.letGo, [{ key: "start/PINC1/01DBFAILOVER", untilMs: null }]);
  });

  it("that is unclear is never sent again", () => {
    const { bench, effect } = claimed();
    assert.equal(bench.answer(effect, failed(false, true)).next.execution?.state, "uncertain");
  });

  it("that is a refusal for good ends it", () => {
    const { bench, effect } = claimed();
    assert.equal(
      bench.answer(effect, failed(true, false)).next.outcome?.reason,
      "refusedByPagerDuty",
    );
  });

  it("that asks for a week's patience is tried again in ten minutes at most", () => {
    const { bench, effect } = claimed();
    const { next } = bench.answer(effect, failed(true, true, 7 * 24 * 3_600_000));
    const { state, nextReadAtMs } = next.execution ?? {};
    assert.equal(state, "notSent");
    assert.ok(typeof nextReadAtMs === "number" && nextReadAtMs - bench.nowMs <= 10 * 60_000);
  });

  it("to an earlier claim changes nothing, and its run is known all the same", () => {
    const { bench, effect } = claimed();
    withExecution(bench, { claimedAtMs: bench.nowMs + 1 });
    const before = bench.proposal.execution;
    const { next, options } = bench.answer(effect, ran());
    assert.deepEqual(next.execution, before);
    assert.deepEqual(options?.links, ["invocation/INV1"]);
  });

  it("after the end changes nothing", () => {
    const { bench, effect } = claimed();
    const outcome = {
      kind: "uncertain" as const,
      reason: "unclear" as const,
      text: "unclear",
      atMs: START_MS,
    };
    bench.proposal = { ...bench.proposal, outcome };
    const before = bench.proposal.execution;
    assert.deepEqual(bench.answer(effect, ran()).next.execution, before);
  });

  it("after its run was found does not take that back", () => {
    const { bench, effect } = claimed();
    withExecution(bench, { state: "accepted", invocationId: "INV1" });
    const { next } = bench.answer(effect, failed(true, true));
    assert.equal(next.execution?.state, "accepted");
  });

  it("that tells of another run than is known leaves that one to be found", () => {
    const { bench, effect } = claimed();
    withExecution(bench, { state: "accepted", invocationId: "INV1" });
    assert.equal(bench.answer(effect, ran("INV2")).options, undefined);
  });
});

describe("the answer to a request of a reviewer", () => {
  const submitted = (): { bench: Bench; effect: Effect } => {
    const bench = new Bench();
    bench.save();
    return { bench, effect: bench.claim().effect };
  };

  it("that is unclear may be in the inbox", () => {
    const { bench, effect } = submitted();
    const { next } = bench.answer(effect, failed(false, true));
    assert.equal(next.approval?.attempts[0]?.state, "unclear");
    assert.ok((next.approval.nextSubmitAtMs ?? 0) >= bench.nowMs + 15_000);
  });

  it("is kept with how it was received", () => {
    const { bench, effect } = submitted();
    const receipt = { approvalId: "req_1", reviewUrl: null, status: "decided" as const };
    const { next } = bench.answer(effect, { ok: true, kind: "submit", receipt });
    assert.equal(next.approval?.attempts[0]?.receipt, "decided");
    assert.equal(next.approval.nextReadAtMs, bench.nowMs);
  });

  it("that is lost does not take back what a callback told", () => {
    const { bench, effect } = submitted();
    bench.hint("decision", { tokenHash: "hash_1", approvalId: "req_1", status: "APPROVED" });
    bench.save();
    const { next } = bench.answer(effect, failed(true, true));
    assert.equal(next.approval?.attempts[0]?.state, "submitted");
  });
});

describe("the answer to a manual task", () => {
  /** A task is claimed for what a human said no to. */
  const owed = (more: object = {}): { bench: Bench; effect: Effect } => {
    const bench = new Bench({}, {}, more).asked();
    bench.nowMs += 10_000;
    bench.decide("req_1", { status: "REJECTED" });
    bench.save();
    return { bench, effect: bench.claim().effect };
  };
  const dutyOf = (bench: Bench): Duty => bench.proposal.duties.manualTask ?? assert.fail();
  const withDuty = (bench: Bench, change: Partial<Duty>): void => {
    const { duties } = bench.proposal;
    const manualTask = { ...dutyOf(bench), ...change };
    bench.proposal = { ...bench.proposal, duties: { ...duties, manualTask } };
  };

  it("that failed, to an earlier try, says nothing of a later one", () => {
    const { bench, effect } = owed();
    withDuty(bench, { claimedAtMs: bench.nowMs + 1 });
    bench.answer(effect, failed(true, true));
    assert.equal(dutyOf(bench).state, "claimed");
  });

  it("that failed does not take back what is done", () => {
    const { bench, effect } = owed();
    withDuty(bench, { state: "done", ref: "PTASK1" });
    bench.answer(effect, failed(true, true));
    assert.equal(dutyOf(bench).state, "done");
  });

  it("that made it, to an earlier try, counts", () => {
    const { bench, effect } = owed();
    withDuty(bench, { claimedAtMs: bench.nowMs + 1 });
    bench.answer(effect, MADE);
    assert.deepEqual([dutyOf(bench).state, dutyOf(bench).ref], ["done", "PTASK1"]);
  });

  it("that is a refusal counts against its place only as long as none was unclear", () => {
    const refusals = (isUnclear: boolean): number => {
      const { bench, effect } = owed({ manualTask: { service: "PSVC003" } });
      withDuty(bench, { unclear: isUnclear });
      bench.answer(effect, failed(true, false));
      return dutyOf(bench).refusals;
    };
    assert.equal(refusals(false), 1);
    assert.equal(refusals(true), 0, "another service would take a second one");
  });

  it("leaves a closed proposal as it is", () => {
    const { bench, effect } = owed();
    bench.proposal = { ...bench.proposal, closedAtMs: bench.nowMs, dueAtMs: null };
    assert.equal(bench.answer(effect, MADE).next.dueAtMs, null);
  });
});

describe("a duty", () => {
  const owed = (): Bench => {
    const bench = new Bench().asked();
    bench.nowMs += 10_000;
    bench.decide("req_1", { status: "REJECTED" });
    bench.save();
    bench.claim();
    return bench;
  };

  it("is under way until its lease is over, and then looked for before it is done again", () => {
    const bench = owed();
    bench.nowMs += 29_999;
    const step = bench.step();
    assert.ok(
      step.kind !== "effect" || !("duty" in step.effect) || step.effect.duty !== "manualTask",
    );
    bench.nowMs += 1;
    const found = { ok: true as const, value: "PTASK1" };
    const saved = bench.step({ trace: { duty: "manualTask", found } });
    assert.ok(saved.kind === "save");
    assert.deepEqual(
      [saved.next.duties.manualTask?.state, saved.next.duties.manualTask?.ref],
      ["done", "PTASK1"],
    );
  });

  it("that is a manual task is never given up, and people hear of it", () => {
    const bench = owed();
    const tries = 9;
    const { duties } = bench.proposal;
    const manualTask = { ...(duties.manualTask ?? assert.fail()), tries };
    bench.proposal = { ...bench.proposal, duties: { ...duties, manualTask } };
    const step = { kind: "createIncident", duty: "manualTask" } as const;
    const claimedAtMs = manualTask.claimedAtMs;
    const effect = { ...step, claimedAtMs, incident: {} } as unknown as Effect;
    const { next, alarms } = bench.answer(effect, failed(true, false));
    assert.equal(next.duties.manualTask?.state, "waiting");
    assert.deepEqual(
      alarms?.map(({ kind }) => kind),
      ["taskNotPossible"],
    );
  });
});
