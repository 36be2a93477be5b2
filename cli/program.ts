import { Command } from "commander";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { alarmsCommand } from "./commands/alarms.ts";
import { auditCommand } from "./commands/audit.ts";
import { decideCommand } from "./commands/decide.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { gatingCommand } from "./commands/gating.ts";
import { killSwitchCommand } from "./commands/killSwitch.ts";
import { listCommand } from "./commands/list.ts";
import { proposeCommand } from "./commands/propose.ts";
import { redriveCommand } from "./commands/redrive.ts";
import { scenarioCommand } from "./commands/scenario.ts";
import { showCommand } from "./commands/show.ts";
import { voidCommand } from "./commands/void.ts";
import { watchCommand } from "./commands/watch.ts";
import type { Context, MakeCommand } from "./context.ts";
import type { Io } from "./io.ts";

const MAKERS: readonly MakeCommand[] = [
  proposeCommand,
  listCommand,
  showCommand,
  watchCommand,
  decideCommand,
  voidCommand,
  scenarioCommand,
  alarmsCommand,
  killSwitchCommand,
  auditCommand,
  redriveCommand,
  gatingCommand,
  doctorCommand,
];

/** All commands. What is wrong with the way they were called goes to `onUsage`. */
export function programOf(
  io: Io,
  onUsage: (text: string) => void,
): { program: Command; exitCode: () => number } {
  let code = 0;
  const context: Context = {
    io,
    exitWith: (wanted) => {
      code = wanted;
    },
  };
  const program = new Command("gate")
    .description(
      "Talks to an approval gate: proposes actions, shows what became of them, checks gating.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText(
      "after",
      `
Which gate: --url and --token, or GATE_URL and GATE_TOKEN; without them the one that
\`npm start\` runs on the data folder (--data-dir, GATE_DATA_DIR, default .gate).
A gate in AWS: --stack <name> (asks \`pulumi\`), --outputs <file>, or --table <ledger table>.
Exit codes: 0 done, 1 failed or refused, 2 asked for in a wrong way.

Examples:
  $ npm start                          in one terminal, then in another:
  $ npx gate scenario failover         an AI asks to fail over a database
  $ npx gate list --open               what waits
  $ npx gate decide <id> approve       as a reviewer would in the inbox
  $ npx gate show <id>                 who decided, which rule, what ran`,
    );
  for (const make of MAKERS) {
    program.addCommand(make(context));
  }
  quieten(program, io, onUsage);
  return { program, exitCode: () => code };
}

/** Nothing of it ends the process or writes past `io`. */
function quieten(command: Command, io: Io, onUsage: (text: string) => void): void {
  command
    .exitOverride()
    .showHelpAfterError(`Try \`${path(command)} --help\`.`)
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: onUsage,
      outputError: (text, write) => write(text.replace(/^error: /, "")),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const child of command.commands) {
    quieten(child, io, onUsage);
  }
}

function path(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${path(parent)} ${command.name()}`;
}

function version(): string {
  const file = new URL("../package.json", import.meta.url);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, "utf8"))).version;
}
