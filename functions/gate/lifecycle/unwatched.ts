import type { Proposal } from "../proposal/proposal.ts";

/** A proposal that is looked at so long after it was due was not watched meanwhile. */
const WATCHED_WITHIN_MS = 60_000;

/**
 * For how long nobody has looked, although it was due: a gate that stood still, or whose clock jumped, comes to a
 * proposal long after it was due, and nobody can tell how much time people really had. 0: it was watched. Where the
 * clocks of two machines differ, only time that neither of them has seen counts, or the one that is ahead would miss
 * the same time again at every look.
 */
export function unwatchedSince(proposal: Proposal, nowMs: number): number {
  const { dueAtMs, seenAtMs } = proposal;
  const isWatched =
    dueAtMs === null || nowMs - Math.max(dueAtMs, seenAtMs ?? dueAtMs) <= WATCHED_WITHIN_MS;
  return isWatched ? 0 : nowMs - (seenAtMs ?? dueAtMs);
}

/** Likewise, for as long as silence would approve it: there alone it counts. */
export function unwatchedUnderReview(proposal: Proposal, nowMs: number): number {
  const { approval, decision, outcome, weighing } = proposal;
  return approval === null ||
    decision !== null ||
    outcome !== null ||
    weighing?.evaluation.terms.onExpiry !== "approve"
    ? 0
    : unwatchedSince(proposal, nowMs);
}
