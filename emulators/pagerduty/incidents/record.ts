import type { Account, Agent } from "../account/account.ts";
import type { Incident } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { teamsOf } from "./find.ts";
import { webhookIncident } from "./render.ts";

export interface LogLine {
  /** Without `_log_entry`. */
  type: string;
  summary: string;
  agent: Agent;
  channel?: Record<string, unknown>;
  details?: Record<string, unknown>;
  id?: string;
}

/** Writes down who did what to an incident. */
export function addLogEntry(account: Account, incident: Incident, line: LogLine): void {
  account.store.put("logEntries", {
    id: line.id ?? objectId(),
    incident: incident.id,
    service: incident.service,
    type: `${line.type}_log_entry`,
    summary: line.summary,
    agent: line.agent,
    channel: line.channel ?? { type: "api" },
    createdAtMs: account.now(),
    details: line.details ?? {},
  });
}

/** Tells the webhook subscriptions; without `data` the event carries the incident itself. */
export function emitForIncident(
  account: Account,
  incident: Incident,
  type: string,
  agent: Agent,
  data?: Record<string, unknown>,
): void {
  account.emit({
    type: `incident.${type}`,
    resourceType: "incident",
    agent,
    data: data ?? webhookIncident(account, incident),
    resource: incident.id,
    service: incident.service,
    teams: teamsOf(account, incident),
  });
}

/** Stores changed fields of an incident. */
export function saveIncident(
  account: Account,
  incident: Incident,
  changes: Partial<Incident>,
): Incident {
  const changed = { ...incident, ...changes, updatedAtMs: account.now() };
  account.store.put("incidents", changed);
  return changed;
}

/** "by Gate Robot", or nothing for what happens by itself. */
export function by(agent: Agent): string {
  return agent?.summary ? ` by ${agent.summary}` : "";
}
