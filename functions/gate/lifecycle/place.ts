import type { Evaluation } from "../gating/index.ts";
import {
  executionBrakes,
  fullBrake,
  laneOf,
  takenAt,
  type Lane,
  type TakenPlaces,
} from "../ledger/brakes.ts";
import type { StoredGating } from "../ports/index.ts";
import type { Brake, Decision, Proposal } from "../proposal/proposal.ts";
import { end, waitUntil, withChanges } from "./common.ts";
import { time } from "./texts.ts";
import type { Known, Step } from "./known.ts";

/** A place that was just free may have been taken, or a list may lag. */
const SOON_MS = 1_000;

/** Which of these brakes' places are not known yet; null: all are. */
export function placesLook(brakes: readonly Brake[], known: Known): Step | null {
  const keys = brakes.map(({ key }) => key);
  return keys.every((key) => known.places !== undefined && Object.hasOwn(known.places, key))
    ? null
    : { kind: "look", look: { at: "places", keys } };
}

/** By the rules of this moment, whatever they were when it was weighed. */
export function brakesOnRun(stored: StoredGating, by: Evaluation, decision: Decision): Brake[] {
  return executionBrakes(stored.key, stored.gating, by, laneOf(decision));
}

/** An approved execution found a brake full: it waits for a place, unless none comes while its approval is good. */
export function withoutPlace(
  proposal: Proposal,
  known: Known,
  brakes: readonly Brake[],
  lane: Lane,
  validUntilMs: number,
): Step {
  const look = placesLook(brakes, known);
  if (look !== null) {
    return look;
  }
  const full = fullBrake(brakes, known.places ?? {}, known.nowMs);
  if (full === null) {
    return waitUntil(known.nowMs + SOON_MS);
  }
  const { brake, freeAtMs } = full;
  const text = fullText(proposal, brake, lane);
  if (freeAtMs > validUntilMs) {
    return noPlaceInTime(
      proposal,
      known,
      text,
      freeAtMs,
      `its approval is good until`,
      validUntilMs,
    );
  }
  if (proposal.waitsForPlace !== undefined && proposal.waitsForPlace !== null) {
    return waitUntil(freeAtMs);
  }
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      dueAtMs: freeAtMs,
      heldSinceMs: null,
      waitsForPlace: { sinceMs: known.nowMs, text },
    }),
    facts: [{ type: "execution.waits", data: { for: brake.of, limit: brake.limit, freeAtMs } }],
  };
}

/** Before anybody is asked: nobody should be asked for what cannot run. Null: it can, as far as can be seen. */
export function withoutPlaceLater(
  proposal: Proposal,
  known: Known,
  brakes: readonly Brake[],
  untilMs: number,
): { text: string } | null {
  const full = fullBrake(brakes, known.places ?? {}, known.nowMs);
  return full === null || full.freeAtMs <= untilMs
    ? null
    : {
        text: `${fullText(proposal, full.brake, "approved")} ${nextPlace(proposal, full.freeAtMs)}; an approval would be good until ${time(proposal, untilMs)} at the latest, so that nobody was asked.`,
      };
}

function noPlaceInTime(
  proposal: Proposal,
  known: Known,
  text: string,
  freeAtMs: number,
  until: string,
  untilMs: number,
): Step {
  return end(proposal, known, {
    kind: "suppressed",
    reason: "executionsLimit",
    text: `${text} ${nextPlace(proposal, freeAtMs)}, and ${until} ${time(proposal, untilMs)}.`,
  });
}

function nextPlace(proposal: Proposal, freeAtMs: number): string {
  return `The next place is free at ${time(proposal, freeAtMs)}`;
}

/** What is full, for people. */
function fullText({ request, weighing }: Proposal, brake: Brake, lane: Lane): string {
  const rule = weighing?.evaluation.rule ?? "otherwise";
  const whose = brake.of === "rule" ? `Rule ${rule} of ${request.service}` : request.service;
  return `${whose} lets ${brake.limit} run in an hour ${lane === "approved" ? "that a human approved" : "that no human approved"}, and as many did.`;
}

/** "2 of 3", as the reviewer is told; null: the record is older than brakes that are counted so. */
export function runsText(
  brakes: readonly Brake[] | undefined,
  places: TakenPlaces,
  atMs: number,
): string | null {
  const texts = (brakes ?? []).map((brake) => {
    const taken = `${takenAt(brake, places, atMs).length} of ${brake.limit}`;
    return brake.of === "rule" ? taken : `${taken} for the whole service`;
  });
  return texts.length === 0 ? null : texts.join(", ");
}
