import { chainFacts, GENESIS, type AuditEvent } from "./audit.ts";
import { dedupeKey } from "./digest.ts";
import type { TraceEntry } from "../gating/index.ts";
import type { Parameters, Proposal, ProposalRequest, Source } from "./proposal.ts";

/** A proposal as it would be made. */
export interface DryRunAsked {
  proposer: string;
  source: Extract<Source, { kind: "api" | "orchestration" }>;
  /** `service` is the gating's key where the service is listed. */
  request: ProposalRequest;
  /** The request's parameters with the runbook's defaults filled in. */
  filled: Parameters;
}

/** The first record of a proposal, and its first event. */
export function newProposal(by: {
  id: string;
  source: Source;
  proposer: string;
  /** `service` is the gating's key where the service is listed. */
  request: ProposalRequest;
  /** The request's parameters with the runbook's defaults filled in: what is equal with them is equal. */
  filled?: Parameters;
  /** Where a rule proposes it: the rules tried for that, and why each before it did not. */
  trace?: readonly TraceEntry[];
  nowMs: number;
}): { proposal: Proposal; events: AuditEvent[] } {
  const { id, source, proposer, request, filled = request.parameters, trace, nowMs } = by;
  const events = chainFacts(
    id,
    { seq: 0, head: GENESIS },
    [
      {
        type: "proposal.received",
        data: { source, proposer, request, ...(trace === undefined ? {} : { trace }) },
      },
    ],
    nowMs,
  );
  const proposal: Proposal = {
    schema: 1,
    id,
    version: 1,
    source,
    proposer,
    request,
    dedupeKey: dedupeKey({
      service: request.service,
      runbook: request.runbook,
      incident:
        request.incidentId === null
          ? { alertKey: request.alertKey ?? "" }
          : { id: request.incidentId },
      parameters: filled,
    }),
    receivedAtMs: nowMs,
    dueAtMs: nowMs,
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
    waitsForRun: null,
    lookFailures: 0,
    closedAtMs: null,
    audit: { seq: 1, head: events[0]?.hash ?? GENESIS },
  };
  return { proposal, events };
}
