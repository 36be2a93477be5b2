import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Alarm, Ledger, MetricName, WorkItem } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { countPastSla, watchServices, watchSubscriptions } from "../../functions/worker/watch.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { newProposal } from "../contract/proposals.ts";

/** Against the PagerDuty emulator, which switches subscriptions off as PagerDuty documents it. */
describe("the watch on the webhook subscription", () => {
  let nowMs = Date.parse("2026-11-23T10:00:00Z");
  const clock = { now: () => nowMs };
  let pagerDuty: PagerDutyEmulator;
  let receiver: Server;
  let answer = 400;
  let publicUrl: string;
  let ports: WorkerPorts;
  let counted: MetricName[];
  let ledger: ReturnType<typeof openSqliteLedger>;

  beforeEach(async () => {
    answer = 400;
    counted = [];
    receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(answer).end();
    });
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    publicUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    pagerDuty = await startPagerDutyEmulator({ dataFile: ":memory:", port: 0, clock });
    ledger = openSqliteLedger(":memory:", clock);
    const silent = () => undefined;
    ports = {
      clock,
      ledger,
      publicUrl,
      pagerDuty: createPagerDuty({
        baseUrl: pagerDuty.url,
        token: () => Promise.resolve(pagerDuty.token),
        from: pagerDuty.from,
        clock,
      }),
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { count: (name: MetricName) => void counted.push(name) },
    } as unknown as WorkerPorts;
  });

  afterEach(async () => {
    await pagerDuty.stop();
    ledger.close();
    receiver.closeAllConnections();
    receiver.close();
  });

  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${pagerDuty.url}${path}`, {
      method,
      headers: {
        authorization: `Token token=${pagerDuty.token}`,
        from: pagerDuty.from,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (response.status === 204 ? null : await response.json()) as {
      webhook_subscription: { id: string; delivery_method: { temporarily_disabled: boolean } };
    };
  };
  const subscribe = async (active = true) =>
    (
      await call("POST", "/webhook_subscriptions", {
        webhook_subscription: {
          type: "webhook_subscription",
          active,
          delivery_method: {
            type: "http_delivery_method",
            url: `${publicUrl}/pagerduty/webhook`,
          },
          events: ["incident.triggered"],
          filter: { type: "account_reference" },
        },
      })
    ).webhook_subscription.id;
  const isDisabled = async (id: string) =>
    (await call("GET", `/webhook_subscriptions/${id}`)).webhook_subscription.delivery_method
      .temporarily_disabled;
  const openIncident = (title: string) =>
    call("POST", "/incidents", {
      incident: { type: "incident", title, service: { id: "PSVC001", type: "service_reference" } },
    });
  const texts = async () => (await ledger.alarms(10)).map(({ text }: Alarm) => text);

  it("switches a subscription on again that PagerDuty switched off, and raises one alarm a day", async () => {
    const id = await subscribe();
    for (const title of ["one", "two", "three"]) {
      await openIncident(title);
      await pagerDuty.tick();
    }
    assert.equal(await isDisabled(id), true);

    await watchSubscriptions(ports);
    assert.equal(await isDisabled(id), false);
    assert.deepEqual(counted, ["SubscriptionDisabled"]);
    assert.deepEqual(await texts(), [
      `PagerDuty switched webhook subscription ${id} off after dropped deliveries; the gate switches it on again. Events of the time between are lost: look for bypasses and resolved incidents by hand.`,
    ]);

    await watchSubscriptions(ports);
    assert.deepEqual(counted, ["SubscriptionDisabled"]);
    nowMs += 86_400_000;
    for (const title of ["four", "five", "six"]) {
      await openIncident(title);
      await pagerDuty.tick();
    }
    await watchSubscriptions(ports);
    assert.equal((await texts()).length, 2);
  });

  it("tells of an inactive subscription and leaves it as somebody set it", async () => {
    const id = await subscribe(false);
    await watchSubscriptions(ports);
    assert.deepEqual(await texts(), [
      `Webhook subscription ${id} is inactive: the gate hears of nothing until somebody activates it.`,
    ]);
  });

  it("tells once a day that no subscription delivers to the gate any more", async () => {
    answer = 202;
    const id = await subscribe();
    await watchSubscriptions(ports);
    assert.deepEqual(await texts(), []);
    await call("DELETE", `/webhook_subscriptions/${id}`);
    await watchSubscriptions(ports);
    await watchSubscriptions(ports);
    const [alarm, ...others] = await ledger.alarms(10);
    assert.deepEqual(others, []);
    assert.equal(alarm?.kind, "subscriptionDisabled");
    assert.equal(
      alarm.text,
      `No webhook subscription delivers to ${publicUrl}/pagerduty/webhook: the gate hears of nothing, of no bypass and no resolved incident, until there is one. A gate that made its own makes it again now. Events of the time between are lost: look for bypasses and resolved incidents by hand.`,
    );
    assert.deepEqual(counted, ["SubscriptionDisabled", "SubscriptionDisabled"]);
    nowMs += 86_400_000;
    await watchSubscriptions(ports);
    assert.equal((await texts()).length, 2);
  });

  it("has the gate's own made again, which then deliver", async () => {
    answer = 202;
    let mended = 0;
    const id = await subscribe();
    ports.healSubscriptions = async () => {
      mended += 1;
      return (await ports.pagerDuty.subscriptions(`${publicUrl}/pagerduty/webhook`)).length === 0
        ? (await subscribe()) !== ""
        : false;
    };
    await watchSubscriptions(ports);
    await call("DELETE", `/webhook_subscriptions/${id}`);
    await watchSubscriptions(ports);
    assert.equal((await texts()).length, 1);
    await watchSubscriptions(ports);
    assert.equal(mended, 3);
    assert.equal((await texts()).length, 1);
  });

  it("says nothing while all is well", async () => {
    answer = 202;
    await subscribe();
    await watchSubscriptions(ports);
    assert.deepEqual(await texts(), []);
    assert.deepEqual(counted, []);
  });

  it("fails when PagerDuty does not answer, so that whoever looks knows", async () => {
    await call("POST", "/_emulator/faults", {
      call: "GET /webhook_subscriptions",
      status: 500,
      times: 5,
    });
    await assert.rejects(watchSubscriptions(ports), { name: "RemoteError" });
    assert.deepEqual(await texts(), []);
  });
});

describe("the watch on the services of the gating", () => {
  const found = new Map<string, { id: string; name: string }>();
  let listed: { key: string; listedAs: string; serviceId: string | null }[];
  let learned: unknown[];
  let counted: MetricName[];
  let nowMs: number;
  let ledger: ReturnType<typeof openSqliteLedger>;
  let ports: WorkerPorts;

  beforeEach(() => {
    found.clear();
    [listed, learned, counted] = [[], [], []];
    nowMs = Date.parse("2026-11-23T10:00:00Z");
    const clock = { now: () => nowMs };
    ledger = openSqliteLedger(":memory:", clock);
    const silent = () => undefined;
    ports = {
      clock,
      ledger,
      gating: {
        inForce: async () => ({ services: listed }),
        learn: (key: string, service: object) => learned.push([key, service]) > 0,
      },
      pagerDuty: {
        findService: async (idOrName: string) => {
          if (idOrName === "away") {
            throw new Error("PagerDuty answered 503");
          }
          return found.get(idOrName) ?? null;
        },
      },
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { count: (name: MetricName) => void counted.push(name) },
    } as unknown as WorkerPorts;
  });
  afterEach(() => ledger.close());

  const texts = async () => (await ledger.alarms(10)).map(({ kind, text }) => `${kind}: ${text}`);

  it("learns which service a name stands for, and looks for it by its id from then on", async () => {
    listed = [{ key: "payments-db", listedAs: "payments-db", serviceId: null }];
    found.set("payments-db", { id: "PSVC001", name: "payments-db" });
    await watchServices(ports);
    assert.deepEqual(learned, [["payments-db", { id: "PSVC001", name: "payments-db" }]]);
    listed = [{ key: "payments-db", listedAs: "payments-db", serviceId: "PSVC001" }];
    found.clear();
    found.set("PSVC001", { id: "PSVC001", name: "renamed" });
    await watchServices(ports);
    assert.deepEqual(await texts(), []);
  });

  it("raises one alarm a day for a key that PagerDuty has no service for", async () => {
    listed = [{ key: "paymets-db", listedAs: "paymets-db", serviceId: null }];
    await watchServices(ports);
    await watchServices(ports);
    assert.deepEqual(await texts(), [
      "serviceMissing: The gating lists paymets-db, but PagerDuty has no service of that name or id: whatever it was meant for is not gated. Correct the key.",
    ]);
    assert.deepEqual(counted, ["ServiceMissing", "ServiceMissing"]);
    nowMs += 86_400_000;
    await watchServices(ports);
    assert.equal((await texts()).length, 2);
  });

  it("raises one for a service that is gone, also where another has its name or is called by its id", async () => {
    listed = [{ key: "payments-db", listedAs: "payments-db", serviceId: "PSVC001" }];
    found.set("payments-db", { id: "PSVC777", name: "payments-db" });
    found.set("PSVC001", { id: "PSVC778", name: "PSVC001" });
    await watchServices(ports);
    assert.deepEqual(await texts(), [
      "serviceMissing: The gating lists payments-db, which is service PSVC001, and PagerDuty has that service no more: one that took its place is not gated. List its id, or take the key out.",
    ]);
    assert.deepEqual(learned, []);
  });

  it("looks at the others where one cannot be looked for, and fails in the end", async () => {
    listed = ["away", "payments-db"].map((key) => ({ key, listedAs: key, serviceId: null }));
    found.set("payments-db", { id: "PSVC001", name: "payments-db" });
    await assert.rejects(watchServices(ports), {
      message: "1 services could not be looked for: Error: PagerDuty answered 503",
    });
    assert.equal(learned.length, 1);
    assert.deepEqual(await texts(), []);
  });
});

describe("the watch on open proposals", () => {
  const nowMs = Date.parse("2026-11-23T10:00:00Z");
  const MINUTE_MS = 60_000;
  let ledger: ReturnType<typeof openSqliteLedger>;
  let counted: [MetricName, number | undefined][];

  beforeEach(() => {
    ledger = openSqliteLedger(":memory:", { now: () => nowMs });
    counted = [];
  });
  afterEach(() => ledger.close());

  const open = async (id: string, changes: Partial<Proposal> = {}) => {
    const { proposal, events } = newProposal(id, {
      receivedAtMs: nowMs - 20 * MINUTE_MS,
      decideByMs: nowMs - 10 * MINUTE_MS,
      dueAtMs: nowMs - 10 * MINUTE_MS,
      ...changes,
    });
    await ledger.create(proposal, events);
  };
  const count = (more: Partial<Ledger> = {}) =>
    countPastSla({
      clock: { now: () => nowMs },
      ledger: { ...ledger, ...more },
      metrics: {
        count: (name: MetricName, value?: number) => void counted.push([name, value]),
      },
    } as unknown as WorkerPorts);

  it("counts nothing when none is open", async () => {
    assert.equal(await count(), 0);
    assert.deepEqual(counted, []);
  });

  it("counts those whose time is over and which nobody has decided", async () => {
    const dueAtMs = nowMs - 6 * MINUTE_MS;
    await open("prop_past");
    await open("prop_unweighed", { decideByMs: null });
    await open("prop_just_now", { decideByMs: nowMs - 4 * MINUTE_MS, dueAtMs });
    await open("prop_long", { decideByMs: nowMs + 60 * MINUTE_MS, dueAtMs });
    await open("prop_ended", {
      outcome: { kind: "suppressed", reason: "expired", text: "", atMs: nowMs },
    });
    assert.equal(await count(), 2);
    assert.deepEqual(counted, [["OpenPastSla", 2]]);
  });

  it("finds the oldest behind a thousand newer ones, and lists none of them", async () => {
    await open("prop_oldest", { receivedAtMs: nowMs - 60 * MINUTE_MS });
    for (let i = 0; i < 1_100; i++) {
      await open(`prop_${i}`, { decideByMs: nowMs + MINUTE_MS, dueAtMs: nowMs + MINUTE_MS });
    }
    assert.equal(await count({ list: () => Promise.reject(new Error("a scan")) }), 1);
  });

  it("counts what cannot be looked at: a record that is not readable, and more than can be read", async () => {
    const items = (length: number): WorkItem[] =>
      Array.from({ length }, (_, i) => ({ kind: "proposal", id: `prop_${i}` }));
    const unreadable = () => Promise.reject(new Error("another release of the gate wrote it"));
    assert.equal(await count({ due: () => Promise.resolve(items(1)), get: unreadable }), 1);
    const gone = () => Promise.resolve(null);
    assert.equal(await count({ due: () => Promise.resolve(items(1_003)), get: gone }), 3);
  });
});
