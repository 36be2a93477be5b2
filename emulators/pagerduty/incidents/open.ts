import { referenceTo } from "../account/account.ts";
import type { Account, Agent } from "../account/account.ts";
import type { Incident } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { incidentKeyOf } from "../account/store.ts";
import type { Service } from "../account/documents.ts";
import { usersAtLevel } from "./find.ts";
import { addLogEntry, by, emitForIncident } from "./record.ts";

export const FIRST_INCIDENT_NUMBER = 4421;
const NEXT_NUMBER = "nextIncidentNumber";

export interface NewIncident {
  title: string;
  service: Service;
  details?: string | null;
  incidentKey?: string | undefined;
  urgency?: "high" | "low" | undefined;
  priority?: string | null;
  /** Users to assign instead of those on call. */
  assignees?: string[] | undefined;
  escalationPolicy?: string | undefined;
  incidentType?: string | undefined;
  conferenceBridge?: Record<string, unknown> | null;
  agent: Agent;
  channel: Record<string, unknown>;
  /** What comes with it and has to be there before anybody is told. */
  withIt?: (incident: Incident) => void;
}

/** The open incident of a service that was opened with this key. */
export function openIncidentByKey(
  account: Account,
  service: string,
  incidentKey: string,
): Incident | undefined {
  return account.store
    .byKey("incidents", incidentKeyOf(service, incidentKey))
    .find(({ status }) => status !== "resolved");
}

/** Triggers an incident and assigns it to whoever is on call. */
export function openIncident(account: Account, wanted: NewIncident): Incident {
  const { store } = account;
  const atMs = account.now();
  const { service, agent } = wanted;
  const policyId = wanted.escalationPolicy ?? service.escalationPolicy;
  const users =
    wanted.assignees ?? usersAtLevel(account, store.get("escalationPolicies", policyId), 1);
  const incident: Incident = {
    id: objectId(),
    number: takeNumber(account),
    title: wanted.title,
    details: wanted.details ?? null,
    status: "triggered",
    incidentKey: wanted.incidentKey ?? null,
    service: service.id,
    escalationPolicy: policyId,
    escalationLevel: 1,
    assignees: users.map((user) => ({ user, atMs })),
    assignedVia: wanted.assignees ? "direct_assignment" : "escalation_policy",
    acknowledgers: [],
    priority: wanted.priority ?? null,
    urgency: wanted.urgency ?? defaultUrgency(service),
    incidentType: wanted.incidentType ?? "base_incident",
    conferenceBridge: wanted.conferenceBridge ?? null,
    resolution: null,
    mergedInto: null,
    snoozedUntilMs: null,
    fieldValues: [],
    createdAtMs: atMs,
    updatedAtMs: atMs,
    lastStatusChangeAtMs: atMs,
    lastStatusChangeBy: agent,
    resolvedAtMs: null,
    triggerLogEntry: objectId(),
  };
  store.put("incidents", incident);
  store.put("services", { ...service, lastIncidentAtMs: atMs });
  wanted.withIt?.(incident);
  addLogEntry(account, incident, {
    id: incident.triggerLogEntry,
    type: "trigger",
    summary: `Triggered${by(agent)}`,
    agent,
    channel: wanted.channel,
  });
  addLogEntry(account, incident, {
    type: "assign",
    summary: `Assigned to ${names(account, users)}`,
    agent: null,
    details: { assignees: users.map((id) => referenceTo(account, "user", id)) },
  });
  emitForIncident(account, incident, "triggered", agent);
  return incident;
}

export function names(account: Account, users: readonly string[]): string {
  return users.map((id) => account.store.get("users", id)?.name ?? id).join(", ") || "nobody";
}

function takeNumber({ store }: Account): number {
  const number = Number(store.meta(NEXT_NUMBER) ?? FIRST_INCIDENT_NUMBER);
  store.setMeta(NEXT_NUMBER, String(number + 1));
  return number;
}

/** Starts counting incidents afresh. */
export function resetNumbers({ store }: Pick<Account, "store">): void {
  store.setMeta(NEXT_NUMBER, String(FIRST_INCIDENT_NUMBER));
}

// `severity_based` services get theirs from the event; incidents made by hand are urgent.
function defaultUrgency(service: Service): "high" | "low" {
  const rule = service.rest["incident_urgency_rule"];
  const low =
    typeof rule === "object" && rule !== null && "urgency" in rule && rule.urgency === "low";
  return low ? "low" : "high";
}
