import { joinedNo } from "../../functions/gate/ledger/noes.ts";
import type { No, Seen } from "../../functions/gate/ports/index.ts";
import { wholeNumber, type SqliteFile } from "./sqliteFile.ts";

/** Versions of what lies outside the ledger's file; undefined: not of that kind. Read at the moment of the write. */
export type Versions = (name: string) => string | undefined;

/** Runs inside a write transaction. */
export function isUnchanged(
  db: SqliteFile,
  { name, version }: Seen,
  versions: Versions | undefined,
): boolean {
  return (versions?.(name) ?? lastNo(db, name).seen.version) === version;
}

export function lastNo(db: SqliteFile, name: string): { no: No | null; seen: Seen } {
  const row = db.first("SELECT atMs, untilMs, version FROM noes WHERE name = ?", name);
  return row === null
    ? { no: null, seen: { name, version: null } }
    : {
        no: { atMs: wholeNumber(row, "atMs"), untilMs: wholeNumber(row, "untilMs") },
        seen: { name, version: String(wholeNumber(row, "version")) },
      };
}

/** Runs inside a write transaction. */
export function putNo(db: SqliteFile, name: string, added: No): void {
  const { atMs, untilMs } = joinedNo(lastNo(db, name).no, added);
  db.run(
    `INSERT INTO noes (name, atMs, untilMs, version) VALUES (?, ?, ?, 1)
     ON CONFLICT (name) DO UPDATE SET atMs = excluded.atMs, untilMs = excluded.untilMs, version = version + 1`,
    name,
    atMs,
    untilMs,
  );
}
