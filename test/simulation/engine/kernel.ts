/** Something that happens at a time; `cancelled` once it must not any more. */
export interface Timer {
  atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

// Kept before a history puts its own timers in their place.
const { setImmediate } = globalThis;

/** So many turns are taken in one of the event loop's, which would take longer than what is done in a turn. */
const TURNS_AT_ONCE = 64;

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
  play(untilMs: number, isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isPlaying = true;
      const turn = (): void => {
        try {
          if (isPlaying && !this.#turn(untilMs, isOver)) {
            isPlaying = false;
            resolve();
          }
        } catch (error) {
          isPlaying = false;
          reject(errorOf(error));
        }
      };
      // Before each of them everything goes on that waits for nothing but promises.
      const takeTurns = (): void => {
        for (let i = 0; i < TURNS_AT_ONCE; i++) {
          setImmediate(turn);
        }
        setImmediate(() => {
          if (isPlaying) {
            takeTurns();
          }
        });
      };
      takeTurns();
    });
  }

  /** Does what is next; false when there is nothing more to do. */
  #turn(untilMs: number, isOver: () => boolean): boolean {
    if (this.problem !== null) {
      throw errorOf(this.problem);
    }
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs || isOver()) {
        return false;
      }
      this.#pop();
      if (!next.cancelled) {
        this.nowMs = next.atMs;
        next.run();
        return true;
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

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error("something was thrown that is no error");
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
