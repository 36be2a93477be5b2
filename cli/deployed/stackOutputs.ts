import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { CliError } from "../errors.ts";
import type { Io } from "../io.ts";

/** A secret output is shown as "[secret]"; none is read here. */
const outputsShape = z.looseObject({
  ledgerTableName: z.string().min(1),
  gatingTableName: z.string().min(1),
  proposalsUrl: z.string().min(1),
  webhookUrl: z.string().min(1),
  // Absent where a stack's own program does not export them.
  queueUrl: z.string().optional(),
  deadLetterQueueUrl: z.string().optional(),
  gate: z.looseObject({ name: z.string(), region: z.string().min(1) }),
  subscriptionIds: z.record(z.string(), z.string()).optional(),
  /** As configured; other stacks may have added services to the table. */
  gating: z.unknown().optional(),
});
export type StackOutputs = z.infer<typeof outputsShape>;

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
  return parsed(text, path, outputsShape);
}

/** The outputs of a gate's stack, asked of Pulumi in the project's folder. */
export function outputsOfStack(io: Io, stack: string): StackOutputs {
  const text = pulumi(io, ["stack", "output", "--json", "--stack", stack]);
  return parsed(text, `stack "${stack}"`, outputsShape);
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

function parsed<T extends z.ZodType>(text: string, from: string, shape: T): z.infer<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CliError(`${from} is not JSON`);
  }
  const found = shape.safeParse(json);
  if (!found.success) {
    const names = [...new Set(found.error.issues.map(({ path }) => `\`${path.join(".")}\``))];
    throw new CliError(`${from} is not a gate's: it lacks ${names.join(", ")}`, {
      hint: "name the stack that declares the ApprovalGate and exports its outputs, or use --table",
    });
  }
  return found.data;
}
