import assert from "node:assert/strict";
import type { World } from "../emulators/pagerduty/harness.ts";

/** An account with something of everything, and every address that can be read. */
export async function readEverything({ call, emulator, pass }: World): Promise<void> {
  const { seed } = emulator;
  const made = async (path: string, body: object, method = "POST") => {
    const reply = await call(method, path, body);
    assert(reply.status < 300, `${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  const service = { id: seed.services.paymentsDb, type: "service_reference" };
  const integration = seed.integrations.paymentsDb;
  const { integration: shown } = (
    await call("GET", `/services/${service.id}/integrations/${integration}`)
  ).body;
  await made("/v2/enqueue", {
    routing_key: shown.integration_key,
    event_action: "trigger",
    dedup_key: "disk-db-1",
    payload: { summary: "disk full", source: "db-1", severity: "critical", custom_details: "90 %" },
  });
  const [alerted] = (await call("GET", "/incidents")).body.incidents;
  const alerts = (await call("GET", `/incidents/${alerted.id}/alerts`)).body.alerts;
  await call("GET", `/incidents/${alerted.id}/alerts/${alerts[0].id}`);

  const create = async (title: string) =>
    (
      await made("/incidents", {
        incident: {
          type: "incident",
          title,
          service,
          body: { type: "incident_body", details: "why" },
        },
      })
    ).incident;
  const incident = await create("payments-db CPU");
  const other = await create("payments-db memory");
  const at = `/incidents/${incident.id}`;
  const change = (fields: object) =>
    made(at, { incident: { type: "incident_reference", ...fields } }, "PUT");
  await change({ status: "acknowledged" });
  await change({ escalation_level: 2 });
  await change({
    urgency: "low",
    priority: { id: seed.priorities.p1, type: "priority_reference" },
  });
  await made(`${at}/snooze`, { duration: 3600 });
  await made(`${at}/notes`, { note: { content: "looked at" } });
  await made(`${at}/status_updates`, { message: "being looked at" });
  await made(`${at}/responder_requests`, {
    requester_id: seed.users.gate,
    message: "help",
    responder_request_targets: [
      { responder_request_target: { id: seed.users.dba, type: "user_reference" } },
    ],
  });
  await made(
    `${at}/custom_fields/values`,
    { custom_fields: [{ name: "max_replicas", value: 3 }] },
    "PUT",
  );
  await made(
    `${at}/merge`,
    { source_incidents: [{ id: other.id, type: "incident_reference" }] },
    "PUT",
  );
  const { invocation } = await made(
    `/automation_actions/actions/${seed.actions.dbFailover}/invocations`,
    { invocation: { metadata: { incident_id: incident.id } } },
  );
  const { incident_workflow: workflow } = await made("/incident_workflows", {
    incident_workflow: { name: "Page", is_enabled: true, steps: [] },
  });
  const { trigger } = await made("/incident_workflows/triggers", {
    trigger: {
      type: "workflow_trigger",
      trigger_type: "manual",
      workflow: { id: workflow.id },
      services: [service],
    },
  });
  const { orchestration } = await made("/event_orchestrations", { orchestration: { name: "All" } });
  const { webhook_subscription: subscription } = await made("/webhook_subscriptions", {
    webhook_subscription: {
      type: "webhook_subscription",
      events: ["incident.triggered"],
      filter: { type: "account_reference" },
      delivery_method: { type: "http_delivery_method", url: "http://127.0.0.1:9/" },
    },
  });
  await pass(5_000);
  await change({ status: "resolved" });

  const entries = (await call("GET", "/log_entries")).body.log_entries;
  const fields = (await call("GET", "/incidents/custom_fields")).body.fields;
  const policy = seed.escalationPolicies.dbOnCall;
  for (const path of [
    "/abilities",
    "/automation_actions/actions",
    `/automation_actions/actions/${seed.actions.dbFailover}`,
    `/automation_actions/actions/${seed.actions.dbFailover}/services`,
    `/automation_actions/actions/${seed.actions.dbFailover}/teams`,
    "/automation_actions/invocations",
    `/automation_actions/invocations/${invocation.id}`,
    "/automation_actions/runners",
    `/automation_actions/runners/${seed.runner}`,
    "/business_services",
    "/escalation_policies",
    `/escalation_policies/${policy}`,
    "/event_orchestrations",
    `/event_orchestrations/${orchestration.id}`,
    `/event_orchestrations/${orchestration.id}/global`,
    `/event_orchestrations/${orchestration.id}/router`,
    `/event_orchestrations/${orchestration.id}/unrouted`,
    `/event_orchestrations/services/${service.id}`,
    `/event_orchestrations/services/${service.id}/active`,
    "/extension_schemas",
    `/extension_schemas/${seed.extensionSchema}`,
    "/incident_workflows",
    `/incident_workflows/${workflow.id}`,
    "/incident_workflows/triggers",
    `/incident_workflows/triggers/${trigger.id}`,
    `/incidents?statuses[]=triggered&statuses[]=acknowledged&statuses[]=resolved`,
    at,
    `${at}/custom_fields/values`,
    `${at}/log_entries`,
    `${at}/notes`,
    `/incidents/${other.id}`,
    `/incidents/custom_fields/${fields[0].id}`,
    "/incidents/types/base_incident/custom_fields",
    `/incidents/types/base_incident/custom_fields/${fields[0].id}`,
    `/log_entries/${entries[0].id}`,
    "/oncalls",
    "/priorities",
    "/schedules",
    `/schedules/${seed.schedules.platform}`,
    "/services",
    `/services/${service.id}`,
    "/teams",
    `/teams/${seed.teams.database}`,
    "/users",
    `/users/${seed.users.jo}`,
    "/users/me",
    "/vendors",
    `/vendors/${seed.vendors.datadog}`,
    "/webhook_subscriptions",
    `/webhook_subscriptions/${subscription.id}`,
  ]) {
    const { status } = await call("GET", path);
    assert([200, 204].includes(status), `${path}: ${status}`);
  }
}
