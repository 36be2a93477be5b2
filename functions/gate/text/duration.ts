/** Milliseconds in each unit that a written duration may use, largest first. */
const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
];

const DURATION = /^(?:(\d{1,7})d)?(?:(\d{1,7})h)?(?:(\d{1,7})m)?(?:(\d{1,7})s)?$/;

/** Thrown by {@link parseDuration} for text that is no duration. */
export class DurationError extends Error {
  override readonly name = "DurationError";
}

/**
 * Milliseconds of a duration such as "30s", "5m", "1h30m" or "7d": whole numbers, the larger unit
 * first, each unit at most once.
 */
export function parseDuration(text: string): number {
  const found = DURATION.exec(text);
  if (found === null || text === "") {
    throw new DurationError(
      `a duration must be written like "30s", "5m", "1h30m" or "7d", got ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
  return UNITS.reduce((total, [, ms], index) => total + Number(found[index + 1] ?? 0) * ms, 0);
}

/** The shortest way to write `ms` as a duration, cut to whole seconds: 5_400_000 is "1h30m". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) {
    throw new DurationError(`a duration must be 0 or more milliseconds, got ${String(ms)}`);
  }
  let rest = ms;
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
