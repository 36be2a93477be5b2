import assert from "node:assert/strict";
import type {
  GatingInForce,
  MetricName,
  SendOptions,
  WorkItem,
} from "../../functions/gate/ports/index.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { handleTrigger } from "../../functions/worker/trigger.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { newProposal } from "../contract/proposals.ts";

const MINUTE_MS = 60_000;

const HEARD = { id: "PSUB001", active: true, temporarilyDisabled: false, events: [] };

/** The deployed worker's entry, over a real ledger; what a visit does is tested elsewhere. */
const IN_FORCE: GatingInForce = {
  source: "gating.yaml",
  digest: "d",
  services: [],
  defaults: { hash: "h", written: {} },
  problem: null,
};

describe("the worker's trigger", () => {
  let nowMs: number;
  let sent: WorkItem[];
  /** When each sending is to arrive. */
  let afters: number[];
  let counted: MetricName[];
  let logged: string[];
  let asked: number;
  let ledger: ReturnType<typeof openSqliteLedger>;
  let ports: WorkerPorts;

  beforeEach(() => {
    nowMs = Date.parse("2026-11-23T10:01:00Z");
    sent = [];
    afters = [];
    counted = [];
    logged = [];
    asked = 0;
    ledger = openSqliteLedger(":memory:", { now: () => nowMs });
    const note = (message: string): void => void logged.push(message);
    ports = {
      clock: { now: () => nowMs },
      ledger,
      queue: {
        send: (items: readonly WorkItem[], { afterMs = 0 }: SendOptions = {}) => {
          sent.push(...items);
          afters.push(afterMs);
          return Promise.resolve();
        },
      },
      gating: { inForce: () => Promise.resolve(IN_FORCE) },
      pagerDuty: { subscriptions: () => Promise.resolve((asked++, [HEARD])) },
      log: { debug: note, info: note, warn: note, error: note },
      metrics: { count: (name: MetricName) => void counted.push(name) },
      publicUrl: "https://gate.example.com",
    } as unknown as WorkerPorts;
  });

  afterEach(() => ledger.close());

  const deliver = (id: string, dueAtMs: number) =>
    ledger.accept({
      id,
      eventId: `event-${id}`,
      subscriptionId: null,
      eventType: "pagey.ping",
      receivedAtMs: nowMs,
      body: JSON.stringify({ event: { id: `event-${id}`, event_type: "pagey.ping", data: {} } }),
      state: "new",
      result: null,
      dueAtMs,
      tries: 0,
    });
  const record = (messageId: string, body: string) => ({ messageId, body });

  it("enqueues what is due, and only that", async () => {
    await deliver("due", nowMs - 1);
    await deliver("later", nowMs + 60_000);
    await handleTrigger(ports, { sweep: true });
    assert.deepEqual(sent, [{ kind: "delivery", id: "due" }]);
  });

  it("asks for the subscription every fifth minute only", async () => {
    await handleTrigger(ports, { sweep: true });
    assert.equal(asked, 0);
    nowMs = Date.parse("2026-11-23T10:05:10Z");
    await handleTrigger(ports, { sweep: true });
    assert.equal(asked, 1);
  });

  it("keeps the kill switch's alarm on for as long as it is on", async () => {
    await handleTrigger(ports, { sweep: true });
    assert.ok(!counted.includes("KillSwitchHeld"));
    await ledger.setKillSwitch({ on: true, reason: "drill", by: "jo", atMs: nowMs });
    await handleTrigger(ports, { sweep: true });
    assert.ok(counted.includes("KillSwitchHeld"));
  });

  it("keeps it on for one that holds less than everything, too", async () => {
    const narrow = { on: true, service: "payments-db", reason: "drill", by: "jo", atMs: nowMs };
    await ledger.setKillSwitch(narrow);
    await handleTrigger(ports, { sweep: true });
    assert.ok(counted.includes("KillSwitchHeld"));
    await ledger.setKillSwitch({ ...narrow, on: false });
    counted = [];
    await handleTrigger(ports, { sweep: true });
    assert.ok(!counted.includes("KillSwitchHeld"));
  });

  describe("of a sweep", () => {
    /** A proposal whose time was over ten minutes ago, and which nobody has looked at since. */
    const overdue = async (id = "prop_overdue") => {
      const { proposal, events } = newProposal(id, {
        receivedAtMs: nowMs - 15 * MINUTE_MS,
        decideByMs: nowMs - 10 * MINUTE_MS,
        dueAtMs: nowMs - 10 * MINUTE_MS,
      });
      await ledger.create(proposal, events);
    };
    const broken = (part: Partial<WorkerPorts>) => ({ ...ports, ...part });
    const refuse = () => Promise.reject(new Error("not reachable"));

    it("counts one that was done whole", async () => {
      await handleTrigger(ports, { sweep: true });
      assert.deepEqual(counted, ["SweepCompleted"]);
    });

    for (const [what, part] of [
      ["the queue takes nothing", { queue: { send: refuse } }],
      ["the subscription cannot be read", { pagerDuty: { subscriptions: refuse } }],
    ] as const) {
      it(`does the other parts when ${what}, and counts the failure`, async () => {
        nowMs = Date.parse("2026-11-23T10:05:00Z");
        await overdue();
        await ledger.setKillSwitch({ on: true, reason: "drill", by: "jo", atMs: nowMs });
        await handleTrigger(broken(part as unknown as Partial<WorkerPorts>), { sweep: true });
        assert.deepEqual([...counted].sort(), ["KillSwitchHeld", "OpenPastSla", "SweepFailed"]);
        assert.ok(logged.includes("part of the sweep failed"));
      });
    }

    it("counts the failure when nothing can be read, and does not fail itself", async () => {
      const ledgerGone = { ...ledger, due: refuse, get: refuse, killSwitch: refuse };
      assert.deepEqual(await handleTrigger(broken({ ledger: ledgerGone }), { sweep: true }), {
        batchItemFailures: [],
      });
      assert.deepEqual(counted, ["SweepFailed", "SweepFailed", "SweepFailed"]);
    });

    it("comes to everything that is due, however much of it stays due", async () => {
      const failing = Array.from({ length: 2_100 }, (_, i) => `failing-${i}`);
      for (const id of failing) {
        await deliver(id, nowMs - 60_000);
      }
      await deliver("last", nowMs - 1);
      const queued: number[] = [];
      for (let sweeps = 0; sweeps < 3; sweeps++, nowMs += MINUTE_MS) {
        const before = sent.length;
        await handleTrigger(ports, { sweep: true });
        queued.push(sent.length - before);
      }
      assert.deepEqual(queued, [1_000, 1_000, 1_000]);
      assert.equal(new Set(sent.map(({ id }) => id)).size, 2_101);
    });
  });

  it("spreads what is due over the time until the next sweep, so that new work need not wait behind it", async () => {
    for (let i = 0; i < 250; i += 1) {
      await deliver(`d${i}`, nowMs - 1);
    }
    await handleTrigger(ports, { sweep: true });
    assert.equal(sent.length, 250);
    assert.deepEqual(afters, [0, 10_000, 20_000, 30_000, 40_000]);
  });

  it("visits all of a batch at once: what waits for one system holds up nobody", async () => {
    await deliver("quick", nowMs);
    const hanging = Promise.withResolvers<null>();
    const stuck = { ...ledger, get: () => hanging.promise };
    const handled = handleTrigger(
      { ...ports, ledger: stuck },
      {
        Records: [
          record("m1", JSON.stringify({ kind: "proposal", id: "prop_hangs" })),
          record("m2", JSON.stringify({ kind: "delivery", id: "quick" })),
        ],
      },
    );
    while ((await ledger.getDelivery("quick"))?.state !== "done") {
      await new Promise((resolve) => setImmediate(resolve));
    }
    hanging.resolve(null);
    assert.deepEqual(await handled, { batchItemFailures: [] });
  });

  it("works off a batch and gives back only what failed", async () => {
    await deliver("good", nowMs);
    const broken = { ...ledger, get: () => Promise.reject(new Error("table not reachable")) };
    const result = await handleTrigger(
      { ...ports, ledger: broken },
      {
        Records: [
          record("m1", JSON.stringify({ kind: "delivery", id: "good" })),
          record("m2", "no item"),
          record("m3", JSON.stringify({ kind: "proposal", id: "prop_x" })),
        ],
      },
    );
    assert.deepEqual(result, {
      batchItemFailures: [{ itemIdentifier: "m2" }, { itemIdentifier: "m3" }],
    });
    assert.equal((await ledger.getDelivery("good"))?.state, "done");
    assert.ok(logged.includes("message is no work item"));
    assert.ok(logged.includes("work item failed"));
  });

  it("refuses an event of another shape", async () => {
    await assert.rejects(handleTrigger(ports, { hello: "world" }), { name: "ZodError" });
  });
});
