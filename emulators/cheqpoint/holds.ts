interface Hold {
  untilMs: number;
  end: () => void;
}

/**
 * Connections that are held open. A hold ends when its time is over by the emulator's clock or by
 * real time, whichever comes first: no client stays stuck because a test clock stands still.
 */
export class Holds {
  readonly #clock: { now(): number };
  readonly #holds = new Set<Hold>();
  #stopped = false;

  constructor(clock: { now(): number }) {
    this.#clock = clock;
  }

  /** Waits `ms`, or less if `early`, which is given a way to end the wait, uses it. */
  wait(ms: number, early?: (end: () => void) => () => void): Promise<void> {
    if (ms <= 0 || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => hold.end(), ms);
      const hold: Hold = {
        untilMs: this.#clock.now() + ms,
        end: () => {
          clearTimeout(timer);
          this.#holds.delete(hold);
          unlisten?.();
          resolve();
        },
      };
      this.#holds.add(hold);
      const unlisten = early?.(hold.end);
    });
  }

  /** Ends what is over by the clock. */
  tick(): void {
    const now = this.#clock.now();
    for (const hold of [...this.#holds]) if (hold.untilMs <= now) hold.end();
  }

  /** Ends everything, and every later wait at once. */
  stop(): void {
    this.#stopped = true;
    for (const hold of [...this.#holds]) hold.end();
  }
}
