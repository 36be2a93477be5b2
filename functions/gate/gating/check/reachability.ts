import type { MatchFields } from "./ruleFields.ts";
import type { KnownRunbook } from "./checkRunbook.ts";
import { isWithin, momentsOf } from "./moments.ts";
import type { Moments } from "./moments.ts";
import { listOf, windowOf } from "../schema/normalise.ts";
import { Space, intersection, subtract } from "./space.ts";
import type { Box } from "./space.ts";

/** Boxes looked at before the check gives up and lets the rules pass. */
const MAX_BOXES = 20_000;
const MAX_DIMENSIONS = 100;

/** What has to be known of a rule to tell what it leaves to the rules after it. */
export interface RuleSpan {
  match: MatchFields;
  /** undefined: what is written is wrong. */
  decision: "allow" | "deny" | "requireApproval" | undefined;
  propose: string | undefined;
  /** It takes nothing from the rules after it. */
  isDryRun: boolean;
}

/**
 * Why a rule is of no use. `covered`: those rules take everything that it matches. `unproposed`: it wants an event, and
 * nothing is proposed for such events. `outrun`: those rules propose before it can. `overruled`: whatever it would
 * allow is asked about by those rules, because a claim is missing.
 */
export type Uselessness =
  { kind: "covered" | "outrun" | "overruled"; by: number[] } | { kind: "unproposed" };

/** What a rule matches: any of the boxes, and the conditions that boxes cannot express. */
interface Reach {
  boxes: readonly Box[];
  titlePattern: ReadonlySet<string> | null;
  during: Moments | null;
}

/** What is left of a rule's boxes, and the indexes of the earlier ones that took something. */
interface Rest {
  left: Box[];
  takers: number[];
}

/**
 * For each rule, why it is of no use; null: it is, as far as can be told. A title pattern counts as covering only where
 * the covered rule has the same one, windows where they hold whenever the covered rule's do. Where the rules are too
 * many-sided to tell, a rule counts as able to match. `isWhole`: these are all the rules of the service, so that what
 * they propose is all that is proposed for events. A rule in a dry run counts for itself, and against no other.
 */
export function uselessness(
  rules: readonly RuleSpan[],
  runbooks: readonly KnownRunbook[],
  isWhole: boolean,
): (Uselessness | null)[] {
  const space = new Space(
    rules.map(({ match }) => match),
    runbooks,
  );
  if (space.size > MAX_DIMENSIONS) return rules.map(() => null);
  const budget = { boxes: MAX_BOXES };
  const proposals = isWhole ? proposalsOf(rules, space, budget) : null;
  const reaches = rules.map(({ match }) => reachOf(match, space.of(match)));
  const taken = reaches.map((reach, index) => takenBy(rules[index], reach));
  return rules.map((rule, index) => {
    const outrunBy = proposals?.outrun.get(index);
    if (outrunBy !== undefined) return { kind: "outrun", by: outrunBy };
    const reach = reaches[index];
    if (reach === undefined) return null;
    const boxes =
      proposals === null ? [...reach.boxes] : shared(reach.boxes, proposals.all, budget);
    if (boxes === null) return null;
    if (boxes.length === 0) return { kind: "unproposed" };
    const rest = subtractAll({ ...reach, boxes }, taken.slice(0, index), budget);
    if (rest === null) return null;
    if (rest.left.length === 0) return { kind: "covered", by: rest.takers };
    if (rule.decision !== "allow") return null;
    const asking = rules.slice(0, index).map((earlier): Reach => {
      const { decision, match } = earlier;
      const looksAtClaims = match.severity !== undefined || match.region !== undefined;
      const isStricter = decision === "deny" || decision === "requireApproval";
      const asks = looksAtClaims && isStricter ? space.withUnstated(match) : [];
      return takenBy(earlier, reachOf(match, asks));
    });
    const allowed = subtractAll({ ...reach, boxes: rest.left }, asking, budget);
    return allowed?.left.length === 0 ? { kind: "overruled", by: allowed.takers } : null;
  });
}

/** Everything that can be proposed, and the rules that never come to propose. */
function proposalsOf(
  rules: readonly RuleSpan[],
  space: Space,
  budget: { boxes: number },
): { all: Box[]; outrun: Map<number, number[]> } | null {
  const all = [space.explicit];
  const outrun = new Map<number, number[]>();
  const events = rules.map(({ match, propose }) =>
    reachOf(match, propose === undefined ? [] : space.eventsOf(match)),
  );
  for (const [index, { propose }] of rules.entries()) {
    const own = events[index];
    if (propose === undefined || own === undefined) continue;
    const earlier = events.slice(0, index).map((reach, before) => takenBy(rules[before], reach));
    const rest = subtractAll(own, earlier, budget);
    if (rest === null) return null;
    if (rest.left.length === 0) outrun.set(index, rest.takers);
    all.push(...rest.left.map((box) => space.withRunbook(box, propose)));
  }
  return { all, outrun };
}

/** What of a rule's reach is lost to those after it. */
function takenBy(rule: RuleSpan | undefined, reach: Reach): Reach {
  return rule?.isDryRun === true ? { ...reach, boxes: [] } : reach;
}

function reachOf(match: MatchFields, boxes: readonly Box[]): Reach {
  const patterns = listOf(match.titlePattern);
  const windows = listOf(match.during);
  return {
    boxes,
    titlePattern: patterns === null ? null : new Set(patterns),
    during: windows === null ? null : momentsOf(windows.map(windowOf)),
  };
}

/** null: too much to tell. */
function shared(
  boxes: readonly Box[],
  others: readonly Box[],
  budget: { boxes: number },
): Box[] | null {
  budget.boxes -= boxes.length * others.length;
  if (budget.boxes < 0) return null;
  return boxes.flatMap((box) => others.flatMap((other) => intersection(box, other)));
}

/** null: too much to tell. */
function subtractAll(
  reach: Reach,
  earlier: readonly Reach[],
  budget: { boxes: number },
): Rest | null {
  let left = [...reach.boxes];
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
    if (left.length === 0) break;
  }
  return { left, takers };
}

/** Whether any of `narrow` holding means that any of `wide` holds; null always holds. */
function implies(narrow: ReadonlySet<string> | null, wide: ReadonlySet<string> | null): boolean {
  return wide === null || (narrow !== null && [...narrow].every((value) => wide.has(value)));
}
