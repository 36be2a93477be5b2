import type { Clock, Ledger, WorkItem } from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { holderOf } from "./ledgerHolds.ts";
import { switchOver, withSwitch } from "../../functions/gate/ledger/killSwitch.ts";
import { readRecord, switchRecord, writeRecord } from "../../functions/gate/ledger/records.ts";
import {
  SWITCH_TRAIL,
  acknowledgedFact,
  alarmTrail,
  raisedFact,
  switchFact,
} from "../../functions/gate/ledger/trails.ts";
import { extendTrail, listTrails, trailEvents, trailOf } from "./ledgerTrails.ts";
import { requirePartners, type Partners } from "./ledgerPartners.ts";
import {
  createProposal,
  lastEnded,
  listProposals,
  recall,
  saveProposal,
  switches,
} from "./ledgerProposals.ts";
import { collectionOf } from "./ledgerCollections.ts";
import { admit } from "./ledgerAdmission.ts";
import { placesAt } from "./ledgerPlaces.ts";
import { MIGRATIONS } from "./ledgerSchema.ts";
import { lastNo, type Versions } from "./ledgerSeen.ts";
import { numberOrNull, openSqliteFile, text, textOrNull } from "./sqliteFile.ts";
import type { SqliteFile } from "./sqliteFile.ts";

/** How long a delivery that is done and an idempotency key are remembered: PagerDuty retries for two days. */
const KEPT_MS = 30 * 24 * 3_600_000;

export interface SqliteLedger extends Ledger {
  /** For the timeline: a long wait must not hide how it ended, as in the order in which they were received. */
  lastEnded(limit: number): Promise<Proposal[]>;
  close(): void;
}

/**
 * The ledger in one SQLite file. Every method is one transaction; what it acknowledged survives a crash.
 * @param partners Refuses a file that was made for others. Who only reads it needs none.
 * @param versions Of the gating that a claim requires unchanged. Who never claims needs none.
 */
export function openSqliteLedger(
  file: string,
  clock: Clock,
  partners?: Partners,
  versions?: Versions,
): SqliteLedger {
  const db = openSqliteFile(file, MIGRATIONS);
  try {
    db.write(() => {
      if (partners !== undefined) {
        requirePartners(db, file, partners);
      }
      forgetOld(db, clock.now());
    });
  } catch (error) {
    db.close();
    throw error;
  }
  return ledgerIn(db, clock, versions);
}

