import { minutesOfWeek } from "../check/moments.ts";
import type { Window } from "../schema/types.ts";
import { instantOf, offsetMs } from "../../text/localTime.ts";
import { NotProven } from "./notProven.ts";

const MINUTE_MS = 60_000;
const WEEK_MINUTES = 10_080;
const WEEK_MS = WEEK_MINUTES * MINUTE_MS;
/** A Monday, 00:00 UTC. */
const MONDAY_MS = Date.parse("1970-01-05T00:00:00Z");
/** How far past the last stretch zones are followed: what summer times do to each other comes round long before. */
const YEARS_AFTER = 10;
const YEAR_MS = 366 * 86_400_000;
const MAX_KINDS = 2_000;
const MAX_LOOKS = 20_000_000;

/**
 * What is asked of a moment: whether the clocks of a zone show a minute of these, or whether it lies in a stretch.
 * `minutes` has a "1" for each minute of the week from Monday on at which it holds.
 */
export type TimeCondition = { key: string; windows: readonly Window[] } & (
  | { kind: "weekly"; timeZone: string; minutes: string }
  | { kind: "stretch"; fromMs: number; toMs: number }
);

/** Moments at which the very same windows hold. */
export interface KindOfMoment {
  /** Which conditions hold, one bit each. */
  holds: bigint;
  /** The first of these moments. */
  atMs: number;
}

/**
 * All moments from one on, told apart by which windows hold. Between two changes of any zone's clocks and any stretch's
 * ends the weekly windows come round every week, so that one week of each such time shows all there is.
 */
export class Timeline {
  readonly conditions: readonly TimeCondition[];
  readonly kinds: readonly KindOfMoment[];
  readonly #byHolding: ReadonlyMap<bigint, number>;

  constructor(windows: readonly Window[], fromMs: number) {
    this.conditions = conditionsOf(windows);
    this.kinds = kindsOf(this.conditions, fromMs);
    this.#byHolding = new Map(this.kinds.map(({ holds }, kind) => [holds, kind]));
  }

  /** Every kind of moment. */
  get all(): bigint {
    return (1n << BigInt(this.kinds.length)) - 1n;
  }

  /** The kinds of moment at which any of the windows holds. */
  of(windows: readonly Window[]): bigint {
    const wanted = new Set(windows.map((window) => conditionOf(window).key));
    const any = this.conditions.reduce(
      (bits, condition, index) => (wanted.has(condition.key) ? bits | (1n << BigInt(index)) : bits),
      0n,
    );
    return this.kinds.reduce(
      (bits, { holds }, kind) => ((holds & any) === 0n ? bits : bits | (1n << BigInt(kind))),
      0n,
    );
  }

  /** The kind of the moment; nothing for a moment like none to come. */
  at(atMs: number): bigint {
    const holds = holdingAt(this.conditions, atMs, (zone) => offsetMs(zone, atMs));
    const kind = this.#byHolding.get(holds);
    return kind === undefined ? 0n : 1n << BigInt(kind);
  }
}

/** Windows that hold at the same moments are one condition, however they are written. */
function conditionsOf(windows: readonly Window[]): TimeCondition[] {
  return [
    ...new Map(
      windows
        .toReversed()
        .map(conditionOf)
        .map((one) => [one.key, one]),
    ).values(),
  ].reverse();
}

/** Each is asked for several times, and its zone's clock takes long to ask. */
const keptConditions = new WeakMap<Window, TimeCondition>();

function conditionOf(window: Window): TimeCondition {
  const kept = keptConditions.get(window);
  if (kept !== undefined) return kept;
  const condition = newCondition(window);
  keptConditions.set(window, condition);
  return condition;
}

