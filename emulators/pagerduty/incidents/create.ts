import { z } from "zod";
import type { Account, Agent } from "../account/account.ts";
import type { Incident } from "../account/documents.ts";
import { argumentError, invalidInput } from "../http/errors.ts";
import { optionalText, referenceSchema } from "../http/schemas.ts";
import { openIncident, openIncidentByKey } from "./open.ts";
import { Assignments, ConferenceBridge } from "./update.ts";

export const IncidentCreation = z
  .object({
    type: z.literal("incident"),
    title: z.string().trim().min(1),
    service: referenceSchema("service"),
    body: z
      .object({ type: z.literal("incident_body").optional(), details: optionalText })
      .nullish(),
    urgency: z.enum(["high", "low"]).optional(),
    priority: referenceSchema("priority").nullish(),
    incident_key: z.string().min(1).max(255).nullish(),
    assignments: Assignments.optional(),
    escalation_policy: referenceSchema("escalation_policy").optional(),
    conference_bridge: ConferenceBridge.nullish(),
    incident_type: z.object({ name: z.string().min(1) }).optional(),
  })
  .refine(({ assignments, escalation_policy }) => !assignments || !escalation_policy, {
    message: "`assignments` and `escalation_policy` cannot be given together",
  });

/** Creates an incident by REST. An open one with the same key on the service is in the way. */
export function createIncident(
  account: Account,
  wanted: z.infer<typeof IncidentCreation>,
  agent: Agent,
): Incident {
  const { store } = account;
  const service = store.get("services", wanted.service.id);
  if (!service) {
    throw invalidInput(`\`service\`: no service has the id "${wanted.service.id}"`);
  }
  const assignees = wanted.assignments?.map(({ assignee }) => assignee.id);
  for (const id of assignees ?? []) {
    if (!store.get("users", id)) {
      throw invalidInput(`\`assignments\`: no user has the id "${id}"`);
    }
  }
  const policy = wanted.escalation_policy?.id;
  if (policy !== undefined && !store.get("escalationPolicies", policy)) {
    throw invalidInput(`\`escalation_policy\`: no escalation policy has the id "${policy}"`);
  }
  const priority = wanted.priority?.id ?? null;
  if (priority !== null && !store.get("priorities", priority)) {
    throw invalidInput(`\`priority\`: no priority has the id "${priority}"`);
  }
  const incidentKey = wanted.incident_key ?? undefined;
  if (incidentKey !== undefined && openIncidentByKey(account, service.id, incidentKey)) {
    throw argumentError("Open incident with matching dedup key already exists on this service");
  }
  return openIncident(account, {
    title: wanted.title,
    service,
    details: wanted.body?.details ?? null,
    incidentKey,
    urgency: wanted.urgency,
    priority,
    assignees,
    escalationPolicy: policy,
    incidentType: wanted.incident_type?.name,
    conferenceBridge: wanted.conference_bridge ?? null,
    agent,
    channel: { type: "web_trigger", summary: wanted.title, details: wanted.body?.details ?? null },
  });
}
