import type { AuditEvent } from "./audit.ts";
import type { ServiceGating } from "./gating/index.ts";
import type { Incident, Parameters, Proposal } from "./proposal.ts";
import type { Target } from "./gating/index.ts";

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** Waits, and ends early when `signal` fires. Never rejects. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Randomness. */
export interface Ids {
  proposalId(): string;
  attemptId(): string;
  /** At least 256 bits, safe in a URL path. */
  token(): string;
}

/** What the worker is told: look at this one. */
export interface WorkItem {
  kind: "proposal" | "delivery";
  id: string;
}

export interface Queue {
  /** May lose, repeat or reorder: the ledger's due times heal it. */
  send(items: readonly WorkItem[]): Promise<void>;
}

// --- gating store ---------------------------------------------------------------------------------------------

export interface StoredGating {
  /** The key under which the service is listed; its name or id as given when it is not. */
  key: string;
  /** False: no gating of its own, the gate's defaults apply. */
  listed: boolean;
  hash: string;
  gating: ServiceGating;
}

export interface GatingStore {
  /** Strongly consistent. Looks by id first, then by name. Throws when the store cannot be read. */
  find(service: { id: string | null; name: string | null }): Promise<StoredGating>;
}

// --- ledger ---------------------------------------------------------------------------------------------------

/** One signed PagerDuty event, kept before it is answered 202. */
export interface Delivery {
  /** `x-webhook-id`, the same on every attempt. */
  id: string;
  /** The event's own id; null when the body could not be understood. */
  eventId: string | null;
  subscriptionId: string | null;
  eventType: string | null;
  receivedAtMs: number;
  /** The signed bytes as text. */
  body: string;
  state: "new" | "done" | "unintelligible";
  /** What came of it, for people. */
  result: string | null;
  /** When a worker must look again; null once done. */
  dueAtMs: number | null;
  tries: number;
}

/** A trigger or a piece of evidence for one proposal; never a decision. Kept apart so that writing it conflicts with nobody. */
export interface Hint {
  id: string;
  kind: "decision" | "incident" | "invocation" | "workflow" | "joined";
  atMs: number;
  /** For `invocation` and `workflow`: the id and state that PagerDuty reported; for `joined`: who proposed the same. */
  data: { invocationId?: string; state?: string; proposer?: string };
}

/** Something that people must know of although no proposal asks for it. */
export interface Alarm {
  /** Natural key: raising it again changes nothing. */
  key: string;
  kind:
    | "bypass"
    | "ranTwice"
    | "neverRan"
    | "unintelligible"
    | "uncertain"
    | "taskNotPossible"
    | "pageNotPossible"
    | "eventNotHandled"
    | "subscriptionDisabled";
  atMs: number;
  text: string;
  proposalId: string | null;
  incidentId: string | null;
}

/** One invocation that PagerDuty reported, and what the gate makes of it. */
export interface ReportedInvocation {
  /** PagerDuty's id of the invocation or workflow instance. */
  id: string;
  kind: "automationAction" | "incidentWorkflow";
  incidentId: string;
  /** Automation action id or workflow id. */
  targetId: string;
  agentId: string | null;
  firstSeenAtMs: number;
  verdict: "executed" | "bypass" | "ranTwice" | "notGated" | "pending";
  proposalId: string | null;
}

export interface KillSwitch {
  on: boolean;
  reason: string | null;
  by: string | null;
  atMs: number;
}

/** Why `create` returned a proposal that was there before. */
export type Joined = "idempotencyKey" | "open" | "coolDown";

/** What an idempotency key leads to that was used before. */
export type Recalled =
  | { created: false; joined: "idempotencyKey"; proposal: Proposal }
  /** It was used for another request. */
  | { created: false; joined: "conflict"; proposal: Proposal };

export type CreateResult =
  | { created: true; proposal: Proposal }
  | { created: false; joined: Exclude<Joined, "idempotencyKey">; proposal: Proposal }
  | Recalled;

export interface Idempotency {
  /** The proposer, so that keys of different proposers never meet. */
  scope: string;
  key: string;
  requestHash: string;
}

export interface CreateOptions {
  idempotency?: Idempotency;
}

/** What happens to the proposal's dedupe key when it is written. */
export type DedupeChange =
  /** Further equal proposals are new ones. */
  | { kind: "release" }
  /** Until then, equal proposals are answered with this one; `events`: only those that come from PagerDuty events. */
  | { kind: "coolDown"; untilMs: number; scope: "all" | "events" }
  /** Hold this key instead; the save fails with `dedupe` when another open proposal holds it. */
  | { kind: "move"; to: string };