function newCondition(window: Window): TimeCondition {
  const { timeZone } = window;
  const windows = [window];
  if (window.kind === "weekly") {
    const bits = minutesOfWeek(window);
    const key = `${timeZone} ${bits.toString(36)}`;
    return { kind: "weekly", key, timeZone, minutes: shown(bits), windows };
  }
  const [fromMs, toMs] = [instantOf(window.start, timeZone), instantOf(window.end, timeZone)];
  return { kind: "stretch", key: `${fromMs} ${toMs}`, fromMs, toMs, windows };
}

function holdingAt(
  conditions: readonly TimeCondition[],
  atMs: number,
  offset: (timeZone: string) => number,
): bigint {
  return conditions.reduce((bits, condition, index) => {
    const holds =
      condition.kind === "weekly"
        ? condition.minutes[minuteOfWeek(atMs + offset(condition.timeZone))] === "1"
        : atMs >= condition.fromMs && atMs < condition.toMs;
    return holds ? bits | (1n << BigInt(index)) : bits;
  }, 0n);
}

const keptMinutes = new Map<bigint, string>();

function shown(minutes: bigint): string {
  const kept = keptMinutes.get(minutes);
  if (kept !== undefined) return kept;
  if (keptMinutes.size >= MAX_FOLLOWED) keptMinutes.clear();
  const text = minutesText(minutes);
  keptMinutes.set(minutes, text);
  return text;
}

function minutesText(minutes: bigint): string {
  return [...minutes.toString(2).padStart(WEEK_MINUTES, "0")].reverse().join("");
}

function minuteOfWeek(localMs: number): number {
  return Math.floor(modulo(localMs - MONDAY_MS, WEEK_MS) / MINUTE_MS);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function kindsOf(conditions: readonly TimeCondition[], fromMs: number): KindOfMoment[] {
  if (conditions.length === 0) return [{ holds: 0n, atMs: wholeMinute(fromMs) }];
  const stretches = conditions.filter((condition) => condition.kind === "stretch");
  const ends = stretches.flatMap((stretch) => [stretch.fromMs, stretch.toMs]);
  const untilMs = Math.max(fromMs, ...ends) + YEARS_AFTER * YEAR_MS;
  const zones = zonesOf(conditions, fromMs, untilMs);
  const cuts = [
    fromMs,
    ...ends,
    ...[...zones.values()].flatMap((zone) => zone.map((part) => part.fromMs)),
  ].filter((ms) => ms >= fromMs && ms < untilMs);
  const starts = [...new Set(cuts)].sort((a, b) => a - b);
  const found = new Map<bigint, number>();
  const seen = new Set<string>();
  let looks = 0;
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? untilMs;
    const offset = (timeZone: string) => offsetIn(zones.get(timeZone) ?? [], start);
    const inside = stretches.map(({ fromMs: from, toMs }) => start >= from && start < toMs);
    const key = JSON.stringify([[...zones.keys()].map(offset), inside]);
    if (end - start >= WEEK_MS) {
      if (seen.has(key)) continue;
      seen.add(key);
    }
    const points = turnsIn(conditions, start, Math.min(end, start + WEEK_MS), offset);
    looks += points.length * conditions.length;
    if (looks > MAX_LOOKS) throw new NotProven("tooManySided");
    for (const [point, atMs] of points.entries()) {
      const holds = holdingAt(conditions, atMs, offset);
      if (found.has(holds)) continue;
      const whole = wholeMinute(atMs);
      found.set(holds, whole < (points[point + 1] ?? end) ? whole : atMs);
      if (found.size > MAX_KINDS) throw new NotProven("tooManySided");
    }
  }
  return [...found].map(([holds, atMs]) => ({ holds, atMs }));
}

/** The next one, so that the moment is short to write. */
function wholeMinute(atMs: number): number {
  return Math.ceil(atMs / MINUTE_MS) * MINUTE_MS;
}

