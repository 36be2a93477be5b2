import { inLine } from "../text/quotation.ts";
import type { Target } from "../gating/index.ts";
import type { Incident, Proposal } from "./proposal.ts";

/** Starts the `incident_key` of every incident that the gate makes; such incidents never propose anything. */
const GATE_INCIDENT_KEY_PREFIX = "pagerduty-approval-gate/";

export function manualTaskKey(proposalId: string): string {
  return `${GATE_INCIDENT_KEY_PREFIX}task/${proposalId}`;
}

/** Of the task that collects those of one kind; each that follows a resolved one is another. */
export function collectingTaskKey(collection: string, generation: number): string {
  return `${GATE_INCIDENT_KEY_PREFIX}task/collected-${collection}-${generation}`;
}

export function escalationKey(proposalId: string): string {
  return `${GATE_INCIDENT_KEY_PREFIX}escalation/${proposalId}`;
}

/** Starts what the gate's own alarms say when they page. */
export const GATE_ALARM = "Approval gate: ";

/** By its key; a page for an alarm of the gate's comes as an alert, so that PagerDuty tells its incident's title alone. */
export function isGateIncident(incident: Pick<Incident, "incidentKey" | "title">): boolean {
  const { incidentKey, title } = incident;
  return incidentKey?.startsWith(GATE_INCIDENT_KEY_PREFIX) ?? title.startsWith(GATE_ALARM);
}

/** Link from an incident that the gate made to the proposal that it was made for. */
export function gateIncidentLink(incidentId: string): string {
  return `gateIncident/${incidentId}`;
}

/** Id of the automation action or workflow that a target starts; null where nothing is started. */
export function startedId(target: Target): string | null {
  return target.kind === "automationAction"
    ? target.actionId
    : target.kind === "incidentWorkflow"
      ? target.workflowId
      : null;
}

/** Link to what was claimed first on that incident for that action or workflow. */
export function runLink(incidentId: string, startedId: string): string {
  return `run/${incidentId}/${startedId}`;
}

/** Link that is there once an answer of PagerDuty's told which user the gate acts as. */
export const OWN_AGENT = "agent";

/** Link that is there for each user that the gate has acted as. */
export function ownAgent(agentId: string): string {
  return `${OWN_AGENT}/${agentId}`;
}

/** How people speak of an incident. */
export function incidentLabel(incident: Incident): string {
  return `INC-${incident.number}`;
}

/** The incident's service, as the gating store looks for it. */
export function serviceOf(incident: Incident): { id: string; name: string } {
  return { id: incident.serviceId, name: incident.serviceName };
}

/** Whether the service, by name or id as people write it, is the incident's. */
export function isServiceOf(incident: Incident, service: string): boolean {
  return incident.serviceId === service || incident.serviceName === service;
}

/** Label of the proposal's incident, or what is known of it. */
export function proposalIncidentLabel(proposal: Proposal): string {
  const { incident, request } = proposal;
  return incident === null
    ? (request.incidentId ??
        `alert ${request.alertKey === null ? "unknown" : inLine(request.alertKey)}`)
    : incidentLabel(incident);
}
