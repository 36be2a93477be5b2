import type { ApprovalAttempt, Proposal } from "../proposal/proposal.ts";
import { replaceAttempt } from "./ask.ts";
import { withChanges } from "./common.ts";
import type { Known, Step } from "./known.ts";

/**
 * Takes from a callback what makes a request readable whose answer was lost: the token in its address tells which one it
 * is. Its id is only read back; a no without an id cannot be, and is believed as it stands.
 */
export function evidence(proposal: Proposal, known: Known): Step | null {
  const { approval } = proposal;
  if (approval === null) {
    return null;
  }
  for (const { kind, atMs, data } of known.hints) {
    const attempt = approval.attempts.find(
      ({ tokenHash, approvalId }) => tokenHash === data.tokenHash && approvalId === null,
    );
    const found =
      kind === "decision" && attempt !== undefined
        ? foundIn(approval.attempts, attempt, data, atMs)
        : null;
    if (found === null) {
      continue;
    }
    return {
      kind: "save",
      next: withChanges(proposal, known.nowMs, {
        // What is closed is not due again by this: the hint, which stays, has it read.
        ...(proposal.closedAtMs === null ? {} : { dueAtMs: proposal.dueAtMs }),
        approval: { ...approval, attempts: replaceAttempt(approval.attempts, found) },
      }),
      facts: [
        {
          type: "approval.toldByCallback",
          data: { attemptId: found.attemptId, approvalId: found.approvalId, status: data.status },
        },
      ],
    };
  }
  return null;
}

function foundIn(
  attempts: readonly ApprovalAttempt[],
  attempt: ApprovalAttempt,
  { approvalId, status }: Known["hints"][number]["data"],
  atMs: number,
): ApprovalAttempt | null {
  if (approvalId !== undefined && attempts.every((one) => one.approvalId !== approvalId)) {
    return { ...attempt, state: "submitted", approvalId };
  }
  return status === "REJECTED" && attempt.toldNoAtMs === undefined
    ? { ...attempt, toldNoAtMs: atMs }
    : null;
}
