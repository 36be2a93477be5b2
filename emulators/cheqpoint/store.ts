import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { openDataFile } from "../dataFile.ts";
import { approvalSchema } from "./approval.ts";
import type { Approval } from "./approval.ts";
import { autoRuleSchema } from "./rules.ts";
import type { AutoRule } from "./rules.ts";

const callbackSchema = z.object({
  seq: z.number(),
  approvalId: z.string(),
  url: z.string(),
  body: z.string(),
  state: z.enum(["waiting", "delivered", "failed", "dropped"]),
  /** Held until a later callback has gone out, so that the two arrive in reverse order. */
  held: z.boolean(),
  dueAtMs: z.number(),
  attempts: z.array(
    z.object({ atMs: z.number(), status: z.number().optional(), error: z.string().optional() }),
  ),
});
/** One callback and every attempt to deliver it. */
export type Callback = z.infer<typeof callbackSchema>;

const row = z.object({ record: z.string() });
const counted = z.object({ n: z.number() });
const latest = z.object({ at: z.number().nullable() });
const inserted = z.object({ seq: z.number() });

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS approvals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    over_limit INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    record TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS approvals_by_status ON approvals (status, created_at);
  CREATE INDEX IF NOT EXISTS approvals_by_time ON approvals (created_at);
  CREATE INDEX IF NOT EXISTS approvals_by_body ON approvals (fingerprint, created_at);
  CREATE TABLE IF NOT EXISTS callbacks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    state TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    record TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (state, due_at);
  CREATE TABLE IF NOT EXISTS rules (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    record TEXT NOT NULL
  );
`;

/** The emulator's data file. */
export class Store {
  readonly #db: DatabaseSync;

  constructor(dataFile: string) {
    this.#db = openDataFile(dataFile, { timeoutMs: 2000 });
    this.#db.exec(SCHEMA);
  }

  close(): void {
    this.#db.close();
  }

  /** All or nothing. */
  transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  meta(key: string): string | undefined {
    const found = this.#db.prepare("SELECT value AS record FROM meta WHERE key = ?").get(key);
    return found === undefined ? undefined : row.parse(found).record;
  }

  setMeta(key: string, value: string): void {
    this.#db
      .prepare("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = ?")
      .run(key, value, value);
  }

  addApproval(approval: Approval, fingerprint: string): void {
    this.#db
      .prepare(
        `INSERT INTO approvals (id, status, created_at, expires_at, over_limit, fingerprint, record)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        approval.id,
        approval.status,
        approval.createdAtMs,
        approval.expiresAtMs,
        approval.decidedBy === "limit" ? 1 : 0,
        fingerprint,
        JSON.stringify(approval),
      );
  }

  updateApproval(approval: Approval): void {
    this.#db
      .prepare("UPDATE approvals SET status = ?, record = ? WHERE id = ?")
      .run(approval.status, JSON.stringify(approval), approval.id);
  }

  approval(id: string): Approval | undefined {
    const found = this.#db.prepare("SELECT record FROM approvals WHERE id = ?").get(id);
    return found === undefined ? undefined : approvalOf(found);
  }

  /** Newest first. */
  approvals(statuses: readonly Approval["status"][], limit: number): Approval[] {
    const marks = statuses.map(() => "?").join(", ");
    return this.#db
      .prepare(`SELECT record FROM approvals WHERE status IN (${marks}) ORDER BY seq DESC LIMIT ?`)
      .all(...statuses, limit)
      .map(approvalOf);
  }

  /** Pending ones made up to `createdUntilMs` or with an own deadline up to `nowMs`. */
  duePending(createdUntilMs: number | null, nowMs: number): Approval[] {
    return this.#db
      .prepare(
        `SELECT record FROM approvals WHERE status = 'PENDING'
         AND (created_at <= ? OR expires_at <= ?) ORDER BY seq`,
      )
      .all(createdUntilMs, nowMs)
      .map(approvalOf);
  }

  /** How many were taken in after `sinceMs`, without those that the limit itself refused. */
  countSince(sinceMs: number): number {
    const found = this.#db
      .prepare("SELECT COUNT(*) AS n FROM approvals WHERE created_at > ? AND over_limit = 0")
      .get(sinceMs);
    return counted.parse(found).n;
  }

  lastIdentical(fingerprint: string): number | null {
    const found = this.#db
      .prepare("SELECT MAX(created_at) AS at FROM approvals WHERE fingerprint = ?")
      .get(fingerprint);
    return latest.parse(found).at;
  }

  addCallback(callback: Omit<Callback, "seq">): void {
    const found = this.#db
      .prepare("INSERT INTO callbacks (state, due_at, record) VALUES (?, ?, '') RETURNING seq")
      .get(callback.state, callback.dueAtMs);
    this.updateCallback({ ...callback, seq: inserted.parse(found).seq });
  }

  updateCallback(callback: Callback): void {
    this.#db
      .prepare("UPDATE callbacks SET state = ?, due_at = ?, record = ? WHERE seq = ?")
      .run(callback.state, callback.dueAtMs, JSON.stringify(callback), callback.seq);
  }

  dueCallbacks(nowMs: number): Callback[] {
    return this.#db
      .prepare(
        "SELECT record FROM callbacks WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, seq",
      )
      .all(nowMs)
      .map(callbackOf);
  }

  callbacks(): Callback[] {
    return this.#db.prepare("SELECT record FROM callbacks ORDER BY seq").all().map(callbackOf);
  }

  rules(): AutoRule[] {
    return this.#db
      .prepare("SELECT record FROM rules ORDER BY seq")
      .all()
      .map((found) => autoRuleSchema.parse(JSON.parse(row.parse(found).record)));
  }

  /** Adds a rule at the end, or replaces the one of that name where it stands. */
  putRule(rule: AutoRule): void {
    const record = JSON.stringify(rule);
    this.#db
      .prepare(
        `INSERT INTO rules (name, record) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET record = ?`,
      )
      .run(rule.name, record, record);
  }

  removeRule(name: string): boolean {
    return this.#db.prepare("DELETE FROM rules WHERE name = ?").run(name).changes > 0;
  }

  removeRules(): void {
    this.#db.exec("DELETE FROM rules");
  }

  removeEverything(): void {
    this.#db.exec("DELETE FROM approvals; DELETE FROM callbacks; DELETE FROM rules");
  }
}

function approvalOf(found: unknown): Approval {
  return approvalSchema.parse(JSON.parse(row.parse(found).record));
}

function callbackOf(found: unknown): Callback {
  return callbackSchema.parse(JSON.parse(row.parse(found).record));
}
