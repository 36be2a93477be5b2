import { intersection } from "../check/space.ts";
import type { Box } from "../check/space.ts";
import { evaluate, proposedRunbook } from "../evaluate/evaluate.ts";
import { eventClaims } from "../schema/eventProposals.ts";
import { proposingEvents } from "../schema/events.ts";
import type { ServiceGating, Subject } from "../schema/types.ts";
import { AXIS, NO, UNSTATED, YES } from "./axes.ts";
import type { Axes, Valued } from "./axes.ts";
import type { Answer } from "./answer.ts";
import { titleWith } from "./titles.ts";

/** One proposal, or, with `event`, one event and whatever is proposed for it. */
export type Witness = Omit<Subject, "action" | "runbook"> & {
  /** null: that which the event proposes. */
  runbook: string | null;
};

/** Some proposal of the boxes; null: no title was found that fits the patterns of any of them. */
export function witnessIn(
  boxes: readonly Box[],
  universe: readonly Box[],
  axes: Axes,
): Witness | null {
  // First what states no region: the shortest to try.
  for (const box of universe.flatMap((all) => boxes.flatMap((one) => intersection(one, all)))) {
    const title = titleWith(
      axes.patterns.filter((pattern) => box[axes.patternAxis(pattern)] === YES),
      axes.patterns.filter((pattern) => box[axes.patternAxis(pattern)] === NO),
    );
    if (title !== null) return witnessOf(box, axes, title);
  }
  return null;
}

function witnessOf(box: Box, axes: Axes, title: string): Witness {
  const bits = (axis: number) => box[axis] ?? 0n;
  const value = (field: Valued, wished: string | null, other: string) =>
    valueIn(bits(AXIS[field]), field, axes, wished, other);
  const event = value(
    "event",
    null,
    proposingEvents.find((one) => !axes.values.event.includes(one)) ?? "incident.other",
  );
  const isUnstated = (bits(AXIS.claims) & UNSTATED) !== 0n;
  const inside = axes.regions.filter((region) => bits(axes.regionAxis(region)) === YES);
  const urgency = value("urgency", null, "high");
  return {
    event,
    runbook:
      event === null
        ? (axes.runbooks.find((name) => (bits(AXIS.runbook) & axes.runbook(name)) !== 0n) ?? null)
        : null,
    proposer: value("proposer", "ai-agent", "somebody-else") ?? eventClaims.proposer,
    priority: value("priority", null, "P9"),
    severity: value("severity", null, "other"),
    urgency: urgency === "low" || urgency === null ? urgency : "high",
    regions: isUnstated ? [] : inside.length > 0 ? inside : [unlike("elsewhere-1", axes.regions)],
    title,
    atMs:
      axes.timeline.kinds.find((_, kind) => ((bits(AXIS.time) >> BigInt(kind)) & 1n) === 1n)
        ?.atMs ?? 0,
  };
}

/** The wished value if the bits have it, else one that a rule names, else another. */
function valueIn(
  bits: bigint,
  field: Valued,
  axes: Axes,
  wished: string | null,
  other: string,
): string | null {
  if ((bits & axes.value(field, wished)) !== 0n) return wished;
  const named = axes.values[field].find((one) => (bits & axes.value(field, one)) !== 0n);
  if (named !== undefined) return axes.spelled(field, named);
  return (bits & axes.other(field)) === 0n ? null : unlike(other, axes.values[field]);
}

function unlike(text: string, taken: readonly string[]): string {
  const lower = taken.map((one) => one.toLowerCase());
  return lower.includes(text.toLowerCase()) ? unlike(`${text}0`, taken) : text;
}

/** What the gating itself answers, without any of the comparison's sets. */
export function answerTo(gating: ServiceGating, witness: Witness): Answer {
  const { runbook: named, ...rest } = witness;
  const found = named === null ? proposedRunbook(gating, rest) : null;
  if (named === null && found === null) return { decision: null, because: "nothingProposed" };
  const name = named ?? found?.runbook ?? "";
  const runbook = Object.hasOwn(gating.runbooks, name) ? gating.runbooks[name] : undefined;
  if (runbook === undefined) return { decision: null, because: "unknownRunbook" };
  const { decision, rule, terms } = evaluate(gating, {
    ...rest,
    runbook: name,
    action: runbook.action,
  });
  const proposed = found === null ? null : { runbook: found.runbook, by: found.rule };
  return { decision, rule, terms, proposed };
}
