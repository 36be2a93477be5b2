import type { Ledger } from "../../functions/gate/ports/index.ts";

/** Tells listeners that something in the ledger changed; what, they read themselves. */
export class Changes {
  readonly #listeners = new Set<() => void>();

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** The same ledger, with every write that people can see told. */
export function observed(ledger: Ledger, changes: Changes): Ledger {
  const told = async <T>(work: Promise<T>): Promise<T> => {
    const result = await work;
    changes.tell();
    return result;
  };
  return {
    ...ledger,
    create: (...args) => told(ledger.create(...args)),
    save: (...args) => told(ledger.save(...args)),
    raise: (...args) => told(ledger.raise(...args)),
    acknowledge: (...args) => told(ledger.acknowledge(...args)),
    setKillSwitch: (...args) => told(ledger.setKillSwitch(...args)),
  };
}
