import type { SQLInputValue } from "node:sqlite";
import type { AuditEvent } from "../../functions/gate/proposal/audit.ts";
import { FREE_KEY, afterwards, heldBy, joinedBy } from "../../functions/gate/ledger/dedupe.ts";
import type { DedupeState } from "../../functions/gate/ledger/dedupe.ts";
import {
  decodeCursor,
  encodeCursor,
  incidentOf,
  pageSize,
} from "../../functions/gate/proposal/listing.ts";
import type {
  CreateOptions,
  CreateResult,
  Idempotency,
  ProposalFilter,
  Recalled,
  SaveOptions,
  SaveResult,
} from "../../functions/gate/ports/index.ts";
import type { Proposal } from "../../functions/gate/proposal/proposal.ts";
import { collect, isOtherwise } from "./ledgerCollections.ts";
import { isFull, takePlace } from "./ledgerPlaces.ts";
import { hold, isHeldFrom, letGo } from "./ledgerHolds.ts";
import { ALL_OFF, switchOver } from "../../functions/gate/ledger/killSwitch.ts";
import type { KillSwitches } from "../../functions/gate/ledger/killSwitch.ts";
import { readRecord, switchesOf, writeRecord } from "../../functions/gate/ledger/records.ts";
import { isUnchanged, putNo, type Versions } from "./ledgerSeen.ts";
import { text, textOrNull, wholeNumber } from "./sqliteFile.ts";
import type { Row, SqliteFile } from "./sqliteFile.ts";

/** Runs inside a write transaction. */
export function createProposal(
  db: SqliteFile,
  proposal: Proposal,
  events: readonly AuditEvent[],
  options: CreateOptions | undefined,
  nowMs: number,
): CreateResult {
  const idempotency = options?.idempotency;
  const recalled = idempotency === undefined ? null : recall(db, idempotency);
  if (recalled !== null) {
    return recalled;
  }
  // A key that joined another proposal leads to that one ever after, also when it is closed.
  const remember = (proposalId: string): void => {
    if (idempotency !== undefined) {
      const { scope, key, requestHash } = idempotency;
      db.run(
        "INSERT INTO idempotency (scope, key, requestHash, proposalId, atMs) VALUES (?, ?, ?, ?, ?)",
        scope,
        key,
        requestHash,
        proposalId,
        nowMs,
      );
    }
  };

  const state = dedupeState(db, proposal.dedupeKey);
  const other = joinedBy(state, proposal.source.kind, nowMs, options?.gatingHash);
  if (other !== null) {
    remember(other.proposalId);
    return { created: false, joined: other.joined, proposal: mustFind(db, other.proposalId) };
  }

  const { columns, values } = proposalColumns(proposal);
  const marks = columns.map(() => "?").join(", ");
  db.run(
    `INSERT INTO proposals (id, receivedAtMs, ${columns.join(", ")}) VALUES (?, ?, ${marks})`,
    proposal.id,
    proposal.receivedAtMs,
    ...values,
  );
  addEvents(db, proposal.id, events);
  putDedupeState(db, proposal.dedupeKey, heldBy(state, proposal.id));
  remember(proposal.id);
  return { created: true, proposal };
}

/** Runs inside a transaction. */
export function recall(db: SqliteFile, { scope, key, requestHash }: Idempotency): Recalled | null {
  const sql = "SELECT requestHash, proposalId FROM idempotency WHERE scope = ? AND key = ?";
  const known = db.first(sql, scope, key);
  return known === null
    ? null
    : {
        created: false,
        joined: text(known, "requestHash") === requestHash ? "idempotencyKey" : "conflict",
        proposal: mustFind(db, text(known, "proposalId")),
      };
}

