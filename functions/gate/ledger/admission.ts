import * as z from "zod";
import { defaultProposerLimits } from "../gating/index.ts";
import type { ProposerLimits } from "../ports/index.ts";

/** Limits by proposer, as a function finds them in its environment. */
export const proposerLimits = z.record(
  z.string(),
  z.object({ perMinute: z.int().positive(), perHour: z.int().positive() }),
);

/** Limits of a proposer; the defaults unless it has its own. */
export type LimitsOf = (proposer: string) => ProposerLimits;

export function limitsFrom(own: Readonly<Record<string, ProposerLimits>> = {}): LimitsOf {
  return (proposer) =>
    (Object.hasOwn(own, proposer) ? own[proposer] : undefined) ?? defaultProposerLimits;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Whether somebody who proposed at these times (in order) may propose now. Who may not is told how long to wait; a
 * proposal that is refused does not count.
 */
export function admitted(
  before: readonly number[],
  { perMinute, perHour }: ProposerLimits,
  nowMs: number,
): { times: number[]; waitMs: null } | { times: null; waitMs: number } {
  // A clock that is ahead must not shut anybody out for longer than one that is not.
  const times = before
    .filter((atMs) => atMs > nowMs - HOUR_MS)
    .map((atMs) => Math.min(atMs, nowMs));
  const waitMs = Math.max(
    waitFor(times, perMinute, MINUTE_MS, nowMs),
    waitFor(times, perHour, HOUR_MS, nowMs),
  );
  return waitMs > 0 ? { times: null, waitMs } : { times: [...times, nowMs], waitMs: null };
}

/** Until the last `limit` of them no longer all lie in the window. */
function waitFor(times: readonly number[], limit: number, windowMs: number, nowMs: number): number {
  const oldest = times.at(-limit);
  return oldest === undefined ? 0 : Math.max(0, oldest + windowMs - nowMs);
}
