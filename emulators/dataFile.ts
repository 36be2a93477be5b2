import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A file that cannot be used as it is. Its text says what to do about the file; whoever chose its place can say more. */
export class DataFileError extends Error {
  override readonly name = "DataFileError";
}

const IN_MEMORY = ":memory:";
const OTHERS = 0o077;

/** Makes `file` where there is none, and takes it from everybody but its owner where others could read it. */
export function makePrivate(file: string): void {
  closeSync(openSync(file, "a", 0o600));
  takeFromOthers(file);
}

/** Opens or makes an SQLite file, readable by its owner only. Says what to do about one that is damaged. */
export function openDataFile(file: string, { timeoutMs }: { timeoutMs: number }): DatabaseSync {
  if (file !== IN_MEMORY) {
    prepare(file);
  }
  const db = new DatabaseSync(file, {
    timeout: timeoutMs,
    enableForeignKeyConstraints: true,
  });
  try {
    // Opening reads nothing; this reads the header and every definition.
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    throw isDamage(error)
      ? new DataFileError(
          `\`${basename(file)}\` of the data folder is damaged (${file}: ${messageOf(error)}): put a copy in its place`,
        )
      : error;
  }
}

function prepare(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives the side files that it makes the mode of the file itself; those of an earlier run keep theirs.
    makePrivate(file);
    [`${file}-wal`, `${file}-shm`].filter((side) => existsSync(side)).forEach(takeFromOthers);
  } catch (error) {
    throw new DataFileError(
      `${file} cannot be opened (${codeOf(error)}): give it to whoever opens it`,
    );
  }
}

function takeFromOthers(file: string): void {
  const { mode } = statSync(file);
  if ((mode & OTHERS) !== 0) {
    chmodSync(file, mode & 0o700);
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isDamage(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && [11, 26].includes(Number(error.errcode));
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
