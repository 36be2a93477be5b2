import type { Command } from "commander";
import { resolve } from "node:path";
import { GatingError, type Gating } from "../functions/gate/gating/index.ts";
import { SettingError } from "../local/settings/environment.ts";
import { readGatingFile, readGatingText } from "../local/gatingFile/gatingFile.ts";
import { stackFile } from "../local/gatingFile/stackFile.ts";
import { CliError, usage } from "./errors.ts";
import { revisionIn, textAt, type Revision } from "./gatingRevision.ts";
import type { Io } from "./io.ts";

export interface FileOptions {
  stack?: string;
  file?: string;
  json?: boolean;
}

/** The options of every command that reads a gating file; most take it as an argument as well. */
export function withFileOptions(command: Command): Command {
  return command
    .option("--file <file>", "the same as the argument")
    .option("--stack <name>", "Pulumi stack whose file is read (default dev)");
}

/** What the argument of such a command is called, and says of itself. */
export const FILE_ARGUMENT = [
  "[file]",
  "the file, or one at a git revision (main:gating.yaml); without it that of --stack",
] as const;

/** The options with the file, which may be named as an argument as well. */
export function named<Options extends FileOptions>(
  file: string | undefined,
  options: Options,
): Options {
  if (file === undefined) {
    return options;
  }
  if (options.file !== undefined) {
    throw usage("name the file as an argument or with --file, not both");
  }
  return { ...options, file };
}

/** The file that is meant: named, or that of a stack. One at a git revision is named as it was. */
export function fileOf(io: Io, { stack, file }: FileOptions): string {
  if (file !== undefined && stack !== undefined) {
    throw usage("name a file or --stack, not both");
  }
  if (file !== undefined) {
    return revisionIn(file, io.cwd) === null ? resolve(io.cwd, file) : file;
  }
  try {
    return stackFile(io.cwd, stack ?? "dev");
  } catch (error) {
    throw error instanceof SettingError
      ? new CliError(error.message, { hint: "name a stack with --stack, or a file" })
      : error;
  }
}

/** Reads it; what is wrong is told in full. A git revision is looked for in `folder`. */
export function load(file: string, folder = "."): Gating {
  const revision = revisionIn(file, folder);
  try {
    return revision === null ? readGatingFile(file) : readRevision(file, revision, folder);
  } catch (error) {
    if (error instanceof GatingError) {
      throw new CliError(`${file}: ${error.message}`, {
        details: { file, problems: error.problems },
      });
    }
    if (error instanceof Error && "code" in error) {
      if (error.code === "ENOENT") throw new CliError(`there is no file ${file}`);
      if (error.code === "EISDIR") throw new CliError(`${file} is a folder, not a file`);
    }
    throw error;
  }
}

function readRevision(file: string, revision: Revision, folder: string): Gating {
  const text = textAt(revision, folder);
  if (text === null) {
    throw new CliError(`there is no file ${file}`);
  }
  return readGatingText(file, text);
}
