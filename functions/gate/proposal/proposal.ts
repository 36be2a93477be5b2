import type { Evaluation, ManualTaskRouting, Runbook } from "../gating/index.ts";

/** A parameter's value; PagerDuty custom fields carry nothing richer. */
export type Scalar = string | number | boolean;
export type Parameters = Readonly<Record<string, Scalar>>;

/** How a proposal reached the gate. */
export type Source =
  | { kind: "event"; eventId: string; eventType: string; deliveryId: string; proposingRule: string }
  | { kind: "orchestration" }
  | { kind: "api" };

/** What somebody wants done, as it was asked: never changed after intake. */
export interface ProposalRequest {
  /** Name in the service's runbook map. */
  runbook: string;
  /** PagerDuty service, by the name or id that the proposer used. */
  service: string;
  /** PagerDuty incident id; null when only `alertKey` is known (an orchestration rule may act first). */
  incidentId: string | null;
  /** Events API `dedup_key` of the alert, PagerDuty's `incident_key`. */
  alertKey: string | null;
  parameters: Parameters;
  justification: string;
  /** What the proposer saw: free text or links, shown to the reviewer. */
  evidence: string[];
  /** As the proposer rates it, "P1" or "critical"; the incident's priority outranks it. */
  severity: string | null;
  regions: string[];
  /** One sentence of the proposer's own, which the reviewer is shown as a quotation. */
  summary: string | null;
}

/** The incident as it was read from PagerDuty. */
export interface Incident {
  id: string;
  number: number;
  title: string;
  status: "triggered" | "acknowledged" | "resolved";
  url: string | null;
  /** Name of the priority, "P1". */
  priority: string | null;
  urgency: "high" | "low";
  serviceId: string;
  serviceName: string;
  escalationPolicyId: string | null;
  assigneeIds: string[];
  incidentKey: string | null;
  createdAtMs: number;
  /** Where its people's clocks are; absent: PagerDuty does not tell. */
  timeZone?: string;
  /** Resolved by being merged: into which incident, as far as PagerDuty tells; absent: it was not. */
  mergedInto?: { id: string | null };
}

/** One submission to Cheqpoint. Written before it is sent: its callback token and attempt id are known first. */
export interface ApprovalAttempt {
  attemptId: string;
  /** SHA-256 of the token in the callback URL; the token itself is kept nowhere. */
  tokenHash: string;
  startedAtMs: number;
  /** `unclear`: sent, but the answer was lost; it may exist at Cheqpoint and can never be read back. */
  state: "started" | "submitted" | "refused" | "unclear" | "ended";
  approvalId: string | null;
  reviewUrl: string | null;
  /** What Cheqpoint's answer said of it; absent: there was none, or an earlier release wrote the record. */
  receipt?: "pending" | "decided" | "unknown";
  /** When a callback of its own told that it was rejected, while it could not be read; absent: none did. */
  toldNoAtMs?: number;
  problem: string | null;
  /** Exactly what the reviewer is shown: a read-back must equal it. */
  details: Readonly<Record<string, unknown>>;
  /** The earlier noes of which it tells its reader, by what they forbid; absent: of none. */
  toldNoes?: readonly { name: string; atMs: number }[];
}

export interface ApprovalProgress {
  attempts: ApprovalAttempt[];
  /** When the next submission may be tried; null while one is under review. */
  nextSubmitAtMs: number | null;
  /** When the approval is read back next, callback or not. */
  nextReadAtMs: number | null;
  reads: number;
  /** Consecutive failures of the current call, for the back-off. */
  failures: number;
  /** For how long nobody looked although it was due, or the clock jumped: silence in that time says nothing. Absent: 0. */
  unwatchedMs?: number;
}

/** Who decided. `policy`: a rule of the gating. `autoRule`: a rule at Cheqpoint. `onExpiry`: the rule's own default. */
export type DecidedBy = "policy" | "human" | "autoRule" | "onExpiry" | "gate";

