import { z } from "zod";
import type { Account, Agent } from "../account/account.ts";
import type { Incident } from "../account/documents.ts";
import { alreadyResolved, invalidInput } from "../http/errors.ts";
import { referenceSchema } from "../http/schemas.ts";
import {
  acknowledge,
  changeConferenceBridge,
  changePriority,
  changeType,
  delegate,
  escalate,
  moveToService,
  reassign,
  reopen,
  resolve,
  unacknowledge,
} from "./changes.ts";
import { addLogEntry, by, saveIncident } from "./record.ts";

export const Assignments = z.array(z.object({ assignee: referenceSchema("user") })).min(1);

export const ConferenceBridge = z.object({
  conference_number: z.string().nullish(),
  conference_url: z.string().nullish(),
});

/** What `PUT /incidents/{id}` may change. */
export const IncidentUpdate = z
  .object({
    type: z.enum(["incident", "incident_reference"]),
    status: z.enum(["triggered", "acknowledged", "resolved"]).optional(),
    assignments: Assignments.optional(),
    escalation_policy: referenceSchema("escalation_policy").optional(),
    escalation_level: z.int().min(1).optional(),
    priority: referenceSchema("priority").nullish(),
    urgency: z.enum(["high", "low"]).optional(),
    title: z.string().min(1).optional(),
    resolution: z.string().optional(),
    service: referenceSchema("service").optional(),
    conference_bridge: ConferenceBridge.optional(),
    incident_type: z.object({ name: z.string().min(1) }).optional(),
  })
  .refine(({ assignments, escalation_policy }) => !assignments || !escalation_policy, {
    message: "`assignments` and `escalation_policy` cannot be given together",
  });

/** Applies every change in the order in which people would make them. */
export function updateIncident(
  account: Account,
  before: Incident,
  update: z.infer<typeof IncidentUpdate>,
  agent: Agent,
): Incident {
  checkReferences(account, update);
  let incident = changePlainFields(account, before, update, agent);
  if (update.status !== undefined && update.status !== "resolved") {
    incident = openAs(account, incident, update.status, agent);
  }
  if (update.incident_type) {
    incident = changeType(account, incident, update.incident_type.name, agent);
  }
  if (update.service) {
    const service = account.store.get("services", update.service.id);
    incident = service ? moveToService(account, incident, service, agent) : incident;
  }
  if (update.priority !== undefined) {
    incident = changePriority(account, incident, update.priority?.id ?? null, agent);
  }
  if (update.conference_bridge) {
    incident = changeConferenceBridge(account, incident, update.conference_bridge, agent);
  }
  if (update.escalation_policy) {
    incident = delegate(account, incident, update.escalation_policy.id, agent);
  }
  if (update.assignments) {
    const users = update.assignments.map(({ assignee }) => assignee.id);
    incident = reassign(account, incident, users, agent);
  }
  if (update.escalation_level !== undefined) {
    incident = escalate(account, incident, update.escalation_level, agent);
  }
  if (update.status === "resolved") {
    if (incident.status === "resolved") {
      throw alreadyResolved();
    }
    incident = resolve(account, incident, agent, { resolution: update.resolution });
  }
  return incident;
}

function openAs(
  account: Account,
  incident: Incident,
  status: "triggered" | "acknowledged",
  agent: Agent,
): Incident {
  const open = incident.status === "resolved" ? reopen(account, incident, agent) : incident;
  if (status === "acknowledged") {
    return acknowledge(account, open, agent);
  }
  return open.status === "acknowledged" ? unacknowledge(account, open, agent) : open;
}

function changePlainFields(
  account: Account,
  incident: Incident,
  { title, urgency }: z.infer<typeof IncidentUpdate>,
  agent: Agent,
): Incident {
  let changed = incident;
  if (title !== undefined && title !== incident.title) {
    changed = saveIncident(account, changed, { title });
  }
  if (urgency !== undefined && urgency !== incident.urgency) {
    changed = saveIncident(account, changed, { urgency });
    addLogEntry(account, changed, {
      type: "urgency_change",
      summary: `Urgency changed to ${urgency}${by(agent)}`,
      agent,
    });
  }
  return changed;
}

function checkReferences(
  { store }: Account,
  { assignments, escalation_policy, priority, service }: z.infer<typeof IncidentUpdate>,
): void {
  const unknown = [
    ...(assignments ?? [])
      .filter(({ assignee }) => !store.get("users", assignee.id))
      .map(({ assignee }) => `\`assignments\`: no user has the id "${assignee.id}"`),
    ...(escalation_policy && !store.get("escalationPolicies", escalation_policy.id)
      ? [`\`escalation_policy\`: no escalation policy has the id "${escalation_policy.id}"`]
      : []),
    ...(priority && !store.get("priorities", priority.id)
      ? [`\`priority\`: no priority has the id "${priority.id}"`]
      : []),
    ...(service && !store.get("services", service.id)
      ? [`\`service\`: no service has the id "${service.id}"`]
      : []),
  ];
  if (unknown.length > 0) {
    throw invalidInput(...unknown);
  }
}
