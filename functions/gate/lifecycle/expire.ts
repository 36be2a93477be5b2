import type { Known, Step } from "./known.ts";
import type { ApprovalAttempt, Decision, Proposal } from "../proposal/proposal.ts";
import { decisionFact, end, waitUntil, withChanges } from "./common.ts";
import { formatDuration } from "../text/duration.ts";
import { time } from "./texts.ts";

/** How often an approval is read back that nobody is in a hurry to decide. */
export const READ_EVERY_MS = 15_000;

/**
 * Nobody decided in time. Only a rule that says so lets it run, and only when Cheqpoint has just confirmed that there
 * is no answer: a no that could not be read must not turn into a yes. A request whose submission was unclear may be in
 * the inbox and can never be read, so that nobody knows what was said to it. Silence while nobody watched is none: where
 * the gate stood still, or its clock jumped, it waits as much longer, but never longer than the yes would be good.
 * @param isQuiet Cheqpoint says of every request that can be read that nobody has decided.
 */
export function expire(proposal: Proposal, known: Known, consume: string[], isQuiet = true): Step {
  const terms = proposal.weighing?.evaluation.terms;
  const decideByMs = proposal.decideByMs ?? known.nowMs;
  const expired = expiredDecision(proposal, known);
  const isAllRead = proposal.approval?.attempts.every(isReadable) ?? false;
  if (terms?.onExpiry === "approve" && proposal.approval !== null && isAllRead && isQuiet) {
    const { unwatchedMs = 0 } = proposal.approval;
    const silentAtMs = decideByMs + unwatchedMs;
    if (unwatchedMs > terms.validForMs) {
      // Its yes would be over before it could be taken; where nobody watches at all, this wait would have no end.
      return end(
        proposal,
        known,
        {
          kind: "suppressed",
          reason: "expired",
          text: `Nobody decided until ${time(proposal, decideByMs)}, and nobody watched for ${formatDuration(unwatchedMs)}: longer than silence would have been good for a yes.`,
        },
        { decision: expired, facts: [decisionFact(expired)], consume },
      );
    }
    if (known.nowMs < silentAtMs) {
      const { nextReadAtMs } = proposal.approval;
      if (consume.length === 0 && nextReadAtMs !== null && nextReadAtMs > known.nowMs) {
        return waitUntil(Math.min(silentAtMs, nextReadAtMs));
      }
      const dueAtMs = Math.min(silentAtMs, known.nowMs + READ_EVERY_MS);
      const approval = { ...proposal.approval, nextReadAtMs: dueAtMs };
      return {
        kind: "save",
        next: withChanges(proposal, known.nowMs, { dueAtMs, approval }),
        facts: [],
        options: { consume },
      };
    }
    const decision: Decision = {
      ...expired,
      outcome: "approved",
      by: "onExpiry",
      // As the reviewer was told: from the deadline, whenever the gate comes to see that it has passed.
      validUntilMs: decideByMs + terms.validForMs,
    };
    return {
      kind: "save",
      next: withChanges(proposal, known.nowMs, { decision }),
      facts: [{ type: "decision.expired", data: { onExpiry: "approve" } }, decisionFact(decision)],
      options: { consume },
    };
  }
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: "expired",
      text: `Nobody decided until ${time(proposal, decideByMs)}.`,
    },
    { decision: expired, facts: [decisionFact(expired)], consume },
  );
}

export function expiredDecision(proposal: Proposal, known: Known): Decision {
  return {
    outcome: "expired",
    by: "gate",
    rule: proposal.weighing?.evaluation.rule ?? "otherwise",
    note: null,
    atMs: known.nowMs,
    validUntilMs: null,
    parameters: proposal.weighing?.parameters ?? {},
    changed: [],
    digest: proposal.digest ?? "",
  };
}

/** Not one that may be in the inbox, and of which nobody can tell what was said to it. */
export function isReadable({ state }: ApprovalAttempt): boolean {
  return state !== "unclear" && state !== "started";
}
