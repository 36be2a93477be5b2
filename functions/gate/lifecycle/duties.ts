import { gateIncidentLink } from "../incidents.ts";
import type { Effect, Known, Step } from "../known.ts";
import type { Alarm } from "../ports.ts";
import type { Duty, DutyName, Proposal } from "../proposal.ts";
import { backoffMs, withChanges } from "./common.ts";

/** A step that a duty needs now, or when it needs one next (null: never). */
export type DutyStep = { step: Step; untilMs: null } | { step: null; untilMs: number | null };

/** What could not be done this often is given up; the ledger still tells what a note would have said. */
const MAX_TRIES = 8;

/** Courtesies; a manual task and a page are owed. */
const MAY_BE_GIVEN_UP: readonly DutyName[] = [
  "noteProposed",
  "noteDecided",
  "noteEnded",
  "closeEscalation",
];

/** When a manual task has failed this often, somebody has to hear of it by another way. */
const TASK_ALARM_TRIES = 5;

/** Found again at the end of a note, so that a repeated try sees that the first one succeeded. */
function noteMark(proposal: Proposal, duty: DutyName): string {
  return `[gate ${proposal.id} ${duty.replace("note", "").toLowerCase()}]`;
}

export function isSettled(duty: Duty | undefined): boolean {
  return duty?.state === "done" || duty?.state === "abandoned";
}

/**
 * Does a duty once: claims it, and after a failure or a crash first asks PagerDuty whether the earlier try left
 * something.
 * @param mark Text or key by which an earlier try is recognised; null when doing it again changes nothing.
 */
export function dutyStep(
  proposal: Proposal,
  known: Known,
  name: DutyName,
  incidentId: string,
  build: (mark: string) => Effect,
  mark: string | null = noteMark(proposal, name),
): DutyStep {
  const duty = proposal.duties[name];
  if (isSettled(duty)) {
    return { step: null, untilMs: null };
  }
  if (duty === undefined) {
    return claim(proposal, known, name, 1, build(mark ?? ""));
  }
  const dueMs =
    duty.state === "claimed" ? duty.claimedAtMs + known.settings.leaseMs : (duty.nextAtMs ?? 0);
  if (known.nowMs < dueMs) {
    return { step: null, untilMs: dueMs };
  }
  if (mark === null) {
    return claim(proposal, known, name, duty.tries + 1, build(""));
  }
  if (known.trace?.duty !== name) {
    return {
      step: { kind: "look", look: { at: "trace", duty: name, incidentId, mark } },
      untilMs: null,
    };
  }
  const { found } = known.trace;
  if (!found.ok) {
    return {
      step: failed(proposal, known, name, { ...duty, tries: duty.tries + 1 }, found.problem, true),
      untilMs: null,
    };
  }
  if (found.value !== null) {
    return { step: done(proposal, known, name, duty, found.value), untilMs: null };
  }
  return claim(proposal, known, name, duty.tries + 1, build(mark));
}

function claim(
  proposal: Proposal,
  known: Known,
  name: DutyName,
  tries: number,
  effect: Effect,
): DutyStep {
  const duty: Duty = {
    state: "claimed",
    tries,
    claimedAtMs: known.nowMs,
    nextAtMs: null,
    ref: null,
    problem: null,
  };
  return {
    step: {
      kind: "effect",
      effect,
      next: withChanges(proposal, known.nowMs, {
        dueAtMs: known.nowMs + known.settings.leaseMs,
        duties: { ...proposal.duties, [name]: duty },
      }),
      facts: [{ type: `${name}.claimed`, data: { try: tries } }],
    },
    untilMs: null,
  };
}

export function done(
  proposal: Proposal,
  known: Pick<Known, "nowMs">,
  name: DutyName,
  duty: Duty,
  ref: string | null,
): Extract<Step, { kind: "save" }> {
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      duties: {
        ...proposal.duties,
        [name]: { ...duty, state: "done", nextAtMs: null, ref, problem: null },
      },
    }),
    facts: [{ type: `${name}.done`, data: { ref } }],
    // An incident of the gate's own is known by its id as well as by its key.
    ...(name === "manualTask" || name === "escalation"
      ? { options: { links: [gateIncidentLink(ref ?? "")] } }
      : {}),
  };
}

/** Manual tasks and pages are tried until they succeed; the rest may be given up. */
export function failed(
  proposal: Proposal,
  known: Pick<Known, "nowMs">,
  name: DutyName,
  duty: Duty,
  problem: string,
  retryable: boolean,
): Extract<Step, { kind: "save" }> {
  const isOver =
    MAY_BE_GIVEN_UP.includes(name) && (duty.tries >= MAX_TRIES || (!retryable && duty.tries >= 3));
  const next: Duty = isOver
    ? { ...duty, state: "abandoned", nextAtMs: null, problem }
    : { ...duty, state: "waiting", nextAtMs: known.nowMs + backoffMs(duty.tries), problem };
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      duties: { ...proposal.duties, [name]: next },
    }),
    facts: [
      { type: isOver ? `${name}.abandoned` : `${name}.failed`, data: { problem, try: duty.tries } },
    ],
    ...(name === "manualTask" && duty.tries >= TASK_ALARM_TRIES
      ? {
          alarms: [
            taskAlarm(
              proposal,
              known.nowMs,
              `The manual task could not be made in ${duty.tries} tries: ${problem}`,
            ),
          ],
        }
      : {}),
  };
}

/** The manual task is what tells people; when it cannot be made, an alarm does. */
export function taskAlarm(proposal: Proposal, atMs: number, text: string): Alarm {
  return {
    key: `taskNotPossible/${proposal.id}`,
    kind: "taskNotPossible",
    atMs,
    text,
    proposalId: proposal.id,
    incidentId: proposal.incident?.id ?? null,
  };
}
