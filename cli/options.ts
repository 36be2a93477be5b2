import { Option, type Command } from "commander";
import { connectionOf, type Connection, type ConnectionOptions } from "./connection.ts";
import type { GateAccess } from "./deployed/gateAccess.ts";
import { gateOf } from "./deployed/open.ts";
import { withDeployedOptions, type DeployedOptions } from "./deployed/target.ts";
import { usage } from "./errors.ts";
import { hiddenProblem } from "../functions/gate/text/printable.ts";
import type { Io } from "./io.ts";

export interface GateOptions extends ConnectionOptions {
  json?: boolean;
}

/** Of commands that can also read the ledger of a gate in AWS. */
export interface AnyGateOptions extends GateOptions, DeployedOptions {}

/** Options of every command that asks a gate. */
export function withGateOptions(command: Command): Command {
  return withJson(command)
    .addOption(new Option("--url <url>", "address of the gate (GATE_URL)"))
    .addOption(
      new Option(
        "--token <token>",
        "token of a proposer or an operator (GATE_TOKEN, which others cannot see)",
      ),
    )
    .addOption(
      new Option("--data-dir <folder>", "data folder of a gate on this machine (GATE_DATA_DIR)"),
    );
}

/** Options of commands that ask a gate over HTTP or, in AWS, by its ledger. */
export function withAnyGateOptions(command: Command): Command {
  return withDeployedOptions(withGateOptions(command));
}

export function withJson(command: Command): Command {
  return command.option("--json", "print JSON, also for errors");
}

export function clientOf(io: Io, options: AnyGateOptions): GateAccess {
  return gateOf(io, options);
}

/** The embedded gate's connection; anything else is refused. */
export function embeddedOf(
  io: Io,
  options: GateOptions,
  refusal: (url: string) => Error,
): Connection & { endpoints: NonNullable<Connection["endpoints"]> } {
  const connection = connectionOf(io, options);
  const { endpoints } = connection;
  if (endpoints === null) {
    throw refusal(connection.url);
  }
  return { ...connection, endpoints };
}

/** For a text that people read later: what they would not see is refused. */
export function visibleText(name: string, longest = Infinity): (value: string) => string {
  return (value) => {
    if (value.length > longest) {
      throw usage(`${name} must have at most ${longest} characters, got ${value.length}`);
    }
    const problem = hiddenProblem(value);
    if (problem !== null) {
      throw usage(`${name} ${problem}`);
    }
    return value;
  };
}

/** For an option that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** `key=value`; several make a record. */
export function collectPairs(
  value: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1) {
    throw usage(`--set must be key=value, got "${value}"`);
  }
  const problem = hiddenProblem(value);
  if (problem !== null) {
    throw usage(`--set ${problem}`);
  }
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

export function wholeNumber(name: string, min: number, max: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isInteger(number) || number < min || number > max) {
      throw usage(`${name} must be a whole number from ${min} to ${max}, got "${value}"`);
    }
    return number;
  };
}

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

export function printJsonLine(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value)}\n`);
}
