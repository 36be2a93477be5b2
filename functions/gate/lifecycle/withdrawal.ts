import { inLine } from "../text/quotation.ts";
import { end, withChanges } from "./common.ts";
import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";

/**
 * Ends an open proposal whose proposer, or an operator, takes it back. Once its execution is claimed it cannot be taken
 * back any more; that it was asked for is recorded.
 */
export function withdrawal(proposal: Proposal, known: Known): Step | null {
  const hints = known.hints.filter(({ kind }) => kind === "withdrawal");
  const [first] = hints;
  if (first === undefined) {
    return null;
  }
  const { proposer: by = "somebody", reason = null } = first.data;
  const consume = hints.map(({ id }) => id);
  if (!isWithdrawable(proposal)) {
    return {
      kind: "save",
      next: withChanges(proposal, known.nowMs, {
        dueAtMs: proposal.closedAtMs === null ? known.nowMs : proposal.dueAtMs,
      }),
      facts: [{ type: "proposal.withdrawnLate", data: { by, reason } }],
      options: { consume },
    };
  }
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: "withdrawn",
      text: `${by} withdrew it${reason === null ? "" : `: ${inLine(reason)}`}.`,
    },
    { facts: [{ type: "proposal.withdrawn", data: { by, reason } }], consume },
  );
}

/** Nothing was sent, and nothing is about to be. */
export function isWithdrawable({ outcome, execution }: Proposal): boolean {
  return outcome === null && (execution === null || execution.state === "notSent");
}
