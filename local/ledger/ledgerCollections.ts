import type { Collection, SaveOptions } from "../../functions/gate/ports/index.ts";
import { text, wholeNumber } from "./sqliteFile.ts";
import type { SqliteFile } from "./sqliteFile.ts";

export function collectionOf(db: SqliteFile, key: string): Collection | null {
  const row = db.first("SELECT * FROM collections WHERE key = ?", key);
  return row === null
    ? null
    : {
        generation: wholeNumber(row, "generation"),
        incidentId: text(row, "incidentId"),
        count: wholeNumber(row, "count"),
      };
}

/** Whether the collection is not as it was seen. */
export function isOtherwise(db: SqliteFile, collect: SaveOptions["collect"]): boolean {
  if (collect === undefined) {
    return false;
  }
  const { key, before } = collect;
  const now = collectionOf(db, key);
  return now?.generation !== before?.generation || now?.count !== before?.count;
}

/** Runs inside a write transaction. */
export function collect(db: SqliteFile, wanted: SaveOptions["collect"]): void {
  if (wanted !== undefined) {
    const { generation, incidentId, count } = wanted.next;
    const sql =
      "INSERT OR REPLACE INTO collections (key, generation, incidentId, count) VALUES (?, ?, ?, ?)";
    db.run(sql, wanted.key, generation, incidentId, count);
  }
}
