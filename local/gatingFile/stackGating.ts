import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { closest, didYouMean } from "../../functions/gate/gating/schema/show.ts";

const PARTS = ["services", "defaults"] as const;
const NEEDED =
  "must have `services` at its top, or `config` with a key that ends in `:services` (`{}` gates nothing)";

const project = z.object({
  name: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
});

/**
 * `services` and `defaults` of a gating file, wherever they stand. Whatever is not certain is refused: a mistyped key
 * would leave every service without its rules.
 */
export function gatingIn(
  file: string,
  content: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  if (!Object.hasOwn(content, "config")) {
    if (!Object.hasOwn(content, "services")) {
      throw missing(file, Object.keys(content));
    }
    return content;
  }
  const beside = PARTS.filter((name) => Object.hasOwn(content, name));
  if (beside.length > 0) {
    throw new Error(
      `\`${file}\` must hold its gating in one place, found ${listed(beside)} at its top beside \`config\``,
    );
  }
  const config = z.record(z.string(), z.unknown()).safeParse(content["config"] ?? {});
  if (!config.success) {
    throw new Error(`\`${file}\`: \`config\` must hold keys and values`);
  }
  return gatingOfStack(file, config.data);
}

function gatingOfStack(
  file: string,
  config: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of PARTS) {
    const keys = Object.keys(config).filter((key) => key.endsWith(`:${name}`));
    if (keys.length > 1) {
      throw new Error(
        `\`${file}\` must have one key that ends in \`:${name}\`, found ${listed(keys)}`,
      );
    }
    for (const key of keys) {
      found[name] = config[key];
    }
  }
  const keys = Object.keys(config);
  const services = keys.find((key) => key.endsWith(":services"));
  if (services === undefined) {
    throw missing(file, keys);
  }
  refuseUndeclared(file, services.slice(0, -":services".length), keys);
  return found;
}

/** A stack configures more than its gating: only the project itself knows which of its keys there are. */
function refuseUndeclared(file: string, namespace: string, keys: readonly string[]): void {
  const declared = declaredBy(namespace, dirname(file));
  const problems = keys
    .filter((key) => key.startsWith(`${namespace}:`))
    .map(nameOf)
    .filter((name) => declared !== null && !declared.includes(name))
    .map(
      (name) =>
        `\`${namespace}:${name}\` is not declared in Pulumi.yaml${didYouMean(name, declared ?? [])}`,
    );
  if (problems.length > 0) {
    throw new Error(`\`${file}\`: ${problems.join("; ")}`);
  }
}

/** The keys of the project in the folder; null: another one lies there, or it declares none. */
function declaredBy(namespace: string, folder: string): string[] | null {
  try {
    const read = project.parse(parse(readFileSync(join(folder, "Pulumi.yaml"), "utf8")));
    const names = Object.keys(read.config).map(nameOf);
    return read.name === namespace && names.length > 0 ? names : null;
  } catch {
    return null;
  }
}

function missing(file: string, keys: readonly string[]): Error {
  const mistyped = keys.find((key) => closest(nameOf(key), ["services"]) !== null);
  return new Error(
    `\`${file}\` ${NEEDED}${mistyped === undefined ? "" : `; is \`${mistyped}\` meant?`}`,
  );
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf(":") + 1);
}

function listed(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(", ");
}
