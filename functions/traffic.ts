import { RemoteError } from "./gate/ports/index.ts";
import type { Clock } from "./gate/ports/index.ts";

export interface TrafficOptions {
  /** Of the other system, as error texts call it. */
  name: string;
  clock: Clock;
  wait: (ms: number) => Promise<unknown>;
  /** Calls that may be under way at once; others wait for their turn. Defaults to 32. */
  atOnce?: number | undefined;
  /** Calls in any minute, so that a limit that all callers share is kept. Defaults to any number. */
  perMinute?: number | undefined;
  /**
   * For a process that is held up until the last of its calls has ended: the first one that nobody answers ends those that
   * are under way with it, and the other side is left alone until a probe is answered. Defaults to false.
   */
  oneForAll?: boolean | undefined;
}

/** The way to one other system, for everything in this process that calls it. */
export interface Traffic {
  /**
   * Makes a call when it is its turn. Refuses it at once, without having sent anything, while the other side does not
   * answer: whoever waits for a time-out holds up those who need somebody else. What is urgent goes before the rest.
   * A call is to end when its signal is aborted.
   */
  pass<T>(call: (givenUp: AbortSignal) => Promise<T>, isUrgent?: boolean): Promise<T>;
}

/** After so many calls in a row that nobody answered, the other side is taken for away. */
const SILENT_CALLS = 3;
/** So often one call is let through, to see whether it is back. */
const PROBE_EVERY_MS = 5_000;
/** Nobody waits longer for the number of calls in a minute: what is due elsewhere is done first, and this is tried again. */
const LONGEST_WAIT_MS = 5_000;
const MINUTE_MS = 60_000;

export function createTraffic(options: TrafficOptions): Traffic {
  const { name, clock, wait, atOnce = 32, oneForAll = false } = options;
  const permit = options.perMinute === undefined ? () => 0 : rateOf(options.perMinute, clock);
  const waiting: PromiseWithResolvers<void>[] = [];
  let underWay = 0;
  /** How many calls in a row were not answered. */
  let silent = 0;
  let isProbing = false;
  let nextProbeAtMs = 0;
  /** Of the calls that are under way and would end together. */
  let together = new AbortController();

  const isAway = (): boolean => silent >= (oneForAll ? 1 : SILENT_CALLS);

  const away = (): RemoteError => {
    const calls = silent === 1 ? "call" : `${silent} calls`;
    return new RemoteError(`${name} has not answered the last ${calls}, so it was not called`, {
      nothingDone: true,
      retryable: true,
    });
  };

  const turn = async (isUrgent: boolean): Promise<void> => {
    if (underWay < atOnce) {
      underWay += 1;
      return;
    }
    const place = Promise.withResolvers<void>();
    if (isUrgent) {
      waiting.unshift(place);
    } else {
      waiting.push(place);
    }
    await place.promise;
  };

  /** Whoever is next takes the place over. */
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) {
      underWay -= 1;
    } else {
      next.resolve();
    }
  };

  const inTime = async (isUrgent: boolean): Promise<void> => {
    const waitMs = permit(isUrgent);
    if (waitMs > LONGEST_WAIT_MS) {
      throw new RemoteError(`too many calls to ${name} in this minute, so it was not called`, {
        nothingDone: true,
        retryable: true,
        retryAfterMs: waitMs,
      });
    }
    if (waitMs > 0) {
      await wait(waitMs);
    }
  };

  // What was under way when the rest was given up tells nothing new.
  const heard = (givenUp: AbortSignal): void => {
    silent = givenUp.aborted ? silent : 0;
  };

  const unheard = (givenUp: AbortSignal): void => {
    if (givenUp.aborted) {
      return;
    }
    silent += 1;
    if (isAway()) {
      nextProbeAtMs = clock.now() + PROBE_EVERY_MS;
      waiting.splice(0).forEach((place) => place.reject(away()));
      if (oneForAll) {
        together.abort();
        together = new AbortController();
      }
    }
  };

  return {
    async pass(call, isUrgent = false) {
      const probes = isAway();
      if (probes) {
        // A clock that was put back must not make it longer.
        const restMs = nextProbeAtMs - clock.now();
        if (isProbing || (restMs > 0 && restMs <= PROBE_EVERY_MS)) {
          throw away();
        }
        isProbing = true;
      }
      try {
        await turn(isUrgent);
        try {
          await inTime(isUrgent);
          const { signal } = together;
          try {
            const answer = await call(signal);
            heard(signal);
            return answer;
          } catch (error) {
            if (error instanceof RemoteError && error.silent) {
              unheard(signal);
            } else if (error instanceof RemoteError && error.status !== null) {
              heard(signal);
            }
            throw error;
          }
        } finally {
          leave();
        }
      } finally {
        isProbing = isProbing && !probes;
      }
    },
  };
}

/** What is not urgent leaves this share of the calls to what is. */
const KEPT_BACK = 0.2;

/**
 * How long the next call has to wait. Half of the number may be used at once, the other half comes back evenly over a
 * minute, so that no minute, wherever it begins, has more.
 */
function rateOf(perMinute: number, clock: Clock): (isUrgent: boolean) => number {
  const atOnce = perMinute / 2;
  const everyMs = MINUTE_MS / atOnce;
  let free = atOnce;
  let sinceMs = -Infinity;
  return (isUrgent) => {
    const nowMs = clock.now();
    // A clock that was put back gives nothing and takes nothing.
    free = Math.min(atOnce, free + Math.max(0, nowMs - sinceMs) / everyMs);
    sinceMs = nowMs;
    const needed = 1 + (isUrgent ? 0 : Math.floor(atOnce * KEPT_BACK));
    const waitMs = free >= needed ? 0 : (needed - free) * everyMs;
    if (waitMs <= LONGEST_WAIT_MS) {
      free -= 1;
    }
    return waitMs;
  };
}
