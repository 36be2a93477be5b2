import assert from "node:assert/strict";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { PagerDutyOptions } from "../../functions/pagerduty/client.ts";
import { parseWebhookEvent } from "../../functions/pagerduty/event.ts";
import type { WebhookEvent } from "../../functions/pagerduty/event.ts";
import { enqueueEvent } from "../../functions/pagerduty/events.ts";
import { verifyPagerDutySignature } from "../../functions/pagerduty/signature.ts";
import type { NewIncident, Order, PagerDuty } from "../../functions/gate/ports/index.ts";
import { SEED, startPagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import type { PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { startWireServer } from "./wireServer.ts";
import type { WireServer } from "./wireServer.ts";

// Shows that client and emulator understand each other; both are ours.

const nothingRepeated = { wait: () => Promise.resolve() };

describe("the PagerDuty client against the emulator", () => {
  let emulator: PagerDutyEmulator;
  let gate: WireServer;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = Date.UTC(2026, 10, 23, 10);
    gate = await startWireServer();
    emulator = await startPagerDutyEmulator({
      dataFile: ":memory:",
      port: 0,
      clock: { now: () => nowMs },
      autoTick: false,
    });
  });
  afterEach(async () => {
    await emulator.stop();
    await gate.close();
  });

  function client(options: Partial<PagerDutyOptions> = {}): PagerDuty {
    return createPagerDuty({
      baseUrl: emulator.url,
      token: () => Promise.resolve(emulator.token),
      from: emulator.from,
      clock: { now: () => nowMs },
      timeoutMs: 20_000,
      ...nothingRepeated,
      ...options,
    });
  }

  async function post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(emulator.url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Token token=${emulator.token}`,
        from: emulator.from,
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  const fault = (body: unknown) => post("/_emulator/faults", body);

  const wanted: NewIncident = {
    serviceId: SEED.services.paymentsDb,
    title: "payments-db CPU",
    details: "98 % for 8 minutes",
    incidentKey: "gate-p1",
    urgency: "high",
    escalationPolicyId: null,
    userIds: [],
  };

  const open = async (changed: Partial<NewIncident> = {}) =>
    (await client().createIncident({ ...wanted, ...changed })).id;

  const failover = (incidentId: string, changed: Partial<Order> = {}): Order => ({
    target: { kind: "automationAction", actionId: SEED.actions.dbFailover },
    incidentId,
    customFields: {},
    mark: "prop_1",
    ...changed,
  });

  it("creates, reads and finds an incident by its key", async () => {
    const { id, url } = await client().createIncident(wanted);
    const incident = await client().incident(id);
    assert.ok(incident !== null);
    assert.deepEqual(
      { ...incident, number: 0 },
      {
        id,
        number: 0,
        title: "payments-db CPU",
        status: "triggered",
        url,
        priority: null,
        urgency: "high",
        serviceId: SEED.services.paymentsDb,
        serviceName: "payments-db",
        escalationPolicyId: SEED.escalationPolicies.dbOnCall,
        assigneeIds: incident.assigneeIds,
        incidentKey: "gate-p1",
        createdAtMs: nowMs,
      },
    );
    assert.ok(incident.assigneeIds.length > 0);
    assert.deepEqual((await client().incidentsByKey("gate-p1")).found, [incident]);
    assert.deepEqual((await client().incidentsByKey("gate-p2")).found, []);
    assert.equal(await client().incident("PNONE"), null);
  });

  it("assigns a new incident to users or to a policy", async () => {
    const toUser = await open({ incidentKey: "a", userIds: [SEED.users.dba] });
    assert.deepEqual((await client().incident(toUser))?.assigneeIds, [SEED.users.dba]);
    const policy = SEED.escalationPolicies.platformOnCall;
    const toPolicy = await open({ incidentKey: "b", escalationPolicyId: policy });
    assert.equal((await client().incident(toPolicy))?.escalationPolicyId, policy);
  });

  it("gets the open incident instead of a second one under its key", async () => {
    const first = await open();
    assert.equal(await open({ title: "again" }), first);
    assert.equal((await client().incidentsByKey("gate-p1")).found.length, 1);
  });

  it("finds every incident of a key, resolved ones too, the newest first", async () => {
    const first = await open();
    await client().resolveIncident(first, "done");
    nowMs += 60_000;
    const second = await open();
    assert.notEqual(second, first);
    const { found } = await client().incidentsByKey("gate-p1");
    assert.deepEqual(
      found.map(({ id, status }) => [id, status]),
      [
        [second, "triggered"],
        [first, "resolved"],
      ],
    );
  });

  it("resolves, and is content with what is resolved already", async () => {
    const id = await open();
    await client().resolveIncident(id, "done");
    await client().resolveIncident(id, "done");
    assert.equal((await client().incident(id))?.status, "resolved");
  });

  it("finds services by id and by exact name", async () => {
    const service = { id: SEED.services.paymentsDb, name: "payments-db" };
    assert.deepEqual(await client().findService(SEED.services.paymentsDb), service);
    assert.deepEqual(await client().findService("payments-db"), service);
    assert.equal(await client().findService("payments"), null);
    assert.equal(await client().findService("PNONE"), null);
  });

  it("adds and lists notes", async () => {
    const id = await open();
    const note = await client().addNote(id, "held: needs approval");
    assert.deepEqual(await client().notes(id), [{ id: note.id, content: "held: needs approval" }]);
  });

  it("invokes an action once and follows it to its end", async () => {
    const incidentId = await open();
    const done = await client().execute(failover(incidentId));
    assert.equal(done.state, "created");
    const id = done.invocationId ?? "";
    const expected = {
      id,
      actionId: SEED.actions.dbFailover,
      incidentId,
      state: "created",
      agentId: SEED.users.gate,
      createdAtMs: nowMs,
    };
    assert.deepEqual(await client().invocation(id), expected);
    assert.deepEqual(await client().invocations(incidentId, SEED.actions.dbFailover), [expected]);
    assert.deepEqual(await client().invocations(incidentId, SEED.actions.restartApi), []);
    nowMs += 60_000;
    await emulator.tick();
    assert.equal((await client().invocation(id))?.state, "completed");
    assert.equal(await client().invocation("01NONE"), null);
  });

  it("sets custom fields before it invokes, and does not invoke when they are refused", async () => {
    const incidentId = await open();
    const customFields = { max_replicas: 2 };
    await client().execute(failover(incidentId, { customFields }));
    const values = await fetch(`${emulator.url}/incidents/${incidentId}/custom_fields/values`, {
      headers: { authorization: `Token token=${emulator.token}` },
    });
    const { custom_fields: fields } = (await values.json()) as {
      custom_fields: { name: string; value: unknown }[];
    };
    assert.equal(fields.find(({ name }) => name === "max_replicas")?.value, 2);
    await assert.rejects(
      client().execute(failover(incidentId, { customFields: { no_such_field: 1 } })),
      { name: "RemoteError", nothingDone: true, retryable: false },
    );
    const { length } = await client().invocations(incidentId, SEED.actions.dbFailover);
    assert.equal(length, 1);
  });

  it("starts a workflow", async () => {
    const target = { kind: "incidentWorkflow", workflowId: SEED.workflows.remediate } as const;
    const done = await client().execute(failover(await open(), { target }));
    assert.equal(typeof done.invocationId, "string");
  });

  it("reassigns to users and to a policy, and escalates", async () => {
    const id = await open();
    const users = [SEED.users.dba];
    await client().execute(
      failover(id, { target: { kind: "reassign", users, escalationPolicy: null } }),
    );
    assert.deepEqual((await client().incident(id))?.assigneeIds, users);
    const policy = SEED.escalationPolicies.platformOnCall;
    await client().execute(
      failover(id, { target: { kind: "reassign", users: [], escalationPolicy: policy } }),
    );
    assert.equal((await client().incident(id))?.escalationPolicyId, policy);
    const other = await open({ incidentKey: "other" });
    const before = (await client().incident(other))?.assigneeIds;
    await client().execute(failover(other, { target: { kind: "escalate", level: 2 } }));
    assert.notDeepEqual((await client().incident(other))?.assigneeIds, before);
  });

  it("is refused for what does not exist, without anything being done", async () => {
    const target = { kind: "automationAction", actionId: "01NOSUCHACTION" } as const;
    const refused = { name: "RemoteError", nothingDone: true, retryable: false, status: 404 };
    await assert.rejects(client().execute(failover(await open(), { target })), refused);
    await assert.rejects(client().addNote("PNONE", "x"), refused);
    const stranger = client({ token: () => Promise.resolve("somebody-elses-token") });
    await assert.rejects(stranger.notes("PNONE"), { ...refused, status: 401 });
  });

  it("tells a failure after doing it from one before, and never repeats it", async () => {
    const incidentId = await open();
    const call = "POST /automation_actions/actions/:id/invocations";
    const ran = async () =>
      (await client().invocations(incidentId, SEED.actions.dbFailover)).length;
    await fault({ call, status: 500, afterDoing: true });
    await assert.rejects(client().execute(failover(incidentId)), {
      nothingDone: false,
      status: 500,
    });
    assert.equal(await ran(), 1);
    await fault({ call, dropAnswer: true });
    await assert.rejects(client().execute(failover(incidentId)), {
      nothingDone: false,
      status: null,
    });
    assert.equal(await ran(), 2);
    await fault({ call, status: 429 });
    await assert.rejects(client().execute(failover(incidentId)), {
      nothingDone: true,
      retryable: true,
      status: 429,
    });
    assert.equal(await ran(), 2);
  });

  it("reads through one failure", async () => {
    const id = await open();
    await fault({ call: "GET /incidents/:id", status: 503 });
    assert.equal((await client().incident(id))?.id, id);
  });

  it("verifies and understands what the emulator delivers", async () => {
    const { webhook_subscription: subscription } = (await post("/webhook_subscriptions", {
      webhook_subscription: {
        type: "webhook_subscription",
        events: [
          "incident.triggered",
          "incident.annotated",
          "incident.resolved",
          "incident.action_invocation.created",
          "incident.action_invocation.terminated",
          "incident.workflow.started",
        ],
        filter: { type: "account_reference" },
        delivery_method: { type: "http_delivery_method", url: `${gate.url}/pagerduty/webhook` },
      },
    })) as { webhook_subscription: { id: string; delivery_method: { secret: string } } };
    const { secret } = subscription.delivery_method;
    gate.will(...Array.from({ length: 20 }, () => ({ status: 202 })));

    const incidentId = await open();
    const { invocationId } = await client().execute(failover(incidentId));
    const note = await client().addNote(incidentId, "held");
    const target = { kind: "incidentWorkflow", workflowId: SEED.workflows.remediate } as const;
    const started = await client().execute(failover(incidentId, { target }));
    nowMs += 60_000;
    await emulator.tick();
    await client().resolveIncident(incidentId, "done");
    await post(`/webhook_subscriptions/${subscription.id}/ping`, {});
    await emulator.tick();

    const events = new Map<string, WebhookEvent>();
    for (const { headers, body } of gate.seen) {
      const header = headers["x-pagerduty-signature"];
      assert.equal(typeof header, "string");
      assert.ok(verifyPagerDutySignature(Buffer.from(body, "utf8"), String(header), [secret]));
      const parsed = parseWebhookEvent(body);
      assert.ok(parsed.ok);
      assert.ok(parsed.event.known, parsed.event.type);
      events.set(parsed.event.type, parsed.event);
    }
    const dataOf = (type: string) => events.get(type)?.data;
    const triggered = dataOf("incident.triggered");
    assert.deepEqual(triggered?.kind === "incident" && triggered.incident.id, incidentId);
    assert.deepEqual(dataOf("incident.annotated"), {
      kind: "note",
      id: note.id,
      incidentId,
      content: "held",
      trimmed: false,
    });
    const invocation = {
      kind: "invocation",
      id: invocationId,
      actionId: SEED.actions.dbFailover,
      incidentId,
    };
    assert.deepEqual(dataOf("incident.action_invocation.created"), {
      ...invocation,
      state: "created",
    });
    assert.deepEqual(dataOf("incident.action_invocation.terminated"), {
      ...invocation,
      state: "completed",
    });
    assert.equal(events.get("incident.action_invocation.created")?.agentId, SEED.users.gate);
    assert.deepEqual(dataOf("incident.workflow.started"), {
      kind: "workflow",
      id: started.invocationId,
      workflowId: SEED.workflows.remediate,
      incidentId,
      serviceId: SEED.services.paymentsDb,
    });
    const resolved = dataOf("incident.resolved");
    assert.equal(resolved?.kind === "incident" && resolved.incident.status, "resolved");
    assert.deepEqual(dataOf("pagey.ping"), { kind: "ping" });
  });

  it("opens and resolves an incident by a routing key", async () => {
    const integration = `${emulator.url}/services/${SEED.services.search}/integrations/${SEED.integrations.search}`;
    const response = await fetch(integration, {
      headers: { authorization: `Token token=${emulator.token}` },
    });
    const found = (await response.json()) as { integration: { integration_key: string } };
    const send = (action: "trigger" | "resolve") =>
      enqueueEvent(
        { baseUrl: emulator.url, clock: { now: () => nowMs } },
        {
          routingKey: found.integration.integration_key,
          action,
          dedupKey: "gate-task-1",
          summary: "Do it by hand",
          source: "search",
          severity: "critical",
          customDetails: { why: "rejected" },
          links: [],
        },
      );
    assert.deepEqual(await send("trigger"), { dedupKey: "gate-task-1" });
    await emulator.tick();
    const byAlert = async () => (await client().incidentsByAlert("gate-task-1")).found;
    const [incident, ...others] = await byAlert();
    assert.deepEqual(others, []);
    assert.equal(incident?.status, "triggered");
    // An incident with alerts has no key of its own.
    assert.equal(incident.incidentKey, null);
    assert.deepEqual((await client().incidentsByKey("gate-task-1")).found, []);
    await send("resolve");
    await emulator.tick();
    assert.deepEqual(await byAlert(), []);
    assert.equal((await client().incident(incident.id))?.status, "resolved");
  });
});
