import { instantOf, minutesOf, offsetMs } from "../../text/localTime.ts";
import type { Weekday, Window } from "../schema/types.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** 1 January 1970 was a Thursday. */
const WEEKDAYS: readonly Weekday[] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];

/**
 * Whether the window holds at the instant. A weekly window follows the clock on the wall: it holds
 * whenever that clock shows a time inside it, so an hour that summer time repeats counts both
 * times. A single stretch has no holes: its two ends are turned into instants.
 */
export function windowHolds(window: Window, atMs: number): boolean {
  if (window.kind === "absolute") {
    return (
      atMs >= instantOf(window.start, window.timeZone) &&
      atMs < instantOf(window.end, window.timeZone)
    );
  }
  const local = atMs + offsetMs(window.timeZone, atMs);
  const day = Math.floor(local / DAY_MS);
  const minute = Math.floor((local - day * DAY_MS) / MINUTE_MS);
  const from = minutesOf(window.from);
  const to = minutesOf(window.to);
  const begins = (onDay: number) => window.days.includes(weekdayOf(onDay));
  if (from < to) return begins(day) && minute >= from && minute < to;
  return (begins(day) && minute >= from) || (begins(day - 1) && minute < to);
}

function weekdayOf(day: number): Weekday {
  const weekday = WEEKDAYS[((day % 7) + 7) % 7];
  if (weekday === undefined) throw new RangeError(`no weekday for day ${day}`);
  return weekday;
}
