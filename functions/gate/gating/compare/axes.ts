import type { Box } from "../check/space.ts";
import { eventClaims } from "../schema/eventProposals.ts";
import { titleMatches } from "../schema/titlePattern.ts";
import type { Match, Rule, ServiceGating, Subject } from "../schema/types.ts";
import { Timeline } from "./timeline.ts";

/** The first axes of every box; behind them one for each region and one for each title pattern that a rule names. */
export const AXIS = {
  runbook: 0,
  event: 1,
  proposer: 2,
  priority: 3,
  severity: 4,
  urgency: 5,
  /** Whether the proposer states regions at all. */
  claims: 6,
  time: 7,
} as const;
const FIRST_FLAG = 8;

/** Of a region or a title pattern: it is not in the proposal, it is, or either. */
export const [NO, YES, EITHER] = [1n, 2n, 3n];
/** Of the regions together: none is stated, or some are. */
export const [UNSTATED, STATED] = [1n, 2n];

export const VALUED = ["event", "proposer", "priority", "severity", "urgency"] as const;
export type Valued = (typeof VALUED)[number];

/**
 * The dimensions of what can be proposed for a service under two gatings. A proposal is told apart from another only by
 * what some rule of either looks at: by the values that are named, one for all others and one for none, by each region
 * and title pattern, and by which windows hold.
 */
export class Axes {
  readonly runbooks: readonly string[];
  readonly values: Readonly<Record<Valued, readonly string[]>>;
  readonly regions: readonly string[];
  readonly patterns: readonly string[];
  readonly timeline: Timeline;
  readonly #spelled: ReadonlyMap<string, string>;

  constructor(gatings: readonly ServiceGating[], fromMs: number) {
    const rules = gatings.flatMap((gating) => rulesInForce(gating));
    const named = (field: Exclude<keyof Match, "during">) =>
      distinct(rules.flatMap(({ match }) => match[field] ?? []));
    this.runbooks = distinct(gatings.flatMap((gating) => Object.keys(gating.runbooks)));
    this.values = {
      event: named("event"),
      proposer: distinct([eventClaims.proposer, ...named("proposer")]),
      priority: distinct(named("priority").map((value) => fold("priority", value))),
      severity: distinct(named("severity").map((value) => fold("severity", value))),
      urgency: ["high", "low"],
    };
    this.#spelled = new Map(
      [...named("priority"), ...named("severity")]
        .reverse()
        .map((value) => [value.toLowerCase(), value]),
    );
    this.regions = named("region");
    this.patterns = named("titlePattern");
    this.timeline = new Timeline(
      rules.flatMap(({ match }) => match.during ?? []),
      fromMs,
    );
  }

  /** All that proposers can propose themselves. */
  get proposals(): Box[] {
    const all = this.#box((field) => {
      if (field === "event") return this.none("event");
      if (field === "proposer") {
        return (
          this.all("proposer") &
          ~this.none("proposer") &
          ~this.value("proposer", eventClaims.proposer)
        );
      }
      return field === "urgency" ? this.all("urgency") & ~this.other("urgency") : this.all(field);
    });
    // Who states regions and none of those named states others.
    return [this.#withRegions(all, UNSTATED, NO), this.#withRegions(all, STATED, EITHER)];
  }

  /** All PagerDuty events that can lead to a proposal. The runbook is what comes of them, not what they are. */
  get events(): Box[] {
    const all = this.#box((field) => {
      if (field === "event") return this.all("event") & ~this.none("event");
      if (field === "proposer") return this.value("proposer", eventClaims.proposer);
      if (field === "severity") return this.none("severity");
      return field === "urgency" ? this.all("urgency") & ~this.other("urgency") : this.all(field);
    });
    return [this.#withRegions(all, UNSTATED, NO)];
  }

  get everyRunbook(): bigint {
    return (1n << BigInt(this.runbooks.length)) - 1n;
  }

  runbook(name: string): bigint {
    const bit = this.runbooks.indexOf(name);
    return bit < 0 ? 0n : 1n << BigInt(bit);
  }

  /** Every value of the field, named or not, and none. */
  all(field: Valued): bigint {
    return (1n << BigInt(this.values[field].length + 2)) - 1n;
  }

  other(field: Valued): bigint {
    return 1n << BigInt(this.values[field].length);
  }

  none(field: Valued): bigint {
    return 1n << BigInt(this.values[field].length + 1);
  }

  value(field: Valued, value: string | null): bigint {
    if (value === null) return this.none(field);
    const bit = this.values[field].indexOf(fold(field, value));
    return bit < 0 ? this.other(field) : 1n << BigInt(bit);
  }

  /** The value as it was first written. */
  spelled(field: Valued, value: string): string {
    return field === "priority" || field === "severity"
      ? (this.#spelled.get(value) ?? value)
      : value;
  }

  regionAxis(region: string): number {
    return FIRST_FLAG + this.regions.indexOf(region);
  }

  patternAxis(pattern: string): number {
    return FIRST_FLAG + this.regions.length + this.patterns.indexOf(pattern);
  }

  /** Where the proposal or event lies; of an event the runbook is left open. */
  pointOf(subject: Subject): Box {
    const runbook = subject.event === null ? this.runbook(subject.runbook) : this.everyRunbook;
    const box = [
      runbook,
      ...VALUED.map((field) => this.value(field, subject[field])),
      subject.regions.length === 0 ? UNSTATED : STATED,
      this.timeline.at(subject.atMs),
      ...this.regions.map((region) => (subject.regions.includes(region) ? YES : NO)),
      ...this.patterns.map((pattern) => (titleMatches(pattern, subject.title) ? YES : NO)),
    ];
    return box;
  }

  #box(values: (field: Valued) => bigint): Box {
    return [
      this.everyRunbook,
      ...VALUED.map(values),
      UNSTATED | STATED,
      this.timeline.all,
      ...this.regions.map(() => EITHER),
      ...this.patterns.map(() => EITHER),
    ];
  }

  #withRegions(box: Box, claims: bigint, region: bigint): Box {
    return box.map((bits, axis) => {
      if (axis === AXIS.claims) return claims;
      return axis >= FIRST_FLAG && axis < FIRST_FLAG + this.regions.length ? region : bits;
    });
  }
}

/** The rules that decide: those in a dry run are passed over. */
export function rulesInForce(gating: ServiceGating): readonly Rule[] {
  return gating.rules.filter(({ dryRun }) => dryRun !== true);
}

/** Priorities and severities are compared without regard to capitals. */
function fold(field: Valued, value: string): string {
  return field === "priority" || field === "severity" ? value.toLowerCase() : value;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
