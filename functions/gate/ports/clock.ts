export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** Waits, and ends early when `signal` fires. Never rejects. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;
