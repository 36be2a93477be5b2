import { isAbsolute, relative } from "node:path";
import { parseGating, type Gating } from "../functions/gate/gating/index.ts";
import { CliError, usage } from "./errors.ts";
import { fileOf, load, named, type FileOptions } from "./gatingFiles.ts";
import { fileAt, revisionIn, textAt } from "./gatingRevision.ts";
import type { Io } from "./io.ts";

export interface PairOptions extends FileOptions {
  base?: string;
}

/** A gating before a change and after it, as a command in this folder names and reads them. */
export function pairOf(
  io: Io,
  first: string | undefined,
  second: string | undefined,
  options: PairOptions,
): { base: string; head: string; before: Gating; after: Gating } {
  const { base, head } = readable(() => filesOf(io, first, second, options));
  const [before, after] = [read(base, io), read(head, io)];
  return { base: shortened(base, io), head: shortened(head, io), before, after };
}

/** Both files by name; that of a revision as git writes it. */
function filesOf(
  io: Io,
  first: string | undefined,
  second: string | undefined,
  options: PairOptions,
): { base: string; head: string } {
  if (first !== undefined && second !== undefined) {
    if (options.base !== undefined) {
      throw usage("name the gating before as a file or with --base, not both");
    }
    return { base: fileOf(io, { file: first }), head: fileOf(io, named(second, options)) };
  }
  const head = fileOf(io, named(first, options));
  if (revisionIn(head, io.cwd) !== null) {
    throw usage("a file at a git revision has no other version: name the gating before as well");
  }
  return { base: fileAt(options.base ?? "HEAD", head, io.cwd), head };
}

/** A file that is not there before a change gates nothing. What cannot be read was asked for in a wrong way. */
function read(file: string, io: Io): Gating {
  const revision = revisionIn(file, io.cwd);
  if (revision !== null && textAt(revision, io.cwd) === null) {
    return parseGating({ services: {} });
  }
  return readable(() => load(file, io.cwd));
}

function readable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { message, hint, details } =
      error instanceof CliError
        ? error
        : {
            message: error instanceof Error ? error.message : String(error),
            hint: null,
            details: {},
          };
    throw new CliError(message, { exitCode: 2, hint, details });
  }
}

/** As a command in this folder takes it. */
function shortened(file: string, io: Io): string {
  const short = relative(io.cwd, file);
  return isAbsolute(file) && !short.startsWith("..") ? short : file;
}
