import type { Box } from "../check/space.ts";
import { intersection } from "../check/space.ts";
import type { ServiceGating, Subject } from "../schema/types.ts";
import { AXIS, Axes } from "./axes.ts";
import { answerKey, differencesOf, verdictOf, writtenTerms } from "./answer.ts";
import type { Answer, Difference, Verdict, Written } from "./answer.ts";
import { code } from "./code.ts";
import { fewest } from "./cover.ts";
import type { Leaf } from "./decisionList.ts";
import { runbookDifferences, serviceDifferences } from "./definitions.ts";
import { NotProven } from "./notProven.ts";
import type { Unproven } from "./notProven.ts";
import { placesOfItsOwn } from "./places.ts";
import { Side, UNIVERSES, findAnswer, walkAnswers } from "./side.ts";
import type { Universe } from "./side.ts";
import { Budget, MAX_LOOKS } from "./walk.ts";
import type { Cell } from "./walk.ts";
import { answerTo, witnessIn } from "./witness.ts";
import type { Witness } from "./witness.ts";
import { wordsOf } from "./words.ts";

/** What is answered to proposals of a group. */
export interface ToldAnswer {
  /** `unknownRunbook` and `nothingProposed`: nothing can come of it. */
  decision: "allow" | "deny" | "requireApproval" | "unknownRunbook" | "nothingProposed";
  /** "otherwise" where no rule decides; null where nothing is decided. */
  rule: string | null;
  /** Of an event: the runbook that is proposed, and the rule that proposes it. */
  proposes: string | null;
  proposedBy: string | null;
  /** Those that mean something with the decision, as the gating writes them. */
  terms: Record<string, Written>;
}

/** A set of proposals or events that are no longer answered as they were, or a thing that is no longer what it was. */
export interface Group {
  /**
   * Groups of `proposals` are disjoint, and so are those of `events`. What all proposals of a runbook, or of the service,
   * have in common is told once, as a group of its own.
   */
  about: Universe | "runbook" | "service";
  verdict: Verdict;
  /** No proposal was found that fits its title patterns: there may be none. */
  possibly: boolean;
  /** Which proposals, in the words of the gating; several are alternatives. */
  readonly which: string[];
  /** null for a runbook or a service, of which only what differs is told. */
  before: ToldAnswer | null;
  after: ToldAnswer | null;
  differs: Difference[];
  /** One of the proposals; null: none was found, or nothing can be proposed. */
  witness: Witness | null;
  /** Whether the proposal, or the event, is one of them. */
  has(subject: Subject): boolean;
}

/** How one service's gating differs from another. */
export interface ServiceComparison {
  groups: Group[];
  /** Why there may be more groups than these; null: there are none. */
  unproven: Unproven | null;
}

export interface CompareOptions {
  /** From when on moments count: a window that is over makes no difference. */
  fromMs: number;
  /** How often a rule may be held against a set of proposals before the comparison gives up. */
  maxLooks?: number;
}

/**
 * All that the gatings answer differently, exactly: what is in no group is answered the same by both, unless the answer
 * is `unproven`.
 */
export function compareServices(
  before: ServiceGating,
  after: ServiceGating,
  { fromMs, maxLooks = MAX_LOOKS }: CompareOptions,
): ServiceComparison {
  const groups: Group[] = [];
  const budget = new Budget(maxLooks);
  try {
    const axes = new Axes([before, after], fromMs);
    const sides = [new Side(before, axes), new Side(after, axes)] as const;
    groups.push(...serviceGroups(sides, axes, budget), ...runbookGroups(sides, axes, budget));
    for (const universe of UNIVERSES) answerGroups(universe, sides, axes, budget, groups);
    return { groups: inOrder(groups), unproven: null };
  } catch (error) {
    if (!(error instanceof NotProven)) throw error;
    return { groups: inOrder(groups), unproven: error.why };
  }
}

const ORDER: readonly Verdict[] = ["loosened", "tightened", "changed"];

function inOrder(groups: readonly Group[]): Group[] {
  return [...groups].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
}

type Sides = readonly [Side, Side];

/** Adds what was found also where it ends before all is. */
function answerGroups(
  universe: Universe,
  sides: Sides,
  axes: Axes,
  budget: Budget,
  groups: Group[],
): void {
  const all = boxesOf(universe, axes);
  const found = new Map<string, Cell[]>();
  const add = () => {
    for (const cells of found.values()) groups.push(...groupOf(universe, cells, all, sides, axes));
  };
  try {
    walkAnswers(universe, all, sides, budget, true, (cell) => {
      budget.find();
      const key = `${cell.before.key}\n${cell.after.key}`;
      const known = found.get(key);
      if (known === undefined) {
        found.set(key, [cell]);
      } else {
        known.push(cell);
      }
      return false;
    });
  } catch (error) {
    add();
    throw error;
  }
  add();
}

/** What can be asked at all; nothing where there is no runbook. */
function boxesOf(universe: Universe, axes: Axes): Box[] {
  return axes.runbooks.length === 0 ? [] : axes[universe];
}

