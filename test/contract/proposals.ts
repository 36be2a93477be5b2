import { GENESIS, chainFacts } from "../../functions/gate/proposal/audit.ts";
import type { AuditEvent, AuditFact } from "../../functions/gate/proposal/audit.ts";
import type {
  Alarm,
  Clock,
  Delivery,
  ReportedInvocation,
} from "../../functions/gate/ports/index.ts";
import type {
  Incident,
  Proposal,
  ProposalRequest,
  Source,
} from "../../functions/gate/proposal/proposal.ts";

export const START_MS = Date.UTC(2026, 10, 2, 9, 0, 0);

/** A clock that stands still until it is told otherwise. */
export class TestClock implements Clock {
  #nowMs = START_MS;

  now(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

export const anEventSource: Source = {
  kind: "event",
  eventId: "01EVENT",
  eventType: "incident.triggered",
  deliveryId: "delivery-1",
  proposingRule: "database down",
};

export const anIncident: Incident = {
  id: "PINC1",
  number: 4421,
  title: "payments-db: replication lag, Zürich 🚨",
  status: "triggered",
  url: "https://example.pagerduty.com/incidents/PINC1",
  priority: "P1",
  urgency: "high",
  serviceId: "PSVC1",
  serviceName: "payments-db",
  escalationPolicyId: "PEP1",
  assigneeIds: ["PUSR1"],
  incidentKey: null,
  createdAtMs: START_MS - 60_000,
};

export interface Written {
  proposal: Proposal;
  events: AuditEvent[];
}

/** A new proposal with its first event. Each id has a dedupe key of its own unless one is given. */
export function newProposal(
  id: string,
  changes: Partial<Proposal> & { service?: string; incidentId?: string | null } = {},
): Written {
  const { service = "payments-db", incidentId = "PINC1", ...fields } = changes;
  const request: ProposalRequest = {
    runbook: "db_failover_primary_to_replica",
    service,
    incidentId,
    alertKey: null,
    parameters: { region: "us-east-1", dry_run: false, attempts: 2 },
    justification: "lag is 94 s and rising",
    evidence: ["https://grafana.example/d/1"],
    severity: "critical",
    regions: ["us-east-1"],
    summary: null,
  };
  return withEvents(
    {
      schema: 1,
      id,
      version: 1,
      source: { kind: "api" },
      proposer: "remediator",
      request,
      dedupeKey: `key of ${id}`,
      receivedAtMs: START_MS,
      dueAtMs: START_MS,
      incident: null,
      routing: null,
      weighing: null,
      digest: null,
      decideByMs: null,
      approval: null,
      decision: null,
      execution: null,
      outcome: null,
      duties: {},
      joinedBy: [],
      heldSinceMs: null,
      lookFailures: 0,
      closedAtMs: null,
      audit: { seq: 0, head: GENESIS },
      ...fields,
    },
    [{ type: "proposal.received", data: { id } }],
  );
}

/** The next version of a proposal with events for what happened. */
export function nextVersion(
  before: Proposal,
  changes: Partial<Proposal> = {},
  facts: readonly AuditFact[] = [{ type: "proposal.changed", data: { to: before.version + 1 } }],
): Written {
  return withEvents({ ...before, ...changes, version: before.version + 1 }, facts);
}

function withEvents(proposal: Proposal, facts: readonly AuditFact[]): Written {
  const events = chainFacts(proposal.id, proposal.audit, facts, START_MS);
  const last = events.at(-1);
  const audit = last === undefined ? proposal.audit : { seq: last.seq, head: last.hash };
  return { proposal: { ...proposal, audit }, events };
}

export function newDelivery(id: string, changes: Partial<Delivery> = {}): Delivery {
  return {
    id,
    eventId: `event of ${id}`,
    subscriptionId: "PSUB1",
    eventType: "incident.triggered",
    receivedAtMs: START_MS,
    body: `{"event":{"id":"event of ${id}","title":"Zürich 🚨\\u0000"}}`,
    state: "new",
    result: null,
    dueAtMs: START_MS,
    tries: 0,
    ...changes,
  };
}

export function newAlarm(key: string, changes: Partial<Alarm> = {}): Alarm {
  return {
    key,
    kind: "bypass",
    atMs: START_MS,
    text: "PagerDuty ran an action that the gate did not start",
    proposalId: null,
    incidentId: "PINC1",
    ...changes,
  };
}

export function newInvocation(
  id: string,
  changes: Partial<ReportedInvocation> = {},
): ReportedInvocation {
  return {
    id,
    kind: "automationAction",
    incidentId: "PINC1",
    targetId: "PACT1",
    agentId: "PUSR9",
    firstSeenAtMs: START_MS,
    verdict: "pending",
    proposalId: null,
    ...changes,
  };
}
