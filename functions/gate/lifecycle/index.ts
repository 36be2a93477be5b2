import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { withChanges } from "./common.ts";
import { awaitDecision } from "./awaitDecision.ts";
import { evidence } from "./evidence.ts";
import { finish } from "./finish.ts";
import { afterClose } from "./late.ts";
import { run } from "./run.ts";
import { settle } from "./settle.ts";
import { track } from "./track.ts";
import { weigh } from "./weigh.ts";
import { withdrawal } from "./withdrawal.ts";

/** Names in one write: a store takes only so many parts in one. */
const JOINED_AT_ONCE = 20;

/**
 * The lifecycle: what to do next with a proposal, from its record and what is known. Pure: no clock, network or store.
 * What it lacks it asks for (`look`); what it does is written before (`effect`) or at once (`save`).
 *
 * weigh ─► awaitDecision ─► run ─► settle / track ─► finish ─► closed
 */
export function nextStep(proposal: Proposal, known: Known): Step {
  return (
    joined(proposal, known) ??
    withdrawal(proposal, known) ??
    evidence(proposal, known) ??
    own(proposal, known)
  );
}

/** Tells in the audit trail who else proposed the same: once each, or a storm would fill it. */
function joined(proposal: Proposal, known: Known): Step | null {
  const hints = known.hints.filter((hint) => hint.kind === "joined").slice(0, JOINED_AT_ONCE);
  if (hints.length === 0) {
    return null;
  }
  const names = new Set(hints.map(({ data }) => data.proposer ?? "somebody"));
  const added = [...names].filter((name) => !proposal.joinedBy.includes(name));
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      dueAtMs: proposal.closedAtMs === null ? known.nowMs : proposal.dueAtMs,
      joinedBy: [...proposal.joinedBy, ...added],
    }),
    facts: added.map((proposer) => ({ type: "proposal.joined", data: { proposer } })),
    options: { consume: hints.map(({ id }) => id) },
  };
}

function own(proposal: Proposal, known: Known): Step {
  if (proposal.closedAtMs !== null) {
    return afterClose(proposal, known);
  }
  if (proposal.outcome !== null) {
    return finish(proposal, known, proposal.outcome);
  }
  if (proposal.weighing === null) {
    return weigh(proposal, known);
  }
  if (proposal.decision === null) {
    return awaitDecision(proposal, known);
  }
  switch (proposal.execution?.state) {
    case undefined:
    case "notSent":
      return run(proposal, known);
    case "claimed":
    case "uncertain":
      return settle(proposal, known);
    case "accepted":
    case "ended":
      return track(proposal, known);
  }
}