/** Runs inside a write transaction. */
export function saveProposal(
  db: SqliteFile,
  next: Proposal,
  events: readonly AuditEvent[],
  options: SaveOptions,
  versions: Versions | undefined,
): SaveResult {
  const { dedupe, reserve = [] } = options;
  if (dedupe?.kind === "move" && dedupe.to !== next.dedupeKey) {
    throw new Error(
      `proposal ${next.id}: a save that moves must have its new key as \`dedupeKey\``,
    );
  }
  const before = db.first("SELECT version, dedupeKey FROM proposals WHERE id = ?", next.id);
  if (before === null || wholeNumber(before, "version") !== next.version - 1) {
    return "stale";
  }
  if (dedupe?.kind !== "move" && text(before, "dedupeKey") !== next.dedupeKey) {
    throw new Error(
      `proposal ${next.id}: its \`dedupeKey\` changes only with a save that moves it`,
    );
  }
  if (!(options.unchanged ?? []).every((seen) => isUnchanged(db, seen, versions))) {
    return "changed";
  }
  if (options.requireKillSwitchOff === true && switchOver(switches(db), next).on) {
    return "killSwitch";
  }
  if (isOtherwise(db, options.collect)) {
    return "stale";
  }
  if (reserve.some((place) => isFull(db, place, next.id))) {
    return "limit";
  }
  if (isHeldFrom(db, next.id, options.hold)) {
    return "held";
  }
  if (dedupe?.kind === "move") {
    const { openId } = dedupeState(db, dedupe.to);
    if (openId !== null && openId !== next.id) {
      return "dedupe";
    }
  }
  if (options.take !== undefined) {
    const taken = db.first("SELECT proposalId FROM links WHERE name = ?", options.take);
    if (taken !== null && text(taken, "proposalId") !== next.id) {
      return "taken";
    }
  }

  const { columns, values } = proposalColumns(next);
  const assignments = columns.map((column) => `${column} = ?`).join(", ");
  db.run(`UPDATE proposals SET ${assignments} WHERE id = ?`, ...values, next.id);
  addEvents(db, next.id, events);
  collect(db, options.collect);
  for (const place of reserve) {
    takePlace(db, place, next.id);
  }
  for (const key of options.giveBack ?? []) {
    db.run("DELETE FROM places WHERE key = ? AND proposalId = ?", key, next.id);
  }
  hold(db, next.id, options.hold);
  letGo(db, next.id, options.letGo);
  if (dedupe?.kind === "move") {
    const from = text(before, "dedupeKey");
    putDedupeState(db, from, afterwards(dedupeState(db, from), next.id, { kind: "release" }));
    putDedupeState(db, dedupe.to, heldBy(dedupeState(db, dedupe.to), next.id));
  } else if (dedupe !== undefined) {
    const key = next.dedupeKey;
    putDedupeState(db, key, afterwards(dedupeState(db, key), next.id, dedupe));
  }
  const links = [...(options.links ?? []), ...(options.take === undefined ? [] : [options.take])];
  for (const name of links) {
    const sql = "INSERT INTO links (name, proposalId) VALUES (?, ?) ON CONFLICT DO NOTHING";
    db.run(sql, name, next.id);
  }
  if (options.no !== undefined) {
    putNo(db, options.no.name, options.no);
  }
  for (const hintId of options.consume ?? []) {
    db.run("DELETE FROM hints WHERE proposalId = ? AND id = ?", next.id, hintId);
  }
  return "saved";
}

export function listProposals(
  db: SqliteFile,
  filter: ProposalFilter,
): { proposals: Proposal[]; cursor: string | null } {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...bound: SQLInputValue[]): void => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (filter.open !== undefined) {
    where(filter.open ? "open = 1" : "open = 0");
  }
  if (filter.incidentId !== undefined) {
    where("incidentId = ?", filter.incidentId);
  }
  if (filter.service !== undefined) {
    where("serviceKey = ?", filter.service);
  }
  if (filter.wouldHave !== undefined) {
    const decision = "json_extract(record, '$.weighing.evaluation.wouldHave.decision')";
    where(`${decision} = ?`, filter.wouldHave);
  }
  if (filter.cursor !== undefined) {
    const after = decodeCursor(filter.cursor);
    where("(receivedAtMs, id) < (?, ?)", after.receivedAtMs, after.id);
  }
  const size = pageSize(filter.limit);
  const rows = db.all(
    `SELECT record FROM proposals ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
     ORDER BY receivedAtMs DESC, id DESC LIMIT ?`,
    ...values,
    size + 1,
  );
  const proposals = rows.slice(0, size).map((row) => readRecord("proposal", text(row, "record")));
  const last = proposals.at(-1);
  return {
    proposals,
    cursor: rows.length > size && last !== undefined ? encodeCursor(last) : null,
  };
}

