import { resolve } from "node:path";
import { GatingError, type Gating } from "../functions/gate/gating/index.ts";
import { SettingError } from "../local/settings/environment.ts";
import { readGatingFile } from "../local/gatingFile/gatingFile.ts";
import { stackFile } from "../local/gatingFile/stackFile.ts";
import { CliError, usage } from "./errors.ts";
import type { Io } from "./io.ts";

export interface FileOptions {
  stack?: string;
  file?: string;
  json?: boolean;
}

/** The file that is meant: named, or that of a stack. */
export function fileOf(io: Io, { stack, file }: FileOptions): string {
  if (file !== undefined && stack !== undefined) {
    throw usage("name a file or --stack, not both");
  }
  if (file !== undefined) {
    return resolve(io.cwd, file);
  }
  try {
    return stackFile(io.cwd, stack ?? "dev");
  } catch (error) {
    throw error instanceof SettingError
      ? new CliError(error.message, { hint: "name a stack with --stack, or a file" })
      : error;
  }
}

/** Reads it; what is wrong is told in full. */
export function load(file: string): Gating {
  try {
    return readGatingFile(file);
  } catch (error) {
    if (error instanceof GatingError) {
      throw new CliError(`${file}: ${error.message}`, {
        details: { file, problems: error.problems },
      });
    }
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new CliError(`there is no file ${file}`);
    }
    throw error;
  }
}
