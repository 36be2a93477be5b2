import { offsetMs } from "./localTime.ts";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * A time for people, "23 Nov 2026, 10:05 UTC": to the minute that has begun, so that a deadline is never told too late.
 * Where the place's time zone is known its own time comes first: "23 Nov 2026, 11:05 Europe/Berlin (10:05 UTC)".
 */
export function instantText(ms: number, timeZone: string | null | undefined = null): string {
  const utc = new Date(ms);
  if (timeZone === null || timeZone === undefined || timeZone === "UTC") {
    return `${dayOf(utc)} ${utc.getUTCFullYear()}, ${timeOf(utc)} UTC`;
  }
  const local = new Date(ms + offsetMs(timeZone, ms));
  const otherDay = dayOf(local) === dayOf(utc) ? "" : `${dayOf(utc)}, `;
  return `${dayOf(local)} ${local.getUTCFullYear()}, ${timeOf(local)} ${timeZone} (${otherDay}${timeOf(utc)} UTC)`;
}

function dayOf(date: Date): string {
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""}`;
}

function timeOf(date: Date): string {
  return date.toISOString().slice(11, 16);
}
