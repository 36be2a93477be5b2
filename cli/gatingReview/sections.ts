import type { FileResult } from "../gatingCases/caseFile.ts";
import { counted, plain } from "../text.ts";

/** GitHub takes 65,536 characters in a comment. */
const MOST = 60_000;

/** Whether the examples hold; the first that does not is shown, the others and what no example reaches are folded. */
export function examplesMarkdown(files: readonly FileResult[]): string {
  const results = files.flatMap((file) => file.results);
  const failed = results.filter(({ problems }) => problems.length > 0);
  const missing = files.flatMap(({ services }) =>
    services.flatMap(({ service, unreached }) => unreached.map((rule) => `${service}: ${rule}`)),
  );
  const [first, ...others] = failed.map(({ name, problems }) =>
    [name, ...problems.map((one) => `  ${one}`)].join("\n"),
  );
  return [
    failed.length === 0
      ? `**Examples.** All ${results.length} hold.`
      : `**Examples.** ❌ ${failed.length} of ${results.length} do not hold:`,
    ...(first === undefined ? [] : ["", fenced(first)]),
    ...(others.length === 0 ? [] : folded(`${others.length} more`, others.join("\n"))),
    ...(missing.length === 0
      ? []
      : folded(`No example reaches ${counted(missing.length, "rule")}`, missing.join("\n"))),
    "",
  ].join("\n");
}

/** Lines of a refusal that are shown before the rest is folded. */
const SHOWN_LINES = 3;

/** Why something is refused, as it stands: its first problems, and the others folded. */
export function shortened(text: string): string {
  const lines = text.split("\n");
  const rest = lines.slice(SHOWN_LINES);
  return [
    fenced(lines.slice(0, SHOWN_LINES).join("\n")),
    ...(rest.length === 0 ? [] : folded(`${counted(rest.length, "line")} more`, rest.join("\n"))),
  ].join("\n");
}

function folded(summary: string, text: string): string[] {
  return ["", `<details><summary>${summary}</summary>`, "", fenced(text), "", "</details>"];
}

/** As it stands: nothing in it is read as Markdown or names anybody. */
function fenced(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}text\n${plain(text)}\n${fence}`;
}

/** All of it, or as many whole parts as a comment takes. */
export function fitting(parts: readonly string[]): string {
  const whole = parts.join("\n");
  if (whole.length <= MOST) return whole;
  const kept: string[] = [];
  let length = 0;
  for (const part of parts) {
    if (length + part.length > MOST) break;
    kept.push(part);
    length += part.length + 1;
  }
  return [
    ...kept,
    `${parts.length - kept.length} of ${parts.length} parts are too long for a comment: see the job's output.\n`,
  ].join("\n");
}
