import assert from "node:assert/strict";
import { startReceiver, startWorld } from "./harness.ts";
import type { Reply, World } from "./harness.ts";

describe("the emulator's services, policies and people", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });

  afterEach(() => world.emulator.stop());

  const get = async (path: string) => {
    const { status, body } = await world.call("GET", path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    return body;
  };

  const ids = (items: Reply["body"][]) => items.map(({ id }) => id);

  // As the Terraform provider and its Pulumi bridge send a service.
  const SETTINGS = {
    auto_resolve_timeout: null,
    acknowledgement_timeout: 600,
    alert_creation: "create_incidents",
    alert_grouping_parameters: { type: "time", config: { timeout: 5 } },
    incident_urgency_rule: {
      type: "use_support_hours",
      during_support_hours: { type: "constant", urgency: "high" },
      outside_support_hours: { type: "constant", urgency: "low" },
    },
    support_hours: {
      type: "fixed_time_per_day",
      time_zone: "America/Lima",
      days_of_week: [1, 2, 3],
      start_time: "09:00:00",
      end_time: "17:00:00",
    },
    scheduled_actions: [
      {
        type: "urgency_change",
        at: { type: "named_time", name: "support_hours_start" },
        to_urgency: "high",
      },
    ],
  };

  const service = (extra: Record<string, unknown> = {}) => ({
    service: {
      type: "service",
      name: "billing",
      description: "Managed by Pulumi",
      escalation_policy: { id: "PEP0001", type: "escalation_policy_reference" },
      ...extra,
    },
  });

  it("gives a service's settings back unchanged, after create, read and update", async () => {
    const created = await world.call("POST", "/services", service(SETTINGS));
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const { id } = created.body.service;
    const read = (await get(`/services/${id}`)).service;
    for (const [name, value] of Object.entries(SETTINGS)) {
      assert.deepEqual(read[name], value, name);
    }
    const updated = await world.call("PUT", `/services/${id}`, {
      service: { ...read, acknowledgement_timeout: null },
    });
    assert.equal(updated.status, 200, JSON.stringify(updated.body));
    assert.deepEqual(updated.body.service, { ...read, acknowledgement_timeout: null });
    assert.equal((await world.call("DELETE", `/services/${id}`)).status, 204);
    assert.equal((await world.call("GET", `/services/${id}`)).status, 404);
  });

  it("refuses a name that is taken, and an unknown escalation policy", async () => {
    const taken = await world.call("POST", "/services", service({ name: "Payments-DB" }));
    assert.equal(taken.status, 400);
    assert.deepEqual(taken.body.error.errors, ["Name has already been taken"]);
    const policy = { id: "PNONE", type: "escalation_policy_reference" };
    const unknown = await world.call("POST", "/services", service({ escalation_policy: policy }));
    assert.deepEqual(unknown.body.error.errors, [
      '`escalation_policy`: no escalation policy has the id "PNONE"',
    ]);
  });

  it("colours a service by its open incidents", async () => {
    const status = async () => (await get("/services/PSVC001")).service.status;
    assert.equal(await status(), "active");
    const { id } = await world.openIncident();
    assert.equal(await status(), "critical");
    const incident = { type: "incident_reference", status: "acknowledged" };
    await world.call("PUT", `/incidents/${id}`, { incident });
    assert.equal(await status(), "warning");
  });

  it("finds by query what the Pulumi provider looks up", async () => {
    const lookups: [path: string, key: string, id: string][] = [
      ["/services?query=PAYMENTS", "services", "PSVC001"],
      ["/escalation_policies?query=dba", "escalation_policies", "PEP0002"],
      ["/users?query=jo@example.com", "users", "PUSER01"],
      ["/teams?query=data", "teams", "PTEAM01"],
      ["/schedules?query=platform", "schedules", "PSCHD01"],
      ["/vendors?query=cloudwatch", "vendors", "PVEND01"],
      ["/extension_schemas?query=generic", "extension_schemas", "PEXTS01"],
      ["/incident_workflows?query=remediate", "incident_workflows", "PWF0001"],
    ];
    for (const [path, key, id] of lookups) {
      const body = await get(path);
      assert.deepEqual(ids(body[key]), [id], path);
      assert.equal(body.more, false);
    }
    assert.deepEqual((await get("/business_services")).business_services, []);
    assert.deepEqual(
      (await get("/priorities")).priorities.map(({ name }: Reply["body"]) => name),
      ["P1", "P2", "P3", "P4", "P5"],
    );
  });

  it("makes, changes and removes integrations", async () => {
    const made = await world.call("POST", "/services/PSVC001/integrations", {
      integration: { type: "events_api_v2_inbound_integration", name: "manual tasks" },
    });
    assert.equal(made.status, 201);
    const { id, integration_key } = made.body.integration;
    assert.match(integration_key, /^[0-9a-f]{32}$/);
    const path = `/services/PSVC001/integrations/${id}`;
    assert.equal((await get(path)).integration.integration_key, integration_key);
    assert.ok(ids((await get("/services/PSVC001")).service.integrations).includes(id));
    const changed = await world.call("PUT", path, {
      integration: { type: "events_api_v2_inbound_integration", name: "renamed" },
    });
    assert.equal(changed.body.integration.name, "renamed");
    assert.equal(changed.body.integration.integration_key, integration_key);
    assert.equal((await world.call("GET", `/services/PSVC002/integrations/${id}`)).status, 404);
    assert.equal((await world.call("DELETE", path)).status, 204);
    assert.equal((await world.call("GET", path)).status, 404);
  });

  it("makes, changes and removes escalation policies", async () => {
    const rule = {
      escalation_delay_in_minutes: 10,
      targets: [{ id: "PUSER02", type: "user_reference" }],
    };
    const made = await world.call("POST", "/escalation_policies", {
      escalation_policy: {
        type: "escalation_policy",
        name: "Night",
        num_loops: 2,
        teams: [{ id: "PTEAM01", type: "team_reference" }],
        escalation_rules: [rule],
      },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { id, escalation_rules, num_loops } = made.body.escalation_policy;
    assert.equal(num_loops, 2);
    assert.equal(escalation_rules[0].escalation_delay_in_minutes, 10);
    assert.equal(escalation_rules[0].targets[0].type, "user_reference");
    const path = `/escalation_policies/${id}`;
    const changed = await world.call("PUT", path, { escalation_policy: { num_loops: 0 } });
    assert.equal(changed.body.escalation_policy.num_loops, 0);
    assert.equal(changed.body.escalation_policy.escalation_rules.length, 1);
    assert.equal((await world.call("DELETE", path)).status, 204);
    const used = await world.call("DELETE", "/escalation_policies/PEP0001");
    assert.equal(used.status, 400);
    assert.deepEqual(used.body.error.errors, ["the escalation policy is used by a service"]);
  });

  it("tells who is on call", async () => {
    const all = (await get("/oncalls")).oncalls;
    assert.deepEqual(
      all.map(({ escalation_policy, escalation_level, user, schedule }: Reply["body"]) => [
        escalation_policy.id,
        escalation_level,
        user.id,
        schedule?.id ?? null,
      ]),
      [
        ["PEP0001", 1, "PUSER01", null],
        ["PEP0001", 2, "PUSER02", null],
        ["PEP0002", 1, "PUSER02", null],
        ["PEP0003", 1, "PUSER01", "PSCHD01"],
      ],
    );
    const some = (await get("/oncalls?escalation_policy_ids[]=PEP0001&user_ids[]=PUSER02")).oncalls;
    assert.equal(some.length, 1);
  });

  it("knows who calls", async () => {
    assert.equal((await get("/users/me")).user.email, world.emulator.from);
  });

  it("makes and changes automation actions and what they belong to", async () => {
    const made = await world.call("POST", "/automation_actions/actions", {
      action: {
        name: "Scale out",
        description: "adds replicas",
        action_type: "script",
        action_classification: "remediation",
        action_data_reference: { script: "scale", invocation_command: "/bin/sh" },
        runner: "01RUNNER",
        only_invocable_on_unresolved_incidents: true,
      },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { id } = made.body.action;
    const path = `/automation_actions/actions/${id}`;
    const associated = await world.call("POST", `${path}/services`, {
      service: { id: "PSVC001", type: "service_reference" },
    });
    assert.equal(associated.status, 201);
    assert.deepEqual(ids((await get(`${path}/services`)).services), ["PSVC001"]);
    assert.deepEqual(ids((await get("/automation_actions/actions?service_id=PSVC001")).actions), [
      "01DBFAILOVER",
      "01RESTARTDB",
      "01RESTARTAPI",
      "01DIAGNOSE",
      id,
    ]);
    assert.equal((await world.call("DELETE", `${path}/services/PSVC001`)).status, 204);
    const retyped = await world.call("PUT", path, {
      action: { action_type: "process_automation" },
    });
    assert.deepEqual(retyped.body.error.errors, ["`action_type` cannot be changed"]);

    const incident = await world.openIncident();
    await world.call("PUT", `/incidents/${incident.id}`, {
      incident: { type: "incident_reference", status: "resolved" },
    });
    const refused = await world.call("POST", `${path}/invocations`, {
      invocation: { metadata: { incident_id: incident.id } },
    });
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.body.error.errors, [
      "the action can only be invoked on incidents that are not resolved",
    ]);
    assert.equal((await world.call("DELETE", path)).status, 204);
    assert.equal((await world.call("GET", path)).status, 404);
  });

  it("reports changes of services", async () => {
    const receiver = await startReceiver();
    await world.subscribe(receiver.url, {
      events: ["service.created", "service.updated", "service.deleted"],
    });
    const { body } = await world.call("POST", "/services", service());
    const { id } = body.service;
    await world.call("PUT", `/services/${id}`, { service: { description: "other" } });
    await world.call("DELETE", `/services/${id}`);
    await world.emulator.tick();
    assert.deepEqual(
      receiver.received.map(({ event }) => [
        event.event_type,
        event.resource_type,
        event.data.type,
        event.data.id,
      ]),
      [
        ["service.created", "service", "service", id],
        ["service.updated", "service", "service", id],
        ["service.deleted", "service", "service", id],
      ],
    );
    await receiver.stop();
  });
});
