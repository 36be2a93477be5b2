import { htmlUrl, reference, referenceTo, restAgent, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Incident, Reference } from "../account/documents.ts";
import { restTime, restTimeOrNull } from "../account/time.ts";
import { renderPriority } from "../directory/priorities.ts";
import { teamsOf } from "./find.ts";
import { renderResponderRequests, renderResponders } from "./responderRender.ts";

/** An incident as the REST API shows it. */
export function renderIncident(account: Account, incident: Incident): Record<string, unknown> {
  const alerts = account.store.list("alerts", incident.id);
  const resolvedAlerts = alerts.filter(({ status }) => status === "resolved").length;
  return {
    id: incident.id,
    type: "incident",
    summary: `[#${incident.number}] ${incident.title}`,
    self: selfUrl(account, `/incidents/${incident.id}`),
    html_url: htmlUrl(account, `/incidents/${incident.id}`),
    incident_number: incident.number,
    title: incident.title,
    description: incident.title,
    created_at: restTime(incident.createdAtMs),
    updated_at: restTime(incident.updatedAtMs),
    status: incident.status,
    incident_key: keyOf(account, incident),
    service: referenceTo(account, "service", incident.service),
    assignments: incident.assignees.map(({ user, atMs }) => ({
      at: restTime(atMs),
      assignee: referenceTo(account, "user", user),
    })),
    assigned_via: incident.assignedVia,
    last_status_change_at: restTime(incident.lastStatusChangeAtMs),
    // What happened by itself was the service's doing.
    last_status_change_by:
      restAgent(incident.lastStatusChangeBy) ?? referenceTo(account, "service", incident.service),
    resolved_at: restTimeOrNull(incident.resolvedAtMs),
    first_trigger_log_entry: reference(
      account,
      { type: "trigger_log_entry", path: "/log_entries" },
      incident.triggerLogEntry,
      "Triggered",
    ),
    alert_counts: {
      all: alerts.length,
      triggered: alerts.length - resolvedAlerts,
      resolved: resolvedAlerts,
    },
    is_mergeable: true,
    escalation_policy: referenceTo(account, "escalation_policy", incident.escalationPolicy),
    teams: teamsOf(account, incident).map((id) => referenceTo(account, "team", id)),
    pending_actions:
      incident.snoozedUntilMs === null
        ? []
        : [{ type: "unacknowledge", at: restTime(incident.snoozedUntilMs) }],
    acknowledgements: incident.acknowledgers.map(({ user, atMs }) => ({
      at: restTime(atMs),
      acknowledger: referenceTo(account, "user", user),
    })),
    alert_grouping: null,
    priority: renderPriority(account, incident.priority),
    urgency: incident.urgency,
    incident_type: { name: incident.incidentType },
    resolve_reason: resolveReason(account, incident),
    incidents_responders: renderResponders(account, incident),
    responder_requests: renderResponderRequests(account, incident),
    subscriber_requests: [],
    conference_bridge: incident.conferenceBridge,
    body: { type: "incident_body", details: incident.details },
  };
}

/** An incident with alerts has no key of its own: its alerts have. */
function keyOf({ store }: Account, { id, incidentKey }: Incident): string | null {
  return store.list("alerts", id).length > 0 ? null : incidentKey;
}

/** An incident as webhooks carry it. */
export function webhookIncident(account: Account, incident: Incident): Record<string, unknown> {
  return {
    id: incident.id,
    type: "incident",
    self: selfUrl(account, `/incidents/${incident.id}`),
    html_url: htmlUrl(account, `/incidents/${incident.id}`),
    number: incident.number,
    status: incident.status,
    incident_key: keyOf(account, incident),
    created_at: restTime(incident.createdAtMs),
    title: incident.title,
    incident_type: { name: incident.incidentType },
    service: referenceTo(account, "service", incident.service),
    assignees: incident.assignees.map(({ user }) => referenceTo(account, "user", user)),
    escalation_policy: referenceTo(account, "escalation_policy", incident.escalationPolicy),
    teams: teamsOf(account, incident).map((id) => referenceTo(account, "team", id)),
    priority:
      incident.priority === null ? null : referenceTo(account, "priority", incident.priority),
    urgency: incident.urgency,
    conference_bridge: incident.conferenceBridge,
    resolve_reason: resolveReason(account, incident),
  };
}

function resolveReason(
  account: Account,
  { mergedInto }: Incident,
): { type: string; incident: Reference } | null {
  return mergedInto === null
    ? null
    : {
        type: "merge_resolve_reason",
        incident: referenceTo(account, "incident", mergedInto),
      };
}
