import { runbooksMatched } from "./checkRule.ts";
import type { MatchFields } from "./checkRule.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { eventType } from "./events.ts";
import { isWithin, momentsOf } from "./moments.ts";
import type { Moments } from "./moments.ts";
import { listOf, windowOf } from "./normalise.ts";

/**
 * A set of proposals: for each dimension, the values allowed as bits. Every dimension has only the
 * values that some rule names, and one more for all the others, so that complements are exact.
 */
type Box = readonly bigint[];

/** Boxes looked at before the check gives up and lets the rules pass. */
const MAX_BOXES = 20_000;
const MAX_DIMENSIONS = 100;

/** What a rule matches: any of the boxes, and the conditions that boxes cannot express. */
interface Reach {
  boxes: Box[];
  titlePattern: ReadonlySet<string> | null;
  during: Moments | null;
}

/**
 * For each rule, null when it can match, or the indexes of the earlier rules that together take
 * everything it could. A title pattern counts as covering only where the covered rule has the same
 * one, windows where they hold whenever the covered rule's do. Where the rules are too many-sided to tell, a rule counts as able to match.
 */
export function unreachable(
  matches: readonly MatchFields[],
  runbooks: readonly KnownRunbook[],
): (number[] | null)[] {
  const space = new Space(matches, runbooks);
  if (space.size > MAX_DIMENSIONS) return matches.map(() => null);
  const reaches = matches.map((match) => space.reach(match));
  const budget = { boxes: MAX_BOXES };
  return reaches.map((reach, index) => coveredBy(reach, reaches.slice(0, index), budget));
}

function coveredBy(
  reach: Reach,
  earlier: readonly Reach[],
  budget: { boxes: number },
): number[] | null {
  let left = reach.boxes;
  const takers: number[] = [];
  for (const [index, other] of earlier.entries()) {
    if (!implies(reach.titlePattern, other.titlePattern) || !isWithin(reach.during, other.during)) {
      continue;
    }
    let takes = false;
    for (const taken of other.boxes) {
      const rest: Box[] = [];
      for (const box of left) {
        if (--budget.boxes < 0) return null;
        const parts = subtract(box, taken);
        if (parts === null) {
          rest.push(box);
        } else {
          takes = true;
          rest.push(...parts);
        }
      }
      left = rest;
    }
    if (takes) takers.push(index);
    if (left.length === 0) return takers;
  }
  return null;
}

/** Whether any of `narrow` holding means that any of `wide` holds; null always holds. */
function implies(narrow: ReadonlySet<string> | null, wide: ReadonlySet<string> | null): boolean {
  return wide === null || (narrow !== null && [...narrow].every((value) => wide.has(value)));
}

/** `box` without `taken`, as boxes that do not overlap; null: they have nothing in common. */
function subtract(box: Box, taken: Box): Box[] | null {
  if (box.some((values, axis) => (values & (taken[axis] ?? 0n)) === 0n)) return null;
  return box.flatMap((values, axis) => {
    const outside = values & ~(taken[axis] ?? 0n);
    if (outside === 0n) return [];
    return [
      box.map((own, other) => {
        if (other === axis) return outside;
        return other < axis ? own & (taken[other] ?? 0n) : own;
      }),
    ];
  });
}

/** The dimensions of a service's proposals. */
class Space {
  readonly #runbooks: readonly KnownRunbook[];
  readonly #axes: readonly {
    values: string[];
    of: (match: MatchFields) => string[] | null;
  }[];
  /** Each region is a dimension of its own: a proposal can be in several. */
  readonly #regions: readonly string[];

  constructor(matches: readonly MatchFields[], runbooks: readonly KnownRunbook[]) {
    this.#runbooks = runbooks;
    this.#axes = AXES.map((of) => ({ values: distinct(matches.map(of)), of }));
    this.#regions = distinct(matches.map((match) => listOf(match.region)));
  }

  get size(): number {
    return 1 + this.#axes.length + this.#regions.length;
  }

  reach(match: MatchFields): Reach {
    const able = new Set(runbooksMatched(match, this.#runbooks).map((runbook) => runbook.name));
    const axes = [
      bits(this.#runbooks, (runbook) => able.has(runbook.name)),
      ...this.#axes.map(({ values, of }) => {
        const named = of(match);
        // The last bit stands for every value that no rule names, and for none at all.
        return named === null
          ? (1n << BigInt(values.length + 1)) - 1n
          : bits(values, (value) => named.includes(value));
      }),
    ];
    return {
      boxes: this.#regionBoxes(listOf(match.region)).map((regions) => [...axes, ...regions]),
      titlePattern: setOf(listOf(match.titlePattern)),
      during:
        match.during === undefined ? null : momentsOf((listOf(match.during) ?? []).map(windowOf)),
    };
  }

  /** "In any of these regions" as boxes: in the first; not in the first but in the second; … */
  #regionBoxes(named: readonly string[] | null): Box[] {
    const [OUT, IN, ANY] = [1n, 2n, 3n];
    if (named === null) return [this.#regions.map(() => ANY)];
    return named.map((region, index) => {
      const before = named.slice(0, index);
      return this.#regions.map((other) => {
        if (other === region) return IN;
        return before.includes(other) ? OUT : ANY;
      });
    });
  }
}

const AXES: readonly ((match: MatchFields) => string[] | null)[] = [
  (match) => listOf(match.event)?.map(eventType) ?? null,
  (match) => folded(listOf(match.priority)),
  (match) => folded(listOf(match.severity)),
  (match) => listOf(match.urgency),
  (match) => listOf(match.proposer),
];

function folded(values: readonly string[] | null): string[] | null {
  return values?.map((value) => value.toLowerCase()) ?? null;
}

function distinct(lists: readonly (readonly string[] | null)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}

function bits<Value>(values: readonly Value[], holds: (value: Value) => boolean): bigint {
  return values.reduce((set, value, bit) => (holds(value) ? set | (1n << BigInt(bit)) : set), 0n);
}

function setOf(values: readonly string[] | null): ReadonlySet<string> | null {
  return values === null ? null : new Set(values);
}
