import type { AuditEvent, AuditFact } from "../../functions/gate/proposal/audit.ts";
import type { Trail } from "../../functions/gate/ports/index.ts";
import { extended } from "../../functions/gate/ledger/trails.ts";
import { readRecord, writeRecord } from "../../functions/gate/ledger/records.ts";
import { text, textOrNull, wholeNumber } from "./sqliteFile.ts";
import type { Row, SqliteFile } from "./sqliteFile.ts";

const PAGE = 200;

export function trailOf(db: SqliteFile, subject: string): Trail | null {
  const row = db.first("SELECT * FROM trails WHERE subject = ?", subject);
  return row === null ? null : trailIn(row);
}

export function trailEvents(db: SqliteFile, subject: string): AuditEvent[] {
  const rows = db.all("SELECT record FROM trail_events WHERE subject = ? ORDER BY seq", subject);
  return rows.map((row) => readRecord("event", text(row, "record")));
}

export function listTrails(
  db: SqliteFile,
  cursor: string | null,
): { trails: Trail[]; cursor: string | null } {
  const rows = db.all(
    `SELECT * FROM trails ${cursor === null ? "" : "WHERE subject < ?"} ORDER BY subject DESC LIMIT ?`,
    ...(cursor === null ? [] : [cursor]),
    PAGE + 1,
  );
  const trails = rows.slice(0, PAGE).map(trailIn);
  return { trails, cursor: rows.length > PAGE ? (trails.at(-1)?.subject ?? null) : null };
}

/** Runs inside a write transaction. */
export function extendTrail(
  db: SqliteFile,
  before: Trail | null,
  to: Pick<Trail, "subject" | "state">,
  facts: readonly AuditFact[],
  atMs: number,
): void {
  const { trail, events } = extended(before, to, facts, atMs);
  db.run(
    "INSERT OR REPLACE INTO trails (subject, state, seq, head) VALUES (?, ?, ?, ?)",
    trail.subject,
    trail.state,
    trail.head.seq,
    trail.head.head,
  );
  for (const event of events) {
    const sql = "INSERT INTO trail_events (subject, seq, record) VALUES (?, ?, ?)";
    db.run(sql, trail.subject, event.seq, writeRecord("event", event));
  }
}

function trailIn(row: Row): Trail {
  return {
    subject: text(row, "subject"),
    state: textOrNull(row, "state"),
    head: { seq: wholeNumber(row, "seq"), head: text(row, "head") },
  };
}
