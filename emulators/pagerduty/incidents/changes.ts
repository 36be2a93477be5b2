import { referenceTo } from "../account/account.ts";
import type { Account, Agent } from "../account/account.ts";
import type { Incident, Service } from "../account/documents.ts";
import { alreadyResolved, cannotEscalate } from "../http/errors.ts";
import { usersAtLevel } from "./find.ts";
import { names } from "./open.ts";
import { addLogEntry, by, emitForIncident, saveIncident } from "./record.ts";

/** Somebody takes an incident on. Doing so twice changes nothing. */
export function acknowledge(account: Account, incident: Incident, agent: Agent): Incident {
  const user = agent?.type === "user_reference" ? agent.id : undefined;
  const known = incident.acknowledgers.some((acknowledger) => acknowledger.user === user);
  if (incident.status === "acknowledged" && (user === undefined || known)) {
    return incident;
  }
  const atMs = account.now();
  const changed = saveIncident(account, incident, {
    status: "acknowledged",
    acknowledgers: user === undefined ? [] : [...incident.acknowledgers, { user, atMs }],
    ...statusChange(account, agent),
  });
  addLogEntry(account, changed, {
    type: "acknowledge",
    summary: `Acknowledged${by(agent)}`,
    agent,
  });
  emitForIncident(account, changed, "acknowledged", agent);
  return changed;
}

/** An incident is nobody's again. */
export function unacknowledge(account: Account, incident: Incident, agent: Agent): Incident {
  const changed = saveIncident(account, incident, {
    status: "triggered",
    acknowledgers: [],
    snoozedUntilMs: null,
    ...statusChange(account, agent),
  });
  addLogEntry(account, changed, {
    type: "unacknowledge",
    summary: `Unacknowledged${by(agent)}`,
    agent,
  });
  emitForIncident(account, changed, "unacknowledged", agent);
  return changed;
}

export function resolve(
  account: Account,
  incident: Incident,
  agent: Agent,
  how: { resolution?: string | undefined; mergedInto?: string } = {},
): Incident {
  const atMs = account.now();
  const changed = saveIncident(account, incident, {
    status: "resolved",
    assignees: [],
    acknowledgers: [],
    snoozedUntilMs: null,
    resolvedAtMs: atMs,
    resolution: how.resolution ?? null,
    mergedInto: how.mergedInto ?? null,
    ...statusChange(account, agent),
  });
  for (const alert of account.store.list("alerts", incident.id)) {
    account.store.put("alerts", { ...alert, status: "resolved", updatedAtMs: atMs });
  }
  addLogEntry(account, changed, {
    type: "resolve",
    summary: `Resolved${by(agent)}`,
    agent,
    details: how.resolution === undefined ? {} : { resolution: how.resolution },
  });
  emitForIncident(account, changed, "resolved", agent);
  return changed;
}

/** A resolved incident opens again, with whoever is on call now. */
export function reopen(account: Account, incident: Incident, agent: Agent): Incident {
  const changed = saveIncident(account, incident, {
    status: "triggered",
    ...onCall(account, incident.escalationPolicy, 1),
    resolvedAtMs: null,
    resolution: null,
    mergedInto: null,
    ...statusChange(account, agent),
  });
  addLogEntry(account, changed, { type: "reopen", summary: `Reopened${by(agent)}`, agent });
  emitForIncident(account, changed, "reopened", agent);
  return changed;
}

/** Gives an incident to other users. */
export function reassign(
  account: Account,
  incident: Incident,
  users: string[],
  agent: Agent,
): Incident {
  refuseResolved(incident);
  const atMs = account.now();
  const changed = saveIncident(account, incident, {
    status: "triggered",
    acknowledgers: [],
    snoozedUntilMs: null,
    assignees: users.map((user) => ({ user, atMs })),
    assignedVia: "direct_assignment",
  });
  addLogEntry(account, changed, {
    type: "assign",
    summary: `Reassigned to ${names(account, users)}${by(agent)}`,
    agent,
    details: { assignees: users.map((id) => referenceTo(account, "user", id)) },
  });
  emitForIncident(account, changed, "reassigned", agent);
  return changed;
}

