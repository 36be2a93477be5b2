import type { GatingStore, Ledger } from "../../../functions/gate/ports/index.ts";
import type { Task } from "../engine/boundary.ts";
import type { SimGating } from "./gatings.ts";

/** The gate's ledger and gating store as the real adapters make them, over a store that histories can disturb. */
export interface SimStore {
  /** As a machine has it for a piece of work. */
  ledger(task: Task): Ledger;
  gating(task: Task): GatingStore;
  /** For whoever only looks; nothing goes wrong with it. */
  plain: Ledger;
  /** What a team deploys is in force when this resolves. */
  setGating(id: string, gating: SimGating): Promise<void>;
  close(): void;
}

/** A proposal that was written, or taken in. */
export type OnWrite = (
  task: Task,
  method: string,
  args: readonly unknown[],
  result: unknown,
) => void;

/** Passes every call of a ledger through `around`. */
export function eachCall(
  ledger: Ledger,
  around: (
    method: keyof Ledger,
    args: readonly unknown[],
    call: () => Promise<unknown>,
  ) => Promise<unknown>,
): Ledger {
  return new Proxy(ledger, {
    get: (target, property: keyof Ledger) => {
      const call = target[property] as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => around(property, args, () => call.apply(target, args));
    },
  });
}
