import { Command, Option } from "commander";
import { compareGatings, type Comparison } from "../../functions/gate/gating/compare/index.ts";
import type { Context } from "../context.ts";
import { usage } from "../errors.ts";
import { withFileOptions } from "../gatingFiles.ts";
import { pairOf, type PairOptions } from "../gatingPair.ts";
import { comparisonJson, comparisonMarkdown, comparisonText } from "../gatingComparison.ts";
import { printJson, withJson } from "../options.ts";

interface CompareOptions extends PairOptions {
  from?: string;
  failOn?: "loosened" | "changed";
  format: "text" | "markdown";
}

/** Exit codes beside those of every command. */
const FOUND = 3;
const NOT_PROVEN = 4;

export function compareCommand({ io, exitWith }: Context): Command {
  return withJson(
    withFileOptions(new Command("compare"))
      .description(
        "Tell which proposals a change of gating answers differently, and what it loosens.",
      )
      .argument("[base]", "the gating before; of one file alone it is that file at --base")
      .argument("[head]", "the gating after; without it that of --stack")
      .option("--base <revision>", "git revision whose version is the gating before (default HEAD)")
      .option(
        "--from <time>",
        "from when on windows count, like 2026-11-23T10:00:00Z (default now)",
      )
      .addOption(
        new Option(
          "--fail-on <verdict>",
          "exit code 3 when anything is loosened, or changed at all",
        ).choices(["loosened", "changed"]),
      )
      .addOption(
        new Option("--format <format>", "how it is told")
          .choices(["text", "markdown"])
          .default("text"),
      ),
  )
    .addHelpText(
      "after",
      `
Exit codes: 0 compared, 2 a file cannot be read, 3 as --fail-on says, 4 not proven: the gatings are
too many-sided to be compared in full.

Examples:
  $ gate gating compare
  $ gate gating compare --stack prod --base origin/main --fail-on loosened
  $ gate gating compare before.yaml after.yaml --json`,
    )
    .action((first: string | undefined, second: string | undefined, options: CompareOptions) => {
      const fromMs = fromOf(options);
      const { base, head, before, after } = pairOf(io, first, second, options);
      const comparison = compareGatings(before, after, { fromMs });
      exitWith(exitCode(comparison, options.failOn));
      const told = { base, head, fromMs, comparison };
      if (options.json === true) {
        printJson(io, comparisonJson(told));
      } else {
        io.out(options.format === "markdown" ? comparisonMarkdown(told) : comparisonText(told));
      }
    });
}

function fromOf({ from }: CompareOptions): number {
  const fromMs = from === undefined ? Date.now() : Date.parse(from);
  if (Number.isNaN(fromMs)) {
    throw usage(`--from must be a time like 2026-11-23T10:00:00Z, got "${from ?? ""}"`);
  }
  return fromMs;
}

/** What fails on demand outranks what is not proven: it is certain. */
function exitCode({ verdict, unproven }: Comparison, failOn: CompareOptions["failOn"]): 0 | 3 | 4 {
  const isFound = failOn === "changed" ? verdict !== null : verdict === failOn;
  if (failOn !== undefined && isFound) return FOUND;
  return unproven === null ? 0 : NOT_PROVEN;
}
