import assert from "node:assert/strict";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver, Reply, World } from "./harness.ts";

describe("the emulator's Events API v2", () => {
  let world: World;
  let receiver: Receiver;
  let key: string;

  beforeEach(async () => {
    world = await startWorld({ eventsPerMinute: 5 });
    receiver = await startReceiver();
    await world.subscribe(receiver.url, {
      events: ["incident.triggered", "incident.acknowledged", "incident.resolved"],
    });
    const { body } = await world.call("GET", "/services/PSVC001/integrations/PINT001");
    key = body.integration.integration_key;
  });

  afterEach(async () => {
    await world.emulator.stop();
    await receiver.stop();
  });

  const enqueue = (event: unknown, path = "/v2/enqueue") =>
    world.call("POST", path, event, { token: null, from: null });

  const trigger = (extra: Record<string, unknown> = {}) =>
    enqueue({
      routing_key: key,
      event_action: "trigger",
      dedup_key: "cpu",
      payload: { summary: "CPU at 100 %", source: "db-1", severity: "critical" },
      ...extra,
    });

  const incidents = async (): Promise<Reply["body"][]> =>
    (await world.call("GET", "/incidents")).body.incidents;

  it("opens one incident for a key, with an alert, and closes it again", async () => {
    const first = await trigger();
    assert.equal(first.status, 202);
    assert.deepEqual(first.body, {
      status: "success",
      message: "Event processed",
      dedup_key: "cpu",
    });
    await trigger({ payload: { summary: "still", source: "db-1", severity: "error" } });
    const [incident, ...others] = await incidents();
    assert.deepEqual(others, []);
    assert.equal(incident.title, "CPU at 100 %");
    assert.equal(incident.incident_key, null);
    assert.equal(incident.service.id, "PSVC001");
    const { alerts } = (await world.call("GET", `/incidents/${incident.id}/alerts`)).body;
    assert.deepEqual(
      alerts.map(({ alert_key, summary, severity, status }: Reply["body"]) => [
        alert_key,
        summary,
        severity,
        status,
      ]),
      [["cpu", "still", "error", "triggered"]],
    );
    for (const event_action of ["acknowledge", "resolve"]) {
      const reply = await enqueue({ routing_key: key, event_action, dedup_key: "cpu" });
      assert.equal(reply.status, 202);
    }
    assert.equal((await incidents())[0].status, "resolved");
    await world.emulator.tick();
    assert.deepEqual(receiver.types(), [
      "incident.triggered",
      "incident.acknowledged",
      "incident.resolved",
    ]);
    assert.equal(receiver.received[0]?.event.agent.type, "inbound_integration_reference");
  });

  it("opens another incident for the key of a resolved one", async () => {
    await trigger();
    await enqueue({ routing_key: key, event_action: "resolve", dedup_key: "cpu" });
    await trigger();
    assert.equal((await incidents()).length, 2);
  });

  it("groups alerts where the service does, and closes the incident with the last of them", async () => {
    await world.call("PUT", "/services/PSVC001", {
      service: { alert_grouping_parameters: { type: "time" } },
    });
    await trigger();
    await trigger({ dedup_key: "disk" });
    const [incident, ...others] = await incidents();
    assert.deepEqual(others, []);
    assert.deepEqual(incident.alert_counts, { all: 2, triggered: 2, resolved: 0 });
    const found = async (key: string) =>
      (await world.call("GET", `/incidents?incident_key=${key}`)).body.incidents.length;
    assert.deepEqual([await found("cpu"), await found("disk"), await found("none")], [1, 1, 0]);
    const resolve = (dedup_key: string) =>
      enqueue({ routing_key: key, event_action: "resolve", dedup_key });
    await resolve("cpu");
    assert.equal((await incidents())[0].status, "triggered");
    await resolve("disk");
    assert.equal((await incidents())[0].status, "resolved");
  });

  it("makes a dedup_key when there is none", async () => {
    const { body } = await trigger({ dedup_key: undefined });
    assert.match(body.dedup_key, /^[0-9a-f]{32}$/);
    const [{ id }] = await incidents();
    const { alerts } = (await world.call("GET", `/incidents/${id}/alerts`)).body;
    assert.equal(alerts[0].alert_key, body.dedup_key);
  });

  it("takes events for keys that it does not know without effect", async () => {
    const { status } = await enqueue({
      routing_key: key,
      event_action: "resolve",
      dedup_key: "unknown",
    });
    assert.equal(status, 202);
    assert.deepEqual(await incidents(), []);
  });

  it("makes the urgency follow the severity where the service says so", async () => {
    await world.call("PUT", "/services/PSVC001", {
      service: { incident_urgency_rule: { type: "constant", urgency: "severity_based" } },
    });
    const payload = { summary: "s", source: "db-1" };
    await trigger({ dedup_key: "a", payload: { ...payload, severity: "warning" } });
    await trigger({ dedup_key: "b", payload: { ...payload, severity: "error" } });
    assert.deepEqual(
      (await incidents()).map(({ urgency }) => urgency),
      ["low", "high"],
    );
  });

  it("takes change events, which open nothing", async () => {
    const { status, body } = await enqueue(
      { routing_key: key, payload: { summary: "approved by Jo" } },
      "/v2/change/enqueue",
    );
    assert.equal(status, 202);
    assert.equal(body.status, "success");
    assert.deepEqual(await incidents(), []);
  });

  const payload = { summary: "s", source: "s", severity: "info" };
  const REFUSED: [name: string, event: (key: string) => unknown, errors: RegExp][] = [
    ["no JSON", () => "nonsense", /the body: /],
    [
      "a short routing key",
      () => ({ routing_key: "short", event_action: "trigger", payload }),
      /`routing_key`: must be 32 characters long/,
    ],
    [
      "an unknown routing key",
      () => ({ routing_key: "x".repeat(32), event_action: "trigger", payload }),
      /^Invalid routing key$/,
    ],
    [
      "an unknown action",
      (routing_key) => ({ routing_key, event_action: "approve", payload }),
      /`event_action`/,
    ],
    [
      "a trigger without payload",
      (routing_key) => ({ routing_key, event_action: "trigger" }),
      /`payload`: is needed to trigger/,
    ],
    [
      "a resolve without dedup_key",
      (routing_key) => ({ routing_key, event_action: "resolve" }),
      /`dedup_key`: is needed to resolve/,
    ],
    [
      "a long summary",
      (routing_key) => ({
        routing_key,
        event_action: "trigger",
        payload: { ...payload, summary: "x".repeat(1025) },
      }),
      /`payload\.summary`/,
    ],
    [
      "an unknown severity",
      (routing_key) => ({
        routing_key,
        event_action: "trigger",
        payload: { ...payload, severity: "P1" },
      }),
      /`payload\.severity`/,
    ],
  ];

  for (const [name, event, errors] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const { status, body } = await enqueue(event(key));
      assert.equal(status, 400);
      assert.equal(body.status, "invalid event");
      assert.equal(body.message, "Event object is invalid");
      assert.match(body.errors.join("\n"), errors);
    });
  }

  it("throttles a routing key until the minute ends", async () => {
    for (let count = 0; count < 5; count++) {
      assert.equal((await trigger()).status, 202);
    }
    const { status, body } = await trigger();
    assert.equal(status, 429);
    assert.equal(body.status, "throttle exceeded");
    world.clock.advance(60_000);
    assert.equal((await trigger()).status, 202);
  });
});