function groupOf(
  universe: Universe,
  cells: readonly Cell[],
  all: readonly Box[],
  [before, after]: Sides,
  axes: Axes,
): Group[] {
  const [first] = cells;
  if (first === undefined) return [];
  const boxes = cells.map(({ box }) => box);
  const witness = witnessIn(boxes, all, axes);
  if (witness !== null) {
    confirm(before.gating, witness, first.before);
    confirm(after.gating, witness, first.after);
  }
  let which: string[] | null = null;
  const own = placesOfItsOwn(first.before.answer, first.after.answer, before.gating, after.gating);
  const differs = [
    ...differencesOf(first.before.answer, first.after.answer),
    ...(own === null ? [] : [own]),
  ];
  return [
    {
      about: universe,
      verdict: verdictOf(differs.map(({ verdict }) => verdict)),
      possibly: witness === null,
      // To find the fewest words takes longer than all the rest, and not everybody reads them.
      get which() {
        which ??= fewest(boxes, all, joinedAxes(all)).map((box) =>
          wordsOf(box, axes, universe === "events"),
        );
        return which;
      },
      before: told(first.before.answer),
      after: told(first.after.answer),
      differs,
      witness,
      has: (subject) => {
        const point = axes.pointOf(subject);
        return boxes.some((box) => intersection(box, point).length > 0);
      },
    },
  ];
}

/** A comparison that the gating itself contradicts proves nothing. */
function confirm(gating: ServiceGating, witness: Witness, leaf: Leaf): void {
  if (answerKey(answerTo(gating, witness)) !== leaf.key) throw new NotProven("unconfirmed");
}

function serviceGroups(sides: Sides, axes: Axes, budget: Budget): Group[] {
  const differs = serviceDifferences(sides[0].gating, sides[1].gating);
  if (differs.length === 0) return [];
  return [definitionGroup("service", "every proposal", null, differs, sides, axes, budget)];
}

function runbookGroups(sides: Sides, axes: Axes, budget: Budget): Group[] {
  return axes.runbooks.flatMap((name) => {
    const [before, after] = sides.map(({ gating }) =>
      Object.hasOwn(gating.runbooks, name) ? gating.runbooks[name] : undefined,
    );
    if (before === undefined || after === undefined) return [];
    const differs = runbookDifferences(before, after);
    if (differs.length === 0) return [];
    const which = `runbook ${code(name)}`;
    return [definitionGroup("runbook", which, name, differs, sides, axes, budget)];
  });
}

/** What differs for all proposals alike. It lets nothing more run where nothing of it can run. */
function definitionGroup(
  about: "runbook" | "service",
  which: string,
  runbook: string | null,
  differs: readonly Difference[],
  [, after]: Sides,
  axes: Axes,
  budget: Budget,
): Group {
  let [witness, canRun]: [Witness | null, boolean] = [null, false];
  for (const wanted of [runs, always]) {
    for (const universe of UNIVERSES) {
      if (witness !== null) continue;
      const all = boxesOf(universe, axes).map((box) => onlyRunbook(box, universe, runbook, axes));
      const found = findAnswer(universe, all, after, budget, (leaf, box) => {
        if (!wanted(leaf) || !isOf(leaf, universe, runbook)) return false;
        witness = witnessIn([box], all, axes);
        return witness !== null;
      });
      canRun ||= found !== null && wanted === runs;
    }
  }
  const own = differs.map((one) =>
    canRun || one.verdict !== "loosened" ? one : { ...one, verdict: "changed" as const },
  );
  return {
    about,
    verdict: verdictOf(own.map(({ verdict }) => verdict)),
    possibly: false,
    which: [which],
    before: null,
    after: null,
    differs: own,
    witness,
    has: (subject) => runbook === null || subject.runbook === runbook,
  };
}

function runs({ laxity }: Leaf): boolean {
  return laxity > 0;
}

function always(): boolean {
  return true;
}

function isOf({ answer }: Leaf, universe: Universe, runbook: string | null): boolean {
  if (universe === "proposals") return true;
  if (answer.decision === null) return false;
  return runbook === null || answer.proposed?.runbook === runbook;
}

function onlyRunbook(box: Box, universe: Universe, runbook: string | null, axes: Axes): Box {
  if (universe === "events" || runbook === null) return box;
  return box.map((bits, axis) => (axis === AXIS.runbook ? axes.runbook(runbook) : bits));
}

function joinedAxes(boxes: readonly Box[]): Box {
  const [first = [], ...others] = boxes;
  return others.reduce<Box>(
    (whole, box) => whole.map((bits, axis) => bits | (box[axis] ?? 0n)),
    first,
  );
}

function told(answer: Answer): ToldAnswer {
  if (answer.decision === null) {
    return {
      decision: answer.because,
      rule: null,
      proposes: null,
      proposedBy: null,
      terms: {},
    };
  }
  return {
    decision: answer.decision,
    rule: answer.rule ?? "otherwise",
    proposes: answer.proposed?.runbook ?? null,
    proposedBy: answer.proposed?.by ?? null,
    terms: writtenTerms(answer),
  };
}