/** Gives an incident to another escalation policy, from its first level. */
export function delegate(
  account: Account,
  incident: Incident,
  policy: string,
  agent: Agent,
): Incident {
  refuseResolved(incident);
  const changed = saveIncident(account, incident, {
    status: "triggered",
    acknowledgers: [],
    snoozedUntilMs: null,
    escalationPolicy: policy,
    ...onCall(account, policy, 1),
  });
  const reference = referenceTo(account, "escalation_policy", policy);
  addLogEntry(account, changed, {
    type: "delegate",
    summary: `Delegated to ${reference.summary ?? policy}${by(agent)}`,
    agent,
    details: { escalation_policy: reference },
  });
  emitForIncident(account, changed, "delegated", agent);
  return changed;
}

/** Passes an incident on to another level of its escalation policy. */
export function escalate(
  account: Account,
  incident: Incident,
  level: number,
  agent: Agent,
): Incident {
  refuseResolved(incident);
  const policy = account.store.get("escalationPolicies", incident.escalationPolicy);
  const levels = policy?.rules.length ?? 0;
  if (level > levels) {
    throw cannotEscalate(
      `\`escalation_level\`: the escalation policy ${incident.escalationPolicy} has ${levels} levels, got ${level}`,
    );
  }
  const changed = saveIncident(account, incident, {
    status: "triggered",
    acknowledgers: [],
    snoozedUntilMs: null,
    ...onCall(account, incident.escalationPolicy, level),
  });
  addLogEntry(account, changed, {
    type: "escalate",
    summary: `Escalated to level ${level}${by(agent)}`,
    agent,
    details: {
      assignees: changed.assignees.map(({ user }) => referenceTo(account, "user", user)),
    },
  });
  emitForIncident(account, changed, "escalated", agent);
  return changed;
}

export function changePriority(
  account: Account,
  incident: Incident,
  priority: string | null,
  agent: Agent,
): Incident {
  if (priority === incident.priority) {
    return incident;
  }
  const changed = saveIncident(account, incident, { priority });
  const name = priority === null ? "none" : account.store.get("priorities", priority)?.name;
  addLogEntry(account, changed, {
    type: "priority_change",
    summary: `Priority changed to ${name ?? priority}${by(agent)}`,
    agent,
  });
  emitForIncident(account, changed, "priority_updated", agent);
  return changed;
}

/** Moves an incident to another service; escalation policy and assignees stay. */
export function moveToService(
  account: Account,
  incident: Incident,
  service: Service,
  agent: Agent,
): Incident {
  if (service.id === incident.service) {
    return incident;
  }
  const changed = saveIncident(account, incident, { service: service.id });
  addLogEntry(account, changed, {
    type: "service_change",
    summary: `Service changed to ${service.name}${by(agent)}`,
    agent,
  });
  emitForIncident(account, changed, "service_updated", agent);
  return changed;
}

export function changeType(
  account: Account,
  incident: Incident,
  incidentType: string,
  agent: Agent,
): Incident {
  if (incidentType === incident.incidentType) {
    return incident;
  }
  const changed = saveIncident(account, incident, { incidentType });
  addLogEntry(account, changed, {
    type: "incident_type_change",
    summary: `Type changed to ${incidentType}${by(agent)}`,
    agent,
  });
  emitForIncident(account, changed, "incident_type.changed", agent);
  return changed;
}

export function changeConferenceBridge(
  account: Account,
  incident: Incident,
  conferenceBridge: Record<string, unknown>,
  agent: Agent,
): Incident {
  const changed = saveIncident(account, incident, { conferenceBridge });
  emitForIncident(account, changed, "conference_bridge.updated", agent, {
    type: "incident_conference_bridge",
    incident: referenceTo(account, "incident", incident.id),
    ...conferenceBridge,
  });
  return changed;
}

function refuseResolved(incident: Incident): void {
  if (incident.status === "resolved") {
    throw alreadyResolved();
  }
}

function statusChange(account: Account, agent: Agent) {
  return { lastStatusChangeAtMs: account.now(), lastStatusChangeBy: agent };
}

function onCall(account: Account, policyId: string, level: number) {
  const atMs = account.now();
  const policy = account.store.get("escalationPolicies", policyId);
  return {
    escalationLevel: level,
    assignedVia: "escalation_policy" as const,
    assignees: usersAtLevel(account, policy, level).map((user) => ({ user, atMs })),
  };
}
