import { decidedNo, noTo } from "../ledger/noes.ts";
import type { AuditFact } from "../proposal/audit.ts";
import { fractionOf } from "../text/fraction.ts";
import type { OnDeny } from "../gating/index.ts";
import { handoverOf } from "./handover.ts";
import { unwatchedUnderReview } from "./unwatched.ts";
import type { Change, Known, Step } from "./known.ts";
import type { DedupeChange, SaveOptions } from "../ports/index.ts";
import type { Decision, Outcome, OutcomeReason, Proposal } from "../proposal/proposal.ts";

import { letGoAtEnd } from "./shared.ts";

const MAX_BACKOFF_MS = 5 * 60_000;

/**
 * How long to wait after so many failures: 2 s, 4 s, 8 s … at most 5 minutes, or down to half of that. What failed
 * together, because another system was away, must not come back together.
 */
export function backoffMs({ id }: Pick<Proposal, "id">, failures: number): number {
  const mostMs = Math.min(MAX_BACKOFF_MS, 2_000 * 2 ** Math.min(failures, 12));
  return Math.round(mostMs * (1 - fractionOf(id, failures) / 2));
}

/** Likewise, where the other side has said how long to wait: no sooner, and spread as well. */
export function pauseMs(
  proposal: Pick<Proposal, "id">,
  failures: number,
  askedMs: number | null,
): number {
  const ownMs = backoffMs(proposal, failures);
  const leastMs = Math.min(MAX_BACKOFF_MS, askedMs ?? 0);
  return ownMs >= leastMs ? ownMs : spreadMs(proposal, failures, leastMs);
}

/** At least that long and at most twice as long, so that many proposals do not call in step. */
export function spreadMs({ id }: Pick<Proposal, "id">, round: number, baseMs: number): number {
  return Math.round(baseMs * (1 + fractionOf(id, round)));
}

/** Looks again later; gives the failure to the record so that the pause grows. */
export function lookAgain(proposal: Proposal, known: Known, atMostUntilMs?: number): Step {
  const again = known.nowMs + backoffMs(proposal, proposal.lookFailures);
  return {
    kind: "wait",
    untilMs:
      atMostUntilMs === undefined ? again : Math.max(known.nowMs, Math.min(again, atMostUntilMs)),
    lookFailures: proposal.lookFailures + 1,
  };
}

export function waitUntil(untilMs: number): Step {
  return { kind: "wait", untilMs, lookFailures: 0 };
}

/**
 * A proposal's next record: version and due time follow from the write. Whatever is written, and the result of an effect as
 * well, has seen the time until then: what of it nobody watched is kept, or a clock that jumps meanwhile would pass for
 * silence.
 */
export function withChanges(
  proposal: Proposal,
  nowMs: number,
  changes: Partial<Proposal>,
): Proposal {
  const { approval = proposal.approval } = changes;
  const ms = unwatchedUnderReview(proposal, nowMs);
  return {
    ...proposal,
    dueAtMs: nowMs,
    lookFailures: 0,
    seenAtMs: Math.max(proposal.seenAtMs ?? nowMs, nowMs),
    ...changes,
    ...(ms === 0 || approval === null
      ? {}
      : { approval: { ...approval, unwatchedMs: (approval.unwatchedMs ?? 0) + ms } }),
    version: proposal.version + 1,
  };
}

/** A request that is still open at the end may be answered yet: it is read once more so long after. */
const LATE_READ_AFTER_MS = 3_600_000;

/** When a closed record is looked at again although nobody asks for it; null: not any more. */
export function dueAfterClose(proposal: Proposal, nowMs: number): number | null {
  const atMs = lateReadAtMs(proposal);
  return atMs !== null && nowMs < atMs ? atMs : null;
}

/** When a request that may be answered yet is read once more; null: there is none, or somebody has decided. */
export function lateReadAtMs(proposal: Proposal): number | null {
  const { closedAtMs, decision, approval } = proposal;
  const isAnswered = decision?.by === "human" || decision?.by === "autoRule";
  const isOpen = approval?.attempts.some(({ state }) => state === "submitted") ?? false;
  return closedAtMs === null || isAnswered || !isOpen ? null : closedAtMs + LATE_READ_AFTER_MS;
}

export function hintIds(known: Known, kind: Known["hints"][number]["kind"]): string[] {
  return known.hints.filter((hint) => hint.kind === kind).map((hint) => hint.id);
}

