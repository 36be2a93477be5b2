import type { MatchFields } from "./ruleFields.ts";
import { runbooksMatched } from "./checkRunbook.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { eventClaims } from "../schema/eventProposals.ts";
import { eventType } from "../schema/events.ts";
import { listOf } from "../schema/normalise.ts";

/**
 * A set of proposals: for each dimension, the values allowed as bits. Every dimension has only the
 * values that some rule names, one for all the others and one for none, so that complements are exact.
 */
export type Box = readonly bigint[];

/** A region is in a proposal or not. */
const [OUT, IN, EITHER] = [1n, 2n, 3n];

/** The dimensions of a service's proposals. */
export class Space {
  readonly #runbooks: readonly KnownRunbook[];
  readonly #axes: readonly Axis[];
  /** Each region is a dimension of its own, as a proposal can be in several; the last stands for all that no rule names. */
  readonly #regions: readonly (string | null)[];

  constructor(matches: readonly MatchFields[], runbooks: readonly KnownRunbook[]) {
    this.#runbooks = runbooks;
    this.#axes = FIELDS.map((field) => new Axis(field, matches));
    const regions = distinct(matches.map((match) => listOf(match.region)));
    this.#regions = regions.length === 0 ? [] : [...regions, null];
  }

  get size(): number {
    return 1 + this.#axes.length + this.#regions.length;
  }

  /** What the rule matches: any of the boxes. */
  of(match: MatchFields): Box[] {
    return this.#boxes(match, (axis) => axis.of(match), this.#regionBoxes(listOf(match.region)));
  }

  /** What the rule matches, and what it would for some claim where the proposer makes none. */
  withUnstated(match: MatchFields): Box[] {
    const regions = this.#regionBoxes(listOf(match.region));
    return this.#boxes(
      match,
      (axis) => axis.of(match) | (axis.field === "severity" ? axis.none : 0n),
      match.region === undefined ? regions : [...regions, this.#regions.map(() => OUT)],
    );
  }

  /** What proposers propose themselves. */
  get explicit(): Box {
    return this.#all((axis) => {
      if (axis.field === "event") return axis.none;
      return axis.field === "proposer" ? axis.any & ~axis.value(eventClaims.proposer) : axis.any;
    }, EITHER);
  }

  /** The events that the rule matches, as proposals of any runbook. */
  eventsOf(match: MatchFields): Box[] {
    const fromEvent = this.#all((axis) => {
      if (axis.field === "severity") return axis.none;
      return axis.field === "proposer" ? axis.value(eventClaims.proposer) : axis.any;
    }, OUT);
    const { runbook: _runbook, action: _action, ...rest } = match;
    return this.of(rest).flatMap((box) => intersection(box, fromEvent));
  }

  /** The box with only proposals of that runbook. */
  withRunbook(box: Box, name: string): Box {
    return [bits(this.#runbooks, (runbook) => runbook.name === name), ...box.slice(1)];
  }

  #all(values: (axis: Axis) => bigint, region: bigint): Box {
    return [
      bits(this.#runbooks, () => true),
      ...this.#axes.map(values),
      ...this.#regions.map(() => region),
    ];
  }

  #boxes(match: MatchFields, values: (axis: Axis) => bigint, regions: readonly Box[]): Box[] {
    const able = new Set(runbooksMatched(match, this.#runbooks).map((runbook) => runbook.name));
    const axes = [bits(this.#runbooks, ({ name }) => able.has(name)), ...this.#axes.map(values)];
    return regions.map((box) => [...axes, ...box]);
  }

  /** "In any of these regions" as boxes: in the first; not in the first but in the second; … */
  #regionBoxes(named: readonly string[] | null): Box[] {
    if (named === null) return [this.#regions.map(() => EITHER)];
    return named.map((region, index) => {
      const before = named.slice(0, index);
      return this.#regions.map((other) => {
        if (other === region) return IN;
        return other !== null && before.includes(other) ? OUT : EITHER;
      });
    });
  }
}

const FIELDS = ["event", "priority", "severity", "urgency", "proposer"] as const;
type Field = (typeof FIELDS)[number];

/** One field of a proposal that has one value or none. */
class Axis {
  readonly field: Field;
  readonly #values: readonly string[];

  constructor(field: Field, matches: readonly MatchFields[]) {
    this.field = field;
    this.#values = distinct(matches.map((match) => named(field, match)));
  }

  /** Every value, named or not, and none. */
  get any(): bigint {
    return (1n << BigInt(this.#values.length + 2)) - 1n;
  }

  get none(): bigint {
    return 1n << BigInt(this.#values.length + 1);
  }

  value(name: string): bigint {
    const bit = this.#values.indexOf(name);
    return 1n << BigInt(bit < 0 ? this.#values.length : bit);
  }

  of(match: MatchFields): bigint {
    const values = named(this.field, match);
    return values === null ? this.any : bits(this.#values, (value) => values.includes(value));
  }
}

/** The values that the rule names, in the form in which they are compared; null: any will do. */
function named(field: Field, match: MatchFields): string[] | null {
  const values = listOf<string>(match[field]);
  if (field === "event") return values?.map(eventType) ?? null;
  return field === "priority" || field === "severity"
    ? (values?.map((value) => value.toLowerCase()) ?? null)
    : values;
}

/** What both boxes have: one box or none. */
export function intersection(box: Box, other: Box): Box[] {
  const both: bigint[] = [];
  for (const [axis, values] of box.entries()) {
    const shared = values & (other[axis] ?? 0n);
    if (shared === 0n) return [];
    both.push(shared);
  }
  return [both];
}

/** `box` without `taken`, as boxes that do not overlap; null: they have nothing in common. */
export function subtract(box: Box, taken: Box): Box[] | null {
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

function distinct(lists: readonly (readonly string[] | null)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}

function bits<Value>(values: readonly Value[], holds: (value: Value) => boolean): bigint {
  return values.reduce((set, value, bit) => (holds(value) ? set | (1n << BigInt(bit)) : set), 0n);
}
