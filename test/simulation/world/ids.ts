import type { Ids } from "../../../functions/gate/ports/index.ts";
import type { Task } from "../engine/boundary.ts";

/** Ids that tell what they are of, and are the same in every run of a seed. */
export class SimIds {
  readonly #given = new Map<string, number>();

  of(task: Task): Ids {
    const item = task.name.replace(/^prop_/, "");
    return {
      proposalId: () => `prop_${this.#next(`p ${item}`, item)}`,
      attemptId: () => `att_${this.#next(`a ${item}`, item)}`,
      token: () => `token_${this.#next(`t ${item}`, item)}`.padEnd(32, "_"),
    };
  }

  #next(kind: string, name: string): string {
    const count = (this.#given.get(kind) ?? 0) + 1;
    this.#given.set(kind, count);
    return count === 1 ? name : `${name}_${count}`;
  }
}
