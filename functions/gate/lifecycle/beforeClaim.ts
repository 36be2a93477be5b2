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
 * else does while it stands, and no yes that was there before it.
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
  const isOver = decision.by !== "human" && known.nowMs < untilMs;
  if (saidAtMs > no.atMs && !isOver) {
    return null;
  }
  return end(proposal, known, {
    kind: "suppressed",
    reason: "sameAsRejected",
    text: `A reviewer said no to exactly this at ${time(proposal, no.atMs)}, and nobody has said yes to it since.`,
  });
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