/** Where in the time any weekly condition begins or ends to hold, and its beginning. */
function turnsIn(
  conditions: readonly TimeCondition[],
  startMs: number,
  endMs: number,
  offset: (timeZone: string) => number,
): number[] {
  const points = new Set([startMs]);
  for (const condition of conditions) {
    if (condition.kind !== "weekly") continue;
    for (const minute of turnsOf(condition.minutes)) {
      const inWeek = MONDAY_MS + minute * MINUTE_MS - offset(condition.timeZone);
      const atMs = startMs + modulo(inWeek - startMs, WEEK_MS);
      if (atMs < endMs) points.add(atMs);
    }
  }
  return [...points].sort((a, b) => a - b);
}

/** The minutes of the week that differ from those before them. */
function turnsOf(minutes: string): number[] {
  return [...new Set(spansOf(minutes).flatMap(({ from, to }) => [from, to % WEEK_MINUTES]))];
}

/** Minutes of the week as stretches, the last one past Sunday where it goes on into Monday. */
export function spansOf(minutes: string): { from: number; to: number }[] {
  const first = minutes.indexOf("0");
  if (first < 0) return [{ from: 0, to: WEEK_MINUTES }];
  const spans: { from: number; to: number }[] = [];
  // From a minute that is not in it on, so that none is cut where the week begins.
  const turned = minutes.slice(first) + minutes.slice(0, first);
  for (const found of turned.matchAll(/1+/g)) {
    const from = (found.index + first) % WEEK_MINUTES;
    spans.push({ from, to: from + found[0].length });
  }
  return spans.sort((a, b) => a.from - b.from);
}

interface ZonePart {
  fromMs: number;
  offsetMs: number;
}

function zonesOf(
  conditions: readonly TimeCondition[],
  fromMs: number,
  untilMs: number,
): Map<string, ZonePart[]> {
  const zones = new Map<string, ZonePart[]>();
  for (const condition of conditions) {
    if (condition.kind === "weekly" && !zones.has(condition.timeZone)) {
      zones.set(condition.timeZone, keptParts(condition.timeZone, fromMs, untilMs));
    }
  }
  return zones;
}

/** Zones that were followed before, and for which time: to follow one takes longer than all the rest. */
const followed = new Map<string, { fromMs: number; untilMs: number; parts: ZonePart[] }>();
const MAX_FOLLOWED = 500;

function keptParts(timeZone: string, fromMs: number, untilMs: number): ZonePart[] {
  const kept = followed.get(timeZone);
  if (kept !== undefined && kept.fromMs <= fromMs && kept.untilMs >= untilMs) return kept.parts;
  const span = { fromMs, untilMs: untilMs + YEAR_MS };
  const parts = partsOf(timeZone, span.fromMs, span.untilMs);
  if (followed.size >= MAX_FOLLOWED) followed.clear();
  followed.set(timeZone, { ...span, parts });
  return parts;
}

/** When the zone's clocks are set, from one moment on to another. */
function partsOf(timeZone: string, fromMs: number, untilMs: number): ZonePart[] {
  const parts = [{ fromMs, offsetMs: offsetMs(timeZone, fromMs) }];
  let current = offsetMs(timeZone, fromMs);
  for (let atMs = fromMs; atMs < untilMs; atMs += WEEK_MS) {
    const next = offsetMs(timeZone, atMs + WEEK_MS);
    if (next === current) continue;
    let [before, after] = [atMs, atMs + WEEK_MS];
    while (after - before > MINUTE_MS) {
      const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
      const probe = middle === before ? before + MINUTE_MS : middle;
      if (offsetMs(timeZone, probe) === current) {
        before = probe;
      } else {
        after = probe;
      }
    }
    const changeMs = Math.floor(after / MINUTE_MS) * MINUTE_MS;
    parts.push({ fromMs: changeMs, offsetMs: next });
    current = next;
  }
  return parts;
}

function offsetIn(parts: readonly ZonePart[], atMs: number): number {
  return parts.findLast((part) => part.fromMs <= atMs)?.offsetMs ?? 0;
}