/** Written once. */
export interface Decision {
  outcome: "approved" | "rejected" | "expired";
  by: DecidedBy;
  /** The gating rule or Cheqpoint rule that decided, where one did. */
  rule: string | null;
  note: string | null;
  atMs: number;
  /** Where a human or a rule of Cheqpoint's said it: a yes the earliest, a no the latest time at which it can have been. */
  saidAtMs?: number;
  /** Until when an approval may still be executed; null unless approved. */
  validUntilMs: number | null;
  /** What is to run: the proposal's parameters with the reviewer's permitted changes. */
  parameters: Parameters;
  /** Names of the parameters that the reviewer changed. */
  changed: string[];
  /** Digest of what is to run; equals the proposal's unless the reviewer changed something. */
  digest: string;
}

/** The single run that an approval permits. */
export interface Execution {
  /**
   * `claimed`: about to be sent, or sent and not yet recorded. `notSent`: PagerDuty certainly did nothing, so that it
   * may be claimed again. `uncertain`: nobody can tell. `accepted`: PagerDuty took it. `ended`: its result is known.
   */
  state: "claimed" | "notSent" | "uncertain" | "accepted" | "ended";
  claims: number;
  claimedAtMs: number;
  /** Digest of what was sent. */
  digest: string;
  /** PagerDuty's id of the automation action invocation or workflow instance. */
  invocationId: string | null;
  /** Last state that PagerDuty told: created, queued, running, completed, aborted, error… */
  reported: string | null;
  acceptedAtMs: number | null;
  nextReadAtMs: number | null;
  problem: string | null;
  failures: number;
}

export type OutcomeKind = "executed" | "suppressed" | "failed" | "uncertain";

/** Why a proposal ended as it did; stable codes for queries and alarms. */
export type OutcomeReason =
  | "completed"
  | "accepted"
  | "rejected"
  | "rejectedByRule"
  | "ruleApprovalNotAccepted"
  | "expired"
  | "neverAsked"
  | "deniedByPolicy"
  | "unknownRunbook"
  | "invalidParameters"
  | "openProposalsLimit"
  | "executionsLimit"
  | "incidentNotFound"
  | "incidentUnreadable"
  | "incidentResolved"
  | "incidentMerged"
  | "incidentMoved"
  | "serviceMismatch"
  | "gateIncident"
  | "sameAsOpen"
  | "sameAsRejected"
  | "withdrawn"
  | "approvalAltered"
  | "changeNotPossible"
  | "approvalLapsed"
  | "gatingChanged"
  | "refusedByPagerDuty"
  | "runFailed"
  | "neverRan"
  | "noResult"
  | "unclear";

export interface Outcome {
  kind: OutcomeKind;
  reason: OutcomeReason;
  /** One sentence for people. */
  text: string;
  atMs: number;
  /** The incident that goes on in place of a merged one; absent: none was merged. */
  mergedInto?: MergeTarget;
}

export interface MergeTarget {
  id: string | null;
  /** How people speak of it. */
  label: string;
  url: string | null;
  open: boolean;
}

/** Something owed to people: done once, retried until it is done or given up. */
export interface Duty {
  state: "claimed" | "waiting" | "done" | "abandoned";
  tries: number;
  /** How often PagerDuty refused it for certain, and would again. */
  refusals: number;
  /** The answer to a try was lost: what it was to make may exist, or may still come. */
  unclear: boolean;
  claimedAtMs: number;
  /** When to try again; null unless waiting. */
  nextAtMs: number | null;
  /** Id of what was made: a note or an incident. */
  ref: string | null;
  problem: string | null;
}

export type DutyName =
  | "noteProposed"
  | "noteDecided"
  | "noteEnded"
  | "noteMerged"
  | "noteCounted"
  | "noteLate"
  | "escalation"
  | "closeEscalation"
  | "manualTask";

/** What the gating said when the proposal was weighed; pinned, so that a later change is noticed. */
export interface Weighing {
  gatingHash: string;
  /** False when the service has no gating of its own and the gate's defaults were used. */
  listed: boolean;
  evaluation: Evaluation;
  runbook: Runbook;
  /** As proposed, defaults filled in. */
  parameters: Parameters;
  /** The brakes on its execution, which the reviewer is told of; absent in records of older releases. */
  brakes?: Brake[];
  atMs: number;
}

