import type { Ledger } from "../../../functions/gate/ports/index.ts";
import type { Proposal } from "../../../functions/gate/proposal/proposal.ts";
import type { Injected } from "../engine/faults.ts";
import type { Everybody } from "../people/everybody.ts";
import type { Plan } from "../plan.ts";
import type { Asked, SimCheqpoint } from "../world/cheqpoint.ts";
import { ruleFor, targetOf, usesField, type SimGating, type SimRule } from "../world/gatings.ts";
import type { Outbox } from "../world/outbox.ts";
import type { Run, SimIncident, SimPagerDuty, Since } from "../world/pagerduty.ts";

/** Something that must not be, by which promise, and as people would have seen it. */
export interface Violation {
  rule: string;
  text: string;
}

/** What the stand-ins saw and what people were told. */
export interface Evidence {
  plan: Plan;
  /** For the comparison at the end only. */
  ledger: Ledger;
  /** What was asked for, as it was taken in. */
  created: ReadonlyMap<string, Since<Proposal>>;
  gatings: ReadonlyMap<string, readonly Since<SimGating>[]>;
  pagerDuty: SimPagerDuty;
  cheqpoint: SimCheqpoint;
  everybody: Everybody;
  outbox: Outbox;
  /** Requests that the stand-in for PagerDuty does not know. */
  unknown: readonly string[];
  /** What went wrong, and when. */
  injected: readonly Injected[];
  /** Visits that the gate broke off because they came to no end. */
  circles: readonly string[];
  startMs: number;
  endMs: number;
}

/** Nothing is sent on a look that is older. */
export const FRESH_MS = 5_000;
const LONGEST_FREEZE_MS = 130_000;
/** What clocks that run apart may make of a deadline. */
export const SKEW_MS = 4_000;

/** What happened between two times: the value that held at the first, and all that came until the second. */
export function valuesBetween<T>(history: readonly Since<T>[], fromMs: number, toMs: number): T[] {
  const before = history.findLast(({ atMs }) => atMs <= fromMs);
  const during = history.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
  return [...(before === undefined ? [] : [before]), ...during].map(({ value }) => value);
}

/** What somebody wanted to be done. */
export interface Wish {
  id: string;
  proposer: string;
  runbook: string;
  event: string | null;
  /** The incident as the proposal names it. */
  incident: SimIncident | null;
  serviceId: string | null;
  receivedAtMs: number;
  /** When it may have arrived: the machine that took it in may have stood still before it wrote. */
  arrivedAtMs: number;
  /** From when on the time for a decision runs: for an alert's proposal from when its incident was found, at the latest asked about. */
  waitsSinceMs: number;
  parameters: Readonly<Record<string, unknown>>;
}

export function wishOf({ created, pagerDuty, cheqpoint }: Evidence, item: string): Wish | null {
  const taken = created.get(item);
  if (taken === undefined) {
    return null;
  }
  const { request, source, proposer } = taken.value;
  const receivedAtMs = taken.atMs;
  const incident =
    request.incidentId !== null
      ? pagerDuty.incidents.get(request.incidentId)
      : [...pagerDuty.incidents.values()].find(({ alertKeys }) =>
          alertKeys.includes(request.alertKey ?? ""),
        );
  const first = incident === undefined ? undefined : pagerDuty.history.get(incident.id);
  return {
    id: item,
    proposer,
    runbook: request.runbook,
    event: source.kind === "event" ? source.eventType : null,
    incident: incident ?? null,
    serviceId: first?.findLast(({ atMs }) => atMs <= receivedAtMs)?.value.serviceId ?? null,
    receivedAtMs,
    arrivedAtMs: Math.max(
      receivedAtMs - LONGEST_FREEZE_MS,
      Math.min(receivedAtMs, taken.value.receivedAtMs),
    ),
    waitsSinceMs:
      request.incidentId === null
        ? Math.max(receivedAtMs, cheqpoint.asked.find((asked) => asked.item === item)?.atMs ?? 0)
        : receivedAtMs,
    parameters: request.parameters,
  };
}

/** Every gating that the wish's service had between two times. */
export function gatingsOf(
  { gatings }: Evidence,
  wish: Wish,
  fromMs: number,
  toMs: number,
): SimGating[] {
  return valuesBetween(gatings.get(wish.serviceId ?? "") ?? [], fromMs, toMs);
}

/** Every rule that was in force for the wish while it was open. */
export function rulesOf(evidence: Evidence, wish: Wish, toMs: number): SimRule[] {
  return gatingsOf(evidence, wish, wish.receivedAtMs, toMs).map((gating) => ruleFor(gating, wish));
}

/** What a runbook would find in its field if what was asked for ran unchanged; null: nothing. */
export function proposedValue(gating: SimGating, wish: Wish): unknown {
  return usesField(wish.runbook)
    ? (wish.parameters["max_replicas"] ?? gating.defaultReplicas ?? null)
    : null;
}

export function runsOf({ pagerDuty }: Evidence, item: string): Run[] {
  return pagerDuty.runs.filter((run) => run.item === item);
}

/** What a card asks to do, by what it shows; an edited yes is about the edited value. */
export function keyOfCard(evidence: Evidence, asked: Asked): string | null {
  const wish = wishOf(evidence, asked.item);
  const [gating] = wish === null ? [] : gatingsOf(evidence, wish, asked.atMs, asked.atMs);
  if (wish === null || gating === undefined) {
    return null;
  }
  const value = asked.answered?.modified?.["max_replicas"] ?? asked.details["max_replicas"] ?? null;
  return [
    targetOf(gating, wish.runbook),
    wish.incident?.id ?? "",
    usesField(wish.runbook) ? text(value) : "",
  ].join(" ");
}

/** A value as it would be sent. */
export function text(value: unknown): string {
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

export function human(asked: Asked, status: "APPROVED" | "REJECTED"): number | null {
  const { answered } = asked;
  return answered?.by === "human" && answered.status === status ? answered.atMs : null;
}

export function seconds({ startMs }: Evidence, atMs: number): string {
  return `${((atMs - startMs) / 1000).toFixed(1)} s`;
}
