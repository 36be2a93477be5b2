// What a try-out keeps over restarts between gate and emulators: addresses, the subscription, what is under way.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded, type Embedded, type EmbeddedOptions } from "../../local/embedded.ts";
import { DEV_STACK } from "../cli/support.ts";
import { newConnections } from "../harness/connections.ts";

interface Subscription {
  id: string;
  delivery_method: { url: string };
}

describe("The try-out over restarts", function () {
  let dataDir = "";
  let embedded: Embedded | null = null;
  let others: Server[] = [];
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "gate-embedded-"));
  });
  afterEach(async () => {
    await stop();
    others.forEach((server) => server.close());
    others = [];
    rmSync(dataDir, { recursive: true });
  });

  async function stop(): Promise<void> {
    await embedded?.stop();
    embedded = null;
    newConnections();
  }

  async function start(options: Partial<EmbeddedOptions> = {}): Promise<Embedded> {
    await stop();
    embedded = await startEmbedded({
      dataDir,
      gatingFile: DEV_STACK,
      gatePort: 0,
      pagerDutyPort: 0,
      cheqpointPort: 0,
      logLevel: "silent",
      ...options,
    });
    return embedded;
  }

  async function call<T>({ pagerDuty }: Embedded, method: string, path: string, body?: object) {
    const answer = await fetch(pagerDuty.url + path, {
      method,
      headers: {
        authorization: `Token token=${pagerDuty.token}`,
        from: pagerDuty.from,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return (answer.status === 204 ? null : await answer.json()) as T;
  }

  const subscriptions = async (from: Embedded): Promise<[string, string][]> =>
    (
      await call<{ webhook_subscriptions: Subscription[] }>(from, "GET", "/webhook_subscriptions")
    ).webhook_subscriptions.map(({ id, delivery_method: { url } }) => [id, url]);

  const openIncident = (on: Embedded) =>
    call<{ incident: { id: string } }>(on, "POST", "/incidents", {
      incident: {
        type: "incident",
        title: "Primary unreachable",
        service: { id: on.pagerDuty.seed.services.paymentsDb, type: "service_reference" },
      },
    });

  /** Proposals on an incident; resolves when there is one. */
  async function proposed(on: Embedded, incidentId: string): Promise<number> {
    for (;;) {
      await on.pagerDuty.tick();
      await on.gate.queue.idle();
      const { proposals } = await on.gate.ledger.list({ incidentId, limit: 10 });
      if (proposals.length > 0) {
        return proposals.length;
      }
    }
  }

  it("takes the ports of the run before for 0, and the subscription stays", async () => {
    const first = await start();
    const before = first.endpoints();
    const subscribed = await subscriptions(first);
    const second = await start();
    const { gate, pagerduty, cheqpoint } = second.endpoints();
    assert.deepEqual(
      [gate.url, pagerduty.url, cheqpoint.url],
      [before.gate.url, before.pagerduty.url, before.cheqpoint.url],
    );
    assert.deepEqual(await subscriptions(second), subscribed);
  });

  it("leaves a port alone that another setting names", async () => {
    const { pagerDuty } = await start();
    const second = await start({ gatePort: pagerDuty.port });
    assert.equal(second.gate.port, pagerDuty.port);
  });

  it("loses no event that waited for the gate when its port is taken meanwhile", async () => {
    const first = await start();
    await call(first, "POST", "/_emulator/faults", { call: "webhook", delayMs: 1_000, times: 100 });
    const { incident } = await openIncident(first);
    const [[id] = []] = await subscriptions(first);
    const { port } = first.gate;
    await stop();
    const taken = createServer();
    others.push(taken);
    await new Promise<void>((resolve) => taken.listen(port, "127.0.0.1", resolve));

    const second = await start();
    assert.notEqual(second.gate.port, port);
    assert.deepEqual(await subscriptions(second), [[id, `${second.gate.url}/pagerduty/webhook`]]);
    assert.equal(await proposed(second, incident.id), 1);
  });

  it("removes a subscription that was made and not kept", async () => {
    await start();
    const file = join(dataDir, "secrets.json");
    const secrets = Object(JSON.parse(readFileSync(file, "utf8"))) as Record<string, unknown>;
    await stop();
    // As after a kill between the two.
    writeFileSync(file, JSON.stringify({ ...secrets, subscription: null }));
    const second = await start();
    assert.equal((await subscriptions(second)).length, 1);
    const { incident } = await openIncident(second);
    assert.equal(await proposed(second, incident.id), 1);
  });

  it("subscribes again after the subscription is gone", async () => {
    const first = await start();
    const [[id] = []] = await subscriptions(first);
    await call(first, "DELETE", `/webhook_subscriptions/${id}`);
    const second = await start();
    assert.equal((await subscriptions(second)).length, 1);
    await call(second, "POST", "/_emulator/reset");
    while ((await subscriptions(second)).length === 0) {
      await second.pagerDuty.tick();
    }
    const { incident } = await openIncident(second);
    assert.equal(await proposed(second, incident.id), 1);
  });
});
