import { CommanderError } from "commander";
import { CliError } from "./errors.ts";
import type { Io } from "./io.ts";
import { programOf } from "./program.ts";
import { plain } from "./text.ts";

/** Runs one command; resolves to its exit code: 0 done, 1 failed or refused, 2 asked for in a wrong way. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const asJson = argv.includes("--json");
  let told = "";
  const { program, exitCode } = programOf(io, (text) => {
    told += text;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode();
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) {
        return 0;
      }
      // A bare command group prints its help.
      const message = told.trim() === "" ? error.message : told.trim();
      io.err(asJson ? line({ error: message }) : `${message}\n`);
      return 2;
    }
    return tell(io, error, asJson);
  }
}

function tell(io: Io, error: unknown, asJson: boolean): number {
  const known =
    error instanceof CliError
      ? error
      : new CliError(error instanceof Error ? error.message : String(error));
  const { message, hint, details, exitCode } = known;
  io.err(
    asJson
      ? line({ error: message, ...(hint === null ? {} : { hint }), ...details })
      : `${plain(message)}${hint === null ? "" : `\n→ ${hint}`}\n`,
  );
  return exitCode;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
