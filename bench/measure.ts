/** One of two things that are compared; answers what one round took, in the pair's unit per operation. */
type Round = () => Promise<number>;

export interface Comparison {
  name: string;
  /** What the subject is held against. */
  baseline: string;
  unit: "ms" | "µs" | "KB";
  rounds: number;
  /** Operations in each round. */
  operations: number;
  subject: Spread;
  baselineTime: Spread;
  /** Subject divided by baseline, of the two halves of each round. */
  ratio: Spread;
  /** What the subject must stay below in every round, and whether it did; absent: there is no such bound. */
  bound?: { most: number; worst: number; isKept: boolean };
}

export interface Spread {
  median: number;
  /** The middle half of the rounds. */
  low: number;
  high: number;
}

export interface Pair {
  name: string;
  baseline: string;
  unit: "ms" | "µs" | "KB";
  operations: number;
  /** What the subject promises to stay below, in its unit. */
  most?: number;
  runSubject: Round;
  runBaseline: Round;
}

/**
 * Runs both sides in turn, the one that goes first changing with each round, so that whatever the machine does
 * meanwhile falls on both. A first round of each is thrown away.
 */
export async function compare(pair: Pair, rounds: number): Promise<Comparison> {
  const times: { subject: number; baseline: number }[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const isSubjectFirst = round % 2 === 0;
    const first = await clean(isSubjectFirst ? pair.runSubject : pair.runBaseline);
    const second = await clean(isSubjectFirst ? pair.runBaseline : pair.runSubject);
    if (round >= 0) {
      times.push(
        isSubjectFirst
          ? { subject: first, baseline: second }
          : { subject: second, baseline: first },
      );
    }
  }
  const { name, baseline, unit, operations, most } = pair;
  const worst = Math.max(...times.map(({ subject }) => subject));
  return {
    name,
    baseline,
    unit,
    rounds,
    operations,
    subject: spread(times.map(({ subject }) => subject)),
    baselineTime: spread(times.map(({ baseline: time }) => time)),
    ratio: spread(times.map((time) => time.subject / time.baseline)),
    ...(most === undefined ? {} : { bound: { most, worst, isKept: worst < most } }),
  };
}

/** Garbage of the one side must not be collected in the time of the other. */
async function clean(round: Round): Promise<number> {
  globalThis.gc?.();
  return round();
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/** Runs `operation` that often, one after another; the mean time of one in milliseconds. */
export async function timeEach(
  operations: number,
  operation: (index: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < operations; index += 1) {
    await operation(index);
  }
  return (performance.now() - began) / operations;
}
