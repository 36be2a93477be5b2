import type { Known, Step } from "./known.ts";
import type { ApprovalReading } from "../ports/index.ts";
import type { Decision, Proposal } from "../proposal/proposal.ts";
import { decisionFact, end, withChanges } from "./common.ts";
import { time } from "./texts.ts";

/**
 * Nobody decided in time. Only a rule that says so lets it run, and only when Cheqpoint has just confirmed that there
 * is no answer: a no that could not be read must not turn into a yes. A request whose submission was unclear may be in
 * the inbox and can never be read, so that nobody knows what was said to it.
 */
export function expire(
  proposal: Proposal,
  known: Known,
  consume: string[],
  status: ApprovalReading["status"] | "gone" | "ended" = "ended",
): Step {
  const terms = proposal.weighing?.evaluation.terms;
  const decideByMs = proposal.decideByMs ?? known.nowMs;
  const expired = expiredDecision(proposal, known);
  const isAllRead = proposal.approval?.attempts.every(({ state }) => state !== "unclear") ?? false;
  if (terms?.onExpiry === "approve" && isAllRead && (status === "PENDING" || status === "ended")) {
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
