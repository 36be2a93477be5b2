import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { verifyChain } from "../../functions/gate/proposal/audit.ts";
import type { TrailAnswer } from "../answers.ts";
import {
  isOfProposal,
  lineOf,
  readExport,
  Verifier,
  type Counts,
  type Verdict,
} from "../auditFile.ts";
import { CliError, usage } from "../errors.ts";
import type { GateAccess } from "../deployed/gateAccess.ts";
import type { Io } from "../io.ts";
import { clientOf, printJson, withAnyGateOptions, type AnyGateOptions } from "../options.ts";
import type { Context } from "../context.ts";
import { counted, plain } from "../text.ts";

interface ExportOptions extends AnyGateOptions {
  out?: string;
}

interface VerifyOptions extends AnyGateOptions {
  live?: boolean;
}

export function auditCommand(context: Context): Command {
  return new Command("audit")
    .description(
      "Export the audit trail of proposals, kill switch, alarms and gating, and verify that nobody altered it. Needs an operator's token.",
    )
    .addCommand(exportCommand(context))
    .addCommand(verifyCommand(context));
}

function exportCommand({ io }: Context): Command {
  return withAnyGateOptions(
    new Command("export")
      .description("Write all events and the heads of their hash chains as JSON Lines.")
      .option("--out <file>", "file to write; standard output without it"),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ gate audit export --out audit.jsonl
  $ gate audit export | jq 'select(.type == "execution.claimed")'`,
    )
    .action(async (options: ExportOptions) => {
      const client = clientOf(io, options);
      const { url } = client.connection;
      const at = new Date(await client.now()).toISOString();
      const chunks = [lineOf({ kind: "export", format: 1, gate: url, at })];
      const counts = { proposals: 0, others: 0, events: 0 };
      for await (const trail of trails(client)) {
        counts[isOfProposal(trail.proposal) ? "proposals" : "others"] += 1;
        counts.events += trail.events.length;
        chunks.push(
          ...trail.events.map((event) => lineOf({ kind: "event", ...event })),
          lineOf({ kind: "head", proposalId: trail.proposal, ...trail.head }),
        );
      }
      chunks.push(lineOf({ kind: "end", ...counts }));
      if (options.out === undefined) {
        io.out(chunks.join(""));
        return;
      }
      const file = resolve(io.cwd, options.out);
      writeWhole(file, chunks.join(""));
      if (options.json === true) {
        printJson(io, { file, ...counts });
      } else {
        io.out(`${countsText(counts)} in ${file}\n`);
      }
    });
}

function verifyCommand({ io, exitWith }: Context): Command {
  return withAnyGateOptions(
    new Command("verify")
      .description(
        "Check the hash chains of a running gate, or of an exported file. Exit code 1 when something was altered.",
      )
      .argument("[file]", "an exported file; the running gate without it")
      .option(
        "--live",
        "also check the running gate: its chains, and that each begins with what the file holds",
      ),
  )
    .addHelpText(
      "after",
      `
A chain shows that no event was changed, removed or put in between. Only an earlier export, kept
where the gate cannot write, shows that a whole history was not made anew: use it with --live.

Examples:
  $ gate audit verify
  $ gate audit verify audit.jsonl
  $ gate audit verify last-week.jsonl --live`,
    )
    .action(async (file: string | undefined, options: VerifyOptions) => {
      if (options.live === true && file === undefined) {
        throw usage("--live compares an exported file with the gate: name the file");
      }
      const verifier = new Verifier();
      if (file === undefined) {
        for await (const trail of trails(clientOf(io, options))) {
          verifier.add(trail);
        }
      } else {
        const exported = readExport(read(io, file), verifier);
        exported.forEach((trail) => verifier.add(trail));
        if (options.live === true) {
          await compare(clientOf(io, options), exported, verifier);
        }
      }
      const verdict = verifier.verdict();
      if (verdict.problems.length > 0) {
        exitWith(1);
      }
      if (options.json === true) {
        printJson(io, { ok: verdict.problems.length === 0, ...verdict });
      } else {
        io.out(verdictText(verdict));
      }
    });
}

/** Of every proposal, and of the gate itself: kill switch, alarms, gating. */
async function* trails(client: GateAccess): AsyncGenerator<TrailAnswer> {
  for await (const { id } of client.all({})) {
    yield await client.trail(id);
  }
  yield* client.ownTrails();
}

/** Whether the gate's history is whole, and still begins with what was exported. */
async function compare(
  client: GateAccess,
  exported: readonly TrailAnswer[],
  verifier: Verifier,
): Promise<void> {
  const missing = new Map(exported.map((trail) => [trail.proposal, trail.head]));
  for await (const live of trails(client)) {
    const { proposal } = live;
    // A head alone says nothing: an event before it may have been altered and its hash left as it was.
    for (const problem of verifyChain(proposal, live.events, live.head)) {
      verifier.problem(proposal, `in the gate: ${problem}`);
    }
    const head = missing.get(proposal);
    missing.delete(proposal);
    if (head !== undefined && live.events[head.seq - 1]?.hash !== head.head) {
      verifier.problem(
        proposal,
        `${proposal}: the gate's history is not a continuation of the file's`,
      );
    }
  }
  for (const proposal of missing.keys()) {
    verifier.problem(proposal, `${proposal}: the gate does not have it any more`);
  }
}

function countsText({ proposals, others, events }: Counts): string {
  const own = others === 0 ? "" : ` and ${counted(others, "trail")} of the gate's own`;
  return `${counted(events, "event")} of ${counted(proposals, "proposal")}${own}`;
}

function verdictText(verdict: Verdict): string {
  const { problems, altered } = verdict;
  const what = countsText(verdict);
  if (problems.length === 0) {
    return `Whole and unaltered: ${what}\n`;
  }
  return `NOT as it was written: ${altered.map(plain).join(", ")} (of ${what})\n${problems
    .map((problem) => `- ${plain(problem)}\n`)
    .join("")}`;
}

function read(io: Io, file: string): string {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8");
  } catch {
    throw new CliError(`there is no file ${resolve(io.cwd, file)} that can be read`);
  }
}

/** Never half a file under the name that was asked for. */
function writeWhole(file: string, content: string): void {
  try {
    writeFileSync(`${file}.new`, content, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new CliError(
      `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
