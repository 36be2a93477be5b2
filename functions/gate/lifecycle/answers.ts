import type { ApprovalAttempt, Decision, Proposal } from "../proposal/proposal.ts";
import { readVerdict, unreadableNo, type Verdict } from "../review/decision.ts";
import type { Known, Look } from "./known.ts";

/** What Cheqpoint says of one request at this moment. */
export interface Answer {
  attempt: ApprovalAttempt;
  /** `unread`: it could not be asked. */
  verdict: Verdict | { kind: "unread"; problem: string };
}

/**
 * Every request of which something can be known, whatever became of it: it can be read, by an id from Cheqpoint's answer
 * or from a callback of its own, or such a callback told of a no.
 */
export function asked(proposal: Proposal): ApprovalAttempt[] {
  return (proposal.approval?.attempts ?? []).filter(
    ({ approvalId, toldNoAtMs }) => approvalId !== null || typeof toldNoAtMs === "number",
  );
}

/** Null: none of them can be read. */
export function lookAt(
  attempts: readonly ApprovalAttempt[],
): Extract<Look, { at: "approvals" }> | null {
  const ids = attempts.flatMap(({ approvalId }) => (approvalId === null ? [] : [approvalId]));
  return ids.length === 0 ? null : { at: "approvals", ids };
}

/** Null: one of them has not been looked at yet. */
export function answersTo(
  proposal: Proposal,
  attempts: readonly ApprovalAttempt[],
  known: Pick<Known, "approvals" | "nowMs">,
): Answer[] | null {
  const answers: Answer[] = [];
  for (const attempt of attempts) {
    const verdict = verdictOn(proposal, attempt, known);
    if (verdict === null) {
      return null;
    }
    answers.push({ attempt, verdict });
  }
  return answers;
}

function verdictOn(
  proposal: Proposal,
  attempt: ApprovalAttempt,
  { approvals = {}, nowMs }: Pick<Known, "approvals" | "nowMs">,
): Answer["verdict"] | null {
  const { approvalId, toldNoAtMs } = attempt;
  if (approvalId === null) {
    return unreadableNo(proposal, toldNoAtMs ?? nowMs);
  }
  const read = Object.hasOwn(approvals, approvalId) ? approvals[approvalId] : undefined;
  if (read === undefined) {
    return null;
  }
  if (!read.ok) {
    return { kind: "unread", problem: read.problem };
  }
  return read.value === null
    ? { kind: "unknown", text: `Cheqpoint has no request ${approvalId}.` }
    : readVerdict(proposal, attempt, read.value, nowMs);
}

export function decisionsIn(answers: readonly Answer[]): Decision[] {
  return answers.flatMap(({ verdict }) => (verdict.kind === "decided" ? [verdict.decision] : []));
}

/** The no among the answers, a human's before a rule's: one outweighs every yes. */
export function noAmong(answers: readonly Answer[]): Decision | null {
  const noes = decisionsIn(answers).filter(({ outcome }) => outcome === "rejected");
  return noes.find(({ by }) => by === "human") ?? noes[0] ?? null;
}

/** Why one of them could not be read; null: all could. */
export function unreadIn(answers: readonly Answer[]): string | null {
  for (const { verdict } of answers) {
    if (verdict.kind === "unread") {
      return verdict.problem;
    }
  }
  return null;
}
