import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";

/** Where a gate is. A secret output is shown as "[secret]"; none is read here. */
const place = z.looseObject({
  ledgerTableName: z.string().min(1),
  gatingTableName: z.string().min(1),
  proposalsUrl: z.string().min(1),
  webhookUrl: z.string().min(1),
  // Absent where an earlier release made the gate.
  queueUrl: z.string().optional(),
  deadLetterQueueUrl: z.string().optional(),
});
const named = z.looseObject({ name: z.string(), region: z.string().min(1) });

/** Outputs of the repository's own program; an exported ApprovalGate has the same. */
const outputsShape = place.extend({
  gate: named,
  /** As configured; other stacks may have added services to the table. */
  gating: z.unknown().optional(),
});
export type StackOutputs = z.infer<typeof outputsShape>;

/** A gate's `gate`, under whatever name it is exported. */
const referenceShape = place
  .extend(named.shape)
  .transform((found): StackOutputs => ({ ...found, gate: found }));

/** The outputs of a gate's stack, from a file that `pulumi stack output --json` wrote. */
export function outputsOfFile(io: Io, file: string): StackOutputs {
  const path = resolve(io.cwd, file);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new CliError(`there is no file ${path} that can be read`, {
      hint: `write it with \`pulumi stack output --json > ${file}\``,
    });
  }
  return gateIn(text, path);
}

/** The outputs of a gate's stack, asked of Pulumi in the project's folder. */
export function outputsOfStack(io: Io, stack: string): StackOutputs {
  const text = pulumi(io, ["stack", "output", "--json", "--stack", stack]);
  return gateIn(text, `stack "${stack}"`);
}

const resource = z.looseObject({ urn: z.string(), type: z.string(), id: z.string().optional() });
const stateShape = z.looseObject({
  deployment: z.looseObject({ resources: z.array(resource).optional() }),
});
export type StackResource = z.infer<typeof resource>;

/** What the stack has made, with secrets still encrypted. */
export function resourcesOfStack(io: Io, stack: string): StackResource[] {
  const text = pulumi(io, ["stack", "export", "--stack", stack]);
  return parsed(text, `the state of stack "${stack}"`, stateShape).deployment.resources ?? [];
}

/** The state of thousands of resources is tens of megabytes. */
const LARGEST_OUTPUT = 512 * 1024 * 1024;

function pulumi(io: Io, args: readonly string[]): string {
  try {
    return execFileSync("pulumi", [...args, "--non-interactive"], {
      cwd: io.cwd,
      env: { ...io.env },
      encoding: "utf8",
      maxBuffer: LARGEST_OUTPUT,
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    const failure = failureShape.safeParse(error).data;
    if (failure?.code === "ENOENT") {
      throw new CliError("`pulumi` is not on PATH, and --stack asks it for the stack's outputs", {
        hint: "install the Pulumi CLI, or use --outputs <file> or --table <ledger table>",
      });
    }
    const told = (failure?.stderr ?? "")
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.replace(/^error: /, "")
      .trim();
    throw new CliError(
      `\`pulumi ${args.slice(0, 2).join(" ")}\` failed${told === undefined ? "" : `: ${told}`}`,
      { hint: "run it in the project's folder, logged in to the stack's backend" },
    );
  }
}

const failureShape = z.object({
  code: z.string().optional().catch(undefined),
  stderr: z.string().optional().catch(undefined),
});

/** The only gate among a stack's outputs, whatever they are called. */
function gateIn(text: string, from: string): StackOutputs {
  const outputs = parsed(text, from, z.record(z.string(), z.unknown()));
  const whole = outputsShape.safeParse(outputs);
  const gates = whole.success
    ? [whole.data]
    : Object.values(outputs).flatMap((output) => {
        const found = outputsShape.or(referenceShape).safeParse(output);
        return found.success ? [found.data] : [];
      });
  const names = [...new Set(gates.map(({ gate }) => gate.name))];
  const [gate] = gates;
  if (gate === undefined) {
    throw new CliError(`${from} exports no gate`, {
      hint: "export the `gate` of its ApprovalGate, under any name, or name the gate by --table",
    });
  }
  if (names.length > 1) {
    throw new CliError(`${from} exports ${names.length} gates: ${names.join(", ")}`, {
      hint: "name one by --outputs <file> with its `gate` alone, or by --table",
    });
  }
  return gate;
}

function parsed<T extends z.ZodType>(text: string, from: string, shape: T): z.infer<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CliError(`${from} is not JSON`);
  }
  const found = shape.safeParse(json);
  if (!found.success) {
    throw new CliError(`${from} is not what Pulumi prints`);
  }
  return found.data;
}
