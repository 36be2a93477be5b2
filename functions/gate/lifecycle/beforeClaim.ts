import type { No } from "../ports/index.ts";
import { sentName } from "../proposal/sent.ts";
import type { Decision, Proposal, Weighing } from "../proposal/proposal.ts";
import { answersTo, asked } from "./answers.ts";
import { end } from "./common.ts";
import { approvalsLook } from "./confirm.ts";
import { time } from "./texts.ts";
import { LOOK_GOOD_FOR_MS } from "./known.ts";
import type { Known, Look, Step } from "./known.ts";

/** Two clocks, or one before and after it was set right, differ by no more. */
const CLOCKS_DIFFER_MS = 60_000;

/** What has to be asked of PagerDuty and Cheqpoint, both at once; null: both have answered. */
export function lookOutside(proposal: Proposal, known: Known, incidentId: string): Look | null {
  const looks: Look[] = [];
  if (known.incident === undefined) {
    looks.push({ at: "incident", id: incidentId });
  }
  const approvals = approvalsLook(proposal);
  if (approvals !== null && answersTo(proposal, asked(proposal), known) === null) {
    looks.push(approvals);
  }
  const [first, second] = looks;
  return second === undefined ? (first ?? null) : { at: "several", looks };
}

/** Whether something was asked for so long ago that it may no longer be so. */
export function isOld({ askedAtMs = {}, nowMs }: Known): boolean {
  return Object.values(askedAtMs).some((atMs) => Math.abs(nowMs - atMs) > LOOK_GOOD_FOR_MS);
}

/**
 * A human's no to the same thing, by whatever proposal. A later yes of a human's to exactly this outweighs it; nothing
 * else does while it stands, and no yes that was there before it. Who changes another proposal to just this has said yes
 * to exactly this only where the request told of the no.
 */
export function standingNo(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  decision: Decision,
): Step | null {
  const { no } = known.lastNo ?? { no: null };
  if (no === null) {
    return null;
  }
  const saidAtMs = decision.saidAtMs ?? decision.atMs;
  const untilMs = Math.max(no.untilMs, no.atMs + weighing.evaluation.terms.coolDownMs);
  const stands = known.nowMs < untilMs;
  const isYes = saidAtMs > no.atMs && decision.by === "human";
  const isUntold = isYes && decision.changed.length > 0 && !isTold(proposal, known, decision, no);
  if (saidAtMs > no.atMs && (!stands || (isYes && !isUntold))) {
    return null;
  }
  const since = isUntold
    ? "the reviewer who changed the proposal to it was not told of that no"
    : "nobody has said yes to it since";
  return end(proposal, known, {
    kind: "suppressed",
    reason: "sameAsRejected",
    text: `A reviewer said no to exactly this at ${time(proposal, no.atMs)}, and ${since}.`,
  });
}

/** Whether the request that was approved told its reader of that no: only then is a change to just that a yes to it. */
function isTold(proposal: Proposal, known: Known, decision: Decision, no: No): boolean {
  const { incident, weighing } = proposal;
  if (incident === null || weighing === null) {
    return false;
  }
  const name = sentName(incident.id, weighing.runbook, decision.parameters);
  return (answersTo(proposal, asked(proposal), known) ?? []).some(
    ({ attempt, verdict }) =>
      verdict.kind === "decided" &&
      verdict.decision.outcome === "approved" &&
      verdict.decision.digest === decision.digest &&
      (attempt.toldNoes ?? []).some((told) => told.name === name && told.atMs >= no.atMs),
  );
}

/** Nobody can tell how long an approval has been good by a clock that has gone back. */
export function clockWentBack(proposal: Proposal, known: Known): Step | null {
  const { seenAtMs } = proposal;
  if (seenAtMs === undefined || known.nowMs >= seenAtMs - CLOCKS_DIFFER_MS) {
    return null;
  }
  return end(proposal, known, {
    kind: "suppressed",
    reason: "approvalLapsed",
    text: `The gate's clock went back from ${time(proposal, seenAtMs)} to ${time(proposal, known.nowMs)}, so that nobody can tell how long the approval has been good.`,
  });
}
