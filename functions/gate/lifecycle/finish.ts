import { inLine } from "../text/quotation.ts";
import { escalationKey, manualTaskKey } from "../proposal/incidents.ts";
import { joinTask } from "./collect.ts";
import type { Known, Step } from "./known.ts";
import type { Duty, Outcome, Proposal } from "../proposal/proposal.ts";
import { backoffMs, dueAfterClose, waitUntil, withChanges } from "./common.ts";
import {
  dutyStep,
  failed,
  NEW_DUTY,
  isPlaceRefused,
  isSettled,
  taskAlarm,
  unseen,
  type DutyStep,
} from "./duties.ts";
import { endedNote, manualTaskIncident, mergedNote } from "./texts.ts";

/** The note at the end names the manual task where there is one by then. */
const NOTE_WAITS_MS = 60_000;

/** Does what is owed to people after the end, and closes the record when nothing is. */
export function finish(proposal: Proposal, known: Known, outcome: Outcome): Step {
  const task = manualTask(proposal, known, outcome);
  if (task.step !== null) {
    return task.step;
  }
  const untils = [task.untilMs];
  const { incident } = proposal;
  const isTaskMissing =
    outcome.kind !== "executed" &&
    proposal.handover?.kind !== "note" &&
    !isSettled(proposal.duties.manualTask);
  const noteAtMs = outcome.atMs + (isTaskMissing ? NOTE_WAITS_MS : 0);
  if (incident !== null && known.nowMs < noteAtMs) {
    untils.push(noteAtMs);
  } else if (incident !== null) {
    const note = fewOf(
      proposal,
      known,
      dutyStep(proposal, known, "noteEnded", incident.id, (mark) => ({
        kind: "note",
        duty: "noteEnded",
        incidentId: incident.id,
        content: endedNote(proposal, outcome, mark),
      })),
      incident.id,
    );
    if (note.step !== null) {
      return note.step;
    }
    untils.push(note.untilMs);
  }
  const told = noteOnTarget(proposal, known, outcome);
  if (told.step !== null) {
    return told.step;
  }
  untils.push(told.untilMs);
  const page = endPage(proposal, known, outcome);
  if (page.step !== null) {
    return page.step;
  }
  untils.push(page.untilMs);
  const waits = untils.filter((time) => time !== null);
  if (waits.length > 0) {
    return waitUntil(Math.max(known.nowMs + 1, Math.min(...waits)));
  }
  const closed = withChanges(proposal, known.nowMs, { closedAtMs: known.nowMs });
  return {
    kind: "save",
    next: { ...closed, dueAtMs: dueAfterClose(closed, known.nowMs) },
    facts: [{ type: "proposal.closed", data: { outcome: outcome.kind, reason: outcome.reason } }],
  };
}

/** Whoever works on the incident that goes on has to know what was proposed for the one that was merged into it. */
function noteOnTarget(proposal: Proposal, known: Known, outcome: Outcome): DutyStep {
  const id = outcome.mergedInto?.id ?? null;
  return id === null
    ? { step: null, untilMs: null }
    : dutyStep(proposal, known, "noteMerged", id, (mark) => ({
        kind: "note",
        duty: "noteMerged",
        incidentId: id,
        content: mergedNote(proposal, mark),
      }));
}

/** PagerDuty keeps 2000 notes of an incident: a loop must not leave no room for what people write. */
const LOOP_NOTES_PER_HOUR = 10;
const HOUR_MS = 3_600_000;

/** Of what nobody can act on only some of an hour are noted on one incident. */
function fewOf(proposal: Proposal, known: Known, note: DutyStep, incidentId: string): DutyStep {
  const { step } = note;
  if ((proposal.handover ?? null) === null || step?.kind !== "effect") {
    return note;
  }
  if (known.refused === "limit") {
    const problem = `${LOOP_NOTES_PER_HOUR} such notes were written on the incident in the last hour`;
    const duty = { ...NEW_DUTY, claimedAtMs: known.nowMs, state: "abandoned" as const, problem };
    return {
      step: {
        kind: "save",
        next: withChanges(proposal, known.nowMs, {
          duties: { ...proposal.duties, noteEnded: duty },
        }),
        facts: [{ type: "noteEnded.abandoned", data: { problem } }],
      },
      untilMs: null,
    };
  }
  const place = {
    key: `notes/${incidentId}`,
    limit: LOOP_NOTES_PER_HOUR,
    atMs: known.nowMs,
    untilMs: known.nowMs + HOUR_MS,
  };
  const options = { ...step.options, reserve: [place] };
  return { step: { ...step, options }, untilMs: null };
}

