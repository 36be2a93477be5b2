import type { Outbox } from "../webhooks/outbox.ts";
import type { Task } from "./documents.ts";
import type { Store } from "./store.ts";
import type { Waiters } from "./waiters.ts";

const INTERVAL_MS = 250;
const MAX_DELIVERIES_AT_ONCE = 64;

export interface SchedulerOptions {
  store: Store;
  outbox: Outbox;
  waiters: Waiters;
  now(): number;
  /** Does a task; the answer is when it is due again, or null when it is done. */
  runTask(task: Task): number | null;
}

/** Does what is due: steps of invocations and workflows, ends of snoozes, deliveries. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #inFlight = new Map<string, Promise<void>>();
  readonly #listeners = new Set<() => void>();
  #interval: NodeJS.Timeout | undefined;
  #precise: NodeJS.Timeout | undefined;
  #woken = false;
  #saturated = false;
  #stopped = false;
  #auto = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Without `auto` nothing happens but in `tick`. */
  start({ auto }: { auto: boolean }): void {
    this.#auto = auto;
    if (!auto) {
      return;
    }
    this.#interval = setInterval(() => this.#pump(), INTERVAL_MS);
    this.#interval.unref();
    this.wake();
  }

  /** Says that something may be due now or soon. */
  wake(): void {
    if (this.#woken || this.#stopped) {
      return;
    }
    if (this.#auto) {
      this.#woken = true;
      setImmediate(() => {
        this.#woken = false;
        this.#pump();
      });
    }
    for (const listener of this.#listeners) {
      listener();
    }
  }

  /** Calls `listener` whenever new work was queued. The answer ends it. */
  onWork(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** When the next work is due by the account's clock. */
  nextDueMs(): number | undefined {
    return this.#nextAfter(Number.MIN_SAFE_INTEGER);
  }

  #nextAfter(afterMs: number): number | undefined {
    const { store, waiters } = this.#options;
    const times = [store.nextDueMs(afterMs), waiters.nextDueMs()];
    return times.reduce((a, b) => (a === undefined || (b !== undefined && b < a) ? b : a));
  }

  /** Does everything that is due and resolves when nothing due is left. */
  async tick(): Promise<void> {
    this.#pump();
    while (this.#inFlight.size > 0) {
      await Promise.race(this.#inFlight.values());
      this.#pump();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#interval);
    clearTimeout(this.#precise);
    await Promise.allSettled(this.#inFlight.values());
  }

  #pump(): void {
    if (this.#stopped) {
      return;
    }
    this.#options.waiters.release();
    this.#runTasks();
    this.#startDeliveries();
    this.#planNext();
  }

  #runTasks(): void {
    const { store, now, runTask } = this.#options;
    for (let due = store.due("tasks", now()); due.length > 0; due = store.due("tasks", now())) {
      for (const task of due) {
        store.transaction(() => {
          const dueAtMs = runTask(task);
          if (dueAtMs === null) {
            store.delete("tasks", task.id);
          } else {
            store.put("tasks", { ...task, dueAtMs });
          }
        });
      }
    }
  }

  #startDeliveries(lane?: string): void {
    const { store, outbox, now } = this.#options;
    for (const delivery of store.dueFirst("deliveries", now(), lane)) {
      if (this.#inFlight.has(delivery.lane)) {
        continue;
      }
      if (this.#inFlight.size >= MAX_DELIVERIES_AT_ONCE) {
        this.#saturated = true;
        return;
      }
      this.#inFlight.set(
        delivery.lane,
        outbox.deliver(delivery).finally(() => this.#afterDelivery(delivery.lane)),
      );
    }
  }

  #afterDelivery(lane: string): void {
    this.#inFlight.delete(lane);
    if (this.#stopped) {
      return;
    }
    if (!this.#auto) {
      // `tick` goes on by itself.
      return;
    }
    const everywhere = this.#saturated;
    this.#saturated = false;
    this.#startDeliveries(everywhere ? undefined : lane);
    this.#planNext();
  }

  // The interval alone would be up to a quarter of a second late.
  #planNext(): void {
    clearTimeout(this.#precise);
    if (!this.#auto) {
      return;
    }
    // What is due already is on its way.
    const nowMs = this.#options.now();
    const next = this.#nextAfter(nowMs);
    if (next === undefined) {
      return;
    }
    const waitMs = next - nowMs;
    if (waitMs > 0 && waitMs < INTERVAL_MS) {
      this.#precise = setTimeout(() => this.#pump(), waitMs);
      this.#precise.unref();
    }
  }
}
