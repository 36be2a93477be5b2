// What one visit carries from step to step, and what it looks at anew.
import assert from "node:assert/strict";
import { NEW_DUTY } from "../../functions/gate/lifecycle/duties.ts";
import { RemoteError, type ApprovalReading } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { visit } from "../../functions/worker/visit.ts";
import { nextVersion } from "../contract/proposals.ts";
import { Bench } from "../gate/lifecycle/bench.ts";
import { FIELDS, gatingBy, INVOKE, VisitBench } from "./visitBench.ts";

const SILENCE = { onExpiry: "approve", acknowledgeRisk: true };

describe("a visit", () => {
  let bench: VisitBench;
  let lifecycle: Bench;
  /** How often Cheqpoint was asked. */
  let reads: number;
  beforeEach(() => {
    bench = new VisitBench();
    reads = 0;
  });
  afterEach(() => bench.ledger.close());

  /** Keeps what the lifecycle made of a proposal, and lets Cheqpoint answer as there. */
  const keep = async (made: Bench, rule: object = {}, more: Partial<Proposal> = {}) => {
    lifecycle = made;
    bench.gating = gatingBy(rule);
    bench.ports.cheqpoint.read = (id) => {
      reads += 1;
      return Promise.resolve(lifecycle.approvals[id] ?? null);
    };
    // What is owed to people is not what is tested here.
    const duties = { noteProposed: { ...NEW_DUTY, state: "done" as const } };
    await bench.ledger.create({ ...lifecycle.proposal, duties, ...more }, []);
    bench.clock.nowMs =
      more.dueAtMs ?? lifecycle.proposal.approval?.nextReadAtMs ?? lifecycle.nowMs;
  };
  const answer = (change: Partial<ApprovalReading>): void => {
    lifecycle.nowMs = bench.clock.nowMs;
    lifecycle.decide("req_1", change);
  };
  /** Once, after the first write. */
  const afterWrite = (happens: () => Promise<void> | void): void => {
    const save = bench.ledger.save.bind(bench.ledger);
    let isDone = false;
    bench.ledger.save = async (...write) => {
      const result = await save(...write);
      if (!isDone) {
        isDone = true;
        await happens();
      }
      return result;
    };
  };
  const visited = async (): Promise<Proposal> => {
    await visit(bench.ports, "prop_1");
    const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    return proposal;
  };
  const ran = (): string[] => bench.sent.filter((request) => !request.endsWith("/notes"));
  const hint = async (): Promise<void> => {
    const atMs = bench.clock.nowMs;
    await bench.ledger.hint("prop_1", { id: `hint-${atMs}`, kind: "decision", atMs, data: {} });
  };

  it("reads an approval once, and runs what it approves", async () => {
    await keep(new Bench().asked());
    answer({ status: "APPROVED" });
    const { execution } = await visited();
    assert.equal(execution?.invocationId, "01INV1");
    assert.deepEqual([reads, ran()], [1, [FIELDS, INVOKE]]);
  });

  it("reads it anew when a callback tells of something meanwhile", async () => {
    await keep(new Bench().asked());
    answer({ status: "APPROVED" });
    afterWrite(async () => {
      answer({ status: "REJECTED" });
      await hint();
    });
    const { outcome } = await visited();
    assert.equal(outcome?.reason, "rejected");
    assert.equal(bench.sent.includes(INVOKE), false);
  });

  it("reads it anew when it was read more than 5 s ago", async () => {
    await keep(new Bench().asked());
    answer({ status: "APPROVED" });
    afterWrite(() => bench.clock.advance(5_001));
    await visited();
    assert.deepEqual([reads, ran()], [2, [FIELDS, INVOKE]]);
  });

  it("reads at its deadline what was undecided a moment before", async () => {
    const made = new Bench(SILENCE).asked();
    const { decideByMs } = made.proposal;
    assert.ok(decideByMs !== null);
    const lastMs = decideByMs - 1;
    await keep(made, SILENCE, { dueAtMs: lastMs, seenAtMs: lastMs });
    await hint();
    afterWrite(() => {
      answer({ status: "REJECTED" });
      bench.clock.advance(1);
    });
    const { outcome } = await visited();
    assert.equal(outcome?.reason, "rejected");
    assert.equal(bench.sent.includes(INVOKE), false);
  });

  it("looks at everything anew where the store says that something has changed", async () => {
    await keep(new Bench().approved());
    bench.during("gating", () => {
      bench.version = "2";
    });
    const { execution } = await visited();
    assert.equal(execution?.invocationId, "01INV1");
    assert.deepEqual(ran(), [FIELDS, INVOKE]);
  });

  it("records an answer although something else was written while it was waited for", async () => {
    await keep(new Bench().approved());
    bench.during(INVOKE, async () => {
      const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
      const next = nextVersion(proposal, { joinedBy: ["another"] });
      assert.equal(await bench.ledger.save(next.proposal, next.events), "saved");
    });
    const { execution, joinedBy } = await visited();
    assert.deepEqual([execution?.invocationId, joinedBy], ["01INV1", ["another"]]);
  });

  it("writes when to look again where something could not be read", async () => {
    await keep(new Bench().approved());
    const away = new RemoteError("away", { nothingDone: true, retryable: true });
    bench.ports.gating.find = () => Promise.reject(away);
    const { dueAtMs, lookFailures } = await visited();
    assert.equal(lookFailures, 1);
    assert.ok(dueAtMs !== null && dueAtMs > bench.clock.nowMs);
  });

  it("comes back at the deadline where the sweep might come later", async () => {
    const made = new Bench().asked();
    const { decideByMs } = made.proposal;
    assert.ok(decideByMs !== null);
    for (const [beforeMs, queued] of [
      [150_001, []],
      [150_000, [{ items: [{ kind: "proposal", id: "prop_1" }], afterMs: 150_000 }]],
    ] as const) {
      bench.ledger.close();
      bench = new VisitBench();
      await keep(made, {}, { dueAtMs: decideByMs - beforeMs });
      await visited();
      assert.deepEqual(bench.queued, queued);
    }
  });

  it("raises the alarms of its steps", async () => {
    const made = new Bench().approved();
    const { effect } = made.claim();
    made.answer(effect, {
      ok: true,
      kind: "execute",
      invocationId: "INV1",
      state: "running",
      agentId: null,
    });
    await keep(made, {}, { dueAtMs: made.nowMs + 24 * 3_600_000 });
    bench.ports.pagerDuty.invocation = () =>
      Promise.resolve({
        id: "INV1",
        actionId: "01DBFAILOVER",
        incidentId: "PINC1",
        state: "running",
        agentId: null,
        createdAtMs: null,
      });
    const { outcome } = await visited();
    assert.equal(outcome?.kind, "uncertain");
    const alarms = await bench.ledger.alarms(5);
    assert.deepEqual(
      alarms.map(({ key, text }) => [key, text]),
      [["uncertain/prop_1", outcome.text]],
    );
  });
});
