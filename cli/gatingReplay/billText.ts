import { formatDuration } from "../../functions/gate/text/duration.ts";
import { offsetMs } from "../../functions/gate/text/localTime.ts";
import { counted, oneLine, table } from "../text.ts";
import type { Bill, ChangedGroup, Costs } from "./bill.ts";
import type { LimitHits } from "./limits.ts";

/** What a comment shows of the bill where it changes; the rest is folded. */
const SHOWN: ReadonlySet<string> = new Set([
  "Approvals a week",
  "Approvals from 22:00 to 07:00",
  "Expected to expire",
  "Manual tasks of their own",
  "Stopped or held by a limit",
]);

/** Rows of a comment; the rest is in the command's output. */
const MOST_ROWS = 20;

interface Told {
  base: string;
  head: string;
  bill: Bill;
}

/** For a terminal. */
export function billText({ base, head, bill }: Told): string {
  const { groups, reactions } = bill;
  const { medianMs, p90Ms } = reactions;
  return [
    `${base} → ${head}\n`,
    `${span(bill)}\n`,
    ...left(bill).map((line) => `${line}\n`),
    `${changedLine(bill)}\n`,
    groups.length === 0
      ? ""
      : table(
          ["SERVICE", "BEFORE", "AFTER", "PROPOSALS", "DIFFERS IN"],
          groups.map((group) => [
            oneLine(group.service),
            answer(group.before),
            answer(group.after),
            String(group.proposals),
            group.differs.join(", "),
          ]),
        ),
    "\n",
    table(["", "BEFORE", "AFTER", "CHANGE"], rows(bill)),
    ...limits(bill).map((line) => `${line}\n`),
    medianMs === null || p90Ms === null
      ? "No reviewer's answer is recorded: what would have expired is not known.\n"
      : `\nReviewers took ${took(medianMs)} (median) and ${took(p90Ms)} (90th percentile); ${counted(reactions.unanswered, "request")} had no answer in time.\n${table(
          [`HOUR (${bill.timeZone})`, "ANSWERS", "MEDIAN", "90TH"],
          reactions.byHour.map((one) => [
            `${String(one.hour).padStart(2, "0")}:00`,
            String(one.answered),
            took(one.medianMs ?? 0),
            took(one.p90Ms ?? 0),
          ]),
        )}`,
  ].join("");
}

/** For a comment: what changes, and the rest folded. */
export function billMarkdown({ bill }: Told): string {
  const { groups } = bill;
  const all = rows(bill);
  const changed = all.filter(([name, before, after]) => SHOWN.has(name ?? "") && before !== after);
  const shown = groups.slice(0, MOST_ROWS);
  const more = groups.length - shown.length;
  return [
    `**The bill.** ${span(bill)} ${changedLine(bill)}${changed.length === 0 ? " The bill stays the same." : ""}`,
    "",
    ...(changed.length === 0 ? [] : [changed.map(inWords).join(" · "), ""]),
    "<details><summary>The whole bill</summary>",
    "",
    ...costTable(all),
    ...[...left(bill), ...limits(bill)].flatMap((line) => ["", cell(line)]),
    ...(shown.length === 0
      ? []
      : [
          "",
          "| service | before | after | proposals | differs in |",
          "| --- | --- | --- | ---: | --- |",
          ...shown.map((group) => `| ${groupCells(group).join(" | ")} |`),
        ]),
    ...(more > 0 ? ["", `… and ${counted(more, "more row")}`] : []),
    "",
    "</details>",
    "",
  ].join("\n");
}

function inWords([name = "", before = "", after = "", change = ""]: readonly string[]): string {
  return `${cell(name)} ${before} → **${after}**${change === "" ? "" : ` (${change})`}`;
}

function costTable(of: readonly string[][]): string[] {
  return [
    "| | before | after | change |",
    "| --- | ---: | ---: | ---: |",
    ...of.map((row) => `| ${row.map(cell).join(" | ")} |`),
  ];
}

function groupCells({ service, before, after, proposals, differs }: ChangedGroup): string[] {
  return [service, answer(before), answer(after), String(proposals), differs.join(", ")].map(cell);
}

