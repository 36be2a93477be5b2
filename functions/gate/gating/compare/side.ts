import type { Box } from "../check/space.ts";
import type { ServiceGating } from "../schema/types.ts";
import type { Axes } from "./axes.ts";
import { proposalList, proposedList, proposingList } from "./decisionList.ts";
import type { DecisionList, Leaf } from "./decisionList.ts";
import { walk } from "./walk.ts";
import type { Budget, Cell } from "./walk.ts";

/** What can be asked of a gating: what proposers propose, or what comes of PagerDuty's events. */
export const UNIVERSES = ["proposals", "events"] as const;
export type Universe = (typeof UNIVERSES)[number];

/** One of the gatings that are compared. */
export class Side {
  readonly gating: ServiceGating;
  readonly proposals: DecisionList;
  readonly proposing: DecisionList;
  readonly #axes: Axes;
  readonly #proposed = new Map<string, DecisionList>();

  constructor(gating: ServiceGating, axes: Axes) {
    this.gating = gating;
    this.#axes = axes;
    this.proposals = proposalList(gating, axes);
    this.proposing = proposingList(gating, axes);
  }

  /** What is said of what the leaf of `proposing` proposes. */
  following(leaf: Leaf): DecisionList {
    const { answer } = leaf;
    if (answer.decision === null || answer.proposed === null) {
      return { entries: [], otherwise: leaf };
    }
    const kept = this.#proposed.get(leaf.key);
    if (kept !== undefined) return kept;
    const list = proposedList(this.gating, this.#axes, answer.proposed);
    this.#proposed.set(leaf.key, list);
    return list;
  }
}

/** As `walk`, over what both sides answer to all that is in the boxes. */
export function walkAnswers(
  universe: Universe,
  boxes: readonly Box[],
  [before, after]: readonly [Side, Side],
  budget: Budget,
  onlyDiffering: boolean,
  visit: (cell: Cell) => boolean,
): boolean {
  if (universe === "proposals") {
    return walk(boxes, before.proposals, after.proposals, budget, onlyDiffering, visit);
  }
  // First what is proposed, then what is said of it.
  return walk(boxes, before.proposing, after.proposing, budget, false, (cell) =>
    walk(
      [cell.box],
      before.following(cell.before),
      after.following(cell.after),
      budget,
      onlyDiffering,
      visit,
    ),
  );
}

/** The first of the boxes' parts whose answer is wanted; null: there is none. */
export function findAnswer(
  universe: Universe,
  boxes: readonly Box[],
  side: Side,
  budget: Budget,
  wanted: (leaf: Leaf, box: Box) => boolean,
): Box | null {
  let found: Box | null = null;
  walkAnswers(universe, boxes, [side, side], budget, false, ({ box, before }) => {
    if (wanted(before, box)) found = box;
    return found !== null;
  });
  return found;
}
