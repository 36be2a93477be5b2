/** A wait that ends when the clock says so. */
export interface Wait {
  over: Promise<void>;
  cancel(): void;
}

/** Short waits that follow the account's clock, so that a virtual clock can end them. */
export class Waiters {
  readonly #now: () => number;
  readonly #onNew: () => void;
  readonly #waits = new Set<{ dueAtMs: number; end: () => void }>();

  /** @param onNew Called for every new wait, so that somebody looks at the clock in time. */
  constructor(now: () => number, onNew: () => void) {
    this.#now = now;
    this.#onNew = onNew;
  }

  wait(ms: number): Wait {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = { dueAtMs: this.#now() + ms, end: resolve };
    this.#waits.add(wait);
    this.#onNew();
    return { over: promise, cancel: () => void this.#waits.delete(wait) };
  }

  /** Ends all waits that are over. */
  release(): void {
    const now = this.#now();
    for (const wait of this.#waits) {
      if (wait.dueAtMs <= now) {
        this.#waits.delete(wait);
        wait.end();
      }
    }
  }

  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const { dueAtMs } of this.#waits) {
      next = next === undefined ? dueAtMs : Math.min(next, dueAtMs);
    }
    return next;
  }

  releaseAll(): void {
    for (const { end } of this.#waits) {
      end();
    }
    this.#waits.clear();
  }
}
