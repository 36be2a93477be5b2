import type {
  Alarm,
  ApprovalReading,
  Collection,
  Hint,
  Holder,
  Invocation,
  KillSwitch,
  NewIncident,
  No,
  Order,
  SaveOptions,
  Seen,
  SaveResult,
  StoredGating,
} from "../ports/index.ts";
import type { TakenPlaces } from "../ledger/brakes.ts";
import type { Target } from "../gating/index.ts";
import type { AuditFact } from "../proposal/audit.ts";
import type { Submission } from "../review/approvalRequest.ts";
import type { DutyName, Incident, Proposal } from "../proposal/proposal.ts";

/** The answer to a look at something outside the record. */
export type Looked<T> = { ok: true; value: T } | { ok: false; problem: string };

/** Timing that an operator may tune; milliseconds. */
export interface LifecycleSettings {
  /** A claimed effect whose result is not recorded after this was cut off. Longer than any effect can take. Default 30 s. */
  leaseMs: number;
  /** How long after a cut-off execution PagerDuty is asked before it counts as uncertain. Default 60 s. */
  settleMs: number;
}

export const defaultLifecycleSettings: LifecycleSettings = { leaseMs: 30_000, settleMs: 60_000 };

/** An invocation that may be the one that was sent. */
export interface Candidate extends Invocation {
  /** The proposal that it is known to belong to. */
  linkedTo: string | null;
  /** When it was reported first, if it was. */
  firstSeenAtMs: number | null;
  /** Whether the gate's own user started it; null: PagerDuty does not tell, or that user is not known yet. */
  byGate: boolean | null;
}

/** Nothing is claimed, and nothing sent, on a look that is older than this. */
export const LOOK_GOOD_FOR_MS = 5_000;

/** What is looked at, by the name under which it is known. */
export type LookedAt = Exclude<
  keyof Known,
  "nowMs" | "settings" | "hints" | "fresh" | "refused" | "askedAtMs"
>;

/** Everything that the lifecycle may know besides the record. What it lacks, it asks for. */
export interface Known {
  nowMs: number;
  settings: LifecycleSettings;
  hints: readonly Hint[];
  /** Fresh random values, used only if a submission starts. */
  fresh: { attemptId: string; tokenHash: string };
  gating?: Looked<StoredGating>;
  incident?: Looked<Incident | null>;
  incidentsByAlert?: Looked<Incident[]>;
  /** The incident that goes on in place of a merged one, however often it was merged on. */
  mergeTarget?: Looked<Incident | null>;
  /** By Cheqpoint's id. */
  approvals?: Readonly<Record<string, Looked<ApprovalReading | null>>>;
  invocation?: Looked<Invocation | null>;
  candidates?: Looked<Candidate[]>;
  killSwitch?: KillSwitch;
  /** Other proposals for the same target on the same incident, newest first: what is open, and what a human said no to. */
  others?: { open: readonly Proposal[]; rejected: readonly Proposal[] };
  places?: TakenPlaces;
  /** The keys that were looked at and are another proposal's at this time. */
  holders?: readonly { key: string; holder: Holder }[];
  collection?: Collection | null;
  /** The task of that collection in PagerDuty. */
  task?: Looked<Incident | null>;
  /** When a human last said no to exactly this, whatever it was called, and how long that no stands by the rules it was asked under. */
  lastNo?: { no: No | null; seen: Seen };
  /** The open proposal that holds that dedupe key; null: none is seen. */
  equalOpen?: { id: string } | null;
  service?: Looked<{ id: string; name: string } | null>;
  trace?: { duty: DutyName; found: Looked<string | null> };
  /** When what is known was asked for: the world may have changed since. */
  askedAtMs?: Partial<Record<LookedAt, number>>;
  /** The store refused the last claim or save for this reason. */
  refused?: Exclude<SaveResult, "saved" | "stale">;
}

export type Look =
  | { at: "gating"; service: { id: string; name: string } }
  | { at: "incident"; id: string }
  | { at: "incidentsByAlert"; key: string }
  | { at: "mergeTarget"; id: string }
  | { at: "approvals"; ids: readonly string[] }
  | { at: "invocation"; id: string }
  | { at: "candidates"; incidentId: string; actionId: string }
  | { at: "killSwitch" }
  | { at: "others"; incidentId: string; target: Target }
  | { at: "places"; keys: string[] }
  | { at: "holders"; keys: readonly string[] }
  | { at: "collection"; key: string }
  | { at: "task"; id: string }
  /** `incidentId`: noes that an earlier release recorded are looked for among the incident's proposals. */
  | { at: "lastNo"; name: string; incidentId: string | null }
  | { at: "equalOpen"; incidentId: string; dedupeKey: string }
  | { at: "service"; idOrName: string }
  /** Whether an earlier, cut-off try has left something: a note by its mark, an incident by its key. */
  | { at: "trace"; duty: DutyName; incidentId: string; mark: string }
  /** All of these at once. */
  | { at: "several"; looks: readonly Look[] };

/** What a duty does outside. */
export type DutyEffect =
  | { kind: "note"; duty: DutyName; incidentId: string; content: string }
  | { kind: "createIncident"; duty: "manualTask" | "escalation"; incident: NewIncident }
  | { kind: "resolve"; duty: "closeEscalation"; incidentId: string; resolution: string };

/** The one thing to do outside, after its claim is written. */
export type Effect = (Submission | { kind: "execute"; order: Order } | DutyEffect) & {
  /** By it the claim is known again: another one may have been written since. */
  claimedAtMs: number;
};

/** A new record, what to tell about it, and the conditions of its write. */
export interface Change {
  next: Proposal;
  facts: AuditFact[];
  options?: SaveOptions;
  alarms?: Alarm[];
}

export type Step =
  | { kind: "look"; look: Look }
  | ({ kind: "save" } & Change)
  /** Write the claim, do the effect, record its result. */
  | ({ kind: "effect"; effect: Effect } & Change)
  /** Nothing to do before that time; `lookFailures` drives the back-off. */
  | { kind: "wait"; untilMs: number; lookFailures: number }
  /** Closed: nothing is owed any more. */
  | { kind: "rest" };
