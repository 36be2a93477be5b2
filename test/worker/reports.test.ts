// What PagerDuty reports to have run, held against what was permitted.
import assert from "node:assert/strict";
import { RemoteError, type Delivery } from "../../functions/gate/ports/index.ts";
import { runLink } from "../../functions/gate/proposal/incidents.ts";
import type { Execution, Proposal } from "../../functions/gate/proposal/proposal.ts";
import { newInvocation, nextVersion } from "../contract/proposals.ts";
import { unchecked } from "../gate/gating/check/problemsOf.ts";
import { Bench, INCIDENT } from "../gate/lifecycle/bench.ts";
import { EventBench } from "./eventBench.ts";

const MINUTE_MS = 60_000;
const OURS = "PGATE01";
const ACTION = "01DBFAILOVER";

describe("a reported run", () => {
  let bench: EventBench;
  beforeEach(() => {
    bench = new EventBench(unchecked());
    bench.incident = INCIDENT;
    bench.listed = false;
  });
  afterEach(() => bench.ledger.close());

  /** An execution that PagerDuty accepted as INV1, kept as it is then. */
  const executed = async (
    change: Partial<Execution> = {},
    more: Partial<Proposal> = {},
    made = new Bench(),
  ): Promise<Execution> => {
    made.approved();
    const { effect } = made.claim();
    made.answer(effect, {
      ok: true,
      kind: "execute",
      invocationId: "INV1",
      state: "created",
      agentId: OURS,
    });
    assert.ok(made.proposal.execution !== null);
    const execution = { ...made.proposal.execution, ...change };
    await bench.ledger.create({ ...made.proposal, ...more, execution }, []);
    bench.nowMs = execution.claimedAtMs;
    return execution;
  };
  const reported = (
    id: string,
    told: { agentId?: string; occurredAtMs?: number; action?: string; type?: string } = {},
  ): Promise<Delivery> => {
    const { action = ACTION, type = "created", agentId = OURS, ...rest } = told;
    const reference = { id: INCIDENT.id };
    return bench.tell({
      agentId,
      ...rest,
      type: `incident.action_invocation.${type}`,
      data: {
        type: "incident_action_invocation",
        id,
        state: "running",
        action: { id: action },
        incident: reference,
      },
    });
  };
  /** Handles it until it is done. */
  const judged = async (delivery: Delivery): Promise<string> => {
    let now = delivery;
    for (let tries = 0; tries < 20 && now.state === "new"; tries += 1) {
      bench.nowMs = Math.max(bench.nowMs, now.dueAtMs ?? 0);
      now = await bench.handle(now.id);
    }
    return (now.result ?? "").replace(/:.*/, "");
  };
  const alarms = async () => (await bench.ledger.alarms(9)).map(({ key }) => key);

  it("is the gate's where its answer told of it, and nobody hears of it", async () => {
    await executed();
    const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    const next = nextVersion(proposal);
    await bench.ledger.save(next.proposal, next.events, { links: ["invocation/INV1"] });
    assert.equal(await judged(await reported("INV1")), "execution of prop_1");
    assert.deepEqual(await alarms(), []);
    const { hints } = (await bench.ledger.get("prop_1")) ?? assert.fail();
    assert.deepEqual(hints[0]?.data, { invocationId: "INV1", state: "running", byGate: true });
  });

  describe("that the gate did not begin", () => {
    it("is past the gate on a gated service, whatever it runs", async () => {
      assert.equal(
        await judged(await reported("INV8", { action: "01OTHER" })),
        "an invocation that is not gated",
      );
      bench.listed = true;
      assert.equal(await judged(await reported("INV9", { action: "01OTHER" })), "bypass");
      assert.deepEqual(await alarms(), ["bypass/INV9"]);
      assert.equal(bench.notes.length, 1);
    });

    it("is past the gate on an incident that PagerDuty does not show", async () => {
      bench.incident = null;
      assert.equal(await judged(await reported("INV9", { action: "01OTHER" })), "bypass");
    });

    it("is judged after three tries without a PagerDuty that stays away", async () => {
      bench.problem = new RemoteError("away", { nothingDone: true, retryable: true });
      let delivery = await reported("INV9");
      for (let tries = 1; tries <= 3; tries += 1) {
        assert.deepEqual([delivery.state, delivery.tries], ["new", tries]);
        assert.deepEqual(await alarms(), []);
        bench.nowMs = delivery.dueAtMs ?? 0;
        delivery = await bench.handle(delivery.id);
      }
      assert.equal(delivery.state, "done");
      assert.deepEqual(await alarms(), ["bypass/INV9"]);
    });

    it("is judged at once without a PagerDuty that refuses", async () => {
      bench.problem = new RemoteError("403", { nothingDone: true, retryable: false });
      assert.equal(await judged(await reported("INV9")), "bypass");
    });

    for (const [what, agentId, afterMs, key] of [
      ["soon after, by the same user", OURS, 10 * MINUTE_MS, "ranTwice/prop_1"],
      ["later", OURS, 10 * MINUTE_MS + 1, "bypass/INV2"],
      ["soon after, by somebody else", "PELSE01", MINUTE_MS, "bypass/INV2"],
    ] as const) {
      it(`${what} is ${key}`, async () => {
        bench.listed = true;
        const { claimedAtMs } = await executed();
        await bench.ledger.putInvocation(
          newInvocation("INV1", {
            incidentId: INCIDENT.id,
            targetId: ACTION,
            agentId: OURS,
            verdict: "executed",
            proposalId: "prop_1",
          }),
        );
        bench.nowMs = claimedAtMs + afterMs;
        await judged(await reported("INV2", { agentId }));
        assert.deepEqual(await alarms(), [key]);
      });
    }
  });

  describe("while nobody knows the run of an execution", () => {
    const UNKNOWN = { invocationId: null, state: "uncertain" } as const;
    const uncertain = async (): Promise<Execution> => {
      const outcome = { kind: "uncertain", reason: "unclear", text: "", atMs: 0 } as const;
      bench.listed = true;
      return executed(UNKNOWN, { outcome });
    };

    it("waits for the answer, or for what is found", async () => {
      bench.listed = true;
      await executed({ ...UNKNOWN, state: "claimed" });
      const delivery = await reported("INV9");
      assert.deepEqual([delivery.state, delivery.dueAtMs], ["new", bench.nowMs + 5_000]);
      assert.deepEqual(await alarms(), []);
    });

    it("is its run where the gate's user began it in time", async () => {
      const { claimedAtMs } = await uncertain();
      const occurredAtMs = claimedAtMs + 5 * MINUTE_MS;
      assert.equal(await judged(await reported("INV9", { occurredAtMs })), "execution of prop_1");
      assert.equal((await bench.ledger.getInvocation("INV9"))?.proposalId, "prop_1");
    });

    for (const [what, told, isGone] of [
      ["began before or after it can have", { lateMs: 5 * MINUTE_MS + 1 }, false],
      ["was begun by somebody else", { agentId: "PELSE01" }, false],
      ["was begun by nobody knows whom", {}, true],
      ["is of another action", { action: "01OTHER" }, false],
    ] as const) {
      it(`is past the gate where it ${what}`, async () => {
        const { claimedAtMs } = await uncertain();
        if (isGone) {
          bench.ownUserId = null;
        }
        const { lateMs = 0, ...rest } = told as { lateMs?: number };
        const delivery = await reported("INV9", { occurredAtMs: claimedAtMs + lateMs, ...rest });
        assert.equal(await judged(delivery), "bypass");
      });
    }

    it("is past the gate where it was not sent", async () => {
      bench.listed = true;
      await executed({ invocationId: null, state: "notSent" });
      assert.equal(await judged(await reported("INV9")), "bypass");
    });

    it("is its run in its later reports as well", async () => {
      await uncertain();
      await judged(await reported("INV9"));
      assert.equal(
        await judged(await reported("INV9", { type: "updated" })),
        "execution of prop_1",
      );
    });

    it("is not its run where another report was matched to it at the same moment", async () => {
      await uncertain();
      const put = bench.ledger.putInvocation.bind(bench.ledger);
      bench.ledger.putInvocation = async (one) => {
        await put(one);
        if (one.id === "INV9" && one.verdict === "executed") {
          await put({ ...one, id: "INV8" });
        }
      };
      assert.equal(await judged(await reported("INV9")), "ranTwice");
    });

    it("is its run although another was reported as run twice", async () => {
      await uncertain();
      const twice = newInvocation("INV8", {
        incidentId: INCIDENT.id,
        targetId: ACTION,
        verdict: "ranTwice",
        proposalId: "prop_1",
      });
      await bench.ledger.putInvocation(twice);
      assert.equal(await judged(await reported("INV9")), "execution of prop_1");
    });

    it("is its run where the answer is recorded while it is looked for", async () => {
      bench.listed = true;
      await executed();
      const list = bench.ledger.list.bind(bench.ledger);
      bench.ledger.list = async (filter) => {
        const page = await list(filter);
        const { proposal } = (await bench.ledger.get("prop_1")) ?? assert.fail();
        const next = nextVersion(proposal);
        await bench.ledger.save(next.proposal, next.events, { links: ["invocation/INV1"] });
        return page;
      };
      assert.equal(await judged(await reported("INV1")), "execution of prop_1");
    });

    it("is its run alone: a second one is none", async () => {
      await uncertain();
      assert.equal(await judged(await reported("INV8")), "execution of prop_1");
      assert.notEqual(await judged(await reported("INV9")), "execution of prop_1");
    });

    it("is its run although somebody else's was reported of the same action", async () => {
      await uncertain();
      assert.equal(await judged(await reported("INV8", { agentId: "PELSE01" })), "bypass");
      assert.equal(await judged(await reported("INV9")), "execution of prop_1");
    });
  });

  describe("of a workflow, which cannot be read", () => {
    const begun = async (id: string, agentId = OURS): Promise<string> =>
      judged(
        await bench.tell({
          type: "incident.workflow.started",
          agentId,
          occurredAtMs: bench.nowMs,
          data: {
            type: "incident_workflow_instance",
            id,
            incident_workflow: { id: "PWF0001" },
            incident: { id: INCIDENT.id },
          },
        }),
      );
    const sent = (state: Execution["state"]): Promise<Execution> =>
      executed({ invocationId: null, state }, {}, new Bench({}, { runbook: "workflow" }));
    beforeEach(() => {
      bench.gating = new Bench().gating.gating;
    });

    it("is the gate's where its user began the first after it was sent", async () => {
      await sent("accepted");
      assert.equal(await begun("WF1"), "execution of prop_1");
      assert.notEqual(await begun("WF2"), "execution of prop_1");
    });

    it("is past the gate where somebody else began it", async () => {
      await sent("accepted");
      assert.equal(await begun("WF1", "PELSE01"), "bypass");
    });

    it("is past the gate where nothing was sent", async () => {
      await sent("notSent");
      assert.equal(await begun("WF1"), "bypass");
    });
  });

  it("is judged once, and its later reports are its own", async () => {
    bench.listed = true;
    await judged(await reported("INV9"));
    assert.equal(await judged(await reported("INV9", { type: "updated" })), "known as bypass");
    assert.deepEqual(await alarms(), ["bypass/INV9"]);
  });

  it("is of its first reporter, whoever is named later", async () => {
    bench.listed = true;
    await executed({ invocationId: null, state: "claimed" });
    await reported("INV9", { agentId: "PELSE01" });
    assert.equal((await bench.ledger.getInvocation("INV9"))?.agentId, "PELSE01");
  });

  it("waits for a list that lags where something was claimed", async () => {
    const { proposal, events } = { proposal: new Bench().proposal, events: [] };
    await bench.ledger.create(proposal, events);
    const next = nextVersion(proposal);
    await bench.ledger.save(next.proposal, next.events, {
      links: [runLink(INCIDENT.id, ACTION)],
    });
    bench.listed = true;
    const delivery = await reported("INV9");
    assert.deepEqual([delivery.state, delivery.dueAtMs], ["new", bench.nowMs + 2_000]);
    assert.equal(await judged(delivery), "bypass");
  });

  it("waits for the report of the gate's own run, to tell a second run from one past the gate", async () => {
    bench.listed = true;
    await executed();
    const delivery = await reported("INV2");
    assert.deepEqual([delivery.state, delivery.dueAtMs], ["new", bench.nowMs + 5_000]);
    assert.deepEqual(await alarms(), []);
    assert.equal(await judged(delivery), "bypass");
  });
});
