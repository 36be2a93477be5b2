import { resolve } from "node:path";
import { everyRuleInOrder, parseGating, type Gating } from "../../functions/gate/gating/index.ts";
import type { GatingAnswer } from "../answers.ts";
import { gateOf } from "../deployed/open.ts";
import type { DeployedOptions, DeployedTarget } from "../deployed/target.ts";
import type { ConnectionOptions } from "../connection.ts";
import { CliError } from "../errors.ts";
import { load } from "../gatingFiles.ts";
import { differences, inForceOf } from "../gatingInForce.ts";
import type { Io } from "../io.ts";
import { counted, oneLine } from "../text.ts";
import { checks, told, type Check } from "./check.ts";
import type { GatedService } from "./subject.ts";

export interface GatingOptions {
  gating?: string;
  service?: string[];
}

export interface FoundGating {
  services: GatedService[];
  checks: Check[];
}

/** A gating that somebody has at hand, which need not be the one that the gate has. */
interface Local {
  gating: Gating;
  from: string;
  /** Named on the command line: that one shall be examined. */
  isAsked: boolean;
}

/**
 * What is gated: what the gate says is in force, or its table in AWS. A file of this machine is compared with it, and
 * examined in its place only where it is named by `--gating`, or where the gate does not tell.
 */
export async function gatingOf(
  io: Io,
  options: GatingOptions & ConnectionOptions & DeployedOptions,
  target: DeployedTarget | null,
): Promise<FoundGating> {
  const check = checks("gating");
  let local: Local | null = null;
  let wrong: Check[] = [];
  try {
    local = localGating(io, options, target);
  } catch (error) {
    // A mistake in a file must not keep whoever looks at a gate from the rest.
    const problem = error instanceof Error ? error.message : String(error);
    wrong = [check.fail(problem, "correct it, and try it with `gate gating check`")];
    if (options.gating !== undefined) {
      return { services: [], checks: wrong };
    }
  }
  let inForce: { gating: Gating; answer: GatingAnswer };
  try {
    const answer = await gateOf(io, options).gatingInForce();
    inForce = { gating: inForceOf(answer), answer };
  } catch (error) {
    const services = servicesOf(local?.gating ?? null, options.service);
    return {
      services: services.found,
      checks: [...wrong, notKnown(error, local), ...services.checks],
    };
  }
  const { gating, answer } = inForce;
  const examined = local?.isAsked === true ? local.gating : gating;
  const services = servicesOf(examined, options.service);
  const ids = new Map(answer.services.map((one) => [one.listed_as, one.service_id ?? null]));
  return {
    services: services.found.map((one) => ({ ...one, serviceId: ids.get(one.key) ?? null })),
    checks: [
      ...wrong,
      ...asInForce(answer),
      ...(local === null ? [] : compared(local, gating, target)),
      ...services.checks,
    ],
  };
}

function notKnown(error: unknown, local: Local | null): Check {
  const why = told(error);
  const instead =
    local === null
      ? ""
      : `; ${local.from} is taken for it: ${counted(Object.keys(local.gating.services).length, "service")}`;
  return checks("gating").warn(
    `which gating is in force is not known: ${why}${instead}`,
    error instanceof CliError ? error.hint : null,
  );
}

function asInForce({ source, digest, problem, services }: GatingAnswer): Check[] {
  const check = checks("gating");
  return [
    check.ok(`${counted(services.length, "service")} in force, from ${source}, ${digest}`),
    ...(problem === null
      ? []
      : [
          check.fail(
            `${source} was changed and is refused, what it said before is in force: ${oneLine(problem)}`,
            "correct it, and try it with `gate gating check`",
          ),
        ]),
  ];
}

/** What other stacks have deployed is in the same table, and no difference. */
function compared(
  { gating, from, isAsked }: Local,
  inForce: Gating,
  target: DeployedTarget | null,
): Check[] {
  const found = differences(gating, inForce, target !== null);
  if (found.length === 0) {
    return [];
  }
  const examined = isAsked ? ", but is what is examined here" : "";
  return [
    checks("gating").warn(
      `${from} is not what is in force${examined}: ${found.join(", ")}`,
      target === null
        ? "mind which of the two is meant: the gate's own file is named above"
        : "run `pulumi up`, or mind which of the two is meant",
    ),
  ];
}

function servicesOf(
  gating: Gating | null,
  named: readonly string[] = [],
): { found: GatedService[]; checks: Check[] } {
  const services = gating?.services ?? {};
  return {
    found: Object.entries(services).map(([key, own]) => ({ key, gating: own })),
    checks: named
      .filter((key) => !Object.hasOwn(services, key))
      .map((key) => checks("gating", key).fail("is not in the gating", "correct --service")),
  };
}

/** From a file that is named, or the output of a stack that tells it; null when nothing does. */
function localGating(
  io: Io,
  { gating }: GatingOptions,
  target: DeployedTarget | null,
): Local | null {
  const named = gating ?? nonEmpty(io.env["GATE_CONFIG"]);
  if (named !== undefined) {
    const file = resolve(io.cwd, named);
    return { gating: load(file), from: file, isAsked: gating !== undefined };
  }
  const output = target?.outputs?.gating;
  if (output !== undefined) {
    try {
      const from = "the stack's output `gating`";
      return { gating: parseGating(everyRuleInOrder(output)), from, isAsked: false };
    } catch {
      throw new CliError("the stack's output `gating` is no gating that this release reads");
    }
  }
  return null;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}
