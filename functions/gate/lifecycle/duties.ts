import { gateIncidentLink } from "../proposal/incidents.ts";
import type { DutyEffect, Known, Step } from "./known.ts";
import type { Alarm } from "../ports/index.ts";
import type { Duty, DutyName, Proposal } from "../proposal/proposal.ts";
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
  "noteLate",
  "noteMerged",
  "noteCounted",
  "closeEscalation",
];

/** When a manual task or a page has failed this often, somebody has to hear of it by another way. */
const ALARM_TRIES = 5;

/** After this many refusals the place that the gating names is taken for wrong. */
const PLACE_REFUSALS = 3;

/** A duty that nobody has begun with. */
export const NEW_DUTY: Duty = {
  state: "waiting",
  tries: 0,
  refusals: 0,
  unclear: false,
  claimedAtMs: 0,
  nextAtMs: null,
  ref: null,
  problem: null,
};

/** Why a try failed: as `RemoteError` has it. */
export interface Failure {
  problem: string;
  nothingDone: boolean;
  retryable: boolean;
}

/** A look that failed: nothing was tried. */
export function unseen(problem: string): Failure {
  return { problem, nothingDone: true, retryable: true };
}

/**
 * Found again at the head of a note, so that a repeated try sees that the first one succeeded, and so that the event of
 * it is known as the gate's own. At the end it would be what is cut from a long note.
 */
function noteMark(proposal: Proposal, duty: DutyName): string {
  return `[gate ${proposal.id} ${duty.replace("note", "").toLowerCase()}]`;
}

/** PagerDuty does not take it where the gating wants it. */
export function isPlaceRefused(duty: Duty | undefined): boolean {
  return duty !== undefined && duty.refusals >= PLACE_REFUSALS;
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
  build: (mark: string) => DutyEffect,
  mark: string | null = noteMark(proposal, name),
): DutyStep {
  const before = proposal.duties[name];
  if (isSettled(before)) {
    return { step: null, untilMs: null };
  }
  if (before === undefined) {
    return claim(proposal, known, name, undefined, build(mark ?? ""));
  }
  const dueMs =
    before.state === "claimed"
      ? before.claimedAtMs + known.settings.leaseMs
      : (before.nextAtMs ?? 0);
  if (known.nowMs < dueMs) {
    return { step: null, untilMs: dueMs };
  }
  // A claim that ran out was cut off.
  const duty = before.state === "claimed" ? { ...before, unclear: true } : before;
  if (mark === null) {
    return claim(proposal, known, name, duty, build(""));
  }
  if (known.trace?.duty !== name) {
    return {
      step: { kind: "look", look: { at: "trace", duty: name, incidentId, mark } },
      untilMs: null,
    };
  }
  const { found } = known.trace;
  if (!found.ok) {
    const tried = { ...duty, tries: duty.tries + 1 };
    return { step: failed(proposal, known, name, tried, unseen(found.problem)), untilMs: null };
  }
  if (found.value !== null) {
    return { step: done(proposal, known, name, duty, found.value), untilMs: null };
  }
  return claim(proposal, known, name, duty, build(mark));
}

function claim(
  proposal: Proposal,
  known: Known,
  name: DutyName,
  before: Duty | undefined,
  effect: DutyEffect,
): DutyStep {
  const tries = (before?.tries ?? 0) + 1;
  const duty: Duty = {
    state: "claimed",
    tries,
    refusals: before?.refusals ?? 0,
    unclear: before?.unclear ?? false,
    claimedAtMs: known.nowMs,
    nextAtMs: null,
    ref: null,
    problem: null,
  };
  return {
    step: {
      kind: "effect",
      effect: { ...effect, claimedAtMs: known.nowMs },
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
  before: Duty,
  { problem, nothingDone, retryable }: Failure,
): Extract<Step, { kind: "save" }> {
  const isRefused = nothingDone && !retryable;
  const unclear = before.unclear || !nothingDone;
  const duty: Duty = {
    ...before,
    unclear,
    refusals:
      before.refusals + (isRefused && !(unclear && isBoundToService(proposal, name)) ? 1 : 0),
    problem,
  };
  const isOver =
    MAY_BE_GIVEN_UP.includes(name) && (duty.tries >= MAX_TRIES || (!retryable && duty.tries >= 3));
  const next: Duty = isOver
    ? { ...duty, state: "abandoned", nextAtMs: null }
    : { ...duty, state: "waiting", nextAtMs: known.nowMs + backoffMs(proposal, duty.tries) };
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      duties: { ...proposal.duties, [name]: next },
    }),
    facts: [
      { type: isOver ? `${name}.abandoned` : `${name}.failed`, data: { problem, try: duty.tries } },
    ],
    alarms: failureAlarms(proposal, known.nowMs, name, duty, problem),
  };
}

function failureAlarms(
  proposal: Proposal,
  atMs: number,
  name: DutyName,
  duty: Duty,
  problem: string,
): Alarm[] {
  const isLate = duty.tries >= ALARM_TRIES;
  if (name === "manualTask" && isLate) {
    const text = `The manual task could not be made in ${duty.tries} tries: ${problem}`;
    return [taskAlarm(proposal, atMs, text)];
  }
  if (name === "escalation" && (isLate || isPlaceRefused(duty))) {
    const text = isPlaceRefused(duty)
      ? `PagerDuty refuses to page whom the rule names, so that the service's own escalation policy is paged: ${problem}`
      : `Nobody could be paged in ${duty.tries} tries: ${problem}`;
    return [notPossible("pageNotPossible", proposal, atMs, text)];
  }
  return [];
}

/**
 * PagerDuty knows an `incident_key` per service. Where a task may have been made, another service would take a second
 * one, so that its place may change only as long as every try was refused.
 */
function isBoundToService({ routing, incident }: Proposal, name: DutyName): boolean {
  const wanted = routing?.service ?? null;
  return name === "manualTask" && wanted !== null && wanted !== incident?.serviceId;
}

/** The manual task is what tells people; when it cannot be made, an alarm does. */
export function taskAlarm(proposal: Proposal, atMs: number, text: string): Alarm {
  return notPossible("taskNotPossible", proposal, atMs, text);
}

/** What nobody can act on may come in a loop: one alarm a day tells of it. */
function isLoop({ handover }: Proposal): boolean {
  return handover?.kind === "collected";
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, "2026-11-29".length);
}

function notPossible(
  kind: "taskNotPossible" | "pageNotPossible",
  proposal: Proposal,
  atMs: number,
  text: string,
): Alarm {
  return {
    key: `${kind}/${isLoop(proposal) ? `${proposal.proposer}/${dayOf(atMs)}` : proposal.id}`,
    kind,
    atMs,
    text,
    proposalId: proposal.id,
    incidentId: proposal.incident?.id ?? null,
  };
}
