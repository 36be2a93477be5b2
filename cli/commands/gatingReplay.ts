import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { Gating } from "../../functions/gate/gating/index.ts";
import { canonicalJson } from "../../functions/gate/text/canonical.ts";
import { DurationError, parseDuration } from "../../functions/gate/text/duration.ts";
import { isTimeZone } from "../../functions/gate/text/localTime.ts";
import type { Context } from "../context.ts";
import type { GateAccess } from "../deployed/gateAccess.ts";
import { usage } from "../errors.ts";
import { pairOf, type PairOptions } from "../gatingPair.ts";
import { Replay } from "../gatingReplay/bill.ts";
import { billMarkdown, billText } from "../gatingReplay/billText.ts";
import { itemOf, readHistory } from "../gatingReplay/history.ts";
import type { Io } from "../io.ts";
import { clientOf, printJson, withAnyGateOptions, type AnyGateOptions } from "../options.ts";

interface ReplayOptions extends PairOptions, AnyGateOptions {
  stack?: string;
  json?: boolean;
  history?: string;
  since?: string;
  timeZone: string;
  format: "text" | "markdown";
}

/** Progress is told each time that so many more were read. */
const TOLD_EVERY = 500;

export function replayCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("replay")
      .description(
        "Weigh what was really proposed by two gatings, and tell what the change would have meant: other answers, approvals asked, nights, expiries, manual tasks, limits.",
      )
      .argument("[base]", "the gating before; of one file alone it is that file at --base")
      .argument("[head]", "the gating after; without it that of --stack")
      .option("--base <revision>", "git revision whose version is the gating before (default HEAD)")
      .option("--file <file>", "the same as the argument")
      .option("--history <file>", "an export of the audit trail; without it the gate is asked")
      .option("--since <duration>", "only what was proposed since then, like 30d")
      .option("--time-zone <zone>", "whose nights and hours are told, like Europe/Berlin", "UTC")
      .addOption(
        new Option("--format <format>", "how it is told")
          .choices(["text", "markdown"])
          .default("text"),
      ),
  )
    .addHelpText(
      "after",
      `
What nobody was asked then is taken for a yes after the usual time; events that proposed nothing are not recorded.

Examples:
  $ gate gating replay --history audit.jsonl
  $ gate gating replay --stack prod --since 30d --time-zone Europe/Berlin
  $ gate gating replay before.yaml after.yaml --history audit.jsonl --json`,
    )
    .action(
      async (first: string | undefined, second: string | undefined, options: ReplayOptions) => {
        if (!isTimeZone(options.timeZone)) {
          throw usage(
            `--time-zone must be a time zone such as Europe/Berlin, got "${options.timeZone}"`,
          );
        }
        const sinceMs = sinceOf(options);
        const { base, head, before, after } = pairOf(io, first, second, filesOnly(first, options));
        const checksParameters = parametersOf(before) !== parametersOf(after);
        const replay = new Replay(before, after, {
          timeZone: options.timeZone,
          sinceMs,
          checksParameters,
        });
        if (options.history === undefined) {
          await readLedger(io, clientOf(io, options), sinceMs, replay);
        } else {
          readHistory(resolve(io.cwd, options.history), checksParameters, (item) => {
            replay.add(item);
          });
        }
        const told = { base, head, bill: replay.bill() };
        if (options.json === true) {
          printJson(io, { base, head, ...told.bill });
        } else {
          io.out(options.format === "markdown" ? billMarkdown(told) : billText(told));
        }
      },
    );
}

/** With files that are named, --stack says only whose ledger is read. */
function filesOnly(first: string | undefined, options: ReplayOptions): PairOptions {
  const { base, file, stack } = options;
  const isNamed = first !== undefined || file !== undefined;
  return {
    ...(base === undefined ? {} : { base }),
    ...(file === undefined ? {} : { file }),
    ...(stack === undefined || isNamed ? {} : { stack }),
  };
}

async function readLedger(
  io: Io,
  client: GateAccess,
  sinceMs: number,
  replay: Replay,
): Promise<void> {
  let count = 0;
  // Newest first: what follows is older still.
  for await (const { id, received_at: received } of client.all({})) {
    if (Date.parse(received) < sinceMs) break;
    const { events } = await client.trail(id);
    replay.add(itemOf(events));
    count += 1;
    if (count % TOLD_EVERY === 0) {
      io.err(`${count} proposals read, back to ${received.slice(0, 10)}\n`);
    }
  }
}

/** Whether what was passed can fit one of them and not the other. */
function parametersOf({ services, defaults }: Gating): string {
  const own = Object.entries({ ...services, "": defaults }).map(([name, { runbooks }]) => [
    name,
    Object.values(runbooks).map((runbook) => [runbook.name, runbook.parameters]),
  ]);
  return canonicalJson(own);
}

function sinceOf({ since }: ReplayOptions): number {
  if (since === undefined) return -Infinity;
  try {
    return Date.now() - parseDuration(since);
  } catch (error) {
    if (error instanceof DurationError) {
      throw usage(`--since must be a duration like 30d, got "${since}"`);
    }
    throw error;
  }
}
