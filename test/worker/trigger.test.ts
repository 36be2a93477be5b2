import assert from "node:assert/strict";
import type { MetricName, WorkItem } from "../../functions/gate/ports.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { handleTrigger } from "../../functions/worker/trigger.ts";
import { openSqliteLedger } from "../../local/ledger.ts";

/** The deployed worker's entry, over a real ledger; what a visit does is tested elsewhere. */
describe("the worker's trigger", () => {
  let nowMs: number;
  let sent: WorkItem[];
  let counted: MetricName[];
  let logged: string[];
  let asked: number;
  let ledger: ReturnType<typeof openSqliteLedger>;
  let ports: WorkerPorts;

  beforeEach(() => {
    nowMs = Date.parse("2026-11-23T10:01:00Z");
    sent = [];
    counted = [];
    logged = [];
    asked = 0;
    ledger = openSqliteLedger(":memory:", { now: () => nowMs });
    const note = (message: string): void => void logged.push(message);
    ports = {
      clock: { now: () => nowMs },
      ledger,
      queue: { send: (items: readonly WorkItem[]) => Promise.resolve(void sent.push(...items)) },
      pagerDuty: { subscriptions: () => Promise.resolve((asked++, [])) },
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
    assert.deepEqual(counted, []);
    await ledger.setKillSwitch({ on: true, reason: "drill", by: "jo", atMs: nowMs });
    await handleTrigger(ports, { sweep: true });
    assert.deepEqual(counted, ["KillSwitchHeld"]);
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
