const WINDOW_MS = 60_000;

export interface Allowance {
  allowed: boolean;
  /** What the answer tells about the limit. */
  headers: Record<string, string>;
}

/** Counts calls per caller in windows of a minute. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #windows = new Map<string, { startMs: number; used: number }>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Counts one call of `caller`. */
  take(caller: string, nowMs: number): Allowance {
    let window = this.#windows.get(caller);
    if (!window || nowMs - window.startMs >= WINDOW_MS || nowMs < window.startMs) {
      window = { startMs: nowMs, used: 0 };
      this.#windows.set(caller, window);
    }
    const allowed = window.used < this.#perMinute;
    if (allowed) {
      window.used += 1;
    }
    return {
      allowed,
      headers: {
        "ratelimit-limit": String(this.#perMinute),
        "ratelimit-remaining": String(this.#perMinute - window.used),
        "ratelimit-reset": String(Math.ceil((window.startMs + WINDOW_MS - nowMs) / 1000)),
      },
    };
  }

  reset(): void {
    this.#windows.clear();
  }
}
