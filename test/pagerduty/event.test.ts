import assert from "node:assert/strict";
import fc from "fast-check";
import { knownEventTypes, parseWebhookEvent } from "../../functions/pagerduty/event.ts";
import type { WebhookEvent } from "../../functions/pagerduty/event.ts";

const incidentReference = {
  html_url: "https://acme.pagerduty.com/incidents/PINC001",
  id: "PINC001",
  self: "https://api.pagerduty.com/incidents/PINC001",
  summary: "payments-db CPU",
  type: "incident_reference",
};

const invocationData = {
  id: "01INVOCATION0000000000001",
  type: "incident_action_invocation",
  state: "created",
  self: "https://api.pagerduty.com/automation/invocations/01INVOCATION0000000000001",
  html_url: "https://acme.pagerduty.com/rundeck-actions/actions/01ACTION/invocations/1/report",
  incident: incidentReference,
  action: {
    html_url: "https://acme.pagerduty.com/rundeck-actions/actions/01ACTION",
    id: "01ACTION",
    self: "https://api.pagerduty.com/automation/actions/01ACTION",
    summary: "DB failover",
    type: "action_reference",
  },
};

const incidentData = {
  id: "PINC001",
  type: "incident",
  self: "https://api.pagerduty.com/incidents/PINC001",
  html_url: "https://acme.pagerduty.com/incidents/PINC001",
  number: 4421,
  status: "triggered",
  incident_key: "k-1",
  created_at: "2026-11-23T09:59:00Z",
  title: "payments-db CPU",
  incident_type: { name: "major_incident" },
  service: { id: "PSVC001", type: "service_reference", summary: "payments-db", self: null },
  assignees: [{ id: "PUSER01", type: "user_reference", summary: "Ada" }],
  escalation_policy: { id: "PEP0001", type: "escalation_policy_reference", summary: "DB" },
  teams: [],
  priority: { id: "PPRIO01", type: "priority_reference", summary: "P1" },
  urgency: "high",
  conference_bridge: null,
  resolve_reason: null,
};

const parsedIncident = {
  id: "PINC001",
  number: 4421,
  title: "payments-db CPU",
  status: "triggered",
  url: "https://acme.pagerduty.com/incidents/PINC001",
  priority: "P1",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "payments-db",
  escalationPolicyId: "PEP0001",
  assigneeIds: ["PUSER01"],
  incidentKey: "k-1",
  createdAtMs: Date.UTC(2026, 10, 23, 9, 59),
};

function wire(eventType: string, data: unknown, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    event: {
      id: "01TESTEVENT0000000000000001",
      event_type: eventType,
      resource_type: "incident",
      occurred_at: "2026-11-23T10:00:00.000Z",
      agent: { id: "PUSER01", type: "user_reference", summary: "Gate Robot", self: null },
      client: null,
      data,
      ...more,
    },
  });
}

function parsed(body: string): WebhookEvent {
  const result = parseWebhookEvent(body);
  assert.ok(result.ok, JSON.stringify(result));
  return result.event;
}

function refusedBecause(body: string): string {
  const result = parseWebhookEvent(body);
  assert.ok(!result.ok);
  return result.problem;
}