/** Those that ended last, in the order in which they ended. */
export function lastEnded(db: SqliteFile, limit: number): Proposal[] {
  const rows = db.all(
    "SELECT record FROM proposals WHERE open = 0 ORDER BY closedAtMs DESC, id DESC LIMIT ?",
    Math.max(limit, 0),
  );
  return rows.map((row) => readRecord("proposal", text(row, "record")));
}

/** What every write sets; `id` and `receivedAtMs` never change. */
function proposalColumns(proposal: Proposal): { columns: string[]; values: SQLInputValue[] } {
  const entries: [string, SQLInputValue][] = [
    ["version", proposal.version],
    ["dueAtMs", proposal.dueAtMs],
    ["open", proposal.closedAtMs === null ? 1 : 0],
    ["closedAtMs", proposal.closedAtMs],
    ["incidentId", incidentOf(proposal)],
    ["serviceKey", proposal.request.service],
    ["dedupeKey", proposal.dedupeKey],
    ["record", writeRecord("proposal", proposal)],
  ];
  return { columns: entries.map(([name]) => name), values: entries.map(([, value]) => value) };
}

function findProposal(db: SqliteFile, id: string): Proposal | null {
  const row = db.first("SELECT record FROM proposals WHERE id = ?", id);
  return row === null ? null : readRecord("proposal", text(row, "record"));
}

function mustFind(db: SqliteFile, id: string): Proposal {
  const proposal = findProposal(db, id);
  if (proposal === null) {
    throw new Error(`the ledger refers to proposal ${id} but does not have it`);
  }
  return proposal;
}

function addEvents(db: SqliteFile, proposalId: string, events: readonly AuditEvent[]): void {
  for (const event of events) {
    const sql = "INSERT INTO events (proposalId, seq, record) VALUES (?, ?, ?)";
    db.run(sql, proposalId, event.seq, writeRecord("event", event));
  }
}

function dedupeState(db: SqliteFile, key: string): DedupeState {
  const row = db.first("SELECT * FROM dedupe WHERE key = ?", key);
  return row === null ? FREE_KEY : { openId: textOrNull(row, "openId"), coolDown: coolDownOf(row) };
}

function coolDownOf(row: Row): DedupeState["coolDown"] {
  const proposalId = textOrNull(row, "coolDownId");
  return proposalId === null
    ? null
    : {
        proposalId,
        untilMs: wholeNumber(row, "coolDownUntilMs"),
        scope: text(row, "coolDownScope") === "events" ? "events" : "all",
        gatingHash: textOrNull(row, "coolDownGating"),
      };
}

function putDedupeState(db: SqliteFile, key: string, state: DedupeState): void {
  const { openId, coolDown } = state;
  if (openId === null && coolDown === null) {
    db.run("DELETE FROM dedupe WHERE key = ?", key);
    return;
  }
  db.run(
    `INSERT OR REPLACE INTO dedupe
       (key, openId, coolDownId, coolDownUntilMs, coolDownScope, coolDownGating)
     VALUES (?, ?, ?, ?, ?, ?)`,
    key,
    openId,
    coolDown?.proposalId ?? null,
    coolDown?.untilMs ?? null,
    coolDown?.scope ?? null,
    coolDown?.gatingHash ?? null,
  );
}

export function switches(db: SqliteFile): KillSwitches {
  const row = db.first("SELECT record FROM kill_switch WHERE id = 1");
  return row === null ? ALL_OFF : switchesOf(readRecord("killSwitch", text(row, "record")));
}