/**
 * `collected`: by a task for several that nobody can act on; `generation` is which of them, once it is known, and
 * `number` how many it counts with this one, once it is counted. `note`: by the note on the incident alone.
 */
export type Handover =
  { kind: "collected"; generation: number | null; number: number | null } | { kind: "note" };

/** At most `limit` at once have a place under this key. */
export interface Brake {
  of: "rule" | "service";
  key: string;
  limit: number;
}

/** The ledger's record of one proposal. Only `lifecycle.ts` and `results.ts` make new ones. */
export interface Proposal {
  schema: 1;
  id: string;
  /** Rises by one with every write; writes are conditional on it. */
  version: number;
  source: Source;
  proposer: string;
  request: ProposalRequest;
  /** Equal open proposals share one record by this key. */
  dedupeKey: string;
  receivedAtMs: number;
  /** When the worker must look again whatever else happens; once closed, only for a late decision, and null in the end. */
  dueAtMs: number | null;
  incident: Incident | null;
  /** Where the manual task goes; null until the gating was read. */
  routing: ManualTaskRouting | null;
  weighing: Weighing | null;
  /** Digest of exactly what would be done: action, target, parameters, incident, service. */
  digest: string | null;
  /** Own deadline for a decision (rule `sla`, from receipt). */
  decideByMs: number | null;
  approval: ApprovalProgress | null;
  decision: Decision | null;
  execution: Execution | null;
  outcome: Outcome | null;
  duties: Partial<Record<DutyName, Duty>>;
  /** Others who proposed the same, each once: as many as there are tokens at most. They may read it. */
  joinedBy: string[];
  /** A yes that came after the end, of which a note tells; absent: none has come. */
  lateYes?: Pick<Decision, "by" | "rule" | "note" | "atMs">;
  /** A human's no that is not its decision: it came after a yes, or after the end; absent: none has come. */
  laterNo?: Pick<Decision, "note" | "atMs">;
  /** Since when the kill switch has held an approved execution. */
  heldSinceMs: number | null;
  /** Since when an approved execution has waited for a place at a brake, and at which; absent: it does not. */
  waitsForPlace?: { sinceMs: number; text: string } | null;
  /** How its end is handed to people; null or absent: by a manual task of its own. */
  handover?: Handover | null;
  /** Brakes at which it has a place for as long as it is open; absent: at none. */
  places?: string[];
  /** Why an approved execution waits for another one, in words; absent as null: it does not. */
  waitsForRun?: { sinceMs: number; text: string } | null;
  /** Why Cheqpoint did not confirm the approval before it ran; absent as null: it did, or was not asked. */
  unconfirmed?: string | null;
  /** The latest time at which anything was written of it: a clock that is behind it has gone back. Absent: not known. */
  seenAtMs?: number;
  /** Consecutive failures to read what must be known, for the back-off. */
  lookFailures: number;
  closedAtMs: number | null;
  /** Head of the proposal's audit chain. */
  audit: { seq: number; head: string };
}

/** Where a proposal stands, in one word, for people and for queries. */
export type Phase =
  | "received"
  | "awaitingDecision"
  | "approved"
  | "executing"
  | "running"
  | "ending"
  | "executed"
  | "suppressed"
  | "failed"
  | "uncertain";

export function phaseOf(proposal: Proposal): Phase {
  if (proposal.outcome !== null) {
    return proposal.closedAtMs === null ? "ending" : proposal.outcome.kind;
  }
  const { execution, decision } = proposal;
  if (execution !== null && (execution.state === "claimed" || execution.state === "uncertain")) {
    return "executing";
  }
  if (execution !== null && (execution.state === "accepted" || execution.state === "ended")) {
    return "running";
  }
  if (decision !== null) {
    return decision.outcome === "approved" ? "approved" : "ending";
  }
  return proposal.weighing === null ? "received" : "awaitingDecision";
}
