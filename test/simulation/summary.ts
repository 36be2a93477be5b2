import { Coverage } from "./engine/coverage.ts";
import { play } from "./history.ts";
import { planOf } from "./draw.ts";
import type { Plan } from "./plan.ts";

/** Figures of many histories; what one thread sends to the other. */
export interface Summary {
  histories: number;
  proposals: number;
  runs: number;
  faults: number;
  /** Seeds by the rule that they break. */
  violations: Record<string, number[]>;
  /** Seeds whose history could not be played to its end. */
  broken: Record<string, number[]>;
  coverage: Record<string, number>;
}

export function emptySummary(): Summary {
  return {
    histories: 0,
    proposals: 0,
    runs: 0,
    faults: 0,
    violations: {},
    broken: {},
    coverage: {},
  };
}

export interface Range {
  from: number;
  /** Every so many seeds. */
  step: number;
  untilMs: number;
  count: number;
  ledger: Plan["ledger"];
}

const MINUTE_MS = 60_000;

/** Plays seed after seed until the time is over, and tells each minute how far it is. */
export async function playMany(
  { from, step, untilMs, count, ledger }: Range,
  tell: (so: string) => void = () => undefined,
): Promise<Summary> {
  const summary = emptySummary();
  const coverage = new Coverage();
  let tellAtMs = Date.now() + MINUTE_MS;
  for (let played = 0; played < count && Date.now() < untilMs; played++) {
    const seed = from + played * step;
    try {
      const history = await play(planOf(seed, ledger), { coverage });
      summary.histories += 1;
      summary.proposals += history.proposals;
      summary.runs += history.runs;
      summary.faults += history.injected.length;
      for (const rule of new Set(history.violations.map((violation) => violation.rule))) {
        (summary.violations[rule] ??= []).push(seed);
      }
      if (Date.now() >= tellAtMs) {
        tellAtMs += MINUTE_MS;
        const bad = Object.values(summary.violations).flat().length;
        tell(`${summary.histories} histories up to seed ${seed}, ${bad} broke a rule`);
      }
    } catch (error) {
      (summary.broken[error instanceof Error ? error.message : String(error)] ??= []).push(seed);
    }
  }
  return { ...summary, coverage: coverage.counts() };
}

export function added(one: Summary, other: Summary): Summary {
  return {
    histories: one.histories + other.histories,
    proposals: one.proposals + other.proposals,
    runs: one.runs + other.runs,
    faults: one.faults + other.faults,
    violations: joined(one.violations, other.violations),
    broken: joined(one.broken, other.broken),
    coverage: Object.fromEntries(
      [...new Set([...Object.keys(one.coverage), ...Object.keys(other.coverage)])].map((key) => [
        key,
        (one.coverage[key] ?? 0) + (other.coverage[key] ?? 0),
      ]),
    ),
  };
}

function joined(
  one: Record<string, number[]>,
  other: Record<string, number[]>,
): Record<string, number[]> {
  const all = { ...one };
  for (const [key, seeds] of Object.entries(other)) {
    all[key] = [...(all[key] ?? []), ...seeds].sort((a, b) => a - b);
  }
  return all;
}