export interface SaveOptions {
  /** Fail with `killSwitch` when it is on, in the same transaction. */
  requireKillSwitchOff?: boolean;
  /** Take one of `limit` places under this key, or fail with `limit`. Places are never given back. */
  reserve?: { key: string; limit: number; expiresAtMs: number };
  dedupe?: DedupeChange;
  /** Names under which this proposal can be found (`link`); a link that exists already stays as it is. */
  links?: readonly string[];
  /** A link that must be this proposal's alone: fail with `taken` when it leads to another one. */
  take?: string;
  /** Hints that this write has taken into account. */
  consume?: readonly string[];
}

export type SaveResult = "saved" | "stale" | "killSwitch" | "limit" | "dedupe" | "taken";

export interface ProposalFilter {
  open?: boolean;
  incidentId?: string;
  service?: string;
  /** Newest first; default 50, at most 200. */
  limit?: number;
  /** Opaque, from the page before. */
  cursor?: string;
}

/** The only source of truth. Every method throws when the store cannot be reached; nothing is half done. */
export interface Ledger {
  /** Durable when it resolves. Holds `proposal.dedupeKey` for it. */
  create(
    proposal: Proposal,
    events: readonly AuditEvent[],
    options?: CreateOptions,
  ): Promise<CreateResult>;
  /** What `create` would answer because of the key alone; null where the key is new. */
  recall(idempotency: Idempotency): Promise<Recalled | null>;
  /** Strongly consistent. */
  get(id: string): Promise<{ proposal: Proposal; hints: Hint[] } | null>;
  /** Writes `next` (whose version is the old one plus 1) with its events, all or nothing. */
  save(next: Proposal, events: readonly AuditEvent[], options?: SaveOptions): Promise<SaveResult>;
  list(filter: ProposalFilter): Promise<{ proposals: Proposal[]; cursor: string | null }>;
  countOpen(serviceKey: string): Promise<number>;
  events(id: string): Promise<AuditEvent[]>;
  /** The proposal that a link leads to. */
  link(name: string): Promise<string | null>;
  hint(proposalId: string, hint: Hint): Promise<void>;

  /** Durable when it resolves. `duplicate`: the same delivery or the same event was accepted before. */
  accept(delivery: Delivery): Promise<"new" | "duplicate">;
  getDelivery(id: string): Promise<Delivery | null>;
  saveDelivery(delivery: Delivery): Promise<void>;

  /** What is due at that time, soonest first. */
  due(nowMs: number, limit: number): Promise<WorkItem[]>;
  /** When the next item is due; null when nothing is. */
  nextDueAtMs(): Promise<number | null>;

  /** True when it is new. Only through `raiseAlarm`, which counts it. */
  raise(alarm: Alarm): Promise<boolean>;
  alarms(limit: number): Promise<Alarm[]>;

  getInvocation(id: string): Promise<ReportedInvocation | null>;
  putInvocation(invocation: ReportedInvocation): Promise<void>;
  /** Reported invocations of one target on one incident. */
  invocations(incidentId: string, targetId: string): Promise<ReportedInvocation[]>;

  killSwitch(): Promise<KillSwitch>;
  setKillSwitch(state: KillSwitch): Promise<void>;
}

// --- the outside ----------------------------------------------------------------------------------------------

/**
 * A call to another system failed. `nothingDone`: it certainly had no effect (refused, or never sent). Otherwise
 * nobody can tell. `retryable`: the same call may succeed later.
 */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
  readonly nothingDone: boolean;
  readonly retryable: boolean;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  constructor(
    message: string,
    facts: {
      nothingDone: boolean;
      retryable: boolean;
      status?: number | null;
      retryAfterMs?: number | null;
    },
  ) {
    super(message);
    this.nothingDone = facts.nothingDone;
    this.retryable = facts.retryable;
    this.status = facts.status ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}

/** Exactly what is to be done in PagerDuty. */
export interface Order {
  target: Target;
  incidentId: string;
  /** Values to put into incident custom fields before anything runs, by field name. */
  customFields: Parameters;
  /** Own mark on a workflow instance: the proposal's id. */
  mark: string;
}

export interface Invocation {
  id: string;
  actionId: string;
  incidentId: string | null;
  /** prepared, created, sent, queued, running, completed, aborted, error, unknown. */
  state: string;
  agentId: string | null;
  createdAtMs: number | null;
}

export interface NewIncident {
  serviceId: string;
  title: string;
  details: string;
  /** Idempotency key while it is open. */
  incidentKey: string;
  urgency: "high" | "low";
  escalationPolicyId: string | null;
  userIds: string[];
}

