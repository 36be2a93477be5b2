import type { Evaluation, ServiceGating } from "../gating/index.ts";
import type { Place } from "../ports/index.ts";
import type { Brake, Decision } from "../proposal/proposal.ts";

const HOUR_MS = 3_600_000;

/** Who has a place beside whom: what no human approved never takes the place of what one did. */
export type Lane = "automatic" | "approved";

/** Until when each place is taken, by the key of its brake. */
export type TakenPlaces = Readonly<Record<string, readonly (number | null)[]>>;

export function laneOf({ by }: Decision): Lane {
  return by === "human" ? "approved" : "automatic";
}

/** The brakes on executions: that of the rule, and that of the service where it has one. */
export function executionBrakes(
  service: string,
  gating: Pick<ServiceGating, "limits">,
  { rule, terms }: Evaluation,
  lane: Lane,
): Brake[] {
  return brakes("executions", service, rule, lane, {
    rule: terms.limits.executionsPerHour,
    service: gating.limits?.executionsPerHour ?? null,
  });
}

/** The brakes on open proposals. What a rule allows at once takes no place from what waits for a human. */
export function openBrakes(
  service: string,
  gating: Pick<ServiceGating, "limits">,
  { rule, terms, decision }: Evaluation,
): Brake[] {
  return brakes("open", service, rule, decision === "allow" ? "automatic" : "approved", {
    rule: terms.limits.openProposals,
    service: gating.limits?.openProposals ?? null,
  });
}

function brakes(
  kind: "executions" | "open",
  service: string,
  rule: string | null,
  lane: Lane,
  limits: { rule: number; service: number | null },
): Brake[] {
  const key = (of: unknown): string => `${kind}/${lane}/${JSON.stringify(of)}`;
  const own: Brake = { of: "rule", key: key([service, rule]), limit: limits.rule };
  return limits.service === null
    ? [own]
    : [own, { of: "service", key: key([service]), limit: limits.service }];
}

/** A place for an hour from then on. */
export function placeForAnHour({ key, limit }: Brake, atMs: number): Place {
  return { key, limit, atMs, untilMs: atMs + HOUR_MS };
}

/** A place for as long as the proposal is open. */
export function placeWhileOpen({ key, limit }: Brake, atMs: number): Place {
  return { key, limit, atMs, untilMs: null };
}

export function takenAt({ key }: Brake, places: TakenPlaces, atMs: number): (number | null)[] {
  return (places[key] ?? []).filter((untilMs) => untilMs === null || untilMs > atMs);
}

/** The first brake that has no place at that time, and when it has one again. */
export function fullBrake(
  all: readonly Brake[],
  places: TakenPlaces,
  atMs: number,
): { brake: Brake; freeAtMs: number } | null {
  const full = all
    .map((brake) => ({ brake, freeAtMs: freeAtMs(brake, places, atMs) }))
    .filter((each) => each.freeAtMs > atMs)
    .sort((a, b) => b.freeAtMs - a.freeAtMs);
  return full[0] ?? null;
}

function freeAtMs(brake: Brake, places: TakenPlaces, atMs: number): number {
  const ends = takenAt(brake, places, atMs)
    .map((untilMs) => untilMs ?? Infinity)
    .sort((a, b) => a - b);
  return ends[ends.length - brake.limit] ?? atMs;
}
