import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Gating } from "../../functions/gate/gating/index.ts";
import { SettingError } from "../settings/environment.ts";
import { readGatingFile } from "./gatingFile.ts";

const STACK_FILE = /^Pulumi\.(.+)\.ya?ml$/;

/** The file that configures a stack, `Pulumi.dev.yaml`; names the stacks that there are when it is missing. */
export function stackFile(folder: string, stack: string): string {
  for (const name of [`Pulumi.${stack}.yaml`, `Pulumi.${stack}.yml`]) {
    if (existsSync(join(folder, name))) {
      return resolve(folder, name);
    }
  }
  const stacks = stacksIn(folder);
  throw new SettingError(
    `there is no stack "${stack}" in ${folder}: ${
      stacks.length === 0
        ? "no file there is named Pulumi.<stack>.yaml"
        : `the stacks there are ${stacks.join(", ")}`
    }`,
  );
}

function stacksIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .flatMap((name) => STACK_FILE.exec(name)?.[1] ?? [])
      .sort();
  } catch {
    return [];
  }
}

/** Reads a gating file; throws a SettingError that names the file and everything that is wrong in it. */
export function checkedGating(file: string): Gating {
  if (!existsSync(file)) {
    throw new SettingError(`there is no file ${file}`);
  }
  try {
    return readGatingFile(file);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SettingError(problem.includes(file) ? problem : `${file}: ${problem}`);
  }
}
