import { approvalEffect } from "../review/approvalRequest.ts";
import { earlierNoes, toldNoes } from "../review/others.ts";
import type { Known, Step } from "./known.ts";
import type {
  ApprovalAttempt,
  ApprovalProgress,
  Proposal,
  Weighing,
} from "../proposal/proposal.ts";
import { end, withChanges } from "./common.ts";
import { expire, expiredDecision } from "./expire.ts";
import { placesLook, runsText } from "./place.ts";

/** Pause before a submission whose effect is unknown is repeated: sooner, Cheqpoint takes it for a loop. */
export const RESUBMIT_PAUSE_MS = 15_000;
const MAX_KEPT_ATTEMPTS = 9;

/** A submission whose result is not recorded by the end of its lease was cut off. Null: there is none. */
export function cutOff(proposal: Proposal, known: Known, approval: ApprovalProgress): Step | null {
  const { nowMs, settings } = known;
  const started = approval.attempts.find(
    ({ state, startedAtMs }) => state === "started" && nowMs >= startedAtMs + settings.leaseMs,
  );
  return started === undefined
    ? null
    : {
        kind: "save",
        next: withChanges(proposal, nowMs, {
          approval: {
            ...approval,
            attempts: replaceAttempt(approval.attempts, { ...started, state: "unclear" }),
            nextSubmitAtMs: nowMs + RESUBMIT_PAUSE_MS,
          },
        }),
        facts: [{ type: "approval.submitUnclear", data: { attemptId: started.attemptId } }],
      };
}

/** Submits, or gives up when the deadline is too near. Null: nothing to submit now. */
export function ask(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  approval: ApprovalProgress,
  decideByMs: number,
): Step | null {
  const { nowMs, settings, fresh } = known;
  if (approval.attempts.some(({ state }) => state === "started")) {
    return null;
  }
  if (nowMs >= decideByMs) {
    const wasAsked = approval.attempts.some(
      ({ state, approvalId }) => state === "ended" || approvalId !== null,
    );
    return wasAsked
      ? expire(proposal, known, [])
      : end(
          proposal,
          known,
          {
            kind: "suppressed",
            reason: "neverAsked",
            text: "No reviewer could be asked before the deadline: Cheqpoint took no request.",
          },
          { decision: expiredDecision(proposal, known) },
        );
  }
  if (approval.nextSubmitAtMs === null || nowMs < approval.nextSubmitAtMs) {
    return null;
  }
  const { incident } = proposal;
  if (incident === null) {
    return null;
  }
  const look = placesLook(weighing.brakes ?? [], known);
  if (look !== null) {
    return look;
  }
  if (known.killSwitch === undefined) {
    return { kind: "look", look: { at: "killSwitch" } };
  }
  if (known.others === undefined) {
    const { target } = weighing.runbook;
    return { kind: "look", look: { at: "others", incidentId: incident.id, target } };
  }
  const told = toldNoes(earlierNoes(known.others.rejected));
  const effect = approvalEffect(proposal, incident, weighing, {
    attemptId: fresh.attemptId,
    nowMs,
    others: known.others,
    killSwitch: known.killSwitch,
    runsThisHour: runsText(weighing.brakes, known.places ?? {}, nowMs),
  });
  const attempt: ApprovalAttempt = {
    attemptId: fresh.attemptId,
    tokenHash: fresh.tokenHash,
    startedAtMs: nowMs,
    state: "started",
    approvalId: null,
    reviewUrl: null,
    problem: null,
    details: effect.request.details,
    ...(told.length === 0 ? {} : { toldNoes: told }),
  };
  return {
    kind: "effect",
    effect: { ...effect, claimedAtMs: nowMs },
    next: withChanges(proposal, nowMs, {
      dueAtMs: nowMs + settings.leaseMs,
      approval: {
        ...approval,
        attempts: [...keptAttempts(approval.attempts), attempt],
        nextSubmitAtMs: null,
      },
    }),
    facts: [
      {
        type: "approval.submitting",
        data: {
          attemptId: attempt.attemptId,
          attempt: approval.attempts.length + 1,
          digest: proposal.digest,
        },
      },
    ],
    options: { links: [`token/${fresh.tokenHash}`] },
  };
}

/** Cheqpoint may be away for days: what came to nothing is told in the audit trail and need not stay in the record. */
function keptAttempts(attempts: ApprovalAttempt[]): ApprovalAttempt[] {
  return attempts.filter((one) => one.state !== "refused").slice(-MAX_KEPT_ATTEMPTS);
}

export function replaceAttempt(
  attempts: ApprovalAttempt[],
  changed: ApprovalAttempt,
): ApprovalAttempt[] {
  return attempts.map((one) => (one.attemptId === changed.attemptId ? changed : one));
}
