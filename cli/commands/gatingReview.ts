import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { compareGatings } from "../../functions/gate/gating/compare/index.ts";
import { isTimeZone } from "../../functions/gate/text/localTime.ts";
import type { Context } from "../context.ts";
import { CliError, usage } from "../errors.ts";
import { caseFiles, isCaseFile, runFile } from "../gatingCases/caseFile.ts";
import { comparisonMarkdown } from "../gatingComparison.ts";
import { fileOf } from "../gatingFiles.ts";
import { pairOf } from "../gatingPair.ts";
import { Replay } from "../gatingReplay/bill.ts";
import { billMarkdown } from "../gatingReplay/billText.ts";
import { readHistory } from "../gatingReplay/history.ts";
import { CommentRefused, forgeOf, type ForgeName } from "../gatingReview/forge.ts";
import { examplesMarkdown, shortened, fitting } from "../gatingReview/sections.ts";
import type { Io } from "../io.ts";

interface ReviewOptions {
  base?: string;
  history?: string;
  timeZone: string;
  failOn?: "loosened" | "changed";
  comment?: ForgeName;
}

/** As `gate gating compare` has them. */
const FOUND = 3;
const NOT_PROVEN = 4;

/** What one part of the review says, and the exit code that it asks for. */
interface Part {
  text: string;
  code: 0 | 1 | 3 | 4;
}

export function reviewCommand({ io, exitWith }: Context): Command {
  return new Command("review")
    .description(
      "Check, compare, test and replay a change of gating, as one comment in Markdown; in a job of GitHub or GitLab it is written to the pull request, and updated there.",
    )
    .argument("[file...]", "gating files; without them that of the stack dev")
    .option("--base <revision>", "git revision of the gating before (default: the job's, or HEAD)")
    .option("--history <file>", "an export of the audit trail; without one the bill is left out")
    .option("--time-zone <zone>", "whose nights the bill tells, like Europe/Berlin", "UTC")
    .addOption(
      new Option(
        "--fail-on <verdict>",
        "exit code 3 when anything is loosened, or changed at all",
      ).choices(["loosened", "changed"]),
    )
    .addOption(
      new Option("--comment <where>", "write it to the pull request of this job").choices([
        "github",
        "gitlab",
      ]),
    )
    .addHelpText(
      "after",
      `
Exit codes: 1 a gating is refused or an example does not hold, 2 a file cannot be read, 3 as
--fail-on says, 4 not proven. A comment that is refused is no failure: a fork's job may not write one.

Examples:
  $ gate gating review Pulumi.prod.yaml --base origin/main
  $ gate gating review Pulumi.prod.yaml --comment github --history audit.jsonl`,
    )
    .action(async (files: string[], options: ReviewOptions) => {
      if (!isTimeZone(options.timeZone)) {
        throw usage(
          `--time-zone must be a time zone such as Europe/Berlin, got "${options.timeZone}"`,
        );
      }
      const forge = options.comment === undefined ? null : forgeOf(options.comment, io);
      const base = options.base ?? forge?.base ?? "HEAD";
      const named = files.length > 0 ? files : [fileOf(io, {})];
      const parts = [...named.map((file) => changeOf(io, file, base, options)), ...examples(io)];
      const code = parts.map((part) => part.code).find((one) => one !== 0) ?? 0;
      const texts = parts.map((part) => part.text);
      exitWith(code);
      io.out(texts.join("\n"));
      const text = fitting(texts);
      summarise(io, text);
      if (forge === null) return;
      try {
        io.err(`comment ${await forge.comment(text)}\n`);
      } catch (error) {
        if (!(error instanceof CommentRefused)) throw error;
        io.err(`no comment: ${error.message}\n`);
      }
    });
}

/** One gating file: what changes, and what it costs. */
function changeOf(io: Io, file: string, revision: string, options: ReviewOptions): Part {
  try {
    const { base, head, before, after } = pairOf(io, file, undefined, { base: revision });
    const fromMs = Date.now();
    const comparison = compareGatings(before, after, { fromMs });
    const { verdict, unproven } = comparison;
    const isFound = options.failOn === "changed" ? verdict !== null : verdict === options.failOn;
    const isFailing = options.failOn !== undefined && verdict !== null && isFound;
    const code = isFailing ? FOUND : unproven === null ? 0 : NOT_PROVEN;
    const heading = comparisonMarkdown({ base, head, fromMs, comparison });
    if (options.history === undefined || !existsSync(resolve(io.cwd, options.history))) {
      return { text: `\`${head}\`\n\n${heading}`, code };
    }
    const replay = new Replay(before, after, {
      timeZone: options.timeZone,
      sinceMs: -Infinity,
      checksParameters: true,
    });
    readHistory(resolve(io.cwd, options.history), true, (item) => {
      replay.add(item);
    });
    const bill = billMarkdown({ base, head, bill: replay.bill() });
    return { text: `\`${head}\`\n\n${heading}\n${bill}`, code };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const refused = `### Gating: refused\n\n${shortened(error.message)}\n`;
    // A problem of the gating itself is the change's; a file or revision that is not there is the job's.
    if (error.details["problems"] === undefined) throw error;
    return { text: refused, code: 1 };
  }
}

function examples(io: Io): Part[] {
  if (!readdirSync(io.cwd).some(isCaseFile)) return [];
  try {
    const files = caseFiles(io, []).map((path) => runFile(io, path));
    const failed = files.some(({ results }) => results.some(({ problems }) => problems.length > 0));
    return [{ text: examplesMarkdown(files), code: failed ? 1 : 0 }];
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [{ text: `**Examples** cannot be weighed:\n\n${shortened(error.message)}\n`, code: 1 }];
  }
}

/** What GitHub shows beside a job, also where it may write no comment. */
function summarise(io: Io, text: string): void {
  const path = io.env["GITHUB_STEP_SUMMARY"];
  if (path === undefined || path === "") return;
  try {
    appendFileSync(path, text);
  } catch {
    io.err("the job's summary cannot be written\n");
  }
}