/** After these the same may be proposed again at once: nothing was decided about it. */
const VOIDED: readonly OutcomeReason[] = [
  "incidentResolved",
  "incidentMerged",
  "incidentMoved",
  "sameAsOpen",
  "sameAsRejected",
  "openProposalsLimit",
  "withdrawn",
];

/**
 * Ends a proposal; what is still owed to people follows in `finish`. Decision and outcome are written together, so
 * that nobody sees a decided proposal without its end.
 */
export function end(
  proposal: Proposal,
  known: Pick<Known, "nowMs">,
  outcome: Omit<Outcome, "atMs">,
  more: {
    decision?: Decision;
    facts?: AuditFact[];
    changes?: Partial<Proposal>;
    consume?: string[];
    /** Of the rule that denies; that of the weighing unless given. */
    onDeny?: OnDeny | undefined;
    /** A human's no to it, where that is not its decision. */
    laterNo?: Pick<Decision, "note" | "atMs">;
  } = {},
): Extract<Step, { kind: "save" }> {
  const { nowMs } = known;
  const decision = more.decision ?? proposal.decision;
  const ended = withChanges(proposal, nowMs, {
    ...more.changes,
    ...(more.laterNo === undefined ? {} : { laterNo: more.laterNo }),
    decision,
    outcome: { ...outcome, atMs: nowMs },
    heldSinceMs: null,
    waitsForPlace: null,
    waitsForRun: null,
    places: [],
  });
  const next: Proposal = { ...ended, handover: handoverOf(ended, more.onDeny) };
  const { places = [] } = proposal;
  const letGo = letGoAtEnd(next, nowMs);
  const said = more.laterNo ?? decidedNo(decision);
  const no = said === null ? null : noTo(next, said.atMs, nowMs);
  const options: SaveOptions = {
    dedupe: dedupeAtEnd(next, known, said !== null),
    ...(no === null ? {} : { no }),
    ...(places.length === 0 ? {} : { giveBack: places }),
    ...(letGo.length === 0 ? {} : { letGo }),
  };
  const change: Change = {
    next,
    facts: [
      ...(more.facts ?? []),
      { type: `outcome.${outcome.kind}`, data: { reason: outcome.reason, text: outcome.text } },
    ],
    options: more.consume === undefined ? options : { ...options, consume: more.consume },
  };
  if (outcome.kind === "uncertain") {
    change.alarms = [
      {
        key: `uncertain/${proposal.id}`,
        kind: outcome.reason === "neverRan" ? "neverRan" : "uncertain",
        atMs: nowMs,
        text: outcome.text,
        proposalId: proposal.id,
        incidentId: proposal.incident?.id ?? null,
      },
    ];
  }
  return { kind: "save", ...change };
}

/**
 * After a human's no, and after a denial, the same proposal cools down for everybody. A PagerDuty event never asks twice inside that time
 * whatever came of the first: a storm of equal events must not run a thing again and again.
 */
function dedupeAtEnd(
  proposal: Proposal,
  known: Pick<Known, "nowMs">,
  isRefused: boolean,
): DedupeChange {
  const { decision, outcome, source, weighing } = proposal;
  const coolDownMs = weighing?.evaluation.terms.coolDownMs ?? 0;
  if (coolDownMs === 0 || (outcome !== null && VOIDED.includes(outcome.reason))) {
    return { kind: "release" };
  }
  const untilMs = known.nowMs + coolDownMs;
  if (isRefused) {
    return { kind: "coolDown", untilMs, scope: "all" };
  }
  if (decision?.outcome === "rejected" && outcome?.reason === "deniedByPolicy") {
    // Whoever mends the gating does so for the next proposal.
    const { gatingHash } = weighing ?? {};
    return {
      kind: "coolDown",
      untilMs,
      scope: "all",
      ...(gatingHash === undefined ? {} : { gatingHash }),
    };
  }
  return source.kind === "event"
    ? { kind: "coolDown", untilMs, scope: "events" }
    : { kind: "release" };
}

/** The decision as the audit trail tells it. */
export function decisionFact(decision: Decision): AuditFact {
  const { outcome, by, rule, note, validUntilMs, changed, parameters, digest } = decision;
  return {
    type: `decision.${outcome}`,
    data: { by, rule, note, validUntilMs, changed, parameters, digest },
  };
}