describe("parseWebhookEvent", () => {
  it("reads an incident", () => {
    assert.deepEqual(parsed(wire("incident.triggered", incidentData)), {
      id: "01TESTEVENT0000000000000001",
      type: "incident.triggered",
      known: true,
      resourceType: "incident",
      occurredAtMs: Date.UTC(2026, 10, 23, 10),
      agentId: "PUSER01",
      agentName: "Gate Robot",
      incidentId: "PINC001",
      data: { kind: "incident", incident: parsedIncident },
    });
  });

  it("drops from titles and names what would mislead their readers, and the rules", () => {
    const hidden = {
      ...incidentData,
      title: "le\u200Bd\u00ADger\u202E\ndown",
      priority: { name: "P\u20601" },
      service: { id: "PSVC001", summary: "pay\uFEFFments\u00A0db" },
    };
    const { data } = parsed(wire("incident.triggered", hidden));
    assert.ok(data.kind === "incident");
    assert.equal(data.incident.title, "ledger down");
    assert.equal(data.incident.priority, "P1");
    assert.equal(data.incident.serviceName, "payments db");
  });

  it("reads of a merged incident which one goes on", () => {
    const merged = {
      ...incidentData,
      status: "resolved",
      resolve_reason: {
        type: "merge_resolve_reason",
        incident: { id: "PINC002", type: "incident_reference", summary: null },
      },
    };
    assert.deepEqual(parsed(wire("incident.resolved", merged)).data, {
      kind: "incident",
      incident: { ...parsedIncident, status: "resolved", mergedInto: { id: "PINC002" } },
    });
  });

  it("reads an incident of which most is null", () => {
    const bare = {
      ...incidentData,
      title: null,
      html_url: null,
      number: null,
      priority: null,
      urgency: null,
      incident_key: null,
      escalation_policy: null,
      assignees: null,
      service: { id: "PSVC001", summary: null },
    };
    assert.deepEqual(parsed(wire("incident.resolved", bare)).data, {
      kind: "incident",
      incident: {
        ...parsedIncident,
        title: "",
        url: null,
        number: 0,
        priority: null,
        incidentKey: null,
        escalationPolicyId: null,
        assigneeIds: [],
        serviceName: "PSVC001",
      },
    });
  });

  it("takes nothing but a web address for the incident's link", () => {
    const { data } = parsed(
      wire("incident.triggered", { ...incidentData, html_url: "javascript:alert(1)" }),
    );
    assert.equal(data.kind === "incident" && data.incident.url, null);
  });

  for (const phase of ["created", "updated", "terminated"]) {
    it(`reads an action invocation that was ${phase}`, () => {
      const event = parsed(wire(`incident.action_invocation.${phase}`, invocationData));
      assert.equal(event.incidentId, "PINC001");
      assert.deepEqual(event.data, {
        kind: "invocation",
        id: "01INVOCATION0000000000001",
        state: "created",
        actionId: "01ACTION",
        incidentId: "PINC001",
      });
    });
  }

  it("takes an invocation state that nobody documented for unknown", () => {
    const { data } = parsed(
      wire("incident.action_invocation.updated", { ...invocationData, state: "done" }),
    );
    assert.equal(data.kind === "invocation" && data.state, "unknown");
  });

  it("reads a workflow instance", () => {
    const event = parsed(
      wire("incident.workflow.started", {
        id: "PWFI001",
        type: "incident_workflow_instance",
        summary: "Remediate",
        incident_workflow: { id: "PWF0001", summary: "Remediate", html_url: null },
        workflow_trigger: { id: "4ad696eb-0000-4000-8000-000000000001", summary: "manual" },
        incident: incidentReference,
        service: { id: "PSVC001", summary: "payments-db" },
      }),
    );
    assert.deepEqual(event.data, {
      kind: "workflow",
      id: "PWFI001",
      workflowId: "PWF0001",
      incidentId: "PINC001",
      serviceId: "PSVC001",
    });
  });

  it("reads a note", () => {
    const event = parsed(
      wire("incident.annotated", {
        id: "PNOTE01",
        type: "incident_note",
        content: "proposal: restart-api",
        trimmed: false,
        incident: incidentReference,
      }),
    );
    assert.equal(event.incidentId, "PINC001");
    assert.deepEqual(event.data, {
      kind: "note",
      id: "PNOTE01",
      incidentId: "PINC001",
      content: "proposal: restart-api",
      trimmed: false,
    });
  });

  it("reads a ping whose agent is bare", () => {
    const body =
      '{"event":{"id":"01FKZOXA868SHYEE4DVNWB5P9W","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2025-04-07T03:00:55.532Z","agent":{"id":"PVE0ZR9","type":"user_reference"},"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}';
    assert.deepEqual(parsed(body), {
      id: "01FKZOXA868SHYEE4DVNWB5P9W",
      type: "pagey.ping",
      known: true,
      resourceType: "pagey",
      occurredAtMs: Date.UTC(2025, 3, 7, 3, 0, 55, 532),
      agentId: "PVE0ZR9",
      agentName: null,
      incidentId: null,
      data: { kind: "ping" },
    });
  });

  it("reads the values of an incident's custom fields", () => {
    const event = parsed(
      wire("incident.custom_field_values.updated", {
        type: "incident_field_values",
        incident: { id: "PINC001", summary: null, type: "incident_reference" },
        custom_fields: [{ id: "PFLD001", name: "proposed_action", value: "db_failover" }],
        changed_custom_fields: [],
      }),
    );
    assert.equal(event.incidentId, "PINC001");
    assert.equal(event.known, true);
    assert.deepEqual(event.data, {
      kind: "fields",
      incidentId: "PINC001",
      values: [{ id: "PFLD001", name: "proposed_action", value: "db_failover" }],
      changed: [],
    });
  });

  it("tells the incident of an event that it does not react to", () => {
    const incident = { id: "PINC001", summary: null, type: "incident_reference" };
    const data = { type: "incident_role_assignment", incident };
    const event = parsed(wire("incident.role.assigned", data));
    assert.equal(event.incidentId, "PINC001");
    assert.deepEqual(event.data, { kind: "other", problem: null });
  });

  it("keeps an event of an unknown type, and reads its data where the form is known", () => {
    const event = parsed(wire("incident.petted", incidentData));
    assert.equal(event.known, false);
    assert.equal(event.data.kind, "incident");
    const strange = parsed(wire("cat.petted", { type: "constructor" }));
    assert.equal(strange.known, false);
    assert.deepEqual(strange.data, { kind: "other", problem: null });
  });

  it("accepts an event without agent, time, resource type and data", () => {
    const event = parsed('{"event":{"id":"01A","event_type":"service.updated"}}');
    assert.deepEqual(event, {
      id: "01A",
      type: "service.updated",
      known: true,
      resourceType: null,
      occurredAtMs: null,
      agentId: null,
      agentName: null,
      incidentId: null,
      data: { kind: "other", problem: null },
    });
  });

  const lacking: [string, string, unknown, string][] = [
    [
      "an incident without its service",
      "incident.triggered",
      { ...incidentData, service: undefined },
      "`event.data.service`: Invalid input: expected object, received undefined",
    ],
    [
      "an incident of unknown status",
      "incident.triggered",
      { ...incidentData, status: "melted" },
      '`event.data.status`: Invalid option: expected one of "triggered"|"acknowledged"|"resolved"',
    ],
    [
      "an incident created at no time",
      "incident.triggered",
      { ...incidentData, created_at: "yesterday" },
      "`event.data.created_at`: Invalid input: expected an ISO-8601 time with a zone",
    ],
    [
      "data of another type",
      "incident.triggered",
      { ...incidentData, type: "incident_note" },
      '`event.data.type` of incident.triggered must be "incident", got "incident_note"',
    ],
    [
      "no data at all",
      "incident.annotated",
      undefined,
      '`event.data.type` of incident.annotated must be "incident_note", got nothing',
    ],
  ];
  for (const [name, type, data, problem] of lacking) {
    it(`keeps ${name} as other, with the problem`, () => {
      assert.deepEqual(parsed(wire(type, data)).data, { kind: "other", problem });
    });
  }

  const run = { of: "automationAction", id: invocationData.id, state: "created" };
  const action = { targetId: invocationData.action.id };
  const where = { incidentId: invocationData.incident.id };
  for (const [name, change, left, problem] of [
    [
      "null as its action",
      { action: null },
      { ...run, targetId: null, ...where },
      "`event.data.action`: Invalid input: expected object, received null",
    ],
    [
      "no incident",
      { incident: undefined },
      { ...run, ...action, incidentId: null },
      "`event.data.incident`: Invalid input: expected object, received undefined",
    ],
    [
      "a type of its own",
      { type: "invocation" },
      { ...run, ...action, ...where },
      '`event.data.type` of incident.action_invocation.created must be "incident_action_invocation", got "invocation"',
    ],
    [
      "no id",
      { id: null },
      { ...run, ...action, ...where, id: null },
      "`event.data.id`: Invalid input: expected string, received null",
    ],
  ] as const) {
    it(`keeps what is left of a report of a run with ${name}`, () => {
      const body = wire("incident.action_invocation.created", { ...invocationData, ...change });
      assert.deepEqual(parsed(body).data, { kind: "unreadableRun", run: left, problem });
    });
  }

  const unintelligible: [string, string, string][] = [
    ["no JSON", "{", "the body is not JSON"],
    ["nothing", "", "the body is not JSON"],
    ["a list", "[]", "the body: Invalid input: expected object, received array"],
    ["no event", "{}", "`event`: Invalid input: expected object, received undefined"],
    [
      "no id",
      '{"event":{"event_type":"pagey.ping"}}',
      "`event.id`: Invalid input: expected string, received undefined",
    ],
    [
      "an empty id",
      '{"event":{"id":"","event_type":"pagey.ping"}}',
      "`event.id`: Too small: expected string to have >=1 characters",
    ],
    [
      "no type",
      '{"event":{"id":"01A","event_type":null}}',
      "`event.event_type`: Invalid input: expected string, received null",
    ],
  ];
  for (const [name, body, problem] of unintelligible) {
    it(`refuses a body with ${name}`, () => {
      assert.equal(refusedBecause(body), problem);
    });
  }

  it("never throws, and reads every event that has an id and a type", () => {
    const type = fc.oneof(fc.constantFrom(...knownEventTypes), fc.string({ minLength: 1 }));
    const base = fc.constantFrom<Record<string, unknown>>(incidentData, invocationData, {});
    const data = fc
      .tuple(
        base,
        fc.constantFrom(...Object.keys(incidentData), "action", "incident"),
        fc.jsonValue(),
      )
      .map(([known, key, value]) => ({ ...known, [key]: value }));
    fc.assert(
      fc.property(type, fc.oneof(data, fc.jsonValue()), fc.jsonValue(), (...given) => {
        const [eventType, eventData, agent] = given;
        const event = parsed(wire(eventType, eventData, { agent }));
        assert.equal(event.type, eventType);
        assert.equal(event.known, knownEventTypes.includes(eventType));
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (body) => void parseWebhookEvent(body)),
    );
  });
});

describe("knownEventTypes", () => {
  it("lists each of the 31 documented types once", () => {
    assert.equal(knownEventTypes.length, 31);
    assert.equal(new Set(knownEventTypes).size, 31);
  });
});
