import { Option, type Command } from "commander";
import { usage } from "../errors.ts";
import type { Io } from "../io.ts";
import { outputsOfFile, outputsOfStack, type StackOutputs } from "./stackOutputs.ts";

export interface StackOptions {
  stack?: string;
  outputs?: string;
}

export interface DeployedOptions extends StackOptions {
  table?: string;
  gatingTable?: string;
  region?: string;
}

/** A gate in AWS. */
export interface DeployedTarget {
  ledgerTable: string;
  /** Null: services are found by the gating's own key only. */
  gatingTable: string | null;
  /** Null: as the AWS SDK finds it. */
  region: string | null;
  /** Null: AWS's own. */
  endpoint: string | null;
  outputs: StackOutputs | null;
}

/** Options of commands that can ask a gate in AWS for its address. */
export function withStackOptions(command: Command): Command {
  return command
    .addOption(new Option("--stack <name>", "gate in AWS, by its Pulumi stack (asks `pulumi`)"))
    .addOption(
      new Option("--outputs <file>", "gate in AWS, by what `pulumi stack output --json` printed"),
    );
}

/** Options of commands that can also read the ledger of a gate in AWS. */
export function withDeployedOptions(command: Command): Command {
  return withStackOptions(command)
    .addOption(new Option("--table <name>", "gate in AWS, by the name of its ledger table"))
    .addOption(new Option("--gating-table <name>", "its gating table, to find services by name"))
    .addOption(new Option("--region <region>", "AWS region of the tables (AWS_REGION)"));
}

/** Which gate in AWS is meant; null when none is named. */
export function targetOf(io: Io, options: DeployedOptions): DeployedTarget | null {
  const { stack, outputs: file, table } = options;
  const named = [stack, file, table].filter((one) => one !== undefined);
  if (named.length > 1) {
    throw usage("name the gate by one of --stack, --outputs and --table");
  }
  if (named.length === 0) {
    if (options.gatingTable !== undefined || options.region !== undefined) {
      throw usage("--gating-table and --region go with --stack, --outputs or --table");
    }
    return null;
  }
  const endpoint = io.env["AWS_ENDPOINT_URL_DYNAMODB"] ?? io.env["AWS_ENDPOINT_URL"] ?? null;
  const own = options.region ?? io.env["AWS_REGION"] ?? io.env["AWS_DEFAULT_REGION"] ?? null;
  if (table !== undefined) {
    return {
      ledgerTable: table,
      gatingTable: options.gatingTable ?? null,
      region: own,
      endpoint,
      outputs: null,
    };
  }
  const outputs = stack === undefined ? outputsOfFile(io, file ?? "") : outputsOfStack(io, stack);
  return {
    ledgerTable: outputs.ledgerTableName,
    gatingTable: options.gatingTable ?? outputs.gatingTableName,
    region: options.region ?? outputs.gate.region,
    endpoint,
    outputs,
  };
}
