import {
  answerText,
  conclusion,
  countsText,
  differenceTexts,
  groupLine,
  notProven,
  serviceName,
  verdictText,
  whichText,
  type Comparison,
  type Group,
  type ServiceChange,
} from "../functions/gate/gating/compare/index.ts";
import { explainCommandOf } from "./gatingWitness.ts";
import { oneLine } from "./text.ts";

/** A comparison, and what was compared. */
export interface Told {
  /** The file, or the file at a git revision, as it was named. */
  base: string;
  head: string;
  /** From when on windows were looked at. */
  fromMs: number;
  comparison: Comparison;
}

/** For a terminal. */
export function comparisonText({ base, head, comparison }: Told): string {
  const lines = [
    `${base} → ${head}: ${conclusion(comparison)}`,
    ...comparison.services.flatMap((change) => [
      "",
      `${serviceName(change)}${listing(change)}`,
      ...change.groups.flatMap((group) => groupLines(group, change, head)),
      ...(change.unproven === null ? [] : [`  ${notProven(change.unproven)}`]),
    ]),
    ...(comparison.services.some(({ groups }) => groups.some(({ witness }) => witness !== null))
      ? ["", `The commands tell the answers after; with ${base} they tell those before.`]
      : []),
  ];
  return lines.map((line) => `${oneLine(line)}\n`).join("");
}

function listing({ listed, service }: ServiceChange): string {
  if (service === null || listed.before === listed.after) return "";
  return listed.after ? " (new; till now the defaults applied)" : " (gone; the defaults apply)";
}

function groupLines(group: Group, { service }: ServiceChange, head: string): string[] {
  const { before, after, witness } = group;
  const differences = differenceTexts(group);
  return [
    `  ${verdictText(group).toUpperCase()}: ${whichText(group)}`,
    ...(before === null || after === null
      ? []
      : [`    before   ${answerText(before)}`, `    after    ${answerText(after)}`]),
    ...differences.map((text, index) => `    ${index === 0 ? "differs" : "       "}  ${text}`),
    ...(witness === null ? [] : [`    witness  ${explainCommandOf(head, service, witness)}`]),
  ];
}

/** Lines of a phone that the groups of a comment may take before the rest is folded; the first is always shown. */
const SHOWN_LINES = 14;
const LETTERS_IN_LINE = 42;

/** How many of them fit. */
function shownOf(items: readonly string[]): number {
  let lines = 0;
  const over = items.findIndex((one) => {
    lines += Math.ceil(one.length / LETTERS_IN_LINE);
    return lines > SHOWN_LINES;
  });
  return over === -1 ? items.length : Math.max(1, over);
}

const MARKS = { loosened: "🔓", tightened: "🔒", changed: "✏️" } as const;

/** For a comment on a pull request: what a phone's screen holds, and the rest folded. */
export function comparisonMarkdown({ base, head, comparison }: Told): string {
  const all = comparison.services.flatMap((change) =>
    change.groups.map((group) => ({ group, change })),
  );
  const title = comparison.services.length === 0 ? "nothing changes in meaning" : countsOf(all);
  const items = all.map(({ group, change }) => item(group, change));
  const shown = shownOf(items);
  const folded = items.slice(shown);
  return `${[
    `### Gating: ${title}`,
    ...(comparison.verdict === null ? ["", conclusion(comparison)] : []),
    ...(comparison.verdict !== null && comparison.unproven !== null
      ? ["", `**${notProven(comparison.unproven)}**`]
      : []),
    ...(items.length === 0 ? [] : ["", ...items.slice(0, shown)]),
    ...(folded.length === 0 ? [] : details(`${folded.length} more`, folded)),
    ...(all.length === 0
      ? []
      : details("What each differs in, and a proposal to try", [
          ...all.flatMap(({ group, change }, index) => more(group, change, index, head)),
          `The commands tell the answers after. With \`${base}\` as their file they tell those before.`,
        ])),
  ].join("\n")}\n`;
}

function countsOf(all: readonly { group: Group }[]): string {
  const counts = countsText(all.map(({ group }) => group));
  return counts === "" ? "not proven" : counts;
}

function item(group: Group, change: ServiceChange): string {
  return `- ${MARKS[group.verdict]} **${verdictText(group)}** · ${serviceName(change)} · ${groupLine(group, 1)}`;
}

function more(group: Group, { service }: ServiceChange, index: number, head: string): string[] {
  const { witness } = group;
  const differences = differenceTexts(group);
  return [
    `${index + 1}. ${whichText(group)}`,
    ...differences.map((text) => `   - ${text}`),
    ...(witness === null
      ? []
      : ["", "   ```sh", `   ${oneLine(explainCommandOf(head, service, witness))}`, "   ```"]),
    "",
  ];
}

function details(summary: string, lines: readonly string[]): string[] {
  return ["", `<details><summary>${summary}</summary>`, "", ...lines, "", "</details>"];
}

/** The answer of `--json`. Fields are added, and never change what they mean. */
export function comparisonJson({ base, head, fromMs, comparison }: Told): unknown {
  const { services, verdict, unproven } = comparison;
  return {
    base,
    head,
    from: new Date(fromMs).toISOString(),
    verdict: verdict ?? "same",
    proven: unproven === null,
    ...(unproven === null ? {} : { unproven }),
    services: services.map((change) => ({
      service: change.service,
      listed: change.listed,
      proven: change.unproven === null,
      groups: change.groups.map(({ has: _has, witness, ...group }) => ({
        ...group,
        witness:
          witness === null
            ? null
            : {
                ...witness,
                at: new Date(witness.atMs).toISOString(),
                explain: explainCommandOf(head, change.service, witness),
              },
      })),
    })),
  };
}
