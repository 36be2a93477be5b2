import type { Clock, Ledger, Log, Queue, WorkItem } from "../functions/gate/ports/index.ts";
import { MOST_DUE } from "../functions/worker/watch.ts";

export interface LocalQueueOptions {
  /** Looks at one item. What it throws is logged; the sweep brings the item back when it is due. */
  handle(item: WorkItem): Promise<void>;
  ledger: Pick<Ledger, "due">;
  clock: Clock;
  log: Log;
  /** How many items run at once. Most of them wait for another system, and hold up nobody meanwhile. Defaults to 1024. */
  concurrency?: number;
  /** How often the ledger is asked for what is due; null: only by `sweep()`. Defaults to 1000. */
  sweepEveryMs?: number | null;
}

export interface LocalQueue extends Queue {
  /** Begins to work. What was sent before waits for it. */
  start(): void;
  /** Begins nothing more and resolves when nothing runs; with `drain` the waiting items are worked off first. */
  stop(options?: { drain?: boolean }): Promise<void>;
  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void>;
  /** Queues what is due now. A failure is logged, the next sweep heals it. */
  sweep(): Promise<void>;
}

/** The work queue of a gate that is one process. It forgets everything when the process ends; the sweep finds it again. */
export function createLocalQueue(options: LocalQueueOptions): LocalQueue {
  const { handle, ledger, clock, log } = options;
  const concurrency = options.concurrency ?? 1_024;
  const sweepEveryMs = options.sweepEveryMs === undefined ? 1_000 : options.sweepEveryMs;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new Error(`\`concurrency\` must be a whole number from 1, got ${concurrency}`);
  }

  const waiting = new Map<string, WorkItem>();
  const running = new Set<string>();
  let idleWaiters: (() => void)[] = [];
  let state: "new" | "started" | "draining" | "stopped" = "new";
  let timer: NodeJS.Timeout | null = null;
  let sweeping: Promise<void> | null = null;

  const isIdle = (): boolean => running.size === 0 && (waiting.size === 0 || state === "stopped");

  const settle = (): void => {
    if (isIdle()) {
      const waiters = idleWaiters;
      idleWaiters = [];
      waiters.forEach((resolve) => resolve());
    }
  };

  const idle = (): Promise<void> =>
    isIdle() ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve));

  const run = async (key: string, item: WorkItem): Promise<void> => {
    try {
      await handle(item);
    } catch (error) {
      log.error("work item failed", { kind: item.kind, id: item.id, problem: problemOf(error) });
    }
    running.delete(key);
    pump();
    settle();
  };

  const pump = (): void => {
    if (state !== "started" && state !== "draining") {
      return;
    }
    for (const [key, item] of waiting) {
      if (running.size >= concurrency) {
        return;
      }
      // An item that was sent while it ran waits for its end: what came in between must be looked at.
      if (!running.has(key)) {
        waiting.delete(key);
        running.add(key);
        void run(key, item);
      }
    }
  };

  const enqueue = (items: readonly WorkItem[]): void => {
    if (state === "draining" || state === "stopped") {
      return;
    }
    for (const item of items) {
      waiting.set(keyOf(item), item);
    }
    pump();
  };

  const sweepOnce = async (): Promise<void> => {
    try {
      const due = await ledger.due(clock.now(), MOST_DUE);
      // What runs is being looked at; if it stays due, the next sweep finds it.
      enqueue(due.filter((item) => !running.has(keyOf(item))));
    } catch (error) {
      log.error("sweep failed", { problem: problemOf(error) });
    }
  };

  const sweep = (): Promise<void> => {
    sweeping ??= sweepOnce().finally(() => {
      sweeping = null;
    });
    return sweeping;
  };

  return {
    async send(items, { afterMs = 0 } = {}) {
      // What is for later is found by the sweep, which comes every second.
      if (afterMs <= 0) {
        enqueue(items);
      }
    },

    start() {
      if (state !== "new") {
        return;
      }
      state = "started";
      if (sweepEveryMs !== null) {
        timer = setInterval(() => void sweep(), sweepEveryMs);
        timer.unref();
        void sweep();
      }
      pump();
    },

    async stop({ drain = false } = {}) {
      if (timer !== null) {
        clearInterval(timer);
        timer = null;
      }
      await sweeping;
      if (drain && state === "started") {
        state = "draining";
        await idle();
      }
      state = "stopped";
      waiting.clear();
      await idle();
    },

    idle,
    sweep,
  };
}

function keyOf(item: WorkItem): string {
  return `${item.kind}:${item.id}`;
}

function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