/** PagerDuty, as far as the gate acts on it. Every method throws `RemoteError`. */
export interface PagerDuty {
  /** Null when PagerDuty answers 404. */
  incident(id: string): Promise<Incident | null>;
  /** All incidents with that key, open or not, newest first. */
  incidentsByKey(key: string): Promise<Incident[]>;
  /** By id or exact name; null when there is none. */
  findService(idOrName: string): Promise<{ id: string; name: string } | null>;
  /** Does it once; never retries inside. `check` runs right before what starts it is sent, and throws to stop that. */
  execute(
    order: Order,
    check?: () => void,
  ): Promise<{
    invocationId: string | null;
    state: string | null;
    /** Who it was started by, as PagerDuty tells it; null where it does not. */
    agentId: string | null;
  }>;
  invocation(id: string): Promise<Invocation | null>;
  /** Newest first, at most 25. */
  invocations(incidentId: string, actionId: string): Promise<Invocation[]>;
  createIncident(incident: NewIncident): Promise<{ id: string; url: string | null }>;
  resolveIncident(id: string, resolution: string): Promise<void>;
  addNote(incidentId: string, content: string): Promise<{ id: string }>;
  notes(incidentId: string): Promise<{ id: string; content: string }[]>;
  /** Webhook subscriptions that deliver to that address. */
  subscriptions(url: string): Promise<WebhookSubscription[]>;
  /** Ends PagerDuty's own switch-off after dropped deliveries. */
  enableSubscription(id: string): Promise<void>;
}

export interface WebhookSubscription {
  id: string;
  active: boolean;
  /** PagerDuty has switched it off for 24 hours after three dropped deliveries. */
  temporarilyDisabled: boolean;
  events: string[];
}

/** What Cheqpoint is asked. Field names of `POST /api/webhooks/inbound`. */
export interface ApprovalRequest {
  action: string;
  summary: string;
  details: Readonly<Record<string, unknown>>;
  justification: string;
  riskLevel: "low" | "medium" | "high";
  priority: "low" | "normal" | "urgent";
  /** For `delivery: callback`; with `poll` the request waits `maxWaitMs` instead. */
  callbackUrl?: string;
  maxWaitMs?: number;
}

export interface SubmitReceipt {
  /** Null when the answer had none: then nothing can be read back. */
  approvalId: string | null;
  reviewUrl: string | null;
  /** `decided`: approved or rejected inline; it still has to be read back. */
  status: "pending" | "decided" | "unknown";
}

/** An approval as it was read back. */
export interface ApprovalReading {
  id: string;
  status: "PENDING" | "APPROVED" | "REJECTED" | "UNKNOWN";
  details: Readonly<Record<string, unknown>>;
  modifiedDetails: unknown;
  notes: string[];
  reasonCode: string | null;
  autoDecided: boolean;
  autoDecisionRuleName: string | null;
  decidedAtMs: number | null;
  retryable: boolean;
}

/** Cheqpoint. Every method throws `RemoteError`. */
export interface Cheqpoint {
  submit(request: ApprovalRequest): Promise<SubmitReceipt>;
  /** Null when Cheqpoint answers 404. */
  read(approvalId: string): Promise<ApprovalReading | null>;
}

/**
 * What authenticates callers. Each method throws when the store cannot be read. `refresh` asks the store again, which may
 * be done about once a second; then a value from before does not do when the store cannot be read.
 */
export interface Secrets {
  /**
   * Signing secrets of all subscriptions, current and previous. With `refresh` from a reading that begins after the call,
   * and that is waited for: what fits none of them is certainly wrong.
   */
  webhookSecrets(refresh?: boolean): Promise<readonly string[]>;
  /** Proposers by the SHA-256 (hex) of their token. `refresh` does not wait where the store was read a moment ago. */
  proposers(refresh?: boolean): Promise<ReadonlyMap<string, string>>;
  /** Operators, who may read every proposal, likewise. */
  operators(refresh?: boolean): Promise<ReadonlyMap<string, string>>;
  /** Keys of `x-cheqpoint-signature`, current and previous, likewise; none when callbacks are not signed. */
  callbackSecrets(refresh?: boolean): Promise<readonly string[]>;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type MetricName =
  | "WebhookAccepted"
  | "WebhookDuplicate"
  | "WebhookUnknownEvent"
  | "WebhookUnintelligible"
  | "SignatureRefused"
  | "ProposalCreated"
  | "ProposalJoined"
  | "CallbackAccepted"
  | "CallbackRefused"
  | "Decided"
  | "Executed"
  | "Suppressed"
  | "Failed"
  | "Uncertain"
  | "BypassDetected"
  | "RanTwice"
  | "NeverRan"
  | "TaskNotPossible"
  | "PageNotPossible"
  | "EventNotHandled"
  | "KillSwitchHeld"
  | "OpenPastSla"
  | "SubscriptionDisabled"
  | "SweepCompleted"
  | "SweepFailed"
  | "RemoteFailure";

export interface Metrics {
  /** Counts one, or `value`, at once: what comes next may be cut off. */
  count(name: MetricName, value?: number): void;
}
