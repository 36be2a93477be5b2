import * as z from "zod";
import { admitted } from "../../functions/gate/ledger/admission.ts";
import type { ProposerLimits } from "../../functions/gate/ports/index.ts";
import { text } from "./sqliteFile.ts";
import type { SqliteFile } from "./sqliteFile.ts";

const timesShape = z.array(z.number());

/** Runs inside a write transaction. Null: it may propose, which is counted; else how long to wait. */
export function admit(
  db: SqliteFile,
  proposer: string,
  limits: ProposerLimits,
  atMs: number,
): number | null {
  const row = db.first("SELECT times FROM admissions WHERE proposer = ?", proposer);
  const before = row === null ? [] : timesShape.parse(JSON.parse(text(row, "times")));
  const { times, waitMs } = admitted(before, limits, atMs);
  if (times !== null) {
    const sql = "INSERT OR REPLACE INTO admissions (proposer, times) VALUES (?, ?)";
    db.run(sql, proposer, JSON.stringify(times));
  }
  return waitMs;
}
