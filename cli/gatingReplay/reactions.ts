import { Column } from "./columns.ts";

/** Fewer than that say too little of an hour: then all hours together count. */
const ENOUGH = 5;

export interface Reaction {
  answered: number;
  medianMs: number | null;
  p90Ms: number | null;
}

/**
 * How long reviewers really took, by the hour of the day at which they were asked. Where nobody answered in time it is known
 * only that it would have taken longer than was waited.
 */
export class Reactions {
  readonly #answered: readonly Column[] = hours();
  readonly #unanswered: readonly Column[] = hours();
  #all: { answered: Float64Array; unanswered: Float64Array }[] | null = null;

  answered(hour: number, tookMs: number): void {
    this.#answered[hour]?.push(tookMs);
  }

  unanswered(hour: number, waitedMs: number): void {
    this.#unanswered[hour]?.push(waitedMs);
  }

  get unansweredCount(): number {
    return this.#unanswered.reduce((sum, { length }) => sum + length, 0);
  }

  /** null: of all hours. */
  of(hour: number | null): Reaction {
    const { answered } = this.#sorted(hour);
    return {
      answered: answered.length,
      medianMs: percentile(answered, 0.5),
      p90Ms: percentile(answered, 0.9),
    };
  }

  /** The same, of all hours where that hour has too few. */
  typical(hour: number): Reaction {
    const own = this.of(hour);
    return own.answered >= ENOUGH ? own : this.of(null);
  }

  /** How likely nobody answers within that time; null: nothing is known. */
  noAnswerWithin(hour: number, ms: number): number | null {
    return this.#share(hour, ms, ENOUGH) ?? this.#share(null, ms, 1);
  }

  #share(hour: number | null, ms: number, least: number): number | null {
    const { answered, unanswered } = this.#sorted(hour);
    // One that was not waited for so long says nothing of what would have been until then.
    const longer = unanswered.length - countBelow(unanswered, ms);
    const known = answered.length + longer;
    if (known < least) return null;
    const later = answered.length - countUpTo(answered, ms);
    return (later + longer) / known;
  }

  #sorted(hour: number | null): { answered: Float64Array; unanswered: Float64Array } {
    this.#all ??= Array.from({ length: 25 }, (_, index) => ({
      answered: sorted(index === 24 ? this.#answered : this.#answered.slice(index, index + 1)),
      unanswered: sorted(
        index === 24 ? this.#unanswered : this.#unanswered.slice(index, index + 1),
      ),
    }));
    return (
      this.#all[hour ?? 24] ?? { answered: new Float64Array(), unanswered: new Float64Array() }
    );
  }
}

function hours(): Column[] {
  return Array.from({ length: 24 }, () => new Column());
}

function sorted(columns: readonly Column[]): Float64Array {
  const all = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0));
  let from = 0;
  for (const column of columns) {
    all.set(column.all(), from);
    from += column.length;
  }
  return all.sort();
}

/** The least value that is not below so large a part of them. */
function percentile(values: Float64Array, part: number): number | null {
  return values[Math.max(0, Math.ceil(values.length * part) - 1)] ?? null;
}

function countBelow(values: Float64Array, limit: number): number {
  return firstWhere(values, (value) => value >= limit);
}

function countUpTo(values: Float64Array, limit: number): number {
  return firstWhere(values, (value) => value > limit);
}

function firstWhere(values: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(values[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}
