import timers from "node:timers/promises";
import { syncBuiltinESMExports } from "node:module";
import type { Kernel } from "./kernel.ts";

/** When a signal of `AbortSignal.timeout` fires, by virtual time. */
const deadlines = new WeakMap<object, number>();

export function deadlineOf(signal: unknown): number {
  return (
    (typeof signal === "object" && signal !== null ? deadlines.get(signal) : undefined) ?? Infinity
  );
}

/** The timers that the gate's own code asks the machine for, answered by virtual time; gives what puts them back. */
export function installVirtualTime(kernel: Kernel): () => void {
  const { timeout, any } = AbortSignal;
  const { setTimeout } = timers;
  const { random } = Math;
  const { setImmediate } = globalThis;
  Object.assign(AbortSignal, {
    timeout: (ms: number) => virtualSignal(kernel, kernel.nowMs + ms, []),
    any: (signals: AbortSignal[]) =>
      virtualSignal(
        kernel,
        Math.min(...signals.map(deadlineOf)),
        signals.filter((one) => !deadlines.has(one)),
      ),
  });
  Object.assign(timers, { setTimeout: (ms: number) => kernel.wait(ms) });
  // A write that waits for its turn is done at that moment, and not only when something else happens.
  Object.assign(globalThis, {
    setImmediate: (run: () => void) => kernel.at(kernel.nowMs, run),
  });
  // Jitter would make each run of a seed another history.
  Math.random = () => 0.5;
  syncBuiltinESMExports();
  return () => {
    Object.assign(AbortSignal, { timeout, any });
    Object.assign(timers, { setTimeout });
    Object.assign(globalThis, { setImmediate });
    Math.random = random;
    syncBuiltinESMExports();
  };
}

/** No timer of its own: whoever waits under it looks up when it ends, or is told when one of the others is aborted. */
function virtualSignal(
  kernel: Kernel,
  deadlineMs: number,
  others: readonly AbortSignal[],
): AbortSignal {
  const signal = {
    get aborted() {
      return kernel.nowMs >= deadlineMs || others.some(({ aborted }) => aborted);
    },
    addEventListener: (type: string, listener: () => void) =>
      others.forEach((one) => one.addEventListener(type, listener)),
    removeEventListener: (type: string, listener: () => void) =>
      others.forEach((one) => one.removeEventListener(type, listener)),
  };
  deadlines.set(signal, deadlineMs);
  return signal as AbortSignal;
}
