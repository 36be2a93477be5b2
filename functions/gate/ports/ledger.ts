import type { AuditEvent, AuditFact } from "../proposal/audit.ts";
import type { RuleDecision } from "../gating/index.ts";
import type { Proposal } from "../proposal/proposal.ts";
import type { WorkItem } from "./queue.ts";

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
  kind: "decision" | "incident" | "invocation" | "workflow" | "joined" | "withdrawal";
  atMs: number;
  /**
   * For `invocation` and `workflow`: the id and state that PagerDuty reported; for `joined`: who proposed the same; for
   * `withdrawal`: who takes it back, and why; for `decision`: whose callback it was, and what it says of the request's id and status.
   */
  data: {
    invocationId?: string;
    state?: string;
    proposer?: string;
    reason?: string;
    /** Whether the gate's own user started it; absent: that cannot be told. */
    byGate?: boolean;
    tokenHash?: string;
    approvalId?: string;
    status?: string;
  };
}

/** Something that people must know of although no proposal asks for it. */
export interface Alarm {
  /** Natural key: raising it again changes nothing. */
  key: string;
  kind:
    | "bypass"
    | "ranTwice"
    | "fieldChanged"
    | "neverRan"
    | "unintelligible"
    | "uncertain"
    | "taskNotPossible"
    | "pageNotPossible"
    | "eventNotHandled"
    | "subscriptionDisabled"
    | "proposalRefused"
    | "serviceMissing";
  atMs: number;
  text: string;
  proposalId: string | null;
  incidentId: string | null;
  /** Who has taken note of it; absent: nobody. */
  acknowledged?: Acknowledgement;
}

export interface Acknowledgement {
  by: string;
  note: string | null;
  atMs: number;
}

/** The chained history of something that is no proposal: the kill switch, an alarm, a service's gating. */
export interface Trail {
  subject: string;
  /** What its last event left, as far as the next one depends on it. */
  state: string | null;
  head: { seq: number; head: string };
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
  /** Only this service, by the gating's key or PagerDuty's id or name. With neither `service` nor `runbook`: everything. */
  service?: string;
  /** Only this runbook, of that service or of every one. */
  runbook?: string;
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
  /** The gating in force: a cool-down under another one does not answer. */
  gatingHash?: string;
  idempotency?: Idempotency;
}

/** What happens to the proposal's dedupe key when it is written. */
export type DedupeChange =
  /** Further equal proposals are new ones. */
  | { kind: "release" }
  /** Until then, equal proposals are answered with this one; `events`: only those that come from PagerDuty events. */
  | {
      kind: "coolDown";
      untilMs: number;
      scope: "all" | "events";
      /** Only for as long as this gating is in force, by its hash; absent: whatever the gating says. */
      gatingHash?: string;
    }
  /** Hold this key instead; the save fails with `dedupe` when another open proposal holds it. */
  | { kind: "move"; to: string };

/** What a decision rests on and how it was when it was seen; null: it was not there. Only its store reads the texts. */
export interface Seen {
  name: string;
  version: string | null;
}

/** That a human said no to one thing on one incident. Of several noes the latest and the longest. */
export interface No {
  /** When it was said. */
  atMs: number;
  /** How long it stands for whoever asks after it. */
  untilMs: number;
}

/** A task that collects what nobody can act on: of one service, proposer and reason. */
export interface Collection {
  /** 1, 2, 3 …: a new one where the one before was resolved. */
  generation: number;
  /** The task in PagerDuty. */
  incidentId: string;
  /** How many proposals it counts. */
  count: number;
}

/** One place at a brake, in the name of the proposal that is saved. */
export interface Place {
  /** Which brake. */
  key: string;
  /** How many may have a place at once. */
  limit: number;
  /** What is over by then does not count. */
  atMs: number;
  /** Until when it is taken; null: until it is given back. */
  untilMs: number | null;
}

export interface SaveOptions {
  /** Fail with `changed` when one of these is not as it was seen, in the same transaction. */
  unchanged?: readonly Seen[];
  /** A human's no that this write records: from now on `lastNo` tells it under that name. */
  no?: No & { name: string };
  /** Fail with `killSwitch` when one that holds this proposal is on, in the same transaction. */
  requireKillSwitchOff?: boolean;
  /** Write that collection; fail with `stale` when it is not as it was seen (null: not there). */
  collect?: { key: string; before: Collection | null; next: Collection };
  /** Take all of these places, or fail with `limit`. A proposal that has a place keeps it and takes no second one. */
  reserve?: readonly Place[];
  /** Brakes at which this proposal's place is free again. */
  giveBack?: readonly string[];
  /** Have all of these keys alone, until they are let go; fail with `held` where another proposal has one of them at `atMs`. */
  hold?: { keys: readonly string[]; atMs: number };
  /** Give back those of these keys that this proposal has: at once (null), or at that time. */
  letGo?: readonly { key: string; untilMs: number | null }[];
  dedupe?: DedupeChange;
  /** Names under which this proposal can be found (`link`); a link that exists already stays as it is. */
  links?: readonly string[];
  /** A link that must be this proposal's alone: fail with `taken` when it leads to another one. */
  take?: string;
  /** Hints that this write has taken into account. */
  consume?: readonly string[];
}

