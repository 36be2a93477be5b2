import type { WorkItem } from "../gate/ports/index.ts";
import type { WorkerPorts } from "./ports.ts";
import { recordGating } from "./gatingTrail.ts";
import { MOST_DUE, countPastSla, watchServices, watchSubscriptions } from "./watch.ts";

/** As many as a minute's worth of work; what is left has its turn in the next sweeps. */
const SWEEP_LIMIT = 1_000;
/** More than this is spread over the minute until the next sweep, so that new work need not wait behind all of it. */
const AT_ONCE = 50;
const SPREAD_OVER_MS = 50_000;
const WATCH_EVERY_MINUTES = 5;
const MINUTE_MS = 60_000;

/**
 * Enqueues what is due, whatever was lost, and looks whether anybody should be told something. A sweep that is not
 * done whole is not counted as completed: that nothing is counted is what tells people when none runs at all.
 */
export async function sweep(ports: WorkerPorts): Promise<void> {
  const minute = Math.floor(ports.clock.now() / MINUTE_MS);
  const isDone = await eachPart(ports, {
    due: () => enqueueDue(ports, minute),
    pastSla: () => countPastSla(ports),
    killSwitch: () => countKillSwitch(ports),
    ...(minute % WATCH_EVERY_MINUTES === 0
      ? {
          subscriptions: () => watchSubscriptions(ports),
          gating: () => recordGating(ports),
          services: () => watchServices(ports),
        }
      : {}),
  });
  if (isDone) {
    ports.metrics.count("SweepCompleted");
  }
}

/** Does every part, whatever becomes of the others; true when none failed. */
export async function eachPart(
  { metrics, log }: Pick<WorkerPorts, "metrics" | "log">,
  parts: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<boolean> {
  const done = await Promise.all(
    Object.entries(parts).map(async ([part, run]) => {
      try {
        await run();
        return true;
      } catch (error) {
        metrics.count("SweepFailed");
        log.error("part of the sweep failed", { part, problem: String(error) });
        return false;
      }
    }),
  );
  return done.every(Boolean);
}

async function enqueueDue({ ledger, queue, clock, log }: WorkerPorts, turn: number): Promise<void> {
  const due = await ledger.due(clock.now(), MOST_DUE);
  const now = inTurn(due, SWEEP_LIMIT, turn);
  if (now.length > 0) {
    const parts = Math.ceil(now.length / AT_ONCE);
    for (let part = 0; part < parts; part += 1) {
      const some = now.slice(part * AT_ONCE, (part + 1) * AT_ONCE);
      await queue.send(some, { afterMs: Math.round((part * SPREAD_OVER_MS) / parts) });
    }
    log.info("swept", { due: due.length, queued: now.length });
  }
}

/**
 * All, or of more than `limit` those whose turn it is. What keeps failing stays due and is the oldest; taking always
 * the oldest would never come to the others.
 */
function inTurn(items: readonly WorkItem[], limit: number, turn: number): WorkItem[] {
  if (items.length <= limit) {
    return [...items];
  }
  const from = (turn * limit) % items.length;
  return [...items.slice(from), ...items.slice(0, from)].slice(0, limit);
}

/** The alarm stays for as long as a switch is on, whether or not anything is held. */
async function countKillSwitch({ ledger, metrics }: WorkerPorts): Promise<void> {
  const [{ on }, narrower] = await Promise.all([ledger.killSwitch(), ledger.narrowerSwitches()]);
  if (on || narrower.length > 0) {
    metrics.count("KillSwitchHeld");
  }
}