/** The ledger in a file that is open. */
export function ledgerIn(
  db: SqliteFile,
  clock: Clock,
  versions: Versions | undefined,
): SqliteLedger {
  return {
    async create(proposal, events, options) {
      return db.writeSoon(() => createProposal(db, proposal, events, options, clock.now()));
    },

    async admit(proposer, limits, atMs) {
      return db.writeSoon(() => admit(db, proposer, limits, atMs));
    },

    async recall(idempotency) {
      return db.read(() => recall(db, idempotency));
    },

    async get(id) {
      // In one statement, which sees the file at one moment.
      const rows = db.all(
        `SELECT proposals.record, hints.record AS hint
         FROM proposals LEFT JOIN hints ON hints.proposalId = proposals.id
         WHERE proposals.id = ? ORDER BY hints.atMs, hints.id`,
        id,
      );
      const [first] = rows;
      return first === undefined
        ? null
        : {
            proposal: readRecord("proposal", text(first, "record")),
            hints: rows.flatMap((row) => {
              const hint = textOrNull(row, "hint");
              return hint === null ? [] : [readRecord("hint", hint)];
            }),
          };
    },

    async save(next, events, options) {
      return db.writeSoon(() => saveProposal(db, next, events, options ?? {}, versions));
    },

    async list(filter) {
      return listProposals(db, filter);
    },

    async lastEnded(limit) {
      return lastEnded(db, limit);
    },

    async collection(key) {
      return collectionOf(db, key);
    },

    async places(key, atMs) {
      return placesAt(db, key, atMs);
    },

    async events(id) {
      const rows = db.all("SELECT record FROM events WHERE proposalId = ? ORDER BY seq", id);
      return rows.map((row) => readRecord("event", text(row, "record")));
    },

    async link(name) {
      const row = db.first("SELECT proposalId FROM links WHERE name = ?", name);
      return row === null ? null : text(row, "proposalId");
    },

    async holder(key) {
      return holderOf(db, key);
    },

    async lastNo(name) {
      return lastNo(db, name);
    },

    async hint(proposalId, hint) {
      await db.writeSoon(() =>
        db.run(
          `INSERT INTO hints (proposalId, id, atMs, record)
           SELECT id, ?, ?, ? FROM proposals WHERE id = ?
           ON CONFLICT (proposalId, id) DO UPDATE SET atMs = excluded.atMs, record = excluded.record`,
          hint.id,
          hint.atMs,
          writeRecord("hint", hint),
          proposalId,
        ),
      );
    },

    async accept(delivery) {
      const { id, eventId, receivedAtMs, dueAtMs } = delivery;
      const added = await db.writeSoon(() =>
        db.run(
          `INSERT INTO deliveries (id, eventId, receivedAtMs, dueAtMs, record) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO NOTHING`,
          id,
          eventId,
          receivedAtMs,
          dueAtMs,
          writeRecord("delivery", delivery),
        ),
      );
      return added === 1 ? "new" : "duplicate";
    },

    async getDelivery(id) {
      const row = db.first("SELECT record FROM deliveries WHERE id = ?", id);
      return row === null ? null : readRecord("delivery", text(row, "record"));
    },

    async saveDelivery(delivery) {
      const { id, eventId, receivedAtMs, dueAtMs } = delivery;
      await db.writeSoon(() =>
        db.run(
          `INSERT INTO deliveries (id, eventId, receivedAtMs, dueAtMs, record) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET dueAtMs = excluded.dueAtMs, record = excluded.record`,
          id,
          eventId,
          receivedAtMs,
          dueAtMs,
          writeRecord("delivery", delivery),
        ),
      );
    },

    async due(nowMs, limit) {
      const rows = db.all(
        `SELECT kind, id FROM (
           SELECT 'proposal' AS kind, id, dueAtMs FROM proposals WHERE dueAtMs <= ?1
           UNION ALL
           SELECT 'delivery' AS kind, id, dueAtMs FROM deliveries WHERE dueAtMs <= ?1
         ) ORDER BY dueAtMs, kind, id LIMIT ?2`,
        nowMs,
        Math.max(limit, 0),
      );
      return rows.map((row): WorkItem => ({
        kind: text(row, "kind") === "proposal" ? "proposal" : "delivery",
        id: text(row, "id"),
      }));
    },

    async nextDueAtMs() {
      const row = db.first(
        `SELECT min(dueAtMs) AS dueAtMs FROM (
           SELECT min(dueAtMs) AS dueAtMs FROM proposals WHERE dueAtMs IS NOT NULL
           UNION ALL
           SELECT min(dueAtMs) AS dueAtMs FROM deliveries WHERE dueAtMs IS NOT NULL
         )`,
      );
      return row === null ? null : numberOrNull(row, "dueAtMs");
    },

    async raise(alarm) {
      return db.writeSoon(() => {
        const added = db.run(
          "INSERT INTO alarms (key, atMs, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          alarm.key,
          alarm.atMs,
          writeRecord("alarm", alarm),
        );
        if (added === 1) {
          const to = { subject: alarmTrail(alarm.key), state: null };
          extendTrail(db, null, to, [raisedFact(alarm)], alarm.atMs);
        }
        return added === 1;
      });
    },

    async acknowledge(key, acknowledged) {
      return db.writeSoon(() => {
        const row = db.first("SELECT record FROM alarms WHERE key = ?", key);
        const alarm = row === null ? null : readRecord("alarm", text(row, "record"));
        if (alarm === null || alarm.acknowledged !== undefined) {
          return alarm;
        }
        const next = { ...alarm, acknowledged };
        db.run("UPDATE alarms SET record = ? WHERE key = ?", writeRecord("alarm", next), key);
        const to = { subject: alarmTrail(key), state: null };
        const facts = [acknowledgedFact(acknowledged)];
        extendTrail(db, trailOf(db, to.subject), to, facts, acknowledged.atMs);
        return next;
      });
    },

    async alarms(limit) {
      const sql = "SELECT record FROM alarms ORDER BY atMs DESC, key DESC LIMIT ?";
      const rows = db.all(sql, Math.max(limit, 0));
      return rows.map((row) => readRecord("alarm", text(row, "record")));
    },

    async getInvocation(id) {
      const row = db.first("SELECT record FROM invocations WHERE id = ?", id);
      return row === null ? null : readRecord("invocation", text(row, "record"));
    },

    async putInvocation(invocation) {
      await db.writeSoon(() =>
        db.run(
          `INSERT OR REPLACE INTO invocations (id, incidentId, targetId, firstSeenAtMs, record)
           VALUES (?, ?, ?, ?, ?)`,
          invocation.id,
          invocation.incidentId,
          invocation.targetId,
          invocation.firstSeenAtMs,
          writeRecord("invocation", invocation),
        ),
      );
    },

    async invocations(incidentId, targetId) {
      const rows = db.all(
        "SELECT record FROM invocations WHERE incidentId = ? AND targetId = ? ORDER BY firstSeenAtMs, id",
        incidentId,
        targetId,
      );
      return rows.map((row) => readRecord("invocation", text(row, "record")));
    },

    async killSwitch(over) {
      const found = switches(db);
      return over === undefined ? found.all : switchOver(found, over);
    },

    async narrowerSwitches() {
      return switches(db).narrower;
    },

    async setKillSwitch(state) {
      return db.writeSoon(() => {
        const { next, before } = withSwitch(switches(db), state);
        db.run(
          "INSERT OR REPLACE INTO kill_switch (id, turnedOn, record) VALUES (1, ?, ?)",
          next.all.on ? 1 : 0,
          writeRecord("killSwitch", switchRecord(next)),
        );
        const to = { subject: SWITCH_TRAIL, state: null };
        extendTrail(db, trailOf(db, to.subject), to, [switchFact(state)], state.atMs);
        return before;
      });
    },

    async trail(subject) {
      return db.read(() => {
        const trail = trailOf(db, subject);
        return trail === null ? null : { trail, events: trailEvents(db, subject) };
      });
    },

    async trails(cursor) {
      return listTrails(db, cursor);
    },

    async chronicle(before, to, facts, atMs) {
      return db.writeSoon(() => {
        const seq = trailOf(db, to.subject)?.head.seq ?? 0;
        if (seq !== (before?.head.seq ?? 0)) {
          return false;
        }
        extendTrail(db, before, to, facts, atMs);
        return true;
      });
    },

    close() {
      db.close();
    },
  };
}

function forgetOld(db: SqliteFile, nowMs: number): void {
  db.run("DELETE FROM holds WHERE untilMs < ?", nowMs);
  db.run("DELETE FROM places WHERE untilMs <= ?", nowMs);
  db.run("DELETE FROM idempotency WHERE atMs < ?", nowMs - KEPT_MS);
  db.run("DELETE FROM deliveries WHERE dueAtMs IS NULL AND receivedAtMs < ?", nowMs - KEPT_MS);
  db.run("DELETE FROM dedupe WHERE openId IS NULL AND coolDownUntilMs < ?", nowMs);
  db.run("DELETE FROM noes WHERE max(atMs, untilMs) < ?", nowMs - KEPT_MS);
}
