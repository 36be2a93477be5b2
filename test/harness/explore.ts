import { createHash } from "node:crypto";
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
  const seen = new Set<string>();
  const onPath = new Set<string>();
  const path: string[] = [];
  const outcomes = new Map<string, number>();
  let moves = 0;
  let ends = 0;

  const visit = (sim: Sim): void => {
    const key = keyOf(sim);
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

/** Everything that decides what can happen next: not the number of writes or what the trail says. */
function keyOf(sim: Sim): string {
  const { version: _version, audit: _audit, ...proposal } = sim.proposal;
  // A collision of two of 160 bits is less likely than a fault of the machine.
  return createHash("sha1")
    .update(JSON.stringify({ ...sim, proposal }))
    .digest("base64");
}
