import { setTimeout as timer } from "node:timers/promises";

/**
 * The machine's timer as the port `Sleep`. It keeps the process alive unless `ref` is false: a function that only waits
 * must not end.
 */
export async function sleep(ms: number, signal?: AbortSignal, ref = true): Promise<void> {
  try {
    await timer(ms, undefined, { ref, ...(signal === undefined ? {} : { signal }) });
  } catch {
    // Ended early.
  }
}
