import type { Box } from "../check/space.ts";
import { standingOf } from "./decisionList.ts";
import type { DecisionList, Entry, Leaf, Standing } from "./decisionList.ts";
import { NotProven } from "./notProven.ts";

/** How often a rule is held against a set of proposals, for one service, before the comparison gives up. */
export const MAX_LOOKS = 1_000_000;
/** How many sets it may find, for one service: more could not be read, and would take long to be put together. */
const MAX_CELLS = 5_000;

/** What is left of both bounds. */
export class Budget {
  #looks: number;
  #cells = MAX_CELLS;

  constructor(looks: number) {
    this.#looks = looks;
  }

  look(rules: number): void {
    this.#looks -= rules;
    if (this.#looks < 0) throw new NotProven("tooManySided");
  }

  find(): void {
    this.#cells -= 1;
    if (this.#cells < 0) throw new NotProven("tooManySided");
  }
}

/** A set of proposals, all of which the one gating answers with the one leaf and the other with the other. */
export interface Cell {
  box: Box;
  before: Leaf;
  after: Leaf;
}

/** What is left of a list inside a box: rules of which none is out of reach, up to the first that takes all. */
interface Rest {
  entries: readonly Entry[];
  standings: readonly Standing[];
  otherwise: Leaf;
}

/**
 * Goes through all sets of proposals that the lists tell apart, as disjoint boxes, splitting only where a rule of either
 * does. `onlyDiffering`: sets in which both lists say the same are left out, and not even looked into where what is
 * left of the lists is the same. Ends where `visit` answers true.
 */
export function walk(
  boxes: readonly Box[],
  before: DecisionList,
  after: DecisionList,
  budget: Budget,
  onlyDiffering: boolean,
  visit: (cell: Cell) => boolean,
): boolean {
  const pending = boxes.map((box) => ({ box, before, after }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { box } = next;
    budget.look(1 + next.before.entries.length + next.after.entries.length);
    const one = restOf(next.before, box);
    const other = restOf(next.after, box);
    const shared = sharedLength(one, other);
    if (
      onlyDiffering &&
      shared === one.entries.length &&
      shared === other.entries.length &&
      endOf(one).key === endOf(other).key
    ) {
      continue;
    }
    const split = splitOf(one, other, shared);
    if (split === null) {
      const cell = { box, before: leafOf(one), after: leafOf(other) };
      if (onlyDiffering && cell.before.key === cell.after.key) continue;
      if (visit(cell)) return true;
      continue;
    }
    const { axis, bits } = split;
    for (const part of [~bits, bits]) {
      const half = box.map((own, index) => (index === axis ? own & part : own));
      pending.push({ box: half, before: one, after: other });
    }
  }
  return false;
}

function restOf({ entries, otherwise }: DecisionList, box: Box): Rest {
  const left: Entry[] = [];
  const standings: Standing[] = [];
  let isAskedStrictly = false;
  for (const entry of entries) {
    // Of rules that ask for want of a claim the first of the strictest counts.
    const looked = isAskedStrictly && entry.asking !== null ? { ...entry, asking: null } : entry;
    const standing = standingOf(looked, box);
    if (standing === "cannot") continue;
    left.push(looked);
    standings.push(standing);
    if (standing === "matches") break;
    if (standing === "mightMatch" && looked.asking?.laxity === 1) isAskedStrictly = true;
  }
  return { entries: left, standings, otherwise };
}

/** How many rules the rests have in common at their beginning. */
function sharedLength(one: Rest, other: Rest): number {
  const differing = one.entries.findIndex((entry, index) => {
    const facing = other.entries[index];
    return facing === undefined || facing.key !== entry.key || isAsking(facing) !== isAsking(entry);
  });
  return differing < 0 ? one.entries.length : differing;
}

function isAsking(entry: Entry): boolean {
  return entry.asking !== null;
}

/** What decides where no rule before it does. */
function endOf({ entries, standings, otherwise }: Rest): Leaf {
  return standings.at(-1) === "matches" ? (entries.at(-1)?.own ?? otherwise) : otherwise;
}

/**
 * Where to split; null: each list has one answer. First by the rules that the lists do not share: where those are out of
 * reach the rest is the same, and most of it never has to be looked at.
 */
function splitOf(one: Rest, other: Rest, shared: number): Exclude<Standing, string> | null {
  const longest = Math.max(one.standings.length, other.standings.length);
  for (let index = shared; index < longest; index++) {
    for (const standing of [one.standings[index], other.standings[index]]) {
      if (typeof standing === "object") return standing;
    }
  }
  for (const standing of one.standings.slice(0, shared)) {
    if (typeof standing === "object") return standing;
  }
  return null;
}

/** The answer where nothing is left to split. */
function leafOf(rest: Rest): Leaf {
  const found = endOf(rest);
  const asking = rest.entries
    .flatMap(({ asking: leaf }, index) =>
      leaf !== null && rest.standings[index] === "mightMatch" ? [leaf] : [],
    )
    .filter((leaf) => leaf.laxity < found.laxity)
    .sort((a, b) => a.laxity - b.laxity)[0];
  return asking ?? found;
}
