import type { ServiceGating } from "../schema/types.ts";
import { Axes, rulesInForce } from "./axes.ts";
import { reachOf } from "./decisionList.ts";
import type { Leaf } from "./decisionList.ts";
import { NotProven } from "./notProven.ts";
import { Side, UNIVERSES, findAnswer } from "./side.ts";
import type { CompareOptions } from "./service.ts";
import { Budget, MAX_LOOKS } from "./walk.ts";
import { answerTo, witnessIn } from "./witness.ts";
import type { Witness } from "./witness.ts";

/**
 * For each rule in force, by name, one proposal or event that it decides; null: there is none, or none was found within the
 * bound. What is in it was asked of the gating itself.
 */
export function witnesses(
  gating: ServiceGating,
  { fromMs, maxLooks = MAX_LOOKS }: CompareOptions,
): Map<string, Witness | null> {
  const rules = rulesInForce(gating);
  try {
    const axes = new Axes([gating], fromMs);
    const side = new Side(gating, axes);
    return new Map(
      rules.map(({ name }) => [name, witnessFor(name, side, axes, Math.ceil(maxLooks / 20))]),
    );
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    return new Map(rules.map(({ name }) => [name, null]));
  }
}

function witnessFor(rule: string, side: Side, axes: Axes, looks: number): Witness | null {
  if (axes.runbooks.length === 0) return null;
  const isWanted = ({ answer }: Leaf) => answer.decision !== null && answer.rule === rule;
  let witness: Witness | null = null;
  for (const universe of UNIVERSES) {
    if (witness !== null) break;
    const all = axes[universe];
    const entries = universe === "proposals" ? side.proposals.entries : [];
    const own = entries.filter((entry) => isWanted(entry.own));
    const boxes = universe === "proposals" ? own.flatMap((entry) => reachOf(entry, all)) : all;
    try {
      findAnswer(universe, boxes, side, new Budget(looks), (leaf, box) => {
        if (!isWanted(leaf)) return false;
        const found = witnessIn([box], all, axes);
        if (found === null) return false;
        const answer = answerTo(side.gating, found);
        if (answer.decision === null || answer.rule !== rule) return false;
        witness = found;
        return true;
      });
    } catch (error) {
      if (!(error instanceof NotProven)) throw error;
    }
  }
  return witness;
}
