import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { CliError } from "./errors.ts";

/** A file at a git revision, as git writes it: `main:Pulumi.prod.yaml`. */
export interface Revision {
  revision: string;
  /** From the folder's top on, or from the folder itself with "./" before it. */
  path: string;
}

/** What the name means if no file has it; null: it names no revision. */
export function revisionIn(name: string, folder: string): Revision | null {
  const [, revision, path] = /^([^:-][^:]*):(.+)$/.exec(name) ?? [];
  if (revision === undefined || path === undefined) return null;
  return isAbsolute(name) || existsSync(resolve(folder, name)) ? null : { revision, path };
}

/** The file at that revision, named as git wants it from the folder. */
export function fileAt(revision: string, file: string, folder: string): string {
  const path = relative(folder, file).split(sep).join("/");
  return `${revision}:${path.startsWith("../") ? path : `./${path}`}`;
}

/** What the file held at the revision; null: it was not there. */
export function textAt({ revision, path }: Revision, folder: string): string | null {
  // No repository, or one of another user's: then no revision is to blame.
  git(
    folder,
    ["rev-parse", "--git-dir"],
    (problem) => new CliError(`git: ${problem}`, { exitCode: 2 }),
  );
  git(
    folder,
    ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
    () =>
      new CliError(`git knows no revision ${JSON.stringify(revision)} in ${folder}`, {
        exitCode: 2,
        hint: "in CI, fetch the history: a shallow clone has the last commit alone",
      }),
  );
  const listed = git(
    folder,
    ["ls-tree", "--name-only", revision, "--", treePath(path, folder)],
    (problem) => new CliError(`git: ${problem}`, { exitCode: 2 }),
  );
  return listed.trim() === ""
    ? null
    : git(
        folder,
        ["show", "--end-of-options", `${revision}:${path}`],
        (problem) => new CliError(`git: ${problem}`, { exitCode: 2 }),
      );
}

/** `ls-tree` looks from the folder on, where git's own form looks from the top. */
function treePath(path: string, folder: string): string {
  if (path.startsWith("./") || path.startsWith("../")) return path;
  const top = git(
    folder,
    ["rev-parse", "--show-cdup"],
    (problem) => new CliError(`git: ${problem}`, { exitCode: 2 }),
  );
  return `${top.trim()}${path}`;
}

function git(
  folder: string,
  args: readonly string[],
  refusal: (problem: string) => CliError,
): string {
  try {
    return execFileSync("git", args, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const told = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw refusal(told === "" ? (error instanceof Error ? error.message : String(error)) : told);
  }
}
