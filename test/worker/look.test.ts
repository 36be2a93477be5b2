// What the worker finds out for the lifecycle, one question at a time.
import assert from "node:assert/strict";
import { OWN_AGENT, ownAgent } from "../../functions/gate/proposal/incidents.ts";
import { sentName } from "../../functions/gate/proposal/sent.ts";
import type { Known, Look } from "../../functions/gate/lifecycle/known.ts";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import type { Invocation } from "../../functions/gate/ports/index.ts";
import { look } from "../../functions/worker/look.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { newInvocation, nextVersion } from "../contract/proposals.ts";
import { Bench, endOf } from "../gate/lifecycle/bench.ts";
import { START_MS, VirtualClock } from "../harness/clock.ts";

const RUN: Invocation = {
  id: "INV1",
  actionId: "01DBFAILOVER",
  incidentId: "PINC1",
  state: "running",
  agentId: "PGATE01",
  createdAtMs: START_MS,
};

describe("a look", () => {
  const clock = new VirtualClock();
  let ledger: ReturnType<typeof openSqliteLedger>;
  let proposal: Bench["proposal"];
  let ports: WorkerPorts;
  beforeEach(() => {
    clock.nowMs = START_MS;
    ledger = openSqliteLedger(":memory:", clock);
    proposal = new Bench().asked().proposal;
    const silent = () => undefined;
    ports = {
      clock,
      ledger,
      pagerDuty: {
        incident: () => {
          clock.advance(3_000);
          return Promise.resolve(null);
        },
        invocations: () => Promise.resolve([RUN]),
        ownUser: () => Promise.resolve("PGATE01"),
        notes: () =>
          Promise.resolve([
            { id: "N1", content: "see [gate prop_1 ended]" },
            { id: "N2", content: "[gate prop_1 ended] It ran." },
          ]),
      },
      gating: { find: () => Promise.reject(new Error("the store is away")) },
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { count: silent },
    } as unknown as WorkerPorts;
  });
  afterEach(() => ledger.close());

  const seen = (question: Look, known: Partial<Known> = {}): Promise<Known> =>
    look(
      ports,
      proposal,
      {
        nowMs: START_MS,
        settings: { leaseMs: 30_000, settleMs: 60_000 },
        hints: [],
        fresh: { attemptId: "att_9", tokenHash: "hash_9" },
        ...known,
      },
      question,
    );
  /** Keeps a proposal that leads from these links. */
  const linked = async (...links: string[]): Promise<void> => {
    await ledger.create(proposal, []);
    const next = nextVersion(proposal);
    assert.equal(await ledger.save(next.proposal, next.events, { links }), "saved");
  };
  const candidate = async () => {
    const { candidates } = await seen({
      at: "candidates",
      incidentId: "PINC1",
      actionId: "01DBFAILOVER",
    });
    assert.ok(candidates?.ok);
    const [first] = candidates.value;
    return { linkedTo: first?.linkedTo, seenAtMs: first?.firstSeenAtMs, byGate: first?.byGate };
  };

  it("counts from when it was asked, and what is known goes on until it was answered", async () => {
    const known = await seen(
      { at: "incident", id: "PINC1" },
      { askedAtMs: { gating: START_MS - 1 } },
    );
    assert.deepEqual(known.askedAtMs, { gating: START_MS - 1, incident: START_MS });
    assert.equal(known.nowMs, START_MS + 3_000);
  });

  it("at runs tells of each whose it is known to be, since when, and whether the gate began it", async () => {
    assert.deepEqual(await candidate(), { linkedTo: null, seenAtMs: null, byGate: true });
    await linked("invocation/INV1");
    await ledger.putInvocation(newInvocation("INV1", { firstSeenAtMs: START_MS - 7 }));
    assert.deepEqual(await candidate(), {
      linkedTo: "prop_1",
      seenAtMs: START_MS - 7,
      byGate: true,
    });
  });

  it("at runs tells a run of somebody else's, and one of which that cannot be told", async () => {
    ports = { ...ports, pagerDuty: { ...ports.pagerDuty, ownUser: async () => "PSELF01" } };
    assert.equal((await candidate()).byGate, false);
    ports = { ...ports, pagerDuty: { ...ports.pagerDuty, ownUser: async () => null } };
    assert.equal((await candidate()).byGate, null);
    await linked(OWN_AGENT, ownAgent("PGATE02"));
    assert.equal((await candidate()).byGate, false);
    const invocations = async () => [{ ...RUN, agentId: null }];
    ports = { ...ports, pagerDuty: { ...ports.pagerDuty, invocations } };
    assert.equal((await candidate()).byGate, null);
  });

  it("at the kill switch finds the one for its service, or for its runbook", async () => {
    for (const scope of [{ service: "payments-db" }, { runbook: "failover" }]) {
      const state = { ...scope, on: true, reason: "stop", by: "ana", atMs: START_MS };
      await ledger.setKillSwitch(state);
      assert.deepEqual((await seen({ at: "killSwitch" })).killSwitch, state);
      await ledger.setKillSwitch({ ...state, on: false });
      assert.equal((await seen({ at: "killSwitch" })).killSwitch?.on, false);
    }
  });

  it("at earlier noes finds one that only another proposal's record tells of", async () => {
    const bench = new Bench().asked();
    bench.nowMs += 10_000;
    bench.decide("req_1", { status: "REJECTED" });
    assert.equal(endOf(bench.save()), "suppressed rejected");
    const { incident, weighing } = bench.proposal;
    assert.ok(incident !== null && weighing !== null);
    await ledger.create({ ...bench.proposal, id: "prop_2", dedupeKey: "another" }, []);
    const name = sentName(incident.id, weighing.runbook, weighing.parameters);
    const found = async (incidentId: string | null, asName = name) =>
      (await seen({ at: "lastNo", name: asName, incidentId })).lastNo?.no ?? null;
    assert.deepEqual(await found("PINC1"), {
      atMs: bench.nowMs,
      untilMs: bench.nowMs + weighing.evaluation.terms.coolDownMs,
    });
    assert.equal(await found("PINC1", "something else"), null);
    assert.equal(await found(null), null);
    // Its own no is not another's.
    proposal = { ...bench.proposal, id: "prop_2" };
    assert.equal(await found("PINC1"), null);
  });

  it("for what an earlier try left finds the note that begins with its mark", async () => {
    const found = async (mark: string) =>
      (await seen({ at: "trace", duty: "noteEnded", incidentId: "PINC1", mark })).trace?.found;
    assert.deepEqual(await found("[gate prop_1 ended]"), { ok: true, value: "N2" });
    assert.deepEqual(await found("[gate prop_1 proposed]"), { ok: true, value: null });
  });

  it("is no answer where the store fails, and one where another system does", async () => {
    const question: Look = { at: "gating", service: { id: "PSVC001", name: "payments-db" } };
    await assert.rejects(seen(question), new Error("the store is away"));
    const away = new RemoteError("PagerDuty is away", { nothingDone: true, retryable: true });
    ports = { ...ports, gating: { ...ports.gating, find: () => Promise.reject(away) } };
    assert.deepEqual((await seen(question)).gating, { ok: false, problem: "PagerDuty is away" });
  });
});
