import { Simulation, type Scenario, type Sim } from "./simulation.ts";

/** Longer than any path on which nothing goes round in a circle. */
const MAX_DEPTH = 2_000;

export interface Explored {
  states: number;
  moves: number;
  ends: number;
  /** By kind and reason of the outcome. */
  outcomes: Map<string, number>;
}

/** Visits every state that a scenario can reach, depth first, each once. Throws with the path to what must not be. */
export function explore(scenario: Scenario): Explored {
  const simulation = new Simulation(scenario);
  const keys = new Keys();
  const seen = new Set<string>();
  const onPath = new Set<string>();
  const path: string[] = [];
  const outcomes = new Map<string, number>();
  let moves = 0;
  let ends = 0;

  const visit = (sim: Sim): void => {
    const key = keys.of(sim);
    if (onPath.has(key)) {
      throw new Error("it goes round in a circle");
    }
    if (seen.has(key)) {
      return;
    }
    seen.add(key);
    if (path.length > MAX_DEPTH) {
      throw new Error("it goes on for ever");
    }
    onPath.add(key);
    const next = simulation.moves(sim);
    const { closedAtMs, dueAtMs } = sim.proposal;
    const isHeard = sim.hints.length === 0 && sim.late.length === 0;
    if (closedAtMs !== null && dueAtMs === null && isHeard) {
      simulation.assertEnd(sim);
      const { kind, reason } = sim.proposal.outcome ?? {};
      outcomes.set(`${kind} ${reason}`, (outcomes.get(`${kind} ${reason}`) ?? 0) + 1);
      ends += 1;
    } else if (next.length === 0) {
      throw new Error("nothing happens any more, and it is not closed");
    }
    for (const { name, to } of next) {
      moves += 1;
      path.push(name);
      visit(to);
      path.pop();
    }
    onPath.delete(key);
  };

  try {
    visit(simulation.start());
  } catch (error) {
    throw new Error(`${scenario.name}: ${path.join(" › ")}: ${String(error)}`, { cause: error });
  }
  return { states: seen.size, moves, ends, outcomes };
}

interface Part {
  key: string;
  value: unknown;
  name: string;
}

/** Looked into part by part. */
const WHOLES = ["proposal", "facts"] as const;
/** Beside those, what decides nothing: the number of writes and what the trail says. */
const LEFT_OUT: readonly string[] = [...WHOLES, "version", "audit", "seenAtMs"];

/**
 * Texts that are the same for states in which the same can happen next. One state after another shares whatever did not
 * change, so only what is not the very object of the state before is looked into.
 */
class Keys {
  /** One short name for every content that a part has had. */
  readonly #names = new Map<string, string>();
  readonly #before = { sim: [] as Part[], proposal: [] as Part[], facts: [] as Part[] };

  of(sim: Sim): string {
    const wholes = WHOLES.map((whole) => this.#parts(sim[whole], this.#before[whole]));
    return [this.#parts(sim, this.#before.sim), ...wholes].join("|");
  }

  #parts(whole: object, before: Part[]): string {
    const names: string[] = [];
    for (const [key, value] of Object.entries(whole)) {
      let part = before[names.length];
      if (part === undefined || part.value !== value || part.key !== key) {
        part = { key, value, name: LEFT_OUT.includes(key) ? "" : this.#name(key, value) };
        before[names.length] = part;
      }
      names.push(part.name);
    }
    return names.join(" ");
  }

  #name(key: string, value: unknown): string {
    const text = `${key}:${JSON.stringify(value)}`;
    let name = this.#names.get(text);
    if (name === undefined) {
      name = this.#names.size.toString(36);
      this.#names.set(text, name);
    }
    return name;
  }
}
