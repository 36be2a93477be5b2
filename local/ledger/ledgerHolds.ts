import { isHeld } from "../../functions/gate/ledger/holds.ts";
import type { Holder, SaveOptions } from "../../functions/gate/ports/index.ts";
import { numberOrNull, text } from "./sqliteFile.ts";
import type { SqliteFile } from "./sqliteFile.ts";

export function holderOf(db: SqliteFile, key: string): Holder | null {
  const row = db.first("SELECT proposalId, untilMs FROM holds WHERE key = ?", key);
  return row === null
    ? null
    : { proposalId: text(row, "proposalId"), untilMs: numberOrNull(row, "untilMs") };
}

/** Whether another proposal has one of the keys that a save wants to have alone. */
export function isHeldFrom(
  db: SqliteFile,
  proposalId: string,
  wanted: SaveOptions["hold"],
): boolean {
  return wanted?.keys.some((key) => isHeld(holderOf(db, key), proposalId, wanted.atMs)) ?? false;
}

/** Runs inside a write transaction, when nobody else has the keys. */
export function hold(db: SqliteFile, proposalId: string, wanted: SaveOptions["hold"]): void {
  for (const key of wanted?.keys ?? []) {
    const sql = "INSERT OR REPLACE INTO holds (key, proposalId, untilMs) VALUES (?, ?, NULL)";
    db.run(sql, key, proposalId);
  }
}

/** Runs inside a write transaction. What another proposal has stays as it is. */
export function letGo(db: SqliteFile, proposalId: string, given: SaveOptions["letGo"]): void {
  for (const { key, untilMs } of given ?? []) {
    if (untilMs === null) {
      db.run("DELETE FROM holds WHERE key = ? AND proposalId = ?", key, proposalId);
    } else {
      const sql = "UPDATE holds SET untilMs = ? WHERE key = ? AND proposalId = ?";
      db.run(sql, untilMs, key, proposalId);
    }
  }
}
