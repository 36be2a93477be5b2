import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { signatureOf } from "../../../emulators/pagerduty/index.ts";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver, World } from "./harness.ts";

const SECOND = 1000;
const HOUR = 3_600_000;

describe("the emulator's webhook deliveries", () => {
  let world: World;
  let receiver: Receiver;

  beforeEach(async () => {
    world = await startWorld({ retryScheduleMs: [10 * SECOND, 60 * SECOND, HOUR] });
    receiver = await startReceiver();
  });

  afterEach(async () => {
    await world.emulator.stop();
    await receiver.stop();
  });

  const deliveries = async () => {
    const { body } = await world.call("GET", "/_emulator/deliveries");
    return body.deliveries;
  };

  /** An address where nobody listens any more. */
  const nobody = async () => {
    const gone = await startReceiver();
    await gone.stop();
    return gone.url;
  };

  const temporarilyDisabled = async (id: string) => {
    const { body } = await world.call("GET", `/webhook_subscriptions/${id}`);
    return body.webhook_subscription.delivery_method.temporarily_disabled;
  };

  it("signs the raw bytes and sends the documented headers", async () => {
    const { id, secret } = await world.subscribe(receiver.url, {
      delivery_method: {
        type: "http_delivery_method",
        url: receiver.url,
        custom_headers: [{ name: "X-Gate-Token", value: "in clear" }],
      },
    });
    await world.openIncident({ title: "naïve — café 🚀" });
    await world.emulator.tick();
    const [webhook] = receiver.received;
    assert.ok(webhook);
    const digest = createHmac("sha256", secret).update(webhook.raw).digest("hex");
    assert.equal(webhook.headers["x-pagerduty-signature"], `v1=${digest}`);
    assert.equal(webhook.headers["content-type"], "application/json");
    assert.equal(webhook.headers["accept"], "application/json");
    assert.equal(webhook.headers["user-agent"], "PagerDuty-Webhook/V3.0");
    assert.equal(webhook.headers["x-webhook-subscription"], id);
    assert.equal(webhook.headers["x-gate-token"], "in clear");
    assert.match(String(webhook.headers["x-webhook-id"]), /^[0-9a-f-]{36}$/);
  });

  it("wraps an incident in the documented envelope", async () => {
    await world.subscribe(receiver.url);
    const incident = await world.openIncident({ incident_key: "k-1" });
    await world.emulator.tick();
    const event = receiver.received[0]?.event;
    assert.match(event.id, /^01[A-Z0-9]{24}$/);
    assert.equal(event.event_type, "incident.triggered");
    assert.equal(event.resource_type, "incident");
    assert.equal(event.occurred_at, "2026-11-23T09:59:00.000Z");
    assert.equal(event.client, null);
    assert.deepEqual(event.agent, {
      id: "PGATE01",
      type: "user_reference",
      summary: "Gate Robot",
      self: `${world.emulator.url}/users/PGATE01`,
      html_url: `${world.emulator.url}/web/users/PGATE01`,
    });
    const { service, escalation_policy, teams, assignees, ...rest } = event.data;
    assert.deepEqual(rest, {
      id: incident.id,
      type: "incident",
      self: `${world.emulator.url}/incidents/${incident.id}`,
      html_url: `${world.emulator.url}/web/incidents/${incident.id}`,
      number: 4421,
      status: "triggered",
      incident_key: "k-1",
      created_at: "2026-11-23T09:59:00Z",
      title: "payments-db CPU",
      incident_type: { name: "base_incident" },
      priority: null,
      urgency: "high",
      conference_bridge: null,
      resolve_reason: null,
    });
    assert.equal(service.id, "PSVC001");
    assert.equal(escalation_policy.id, "PEP0001");
    assert.deepEqual(
      teams.map(({ id }: { id: string }) => id),
      ["PTEAM01"],
    );
    assert.deepEqual(
      assignees.map(({ id }: { id: string }) => id),
      ["PUSER01"],
    );
  });

  for (const status of [500, 503, 429]) {
    it(`tries again after ${status}, with the same webhook id, until a 2xx`, async () => {
      await world.subscribe(receiver.url);
      receiver.answers.push(status, status);
      await world.openIncident();
      await world.emulator.tick();
      await world.pass(10 * SECOND - 1);
      assert.equal(receiver.received.length, 1);
      await world.pass(1);
      assert.equal(receiver.received.length, 2);
      await world.pass(60 * SECOND);
      assert.equal(receiver.received.length, 3);
      await world.pass(48 * HOUR);
      assert.equal(receiver.received.length, 3);
      assert.equal(
        new Set(receiver.received.map(({ headers }) => headers["x-webhook-id"])).size,
        1,
      );
      const [delivery] = await deliveries();
      assert.equal(delivery.state, "delivered");
      assert.deepEqual(
        delivery.attempts.map(({ status }: { status: number }) => status),
        [status, status, 202],
      );
    });
  }

  it("tries again after no connection, and gives up at the end of the schedule", async () => {
    await world.subscribe(await nobody());
    await world.openIncident();
    await world.emulator.tick();
    for (const wait of [10 * SECOND, 60 * SECOND, HOUR]) {
      await world.pass(wait);
    }
    const [delivery] = await deliveries();
    assert.equal(delivery.state, "expired");
    assert.deepEqual(
      delivery.attempts.map(({ error }: { error: string }) => error),
      Array(4).fill("no connection: ECONNREFUSED"),
    );
    assert.equal(world.emulator.nextDueMs(), undefined);
  });

  it("tries again when no answer came within 5 s", async () => {
    await world.subscribe(receiver.url);
    receiver.answers.push("hang");
    await world.openIncident();
    const first = world.emulator.tick();
    await receiver.until(1);
    await world.pass(5 * SECOND);
    await first;
    const [delivery] = await deliveries();
    assert.equal(delivery.attempts[0].error, "the receiver did not answer within 5 s");
    await world.pass(10 * SECOND);
    assert.equal(receiver.received.length, 2);
  });

  it("never tries for longer than 48 h", async () => {
    await world.emulator.stop();
    world = await startWorld({ retryScheduleMs: [47 * HOUR, 2 * HOUR] });
    await world.subscribe(await nobody());
    await world.openIncident();
    await world.emulator.tick();
    await world.pass(47 * HOUR);
    const [delivery] = await deliveries();
    assert.equal(delivery.state, "expired");
  });

  it("drops an event on another 4xx and goes on with the next", async () => {
    await world.subscribe(receiver.url);
    receiver.answers.push(404);
    await world.openIncident();
    await world.emulator.tick();
    await world.openIncident();
    await world.pass(48 * HOUR);
    assert.deepEqual(
      (await deliveries()).map(({ state }: { state: string }) => state),
      ["dropped", "delivered"],
    );
    assert.equal(receiver.received.length, 2);
  });

  it("switches a subscription off for 24 h after 3 drops in a row and loses its queue", async () => {
    const { id } = await world.subscribe(receiver.url);
    receiver.answers.push(401, 401, 401);
    const incident = await world.openIncident();
    const note = { note: { content: "hello" } };
    for (let count = 0; count < 3; count++) {
      await world.call("POST", `/incidents/${incident.id}/notes`, note);
    }
    await world.emulator.tick();
    assert.equal(receiver.received.length, 3);
    assert.equal(await temporarilyDisabled(id), true);
    assert.deepEqual(
      (await deliveries()).map(({ state }: { state: string }) => state),
      ["dropped", "dropped", "dropped", "lost"],
    );
    await world.openIncident();
    await world.pass(24 * HOUR - 1);
    assert.equal(receiver.received.length, 3);
    await world.pass(1);
    assert.equal(await temporarilyDisabled(id), false);
    await world.openIncident();
    await world.emulator.tick();
    assert.equal(receiver.received.length, 4);
  });

  it("counts drops in a row only", async () => {
    const { id } = await world.subscribe(receiver.url);
    receiver.answers.push(400, 400, 202, 400, 400);
    for (let count = 0; count < 5; count++) {
      await world.openIncident();
      await world.emulator.tick();
    }
    assert.equal(await temporarilyDisabled(id), false);
  });

  it("takes a subscription back into service with /enable", async () => {
    const { id } = await world.subscribe(receiver.url);
    receiver.answers.push(400, 400, 400);
    for (let count = 0; count < 3; count++) {
      await world.openIncident();
      await world.emulator.tick();
    }
    const { status, body } = await world.call("POST", `/webhook_subscriptions/${id}/enable`);
    assert.equal(status, 200);
    assert.equal(body.webhook_subscription.delivery_method.temporarily_disabled, false);
    await world.openIncident();
    await world.emulator.tick();
    assert.equal(receiver.received.length, 4);
  });

  it("keeps later events of one incident behind one that is being retried", async () => {
    await world.subscribe(receiver.url);
    receiver.answers.push(500);
    const incident = await world.openIncident();
    await world.emulator.tick();
    await world.call("POST", `/incidents/${incident.id}/notes`, { note: { content: "later" } });
    const other = await world.openIncident({ title: "another" });
    await world.emulator.tick();
    assert.deepEqual(
      receiver.received.map(({ event }) => event.data.id),
      [incident.id, other.id],
    );
    await world.pass(10 * SECOND);
    assert.deepEqual(receiver.types(), [
      "incident.triggered",
      "incident.triggered",
      "incident.triggered",
      "incident.annotated",
    ]);
  });

  it("sends a service's subscription only that service's events", async () => {
    await world.subscribe(receiver.url, {
      filter: { type: "service_reference", id: world.emulator.seed.services.search },
    });
    await world.openIncident();
    await world.openIncident({ service: { id: "PSVC003", type: "service_reference" } });
    await world.emulator.tick();
    assert.deepEqual(
      receiver.received.map(({ event }) => event.data.service.id),
      ["PSVC003"],
    );
  });

  it("sends a team's subscription only that team's events", async () => {
    await world.subscribe(receiver.url, {
      filter: { type: "team_reference", id: world.emulator.seed.teams.database },
    });
    await world.openIncident();
    await world.openIncident({ service: { id: "PSVC003", type: "service_reference" } });
    await world.emulator.tick();
    assert.deepEqual(
      receiver.received.map(({ event }) => event.data.service.id),
      ["PSVC001"],
    );
  });

  it("sends nothing to an inactive subscription", async () => {
    await world.subscribe(receiver.url, { active: false });
    await world.openIncident();
    await world.emulator.tick();
    assert.equal(receiver.received.length, 0);
  });

  it("sends a signed pagey.ping on request", async () => {
    const { id, secret } = await world.subscribe(receiver.url);
    const { status } = await world.call("POST", `/webhook_subscriptions/${id}/ping`);
    assert.equal(status, 202);
    await world.emulator.tick();
    const [webhook] = receiver.received;
    assert.ok(webhook);
    assert.equal(webhook.event.event_type, "pagey.ping");
    assert.equal(webhook.event.resource_type, "pagey");
    assert.deepEqual(webhook.event.data, {
      message: "Hello from your friend Pagey!",
      type: "ping",
    });
    const digest = createHmac("sha256", secret).update(webhook.raw).digest("hex");
    assert.equal(webhook.headers["x-pagerduty-signature"], `v1=${digest}`);
  });

  it("does not let custom headers stand in for its own", async () => {
    const { secret } = await world.subscribe(receiver.url, {
      delivery_method: {
        type: "http_delivery_method",
        url: receiver.url,
        custom_headers: [{ name: "X-PagerDuty-Signature", value: "v1=forged" }],
      },
    });
    await world.openIncident();
    await world.emulator.tick();
    const [webhook] = receiver.received;
    assert.equal(
      webhook?.headers["x-pagerduty-signature"],
      signatureOf(secret, webhook?.raw ?? ""),
    );
  });

  it("drops an event of more than 256 KB", async () => {
    await world.subscribe(receiver.url);
    await world.openIncident({ title: "x".repeat(256 * 1024) });
    await world.emulator.tick();
    assert.equal(receiver.received.length, 0);
    const [delivery] = await deliveries();
    assert.equal(delivery.state, "dropped");
    assert.equal(delivery.attempts[0].error, "the event is larger than 256 KB");
  });

  it("sends to many incidents at once, in order for each", async () => {
    await world.subscribe(receiver.url);
    for (let count = 0; count < 80; count++) {
      const { id } = await world.openIncident();
      await world.call("POST", `/incidents/${id}/notes`, { note: { content: "n" } });
    }
    await world.emulator.tick();
    assert.equal(receiver.received.length, 160);
    const seen = new Map<string, string[]>();
    for (const { event } of receiver.received) {
      const incident = event.data.incident?.id ?? event.data.id;
      seen.set(incident, [...(seen.get(incident) ?? []), event.event_type]);
    }
    for (const types of seen.values()) {
      assert.deepEqual(types, ["incident.triggered", "incident.annotated"]);
    }
  });

  it("delivers by itself, without a tick", async () => {
    await world.emulator.stop();
    world = await startWorld({ autoTick: true });
    await world.subscribe(receiver.url);
    await world.openIncident();
    await receiver.until(1);
    assert.deepEqual(receiver.types(), ["incident.triggered"]);
  });

  it("tells listeners when work was queued", async () => {
    await world.subscribe(receiver.url);
    let calls = 0;
    const end = world.emulator.onWork(() => (calls += 1));
    await world.openIncident();
    assert.ok(calls > 0);
    end();
    const before = calls;
    await world.openIncident();
    assert.equal(calls, before);
  });
});
