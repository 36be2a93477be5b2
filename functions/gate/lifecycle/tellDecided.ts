import type { Decision, Proposal } from "../proposal/proposal.ts";
import { dutyStep, type DutyStep } from "./duties.ts";
import type { Known } from "./known.ts";
import { decidedNote } from "./texts.ts";

/** Tells on the incident what was decided, once there is time for it; what a rule allowed by itself is told at its end. */
export function tellDecided(
  proposal: Proposal,
  known: Known,
  decision: Decision,
  incidentId: string,
): DutyStep {
  return decision.by === "policy"
    ? { step: null, untilMs: null }
    : dutyStep(proposal, known, "noteDecided", incidentId, (mark) => ({
        kind: "note",
        duty: "noteDecided",
        incidentId,
        content: decidedNote(proposal, decision, mark),
      }));
}
