const DAY_MS = 86_400_000;

/**
 * The instant at which clocks in the zone show a local time such as "2026-12-20T00:00". Of two such
 * instants the earlier; a time that the clocks skip is moved on by what they skip. The same for
 * both ends, so that stretches which touch on paper touch in fact.
 */
export function instantOf(local: string, timeZone: string): number {
  const asUtc = Date.parse(`${local}:00.000Z`);
  const before = asUtc - offsetMs(timeZone, asUtc - DAY_MS);
  const after = asUtc - offsetMs(timeZone, asUtc + DAY_MS);
  const right = [before, after].filter((ms) => ms + offsetMs(timeZone, ms) === asUtc);
  return right.length === 0 ? before : Math.min(...right);
}

/** Whether `text` is a day and time that the calendar has ("2026-02-30T00:00" is not). */
export function isLocalTime(text: string): boolean {
  const ms = Date.parse(`${text}:00.000Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Whether `text` names a zone of the time zone database (not a bare offset such as "+01:00"). */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** Minutes since midnight of "17:00". */
export function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** What clocks in the zone show at the instant, less UTC. */
export function offsetMs(timeZone: string, atMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of clock(timeZone).formatToParts(atMs)) part[type] = Number(value);
  const shown = Date.UTC(
    part["year"] ?? NaN,
    (part["month"] ?? NaN) - 1,
    part["day"] ?? NaN,
    part["hour"] ?? NaN,
    part["minute"] ?? NaN,
    part["second"] ?? NaN,
  );
  return shown - Math.floor(atMs / 1000) * 1000;
}

/** Making a formatter costs a hundred times what using it does, so they are kept. */
const clocks = new Map<string, Intl.DateTimeFormat>();
const MAX_CLOCKS = 500;

function clock(timeZone: string): Intl.DateTimeFormat {
  const kept = clocks.get(timeZone);
  if (kept !== undefined) return kept;
  if (clocks.size >= MAX_CLOCKS) clocks.clear();
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  clocks.set(timeZone, made);
  return made;
}
