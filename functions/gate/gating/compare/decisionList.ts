import type { Box } from "../check/space.ts";
import { defaultTerms } from "../schema/normalise.ts";
import type { Match, OnDeny, Rule, RuleTerms, Runbook, ServiceGating } from "../schema/types.ts";
import { AXIS, EITHER, STATED, UNSTATED, VALUED, YES, rulesInForce } from "./axes.ts";
import type { Axes } from "./axes.ts";
import { answerKey, laxityOf } from "./answer.ts";
import type { Answer } from "./answer.ts";

/** A condition of a rule. */
type Need =
  /** `unstated`: the bit of a claim that is not made; 0: it is no claim. */
  | { kind: "values"; axis: number; bits: bigint; unstated: bigint }
  /** Any of the regions, which are claims, or any of the title patterns. */
  | { kind: "anyOf"; axes: readonly number[]; areClaims: boolean };

/** One rule as the comparison sees it. */
export interface Entry {
  needs: readonly Need[];
  /** What it answers. */
  own: Leaf;
  /** What it makes of a proposal that lacks a claim which it looks at; null: it asks about none. */
  asking: Leaf | null;
  /** Equal for rules that look at the same and answer the same. */
  key: string;
}

/** An answer, how easily something runs by it, and a text that is equal for answers that do not differ. */
export interface Leaf {
  answer: Answer;
  laxity: number;
  key: string;
}

/** Rules in order; the first that matches decides. */
export interface DecisionList {
  entries: readonly Entry[];
  otherwise: Leaf;
}

/** How a rule stands to all proposals of a box: with `axis`, some are on one side of it and some on the other. */
export type Standing = "matches" | "cannot" | "mightMatch" | { axis: number; bits: bigint };

/** What proposers get. */
export function proposalList(gating: ServiceGating, axes: Axes): DecisionList {
  const known = axes.runbooks.filter((name) => Object.hasOwn(gating.runbooks, name));
  const unknown = leafOf({ decision: null, because: "unknownRunbook" });
  const runbooks = known.reduce((bits, name) => bits | axes.runbook(name), 0n);
  const entries = rulesInForce(gating).map((rule) => {
    const matched = Object.values(gating.runbooks)
      .filter((runbook) => isAbout(rule.match, runbook))
      .reduce((bits, { name }) => bits | axes.runbook(name), 0n);
    return entryOf(rule, gating, axes, matched, null);
  });
  return {
    entries: [
      ...(runbooks === axes.everyRunbook
        ? []
        : [entryFor(axes.everyRunbook & ~runbooks, axes, unknown)]),
      ...entries,
    ],
    otherwise: otherwiseOf(gating, null),
  };
}

/** Which rule with `propose` proposes for an event; the leaf names the runbook and the rule. */
export function proposingList(gating: ServiceGating, axes: Axes): DecisionList {
  const entries = rulesInForce(gating).flatMap((rule) => {
    const runbook = proposedBy(rule, gating);
    if (runbook === null || !isAbout(rule.match, runbook)) return [];
    return [
      entryOf(rule, gating, axes, axes.everyRunbook, { runbook: runbook.name, by: rule.name }),
    ];
  });
  return {
    // A claim that the event lacks keeps a rule from proposing; it asks nobody.
    entries: entries.map((entry) => ({ ...entry, asking: null })),
    otherwise: leafOf({ decision: null, because: "nothingProposed" }),
  };
}

/** What is said of what an event proposes. */
export function proposedList(
  gating: ServiceGating,
  axes: Axes,
  proposed: { runbook: string; by: string },
): DecisionList {
  const runbook = gating.runbooks[proposed.runbook];
  return {
    entries: rulesInForce(gating).flatMap((rule) =>
      runbook !== undefined && isAbout(rule.match, runbook)
        ? [entryOf(rule, gating, axes, axes.everyRunbook, proposed)]
        : [],
    ),
    otherwise: otherwiseOf(gating, proposed),
  };
}

/** How the rule stands to what is in the box. */
export function standingOf(entry: Entry, box: Box): Standing {
  let split: Standing | null = null;
  let isUnstated = false;
  for (const need of entry.needs) {
    const standing = needIn(need, box, entry.asking !== null);
    if (standing === "cannot") return standing;
    if (standing === "mightMatch") isUnstated = true;
    if (typeof standing === "object") split ??= standing;
  }
  return split ?? (isUnstated ? "mightMatch" : "matches");
}

function needIn(need: Need, box: Box, asks: boolean): Standing {
  if (need.kind === "anyOf") return anyIn(need, box, asks);
  const { axis, bits, unstated } = need;
  const values = box[axis] ?? 0n;
  const inside = values & bits;
  if (inside === values) return "matches";
  const none = asks ? values & unstated : 0n;
  if (inside !== 0n) return { axis, bits };
  if (none === 0n) return "cannot";
  return none === values ? "mightMatch" : { axis, bits: none };
}

