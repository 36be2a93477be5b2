import { escalationKey } from "../proposal/incidents.ts";
import type { Known, Step } from "./known.ts";
import type { ApprovalAttempt, Proposal, Weighing } from "../proposal/proposal.ts";
import { asked } from "./answers.ts";
import { ask, cutOff } from "./ask.ts";
import { hintIds, waitUntil, withChanges } from "./common.ts";
import { dutyStep, isPlaceRefused, type DutyStep } from "./duties.ts";
import { unwatchedUnderReview } from "./unwatched.ts";
import { readBack } from "./readBack.ts";
import { escalationIncident, proposedNote } from "./texts.ts";
import { incidentChange, voidedBy } from "./voided.ts";

/** An incident that names nobody goes to its service's own escalation policy. */
const SERVICE_POLICY = { users: [], escalationPolicy: null };

/** Asks, waits, pages and reads back, until somebody decides or the deadline passes. */
export function awaitDecision(proposal: Proposal, known: Known): Step {
  const { weighing, incident, approval, decideByMs } = proposal;
  if (weighing === null || incident === null || approval === null || decideByMs === null) {
    throw new Error(`${proposal.id}: awaits a decision without having been weighed`);
  }
  const voided = incidentChange(proposal, known);
  if (voided !== null) {
    return voided;
  }
  const told = unwatchedTime(proposal, known) ?? cutOff(proposal, known, approval);
  if (told !== null) {
    return told;
  }
  const isPast = known.nowMs >= decideByMs;
  const open = asked(proposal).filter(isUnderReview);
  const submitted = approval.attempts.find((attempt) => attempt.state === "submitted");
  const hinted = hintIds(known, "decision").length > 0;
  if (!hinted && !isPast) {
    // Before Cheqpoint is asked for anything: it may take long to answer, and a page has its time.
    const { step } = page(proposal, known, weighing);
    if (step !== null) {
      return step;
    }
  }
  if (open.length > 0) {
    // After a failed reading its pause is kept, deadline or not, and so it is where silence is waited for longer.
    const isLastDue = isPast && approval.failures === 0 && (approval.unwatchedMs ?? 0) === 0;
    if (isLastDue || hinted || known.nowMs >= (approval.nextReadAtMs ?? 0)) {
      return readBack(proposal, known, approval, open, decideByMs);
    }
  } else {
    const step = ask(proposal, known, weighing, approval, decideByMs);
    if (step !== null) {
      return step;
    }
  }
  const duties = pageAndTell(proposal, known, weighing, submitted);
  if (duties.step !== null) {
    return duties.step;
  }
  const started = approval.attempts.find((attempt) => attempt.state === "started");
  const times = [
    isPast ? null : decideByMs,
    open.length === 0 ? approval.nextSubmitAtMs : approval.nextReadAtMs,
    started === undefined ? null : started.startedAtMs + known.settings.leaseMs,
    duties.untilMs,
  ].filter((time) => time !== null);
  return waitUntil(Math.max(known.nowMs + 1, Math.min(...times)));
}

/** What was said to it may change yet. A request of an earlier release whose answer came late counts as well. */
function isUnderReview({ state, receipt }: ApprovalAttempt): boolean {
  return state === "submitted" || (state === "unclear" && receipt === undefined);
}

/** Where silence approves, it has to be heard. */
function unwatchedTime(proposal: Proposal, known: Known): Step | null {
  const ms = unwatchedUnderReview(proposal, known.nowMs);
  return ms === 0
    ? null
    : {
        kind: "save",
        next: withChanges(proposal, known.nowMs, {}),
        facts: [{ type: "approval.unwatched", data: { ms } }],
      };
}

/** Pages whom the rule names, and notes the proposal on the incident. */
function pageAndTell(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  submitted: ApprovalAttempt | undefined,
): DutyStep {
  const paged = page(proposal, known, weighing);
  const { incident } = proposal;
  if (paged.step !== null || submitted === undefined || incident === null) {
    return paged;
  }
  const note = dutyStep(proposal, known, "noteProposed", incident.id, (mark) => ({
    kind: "note",
    duty: "noteProposed",
    incidentId: incident.id,
    content: proposedNote(proposal, submitted, mark),
  }));
  if (note.step !== null) {
    return note;
  }
  const set = [paged.untilMs, note.untilMs].filter((time) => time !== null);
  return { step: null, untilMs: set.length === 0 ? null : Math.min(...set) };
}

/** From receipt, or from when an alert's incident was there: as the deadline counts. */
function pageTimeMs(proposal: Proposal, escalateAfterMs: number, slaMs: number): number {
  const { decideByMs, receivedAtMs } = proposal;
  return (decideByMs === null ? receivedAtMs : decideByMs - slaMs) + escalateAfterMs;
}

/** When somebody has to be paged next, or the time to decide is over; null: neither is to come. */
export function nextDeadlineMs(proposal: Proposal, nowMs: number): number | null {
  const { weighing, decision, outcome, decideByMs, duties } = proposal;
  if (weighing === null || decision !== null || outcome !== null) {
    return null;
  }
  const { escalateAfterMs, escalateTo, slaMs } = weighing.evaluation.terms;
  const pageAtMs =
    escalateAfterMs === null || escalateTo === null || duties.escalation !== undefined
      ? null
      : pageTimeMs(proposal, escalateAfterMs, slaMs);
  const times = [decideByMs, pageAtMs]
    .filter((atMs) => atMs !== null)
    .filter((atMs) => atMs > nowMs);
  return times.length === 0 ? null : Math.min(...times);
}

function page(proposal: Proposal, known: Known, weighing: Weighing): DutyStep {
  const { escalateAfterMs, escalateTo, slaMs } = weighing.evaluation.terms;
  const { incident } = proposal;
  if (escalateAfterMs === null || escalateTo === null || incident === null) {
    return { step: null, untilMs: null };
  }
  const escalateAtMs = pageTimeMs(proposal, escalateAfterMs, slaMs);
  if (known.nowMs < escalateAtMs) {
    return { step: null, untilMs: escalateAtMs };
  }
  const duty = dutyStep(
    proposal,
    known,
    "escalation",
    incident.id,
    () => ({
      kind: "createIncident",
      duty: "escalation",
      incident: escalationIncident(
        proposal,
        incident,
        isPlaceRefused(proposal.duties.escalation) ? SERVICE_POLICY : escalateTo,
      ),
    }),
    escalationKey(proposal.id),
  );
  if (duty.step?.kind === "effect") {
    // Nobody is paged for an incident that is over, also when PagerDuty's event of it was lost.
    if (known.incident === undefined) {
      return { step: { kind: "look", look: { at: "incident", id: incident.id } }, untilMs: null };
    }
    const voided = voidedBy(proposal, known, []);
    if (voided !== null) {
      return { step: voided, untilMs: null };
    }
  }
  return duty;
}
