/** Something that happens at a time; `cancelled` once it must not any more. */
export interface Timer {
  atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

// Kept before a history puts its own timers in their place.
const { setImmediate } = globalThis;

/** Lets everything go on that waits for nothing but promises. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Virtual time: one list of what happens when. Nothing runs beside it, so that a history has one order, and takes as
 * long as its computing takes.
 */
export class Kernel {
  nowMs: number;
  #order = 0;
  /** A binary heap by time, then by the order of arrival. */
  readonly #heap: Timer[] = [];
  /** Whatever was thrown where nobody waits for it. */
  problem: unknown = null;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  at(atMs: number, run: () => void): Timer {
    const timer: Timer = {
      atMs: Math.max(atMs, this.nowMs),
      order: this.#order++,
      run,
      cancelled: false,
    };
    this.#push(timer);
    return timer;
  }

  after(ms: number, run: () => void): Timer {
    return this.at(this.nowMs + ms, run);
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Plays until nothing is left, `isOver` says so, or that time has come. */
  async play(untilMs: number, isOver: () => boolean): Promise<void> {
    await settled();
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs || isOver()) {
        return;
      }
      this.#pop();
      if (next.cancelled) {
        continue;
      }
      this.nowMs = next.atMs;
      next.run();
      await settled();
      if (this.problem !== null) {
        throw this.problem instanceof Error
          ? this.problem
          : new Error("something was thrown that is no error");
      }
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(timer, parent)) {
        break;
      }
      heap[at] = parent;
      at = above;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) {
      return;
    }
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (child === undefined) {
        break;
      }
      if (right !== undefined && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (!isBefore(child, last)) {
        break;
      }
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
