import { canonicalJson, sha256 } from "../text/canonical.ts";
import { collectingTaskKey, gateIncidentLink } from "../proposal/incidents.ts";
import type { Collection, NewIncident } from "../ports/index.ts";
import type { Handover, Outcome, Proposal } from "../proposal/proposal.ts";
import { collectedNote, collectingTask } from "./collectTexts.ts";
import { withChanges } from "./common.ts";
import { done, dutyStep, failed, isSettled, NEW_DUTY, unseen, type DutyStep } from "./duties.ts";
import type { Known } from "./known.ts";

type Collected = Extract<Handover, { kind: "collected" }>;
type Place = Pick<NewIncident, "serviceId" | "escalationPolicyId" | "userIds">;

const NOTHING: DutyStep = { step: null, untilMs: null };

/** What is collected together: of one service, by one proposer, for one reason. */
function collectionKey({ incident, request, proposer }: Proposal, outcome: Outcome): string {
  const service = incident?.serviceId ?? request.service;
  const hash = sha256(canonicalJson([service, proposer, outcome.reason]));
  return hash.slice("sha256:".length, "sha256:".length + 32);
}

/**
 * The task that collects: joins the one that is open, or opens the next. A human who resolves it has read it, and what
 * comes after is told anew. Counting is part of the write that says that this proposal is told of, so that each counts once.
 */
export function joinTask(
  proposal: Proposal,
  known: Known,
  outcome: Outcome,
  handover: Collected,
  placeOf: () => Place | DutyStep,
): DutyStep {
  const duty = proposal.duties.manualTask;
  if (duty?.state === "waiting" && duty.nextAtMs !== null && known.nowMs < duty.nextAtMs) {
    return { step: null, untilMs: duty.nextAtMs };
  }
  const leaseEndMs = (duty?.claimedAtMs ?? 0) + known.settings.leaseMs;
  if (duty?.state === "claimed" && known.nowMs < leaseEndMs) {
    return { step: null, untilMs: leaseEndMs };
  }
  const key = collectionKey(proposal, outcome);
  if (isSettled(duty)) {
    return duty?.state === "done" && duty.ref !== null
      ? counted(proposal, known, outcome, handover, key, duty.ref)
      : NOTHING;
  }
  const place = placeOf();
  if ("step" in place) {
    return place;
  }
  const { collection } = known;
  if (collection === undefined) {
    return { step: { kind: "look", look: { at: "collection", key } }, untilMs: null };
  }
  let generation = 1;
  if (collection !== null) {
    if (known.task === undefined) {
      const look = { at: "task" as const, id: collection.incidentId };
      return { step: { kind: "look", look }, untilMs: null };
    }
    if (!known.task.ok) {
      const tried = {
        ...(duty ?? NEW_DUTY),
        claimedAtMs: known.nowMs,
        tries: (duty?.tries ?? 0) + 1,
      };
      const { problem } = known.task;
      return {
        step: failed(proposal, known, "manualTask", tried, unseen(problem)),
        untilMs: null,
      };
    }
    const isOpen = known.task.value !== null && known.task.value.status !== "resolved";
    if (isOpen) {
      return joined(proposal, known, handover, key, collection);
    }
    generation = collection.generation + 1;
  }
  const made = dutyStep(
    proposal,
    known,
    "manualTask",
    proposal.incident?.id ?? "",
    (incidentKey) => ({
      kind: "createIncident",
      duty: "manualTask",
      incident: collectingTask(proposal, outcome, { ...place, incidentKey }),
    }),
    collectingTaskKey(key, generation),
  );
  const { step } = made;
  return step !== null && "next" in step
    ? {
        ...made,
        step: { ...step, next: { ...step.next, handover: { ...handover, generation } } },
      }
    : made;
}

/** One more for a task that is open: nothing is sent to PagerDuty. */
function joined(
  proposal: Proposal,
  known: Known,
  handover: Collected,
  key: string,
  before: Collection,
): DutyStep {
  const { generation, incidentId } = before;
  const number = before.count + 1;
  const duty = proposal.duties.manualTask ?? { ...NEW_DUTY, claimedAtMs: known.nowMs };
  const told = done(proposal, known, "manualTask", duty, incidentId);
  return {
    step: {
      ...told,
      next: { ...told.next, handover: { ...handover, generation, number } },
      facts: [...told.facts, countedFact(incidentId, number)],
      options: {
        links: [gateIncidentLink(incidentId)],
        collect: { key, before, next: { ...before, count: number } },
      },
    },
    untilMs: null,
  };
}

/** The task is there: this proposal is counted, and where a round number is reached a note says so. */
function counted(
  proposal: Proposal,
  known: Known,
  outcome: Outcome,
  handover: Collected,
  key: string,
  incidentId: string,
): DutyStep {
  if (handover.number !== null) {
    const { number } = handover;
    return isToldOf(number)
      ? dutyStep(proposal, known, "noteCounted", incidentId, (mark) => ({
          kind: "note",
          duty: "noteCounted",
          incidentId,
          content: collectedNote(proposal, outcome, number, mark),
        }))
      : NOTHING;
  }
  const { collection: before } = known;
  if (before === undefined) {
    return { step: { kind: "look", look: { at: "collection", key } }, untilMs: null };
  }
  const generation = handover.generation ?? 1;
  if (before !== null && before.generation > generation) {
    // It was cut off for so long that its task was resolved, and another one counts by now.
    return numbered(proposal, known, handover, 0, incidentId);
  }
  const number = before?.generation === generation ? before.count + 1 : 1;
  const next = { generation, incidentId, count: number };
  return numbered(proposal, known, handover, number, incidentId, { key, before, next });
}

function numbered(
  proposal: Proposal,
  known: Known,
  handover: Collected,
  number: number,
  incidentId: string,
  collect?: { key: string; before: Collection | null; next: Collection },
): DutyStep {
  return {
    step: {
      kind: "save",
      next: withChanges(proposal, known.nowMs, { handover: { ...handover, number } }),
      facts: [countedFact(incidentId, number)],
      ...(collect === undefined ? {} : { options: { collect } }),
    },
    untilMs: null,
  };
}

function countedFact(incidentId: string, number: number) {
  return { type: "manualTask.counted", data: { ref: incidentId, number } };
}

/** 10, 100, 1000 …: as many notes as the count has noughts, however long a loop goes on. */
function isToldOf(number: number): boolean {
  return number >= 10 && /^10*$/.test(String(number));
}