export type SaveResult =
  "saved" | "stale" | "changed" | "killSwitch" | "limit" | "held" | "dedupe" | "taken";

/** Who has a key that only one proposal has at a time. */
export interface Holder {
  proposalId: string;
  /** From then on the key is free; null: it has not been let go. */
  untilMs: number | null;
}

export interface ProposalFilter {
  open?: boolean;
  incidentId?: string;
  service?: string;
  /** Only those of which a dry run would have said that. */
  wouldHave?: RuleDecision;
  /** Newest first; default 50, at most 200. */
  limit?: number;
  /** Opaque, from the page before. */
  cursor?: string;
}

/** How often somebody may propose. */
export interface ProposerLimits {
  /** In any 60 seconds. */
  perMinute: number;
  /** In any 60 minutes. */
  perHour: number;
}

/** The only source of truth. Every method throws when the store cannot be reached; nothing is half done. */
export interface Ledger {
  /** Counts one more proposal of that proposer, unless there are too many: then it tells for how long, in ms. */
  admit(proposer: string, limits: ProposerLimits, atMs: number): Promise<number | null>;
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
  /** Strongly consistent. */
  collection(key: string): Promise<Collection | null>;
  /** Until when each place at that brake is taken, of those that are at that time. Strongly consistent. */
  places(key: string, atMs: number): Promise<(number | null)[]>;
  events(id: string): Promise<AuditEvent[]>;
  /** The proposal that a link leads to. */
  link(name: string): Promise<string | null>;
  /** Who has that key by `SaveOptions.hold`, or had it until a time that may have passed. Strongly consistent. */
  holder(key: string): Promise<Holder | null>;
  hint(proposalId: string, hint: Hint): Promise<void>;
  /** The last human's no under that name; strongly consistent. Forgotten some time after it no longer stands. */
  lastNo(name: string): Promise<{ no: No | null; seen: Seen }>;

  /** Durable when it resolves. `duplicate`: the same delivery or the same event was accepted before. */
  accept(delivery: Delivery): Promise<"new" | "duplicate">;
  getDelivery(id: string): Promise<Delivery | null>;
  saveDelivery(delivery: Delivery): Promise<void>;

  /** What is due at that time, soonest first. */
  due(nowMs: number, limit: number): Promise<WorkItem[]>;
  /** When the next item is due; null when nothing is. */
  nextDueAtMs(): Promise<number | null>;

  /** True when it is new. Only through `raiseAlarm`, which counts it. Writes the alarm's trail. */
  raise(alarm: Alarm): Promise<boolean>;
  /** The alarm as it is then: a later acknowledgement leaves the first. Null: there is none. Writes the alarm's trail. */
  acknowledge(key: string, acknowledgement: Acknowledgement): Promise<Alarm | null>;
  alarms(limit: number): Promise<Alarm[]>;

  getInvocation(id: string): Promise<ReportedInvocation | null>;
  putInvocation(invocation: ReportedInvocation): Promise<void>;
  /** Reported invocations of one target on one incident. */
  invocations(incidentId: string, targetId: string): Promise<ReportedInvocation[]>;

  /** Strongly consistent: the one that holds this proposal, else that for everything. */
  killSwitch(over?: Pick<Proposal, "request" | "incident">): Promise<KillSwitch>;
  /** Every switch for less than everything that is on. */
  narrowerSwitches(): Promise<readonly KillSwitch[]>;
  /**
   * Writes the kill switch's trail. Tells how the switch was before; null: it was off. One that is on stays on since it was,
   * with every reason.
   */
  setKillSwitch(state: KillSwitch): Promise<KillSwitch | null>;

  /** Strongly consistent; null: nothing has happened to that subject. */
  trail(subject: string): Promise<{ trail: Trail; events: AuditEvent[] } | null>;
  trails(cursor: string | null): Promise<{ trails: Trail[]; cursor: string | null }>;
  /** Adds to a trail; false: it is not as `before` says (null: there is none) any more, and nothing was written. */
  chronicle(
    before: Trail | null,
    to: Pick<Trail, "subject" | "state">,
    facts: readonly AuditFact[],
    atMs: number,
  ): Promise<boolean>;
}
