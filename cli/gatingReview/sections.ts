import type { FileResult } from "../gatingCases/caseFile.ts";
import { counted, plain } from "../text.ts";

/** GitHub takes 65,536 characters in a comment. */
const MOST = 60_000;

/** Whether the examples hold; what does not is shown, what no example reaches is folded. */
export function examplesMarkdown(files: readonly FileResult[]): string {
  const results = files.flatMap((file) => file.results);
  const failed = results.filter(({ problems }) => problems.length > 0);
  const missing = files.flatMap(({ services }) =>
    services.flatMap(({ service, unreached }) => unreached.map((rule) => `${service}: ${rule}`)),
  );
  return [
    failed.length === 0
      ? `**Examples.** All ${results.length} hold.`
      : `**Examples.** ❌ ${failed.length} of ${results.length} do not hold:`,
    ...(failed.length === 0
      ? []
      : [
          "",
          fenced(
            failed
              .map(({ name, problems }) => [name, ...problems.map((one) => `  ${one}`)].join("\n"))
              .join("\n"),
          ),
        ]),
    ...(missing.length === 0
      ? []
      : [
          "",
          `<details><summary>No example reaches ${counted(missing.length, "rule")}</summary>`,
          "",
          fenced(missing.join("\n")),
          "",
          "</details>",
        ]),
    "",
  ].join("\n");
}

/** As it stands: nothing in it is read as Markdown or names anybody. */
export function fenced(text: string): string {
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
