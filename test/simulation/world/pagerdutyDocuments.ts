import { GATE_USER, type Run, type SimIncident, type SimPagerDuty } from "./pagerduty.ts";
import { fieldDocument, mergeReason, reference } from "./references.ts";

/* What PagerDuty's REST API answers, as far as it is asked here. */

export function incidentDocument(pagerDuty: SimPagerDuty, one: SimIncident): object {
  return {
    id: one.id,
    type: "incident",
    incident_number: one.number,
    title: one.title,
    status: one.status,
    html_url: `https://acme.pagerduty.com/incidents/${one.id}`,
    priority:
      one.priority === null ? null : { id: "PPRIO1", name: one.priority, summary: one.priority },
    urgency: one.urgency,
    service: reference(
      one.serviceId,
      "service_reference",
      pagerDuty.services.get(one.serviceId) ?? "",
    ),
    escalation_policy: reference(one.escalationPolicyId, "escalation_policy_reference", "EP"),
    assignments: [],
    incident_key: one.incidentKey,
    created_at: new Date(one.createdAtMs).toISOString(),
    resolve_reason: mergeReason(one),
    body: { type: "incident_body", details: one.details },
  };
}

export function alertDocument(incident: SimIncident, key: string): object {
  return {
    id: `QALERT${incident.number}`,
    type: "alert",
    status: incident.status === "resolved" ? "resolved" : "triggered",
    alert_key: key,
    incident: reference(incident.id, "incident_reference", incident.title),
    service: reference(incident.serviceId, "service_reference", null),
    created_at: new Date(incident.createdAtMs).toISOString(),
  };
}

export function noteDocument({
  id,
  content,
  atMs,
}: {
  id: string;
  content: string;
  atMs: number;
}): object {
  return {
    id,
    content,
    created_at: new Date(atMs).toISOString(),
    user: reference(GATE_USER, "user_reference", "Gate"),
    channel: { summary: "The API" },
  };
}

export function fieldDocuments({ fields: values }: SimIncident): object[] {
  return [...values].map(([name, value]) => fieldDocument(name, value));
}

export function runDocument(run: Run): object {
  return {
    id: run.id,
    action_id: run.target.slice(run.target.indexOf(":") + 1),
    state: run.state,
    timing: [
      {
        state: "created",
        creation_timestamp: new Date(run.atMs).toISOString(),
        timestamp: new Date(run.atMs).toISOString(),
      },
    ],
    metadata: {
      agent: { id: run.agentId, type: "user_reference" },
      incident: { id: run.incidentId, type: "incident_reference" },
    },
  };
}