function anyIn(
  { axes, areClaims }: Extract<Need, { kind: "anyOf" }>,
  box: Box,
  asks: boolean,
): Standing {
  if (areClaims) {
    const claims = box[AXIS.claims] ?? 0n;
    if (claims === UNSTATED) return asks ? "mightMatch" : "cannot";
    if (claims !== STATED) return { axis: AXIS.claims, bits: UNSTATED };
  }
  if (axes.some((axis) => box[axis] === YES)) return "matches";
  const open = axes.find((axis) => box[axis] === EITHER);
  return open === undefined ? "cannot" : { axis: open, bits: YES };
}

/** The boxes of what the rule matches, or might match for want of a claim. */
export function reachOf(entry: Entry, boxes: readonly Box[]): Box[] {
  return entry.needs.reduce<Box[]>(
    (left, need) => left.flatMap((box) => within(need, box, entry.asking !== null)),
    [...boxes],
  );
}

function within(need: Need, box: Box, asks: boolean): Box[] {
  const only = (axis: number, bits: bigint): Box[] => {
    const values = (box[axis] ?? 0n) & bits;
    return values === 0n ? [] : [box.map((own, other) => (other === axis ? values : own))];
  };
  if (need.kind === "values") return only(need.axis, need.bits | (asks ? need.unstated : 0n));
  const any = need.axes.flatMap((axis) => only(axis, YES));
  return need.areClaims && asks ? [...any, ...only(AXIS.claims, UNSTATED)] : any;
}

function entryOf(
  rule: Rule,
  gating: ServiceGating,
  axes: Axes,
  runbooks: bigint,
  proposed: { runbook: string; by: string } | null,
): Entry {
  const needs = needsOf(rule.match, runbooks, axes);
  const { decision, name } = rule;
  const own = leafOf({ decision, rule: name, terms: told(rule, gating), proposed });
  if (decision === "allow") return withKey(needs, own, null);
  // A rule that denies has no terms by which to ask.
  const terms = decision === "deny" ? defaultTerms() : rule;
  return withKey(needs, own, leafOf({ decision: "requireApproval", rule: name, terms, proposed }));
}

/** The terms with who hears of a denial, which the service says where the rule does not. */
function told(terms: RuleTerms, { onDeny }: { onDeny?: OnDeny }): RuleTerms {
  return onDeny === undefined || terms.onDeny !== undefined ? terms : { ...terms, onDeny };
}

function entryFor(runbooks: bigint, axes: Axes, own: Leaf): Entry {
  return withKey(needsOf(ANYTHING, runbooks, axes), own, null);
}

function withKey(needs: readonly Need[], own: Leaf, asking: Leaf | null): Entry {
  const looks = needs.map((need) =>
    need.kind === "values" ? `${need.axis}:${need.bits.toString(36)}` : need.axes.join("|"),
  );
  return { needs, own, asking, key: [...looks, own.key, asking?.key ?? ""].join(" ") };
}

function leafOf(answer: Answer): Leaf {
  return { answer, laxity: laxityOf(answer), key: answerKey(answer) };
}

function otherwiseOf(
  gating: ServiceGating,
  proposed: { runbook: string; by: string } | null,
): Leaf {
  const terms = told(defaultTerms(), gating);
  return leafOf({ decision: gating.otherwise, rule: null, terms, proposed });
}

function proposedBy(rule: Rule, gating: ServiceGating): Runbook | null {
  if (rule.propose === null || !Object.hasOwn(gating.runbooks, rule.propose)) return null;
  return gating.runbooks[rule.propose] ?? null;
}

/** Whether the rule can be about the runbook at all. */
function isAbout({ runbook, action }: Match, { name, action: own }: Runbook): boolean {
  return (runbook === null || runbook.includes(name)) && (action === null || action.includes(own));
}

const ANYTHING: Match = {
  event: null,
  action: null,
  priority: null,
  severity: null,
  urgency: null,
  region: null,
  runbook: null,
  proposer: null,
  titlePattern: null,
  during: null,
};

/** What restricts most, and is cheapest to look at, first. */
function needsOf(match: Match, runbooks: bigint, axes: Axes): Need[] {
  const needs: Need[] = [];
  if (runbooks !== axes.everyRunbook) {
    needs.push({ kind: "values", axis: AXIS.runbook, bits: runbooks, unstated: 0n });
  }
  for (const field of VALUED) {
    const values = match[field];
    if (values === null) continue;
    const bits = values.reduce((all, value) => all | axes.value(field, value), 0n);
    const unstated = field === "severity" ? axes.none(field) : 0n;
    needs.push({ kind: "values", axis: AXIS[field], bits, unstated });
  }
  if (match.region !== null) {
    const named = match.region.map((region) => axes.regionAxis(region)).sort((a, b) => a - b);
    needs.push({ kind: "anyOf", axes: named, areClaims: true });
  }
  if (match.during !== null) {
    const bits = axes.timeline.of(match.during);
    needs.push({ kind: "values", axis: AXIS.time, bits, unstated: 0n });
  }
  if (match.titlePattern !== null) {
    const named = match.titlePattern.map((one) => axes.patternAxis(one)).sort((a, b) => a - b);
    needs.push({ kind: "anyOf", axes: named, areClaims: false });
  }
  return needs;
}