/** Nothing of it can end a cell, begin a tag or name somebody. */
function cell(text: string): string {
  return oneLine(text)
    .replace(/[\\|`*_[\]]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/@/g, "@\u2060");
}

function span({ replayed, from, to, weeks, timeZone }: Bill): string {
  return from === null || to === null
    ? "No recorded proposal could be replayed."
    : `Replayed ${counted(replayed, "proposal")} from ${dayOf(from, timeZone)} to ${dayOf(to, timeZone)} (${counted(weeks, "week")}, times in ${timeZone}).`;
}

/** The day on which it is by the clocks there. */
function dayOf(instant: string, timeZone: string): string {
  const ms = Date.parse(instant);
  return new Date(ms + offsetMs(timeZone, ms)).toISOString().slice(0, 10);
}

function changedLine({ changed }: Bill): string {
  return changed === 0
    ? "None is answered differently."
    : `${counted(changed, "is", "are")} answered differently.`;
}

function left({ notReplayed, otherwiseRecorded }: Bill): string[] {
  const { withoutFacts, notWeighed } = notReplayed;
  return [
    withoutFacts === 0
      ? null
      : `${counted(withoutFacts, "proposal")} cannot be replayed: an earlier release did not record what was compared.`,
    notWeighed === 0
      ? null
      : `${counted(notWeighed, "proposal")} ended before the rules were looked at.`,
    otherwiseRecorded === 0
      ? null
      : `${counted(otherwiseRecorded, "proposal")} got another answer then than the gating before gives: another was in force.`,
  ].filter((line) => line !== null);
}

function rows({ before, after }: Bill): string[][] {
  const row = (name: string, of: (costs: Costs) => number | null): string[] => {
    const [was, is] = [of(before), of(after)];
    return [name, shown(was), shown(is), was === null || is === null ? "" : signed(is - was)];
  };
  return [
    row("Approvals asked", ({ asked }) => asked),
    row("Approvals a week", ({ askedPerWeek }) => askedPerWeek),
    row("Approvals from 22:00 to 07:00", ({ askedAtNight }) => askedAtNight),
    row("Expected to expire", ({ expired }) => expired?.expected ?? null),
    row(
      "Wait is shorter than the median reaction",
      ({ expired }) => expired?.waitsLessThanMedian ?? null,
    ),
    row("Wait is shorter than nine of ten", ({ expired }) => expired?.waitsLessThanP90 ?? null),
    row("Manual tasks of their own", ({ manualTasks }) => manualTasks),
    row("Denials that shared tasks count", ({ collected }) => collected),
    row("Stopped or held by a limit", ({ limits: own }) =>
      own.reduce((sum, { hits }) => sum + hits, 0),
    ),
  ];
}

function limits({ before, after }: Bill): string[] {
  return after.limits.map((hit) => {
    const was = before.limits.find((other) => isSame(hit, other))?.hits ?? 0;
    const whose = hit.rule === null ? oneLine(hit.service) : `${oneLine(hit.service)}, ${hit.rule}`;
    return `${whose}: ${hit.limit} (${hit.value}) is reached ${counted(hit.hits, "time")}, before ${was}.`;
  });
}

function isSame(a: LimitHits, b: LimitHits): boolean {
  return a.service === b.service && a.rule === b.rule && a.limit === b.limit;
}

const SAYS: Readonly<Record<string, string>> = {
  allow: "allows",
  deny: "denies",
  requireApproval: "asks",
  nothingProposed: "proposes nothing",
  unknownRunbook: "no such runbook",
  invalidParameters: "parameters do not fit",
};

function answer({ rule, decision }: { rule: string | null; decision: string }): string {
  const says = SAYS[decision] ?? decision;
  return rule === null ? says : `${rule} ${says}`;
}

function shown(value: number | null): string {
  return value === null ? "not known" : String(value);
}

function signed(value: number): string {
  const rounded = Math.round(value * 10) / 10;
  return rounded > 0 ? `+${rounded}` : String(rounded);
}

function took(ms: number): string {
  return ms < 1000 ? "0s" : formatDuration(ms);
}
