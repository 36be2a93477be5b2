import type { Comparison, ServiceChange } from "./compare.ts";
import { code, word } from "./code.ts";
import type { Difference, Verdict, Written } from "./answer.ts";
import type { Group, ToldAnswer } from "./service.ts";

/** A value as people read it, in one line. */
function shownValue(value: Written): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) {
    return value.length === 0 ? "nothing" : value.map((one: Written) => shownValue(one)).join(", ");
  }
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([key, one]) => `${key} ${shownValue(one)}`)
      .join(" ");
  }
  const text = String(value);
  return word(text.includes("\n") ? JSON.stringify(text) : text);
}

const DECIDED: Readonly<Record<ToldAnswer["decision"], string>> = {
  allow: "allowed",
  deny: "denied",
  requireApproval: "a human is asked",
  unknownRunbook: "refused, no such runbook",
  nothingProposed: "nothing is proposed",
};

/** "denied (rule `freeze`)". */
export function answerText({ decision, rule, proposes, proposedBy, terms }: ToldAnswer): string {
  const silence =
    decision === "requireApproval" && terms["onExpiry"] === "approve" ? ", silence is a yes" : "";
  const by = rule === null ? "" : rule === "otherwise" ? " (`otherwise`)" : ` (rule ${code(rule)})`;
  const what = proposes === null ? "" : `${code(proposes)} by rule ${code(proposedBy ?? "")}, `;
  return `${what}${DECIDED[decision]}${silence}${by}`;
}

/** What the two answers of a group already show. */
const IN_ANSWERS: readonly string[] = ["decision", "rule", "proposes", "proposedBy", "onExpiry"];

/** "`sla` 5m → 10m"; of a group with answers only what these do not show. */
export function differenceTexts({ before, differs }: Group): string[] {
  return differs
    .filter(({ field }) => before === null || !IN_ANSWERS.includes(field))
    .map((one) => differenceText(one));
}

function differenceText({ field, before, after }: Difference): string {
  return `${code(field)} ${shownValue(before)} → ${shownValue(after)}`;
}

/** How many alternatives a text for people names; whoever needs them all asks for JSON. */
const MAX_WHICH = 4;

/** Which proposals the group has, in one line. */
export function whichText({ which }: Group, most = MAX_WHICH): string {
  const rest = which.length - most;
  return rest <= 0
    ? which.join("; or ")
    : `${which.slice(0, most).join("; or ")}; or ${rest} more such ${rest === 1 ? "set" : "sets"}`;
}

/** The group in one line: which proposals, and from what to what. */
export function groupLine(group: Group, most = MAX_WHICH): string {
  const { before, after } = group;
  const more = differenceTexts(group).join(", ");
  const told = before === null || after === null ? null : answersText(before, after);
  return `${whichText(group, most)}: ${[told, more === "" ? null : more].filter((part) => part !== null).join("; ")}`;
}

function answersText(before: ToldAnswer, after: ToldAnswer): string {
  const [was, is] = [answerText(before), answerText(after)];
  return was === is ? is : `${was} → ${is}`;
}

/** "loosened", or "possibly loosened". */
export function verdictText({ verdict, possibly }: Pick<Group, "verdict" | "possibly">): string {
  return possibly ? `possibly ${verdict}` : verdict;
}

/** "2 loosened, 1 changed". */
export function countsText(groups: readonly Group[]): string {
  return (["loosened", "tightened", "changed"] as const)
    .map(
      (verdict: Verdict) =>
        [groups.filter((group) => group.verdict === verdict).length, verdict] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`)
    .join(", ");
}

/** Whose gating it is. */
export function serviceName({ service }: Pick<ServiceChange, "service">): string {
  return service === null ? "services that are not listed" : code(service);
}

const NOTHING_CHANGES =
  "Nothing changes in meaning: every proposal and every event is answered as before.";

/** In one sentence what became of the comparison. */
export function conclusion({ services, unproven }: Comparison): string {
  const groups = services.flatMap((one) => one.groups);
  const doubt = unproven === null ? "" : ` ${notProven(unproven)}`;
  if (groups.length === 0) return unproven === null ? NOTHING_CHANGES : notProven(unproven);
  return `${countsText(groups)}.${doubt}`;
}

export function notProven(why: NonNullable<Comparison["unproven"]>): string {
  return why === "tooManySided"
    ? "Not proven: the gatings are too many-sided to be compared in full, so there may be more differences."
    : "Not proven: the gating itself contradicts the comparison, which is a fault of this command, so there may be more differences.";
}

/** What a change of one service changes, in at most so many lines. */
export function summaryLines(
  change: Pick<ServiceChange, "groups" | "unproven">,
  most = 5,
): string[] {
  const { groups, unproven } = change;
  if (groups.length === 0 && unproven === null) return [NOTHING_CHANGES];
  const head = groups.length === 0 ? [] : [`What is answered differently: ${countsText(groups)}`];
  const tail = unproven === null ? [] : [notProven(unproven)];
  const room = most - head.length - tail.length;
  const lines = groups.map((group) => `${verdictText(group)}: ${groupLine(group)}`);
  const shown = lines.length <= room ? lines : lines.slice(0, room - 1);
  const rest = lines.length - shown.length;
  return [
    ...head,
    ...shown,
    ...(rest === 0 ? [] : [`… and ${rest} more: \`gate gating compare\` tells them`]),
    ...tail,
  ];
}
