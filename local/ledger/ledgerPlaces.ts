import type { Place } from "../../functions/gate/ports/index.ts";
import { numberOrNull, wholeNumber } from "./sqliteFile.ts";
import type { SqliteFile } from "./sqliteFile.ts";

/** Until when each place at that brake is taken, of those that are at that time. */
export function placesAt(db: SqliteFile, key: string, atMs: number): (number | null)[] {
  const sql = "SELECT untilMs FROM places WHERE key = ? AND (untilMs IS NULL OR untilMs > ?)";
  return db.all(sql, key, atMs).map((row) => numberOrNull(row, "untilMs"));
}

/** Whether the brake has no place for that proposal. */
export function isFull(db: SqliteFile, { key, limit, atMs }: Place, proposalId: string): boolean {
  const row = db.first(
    `SELECT count(*) AS n, coalesce(max(proposalId = ?), 0) AS own FROM places
     WHERE key = ? AND (untilMs IS NULL OR untilMs > ?)`,
    proposalId,
    key,
    atMs,
  );
  return row !== null && wholeNumber(row, "own") === 0 && wholeNumber(row, "n") >= limit;
}

/** Runs inside a write transaction. */
export function takePlace(db: SqliteFile, place: Place, proposalId: string): void {
  const { key, atMs, untilMs } = place;
  db.run("DELETE FROM places WHERE key = ? AND untilMs <= ?", key, atMs);
  const sql =
    "INSERT INTO places (key, proposalId, untilMs) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
  db.run(sql, key, proposalId, untilMs);
}
