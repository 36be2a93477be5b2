import type { OnDeny } from "../gating/index.ts";
import type { Handover, OutcomeReason, Proposal } from "../proposal/proposal.ts";

/** Ends that nobody can act on. Who was asked about one, or approved it, hears of it all the same. */
const COLLECTED: readonly OutcomeReason[] = [
  "deniedByPolicy",
  "unknownRunbook",
  "invalidParameters",
  "serviceMismatch",
  "incidentNotFound",
  "incidentResolved",
  "gateIncident",
  "openProposalsLimit",
  "executionsLimit",
  "sameAsOpen",
  "sameAsRejected",
];

/** How the end of a proposal is handed to people; null: by a manual task of its own. */
export function handoverOf(
  { outcome, approval, weighing }: Proposal,
  onDeny: OnDeny | undefined = weighing?.evaluation.terms.onDeny,
): Handover | null {
  // Who took it back does not want it done, and was told.
  if (outcome?.reason === "withdrawn") {
    return { kind: "note" };
  }
  if (outcome?.kind !== "suppressed" || approval !== null || !COLLECTED.includes(outcome.reason)) {
    return null;
  }
  if (outcome.reason === "deniedByPolicy" && onDeny !== undefined && onDeny !== "task") {
    return onDeny === "note" ? { kind: "note" } : null;
  }
  return { kind: "collected", generation: null, number: null };
}
