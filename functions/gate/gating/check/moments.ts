import { canonicalJson } from "../../text/canonical.ts";
import { weekdays } from "../schema/windowSchema.ts";
import type { Window } from "../schema/types.ts";
import { minutesOf } from "../../text/localTime.ts";

const DAY = 1440;
const WEEK = DAY * weekdays.length;
const WHOLE_WEEK = (1n << BigInt(WEEK)) - 1n;

/** When any of several windows holds, in a form that can be compared. */
export interface Moments {
  /** By time zone: the minutes of the week as its clocks show them, one bit each. */
  weekly: ReadonlyMap<string, bigint>;
  stretches: ReadonlySet<string>;
}

/** null: always. */
export function momentsOf(windows: readonly Window[]): Moments | null {
  const weekly = new Map<string, bigint>();
  const stretches = new Set<string>();
  for (const window of windows) {
    if (window.kind === "absolute") {
      stretches.add(canonicalJson(window));
      continue;
    }
    const minutes = (weekly.get(window.timeZone) ?? 0n) | minutesOfWeek(window);
    if (minutes === WHOLE_WEEK) return null;
    weekly.set(window.timeZone, minutes);
  }
  return { weekly, stretches };
}

/** Whether `wide` certainly holds whenever `narrow` does. Zones are not compared with each other, stretches only with equal ones. */
export function isWithin(narrow: Moments | null, wide: Moments | null): boolean {
  if (wide === null) return true;
  if (narrow === null) return false;
  return (
    [...narrow.weekly].every(
      ([zone, minutes]) => (minutes & ~(wide.weekly.get(zone) ?? 0n)) === 0n,
    ) && [...narrow.stretches].every((stretch) => wide.stretches.has(stretch))
  );
}

/** The minutes of the week at which the window holds, as clocks in its zone show them, one bit each. */
export function minutesOfWeek(window: Extract<Window, { kind: "weekly" }>): bigint {
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  const length = (1n << BigInt(from < to ? to - from : to - from + DAY)) - 1n;
  const minutes = window.days
    .map((day) => length << BigInt(weekdays.indexOf(day) * DAY + from))
    .reduce((all, day) => all | day, 0n);
  // What goes on after Sunday is Monday's.
  return (minutes & WHOLE_WEEK) | (minutes >> BigInt(WEEK));
}
