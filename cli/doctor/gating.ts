import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseGating, type Gating } from "../../functions/gate/gating/index.ts";
import { dynamoOf } from "../deployed/awsClients.ts";
import { awsErrorOf } from "../deployed/awsErrors.ts";
import type { DeployedTarget } from "../deployed/target.ts";
import { CliError } from "../errors.ts";
import { fileOf, load } from "../gatingFiles.ts";
import type { Io } from "../io.ts";
import { counted } from "../text.ts";
import { checks, told, type Check } from "./check.ts";
import type { GatedService } from "./subject.ts";

export interface GatingOptions {
  stack?: string;
  gating?: string;
  service?: string[];
}

export interface FoundGating {
  services: GatedService[];
  checks: Check[];
}

/**
 * What is gated. On a gate in AWS its table counts, asked for every service that the stack configures or that is
 * named: there is no list of all, and other stacks may have added theirs.
 */
export async function gatingOf(
  io: Io,
  options: GatingOptions,
  target: DeployedTarget | null,
): Promise<FoundGating> {
  const named = options.service ?? [];
  const check = checks("gating");
  let configured: Configured | null;
  try {
    configured = configuredGating(io, options, target);
  } catch (error) {
    // A mistake in a file must not keep whoever looks at a gate from the rest.
    const wrong = check.fail(
      error instanceof Error ? error.message : String(error),
      "correct it, and try it with `gate gating check`",
    );
    const rest = target === null ? null : await gatingFrom(null, named, target);
    return { services: rest?.services ?? [], checks: [wrong, ...(rest?.checks ?? [])] };
  }
  return gatingFrom(configured, named, target);
}

async function gatingFrom(
  configured: Configured | null,
  named: readonly string[],
  target: DeployedTarget | null,
): Promise<FoundGating> {
  const keys = [...new Set([...Object.keys(configured?.gating.services ?? {}), ...named])];
  const check = checks("gating");
  if (target !== null && target.gatingTable !== null) {
    try {
      const { services, missing } = await deployedGating(target, keys);
      const what = `${counted(services.length, "service")} in the deployed gating`;
      return {
        services,
        checks: [
          ...(keys.length === 0
            ? [check.warn("no gated service is known", "name them with --service")]
            : [
                check.ok(
                  `${what}; services of other stacks are looked at when --service names them`,
                ),
              ]),
          ...missing.map((key) =>
            checks("gating", key).fail(
              "is not in the deployed gating",
              "run `pulumi up`, or correct the name",
            ),
          ),
        ],
      };
    } catch (error) {
      const known = awsErrorOf(error, {
        what: `DynamoDB table ${target.gatingTable}`,
        region: target.region,
      });
      return withConfigured(
        configured,
        named,
        check.warn(
          `the deployed gating could not be read (${told(known)}); ${configured === null ? "none" : `${configured.from} is taken for it`}`,
          "use credentials that may read the gating table",
        ),
      );
    }
  }
  return withConfigured(
    configured,
    named,
    configured === null
      ? check.warn("no gating was given", "use --gating <file> or GATE_CONFIG")
      : check.ok(
          `${counted(Object.keys(configured.gating.services).length, "service")} in ${configured.from}`,
        ),
  );
}

interface Configured {
  gating: Gating;
  from: string;
}

function withConfigured(
  configured: Configured | null,
  named: readonly string[],
  told: Check,
): FoundGating {
  const services = configured?.gating.services ?? {};
  const unknown = named.filter((key) => !Object.hasOwn(services, key));
  return {
    services: Object.entries(services).map(([key, gating]) => ({ key, gating })),
    checks: [
      told,
      ...unknown.map((key) =>
        checks("gating", key).fail("is not in the gating that was given", "correct --service"),
      ),
    ],
  };
}

/** From a file, the stack's outputs or its file; null when nothing tells. */
function configuredGating(
  io: Io,
  { stack, gating }: GatingOptions,
  target: DeployedTarget | null,
): Configured | null {
  const named = gating ?? nonEmpty(io.env["GATE_CONFIG"]);
  if (named !== undefined) {
    const file = resolve(io.cwd, named);
    return { gating: load(file), from: file };
  }
  const output = target?.outputs?.gating;
  if (output !== undefined) {
    try {
      return { gating: parseGating(output), from: "the stack's output `gating`" };
    } catch {
      throw new CliError("the stack's output `gating` is no gating that this release reads");
    }
  }
  if (target !== null && stack === undefined) {
    return null;
  }
  const file = stackFileOf(io, stack);
  return file === null ? null : { gating: load(file), from: file };
}

/** `Pulumi.<stack>.yaml`, dev unless another is named; null when there is none. */
function stackFileOf(io: Io, stack: string | undefined): string | null {
  try {
    const file = fileOf(io, stack === undefined ? {} : { stack });
    return existsSync(file) ? file : null;
  } catch (error) {
    if (error instanceof CliError) {
      return null;
    }
    throw error;
  }
}

async function deployedGating(
  target: DeployedTarget,
  keys: readonly string[],
): Promise<{ services: GatedService[]; missing: string[] }> {
  const [client, { createDynamoGatingStore }] = await Promise.all([
    dynamoOf(target),
    import("../../functions/aws/dynamoGatingStore.ts"),
  ]);
  const store = createDynamoGatingStore(client, target.gatingTable ?? "");
  const services = new Map<string, GatedService>();
  const missing: string[] = [];
  for (const name of keys) {
    const found = await store.find({ id: name, name });
    if (found.listed) {
      services.set(found.key, { key: found.key, gating: found.gating });
    } else {
      missing.push(name);
    }
  }
  return { services: [...services.values()], missing };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
