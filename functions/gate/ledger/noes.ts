import type { No } from "../ports/index.ts";
import type { Decision, Proposal } from "../proposal/proposal.ts";
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

/** A human's no that is a proposal's decision, when it counts as said; null: there is none. */
export function decidedNo(decision: Decision | null): Pick<Decision, "note" | "atMs"> | null {
  return decision?.outcome === "rejected" && decision.by === "human"
    ? { note: decision.note, atMs: decision.saidAtMs ?? decision.atMs }
    : null;
}

/** The last that a human said against a proposal, as its own record tells it; null: nobody did. */
export function humansNo({ decision, laterNo }: Proposal): Pick<Decision, "note" | "atMs"> | null {
  return laterNo ?? decidedNo(decision);
}

/** The no that a proposal's own record tells of. */
export function noIn(proposal: Proposal): (No & { name: string }) | null {
  const { outcome } = proposal;
  const said = humansNo(proposal);
  return said === null || outcome === null
    ? null
    : noTo(proposal, said.atMs, Math.max(outcome.atMs, said.atMs));
}
