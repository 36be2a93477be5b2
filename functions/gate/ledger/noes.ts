import type { No } from "../ports/index.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { sentName } from "../proposal/sent.ts";

/** What is kept when a human says no once more. */
export function joinedNo(kept: No | null, added: No): No {
  return {
    atMs: Math.max(kept?.atMs ?? added.atMs, added.atMs),
    untilMs: Math.max(kept?.untilMs ?? added.untilMs, added.untilMs),
  };
}

/**
 * A human's no to what a proposal would send: said at one time, and standing for the rule's cool-down from when it was
 * heard. Null: the proposal was never weighed, so that nobody was asked.
 */
export function noTo(
  { incident, weighing }: Pick<Proposal, "incident" | "weighing">,
  atMs: number,
  heardAtMs: number,
): (No & { name: string }) | null {
  return incident === null || weighing === null
    ? null
    : {
        name: sentName(incident.id, weighing.runbook, weighing.parameters),
        atMs,
        untilMs: heardAtMs + weighing.evaluation.terms.coolDownMs,
      };
}

/** The no that a proposal's own record tells of. */
export function noIn(proposal: Proposal): (No & { name: string }) | null {
  const { decision, outcome } = proposal;
  return decision?.outcome === "rejected" && decision.by === "human" && outcome !== null
    ? noTo(proposal, decision.saidAtMs ?? decision.atMs, outcome.atMs)
    : null;
}
