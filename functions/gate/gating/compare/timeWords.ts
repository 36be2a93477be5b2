import { weekdays } from "../schema/windowSchema.ts";
import type { Window } from "../schema/types.ts";
import { spansOf } from "./timeline.ts";
import type { TimeCondition, Timeline } from "./timeline.ts";
import { listed } from "./listed.ts";

type Weekly = Extract<TimeCondition, { kind: "weekly" }>;

const DAY = 1440;
const WEEK = 7 * DAY;

/**
 * The kinds of moment in words; null: any time. Single stretches and the windows of all zones but the first are told as
 * they are written; what is left of the first zone's week is told by its clock.
 */
export function timeWords(bits: bigint, timeline: Timeline): string | null {
  if (bits === timeline.all) return null;
  const kept = told.get(timeline)?.get(bits);
  if (kept !== undefined) return kept;
  const words = wordsFor(bits, timeline);
  told.set(timeline, (told.get(timeline) ?? new Map<bigint, string>()).set(bits, words));
  return words;
}

/** Most sets of one comparison have their moments in common with others. */
const told = new WeakMap<Timeline, Map<bigint, string>>();

function wordsFor(bits: bigint, timeline: Timeline): string {
  const [first] = timeline.conditions.filter((condition) => condition.kind === "weekly");
  const isOwn = (condition: TimeCondition): condition is Weekly =>
    condition.kind === "weekly" && condition.timeZone === first?.timeZone;
  const conditions = timeline.conditions.map((condition, index) => ({ condition, index }));
  const own = conditions.flatMap(({ condition, index }) =>
    isOwn(condition) ? [{ condition, index }] : [],
  );
  const others = conditions.filter(({ condition }) => !isOwn(condition));
  const kinds = timeline.kinds.map(({ holds }, kind) => ({
    holds,
    isIn: ((bits >> BigInt(kind)) & 1n) === 1n,
  }));
  return listed(alternatives(kinds, others, own), "or");
}

interface Kind {
  holds: bigint;
  isIn: boolean;
}

function alternatives(
  kinds: readonly Kind[],
  others: readonly { condition: TimeCondition; index: number }[],
  own: readonly { condition: Weekly; index: number }[],
): string[] {
  if (kinds.every(({ isIn }) => !isIn)) return [];
  if (kinds.every(({ isIn }) => isIn)) return [""];
  // A condition that makes no difference to what is in is not told.
  const [next, ...rest] = others;
  if (next === undefined) return [weekWords(kinds, own)];
  const holds = ({ holds: held }: Kind) => ((held >> BigInt(next.index)) & 1n) === 1n;
  const held = kinds.filter(holds);
  const outside = kinds.filter((kind) => !holds(kind));
  if (held.length === 0 || outside.length === 0 || agree(held, outside, next.index)) {
    return alternatives(kinds, rest, own);
  }
  const name = windowsWords(next.condition.windows);
  return [
    ...alternatives(held, rest, own).map((text) => inside(name, text)),
    ...alternatives(outside, rest, own).map((text) => `${text} outside ${name}`.trim()),
  ];
}

/** Whether what is in is in whether or not the condition holds. */
function agree(inside: readonly Kind[], outside: readonly Kind[], index: number): boolean {
  const without = (holds: bigint) => holds & ~(1n << BigInt(index));
  const known = new Map(outside.map(({ holds, isIn }) => [without(holds), isIn]));
  return inside.every(({ holds, isIn }) => known.get(without(holds)) === isIn);
}

/** "Fri 17:00–24:00 UTC within …", "… outside Sat–Sun UTC". */
function inside(name: string, text: string): string {
  if (text === "") return name;
  return text.startsWith("outside ") ? `${name} ${text}` : `${text} within ${name}`;
}

/** By the clock of one zone. */
function weekWords(
  kinds: readonly Kind[],
  own: readonly { condition: Weekly; index: number }[],
): string {
  const isIn = new Map(kinds.map(({ holds, isIn: inside }) => [ownPart(holds, own), inside]));
  const turns = own.flatMap(({ condition }) => spansOf(condition.minutes));
  const starts = [...new Set([0, ...turns.flatMap(({ from, to }) => [from, to % WEEK])])];
  let [minutes, missing] = ["", ""];
  for (const [index, start] of starts.sort((a, b) => a - b).entries()) {
    const length = (starts[index + 1] ?? WEEK) - start;
    const holds = own.reduce(
      (bits, { condition, index: bit }) =>
        condition.minutes[start] === "1" ? bits | (1n << BigInt(bit)) : bits,
      0n,
    );
    minutes += (isIn.get(holds) === true ? "1" : "0").repeat(length);
    missing += (isIn.get(holds) === false ? "1" : "0").repeat(length);
  }
  const zone = own[0]?.condition.timeZone ?? "UTC";
  const [told, untold] = [spansWords(minutes), spansWords(missing)];
  const isMost = minutes.split("1").length > missing.split("1").length;
  return untold.length < told.length || (untold.length === told.length && isMost)
    ? `outside ${listed(untold, "and")} ${zone}`
    : `${listed(told, "and")} ${zone}`;
}

function ownPart(holds: bigint, own: readonly { index: number }[]): bigint {
  return own.reduce((bits, { index }) => bits | (holds & (1n << BigInt(index))), 0n);
}

/** "Fri 17:00–Mon 09:00", or "Mon–Fri 09:00–17:00" for what is the same on several days. */
function spansWords(minutes: string): string[] {
  const byClock = new Map<string, number[]>();
  const long: string[] = [];
  for (const { from, to } of spansOf(minutes)) {
    if (from % DAY === 0 && to % DAY === 0) {
      long.push(from === to - DAY ? dayOf(from) : `${dayOf(from)}–${dayOf(to - DAY)}`);
      continue;
    }
    if (to - from >= DAY) {
      long.push(`${dayOf(from)} ${clock(from)}–${endWords(to)}`);
      continue;
    }
    const hours = `${clock(from)}–${to % DAY === 0 ? "24:00" : clock(to)}`;
    byClock.set(hours, [...(byClock.get(hours) ?? []), Math.floor(from / DAY)]);
  }
  const short = [...byClock].map(([hours, days]) =>
    days.length === weekdays.length ? `every day ${hours}` : `${daysWords(days)} ${hours}`,
  );
  return [...long, ...short];
}

function daysWords(days: readonly number[]): string {
  const [first = 0] = days;
  const last = days.at(-1) ?? first;
  return days.length > 2 && last - first === days.length - 1
    ? `${dayName(first)}–${dayName(last)}`
    : listed(days.map(dayName), "and");
}

function dayOf(minute: number): string {
  return dayName(Math.floor(minute / DAY));
}

/** Midnight is the end of the day before. */
function endWords(minute: number): string {
  return minute % DAY === 0 ? `${dayOf(minute - DAY)} 24:00` : `${dayOf(minute)} ${clock(minute)}`;
}

function dayName(day: number): string {
  const name = weekdays[day % weekdays.length] ?? "";
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

function clock(minute: number): string {
  const inDay = minute % DAY;
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(inDay / 60))}:${two(inDay % 60)}`;
}

function windowsWords([window]: readonly Window[]): string {
  if (window === undefined) return "";
  const { timeZone } = window;
  if (window.kind === "absolute") return `${window.start}–${window.end} ${timeZone}`;
  const days =
    window.days.length === weekdays.length
      ? "every day"
      : listed(
          window.days.map((day) => dayName(weekdays.indexOf(day))),
          "and",
        );
  return `${days} ${window.from}–${window.to} ${timeZone}`;
}