function manualTask(proposal: Proposal, known: Known, outcome: Outcome): DutyStep {
  const { handover = null } = proposal;
  if (outcome.kind === "executed" || handover?.kind === "note") {
    return { step: null, untilMs: null };
  }
  if (handover !== null) {
    return joinTask(proposal, known, outcome, handover, () => placeOf(proposal, known));
  }
  if (isSettled(proposal.duties.manualTask)) {
    return { step: null, untilMs: null };
  }
  const duty = proposal.duties.manualTask;
  if (duty?.state === "waiting" && duty.nextAtMs !== null && known.nowMs < duty.nextAtMs) {
    return { step: null, untilMs: duty.nextAtMs };
  }
  const place = placeOf(proposal, known);
  if ("step" in place) {
    return place;
  }
  return dutyStep(
    proposal,
    known,
    "manualTask",
    proposal.incident?.id ?? "",
    () => ({
      kind: "createIncident",
      duty: "manualTask",
      incident: manualTaskIncident(proposal, outcome, place),
    }),
    manualTaskKey(proposal.id),
  );
}

/** Where the task goes: the gating's routing unless PagerDuty refuses it, else the incident's own service and policy, else the service that was named. */
function placeOf(
  proposal: Proposal,
  known: Known,
): { serviceId: string; escalationPolicyId: string | null; userIds: string[] } | DutyStep {
  const { incident, request } = proposal;
  const routing = isPlaceRefused(proposal.duties.manualTask) ? null : proposal.routing;
  const who = {
    escalationPolicyId: routing?.escalationPolicy ?? null,
    userIds: routing?.users ?? [],
  };
  if (routing?.service !== null && routing?.service !== undefined) {
    return { serviceId: routing.service, ...who };
  }
  if (incident !== null) {
    return { serviceId: incident.serviceId, ...who };
  }
  if (known.service === undefined) {
    return {
      step: { kind: "look", look: { at: "service", idOrName: request.service } },
      untilMs: null,
    };
  }
  const duty = proposal.duties.manualTask ?? { ...NEW_DUTY, claimedAtMs: known.nowMs };
  if (!known.service.ok) {
    return {
      step: failed(
        proposal,
        known,
        "manualTask",
        { ...duty, tries: duty.tries + 1 },
        unseen(known.service.problem),
      ),
      untilMs: null,
    };
  }
  if (known.service.value === null) {
    const problem = `PagerDuty has neither the incident nor a service ${inLine(request.service)}: there is nobody to page`;
    return {
      step: {
        kind: "save",
        next: withChanges(proposal, known.nowMs, {
          duties: { ...proposal.duties, manualTask: { ...duty, state: "abandoned", problem } },
        }),
        facts: [{ type: "manualTask.abandoned", data: { problem } }],
        alarms: [taskAlarm(proposal, known.nowMs, problem)],
      },
      untilMs: null,
    };
  }
  return { serviceId: known.service.value.id, ...who };
}

/** Closes the page. One whose answer was lost may exist, or may still come: what is found then is closed. */
function endPage(proposal: Proposal, known: Known, outcome: Outcome): DutyStep {
  const { escalation } = proposal.duties;
  if (escalation === undefined || escalation.state === "abandoned") {
    return { step: null, untilMs: null };
  }
  const isUnclear = escalation.unclear || escalation.state === "claimed";
  const { leaseMs, settleMs } = known.settings;
  // Closed before, its key would be free, and a try that is still under way would open another page.
  const settledAtMs = isUnclear ? escalation.claimedAtMs + leaseMs + settleMs : known.nowMs;
  if (known.nowMs < settledAtMs) {
    return { step: null, untilMs: settledAtMs };
  }
  if (escalation.state !== "done") {
    return settlePage(proposal, known, escalation);
  }
  const { ref } = escalation;
  if (ref === null) {
    return { step: null, untilMs: null };
  }
  return dutyStep(
    proposal,
    known,
    "closeEscalation",
    ref,
    () => ({
      kind: "resolve",
      duty: "closeEscalation",
      incidentId: ref,
      resolution: `Proposal ${proposal.id} ended: ${outcome.kind}.`,
    }),
    null,
  );
}

function settlePage(proposal: Proposal, known: Known, duty: Duty): DutyStep {
  const mark = escalationKey(proposal.id);
  if (known.trace?.duty !== "escalation") {
    return {
      step: {
        kind: "look",
        look: { at: "trace", duty: "escalation", incidentId: proposal.incident?.id ?? "", mark },
      },
      untilMs: null,
    };
  }
  const { found } = known.trace;
  if (!found.ok) {
    return { step: null, untilMs: known.nowMs + backoffMs(proposal, duty.tries) };
  }
  return {
    step: {
      kind: "save",
      next: withChanges(proposal, known.nowMs, {
        duties: {
          ...proposal.duties,
          escalation:
            found.value === null
              ? {
                  ...duty,
                  state: "abandoned",
                  nextAtMs: null,
                  problem: "decided before anybody was paged",
                }
              : { ...duty, state: "done", nextAtMs: null, ref: found.value },
        },
      }),
      facts: [
        found.value === null
          ? { type: "escalation.abandoned", data: { problem: "decided before anybody was paged" } }
          : { type: "escalation.done", data: { ref: found.value } },
      ],
    },
    untilMs: null,
  };
}
