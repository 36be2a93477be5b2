import type { DatabaseSync, StatementSync } from "node:sqlite";
import { openDataFile } from "../../dataFile.ts";
import type { CollectionName, Collections } from "./documents.ts";

/** Where a document is found besides by its id. */
interface Place {
  /** What it belongs to. */
  parent?: string | null;
  /** A value that is looked up as a whole. */
  key?: string | null;
  /** When something has to be done about it. */
  dueAtMs?: number | null;
}

type Places = { [K in CollectionName]?: (document: Collections[K]) => Place };

const PLACES: Places = {
  users: (user) => ({ key: user.email.toLowerCase() }),
  integrations: (integration) => ({
    parent: integration.service,
    key: integration.integrationKey,
  }),
  incidents: (incident) => ({
    parent: incident.service,
    key:
      incident.incidentKey === null ? null : incidentKeyOf(incident.service, incident.incidentKey),
  }),
  notes: (note) => ({ parent: note.incident }),
  logEntries: (entry) => ({ parent: entry.incident }),
  alerts: (alert) => ({
    parent: alert.incident,
    key: incidentKeyOf(alert.service, alert.alertKey),
  }),
  responderRequests: (request) => ({ parent: request.incident }),
  statusUpdates: (update) => ({ parent: update.incident }),
  customFields: (field) => ({ parent: field.incidentType }),
  invocations: (invocation) => ({ parent: invocation.incident }),
  workflowInstances: (instance) => ({ parent: instance.incident }),
  deliveries: (delivery) => ({ parent: delivery.lane, dueAtMs: delivery.dueAtMs }),
  tasks: (task) => ({ dueAtMs: task.dueAtMs }),
};

/** The key under which an incident or an alert is found by service and its own key. */
export function incidentKeyOf(service: string, incidentKey: string): string {
  return `${service}/${incidentKey}`;
}

/** Collections that keep only their newest documents; what still has a due time stays. */
const BOUNDS: { [K in CollectionName]?: number } = { requests: 10_000, deliveries: 10_000 };
const TRIM_EVERY = 500;

const SCHEMA_VERSION = 1;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS docs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  collection TEXT NOT NULL,
  id TEXT NOT NULL,
  parent TEXT,
  key TEXT,
  due_at INTEGER,
  json TEXT NOT NULL,
  UNIQUE (collection, id)
) STRICT;
CREATE INDEX IF NOT EXISTS docs_by_parent ON docs (collection, parent, seq);
CREATE INDEX IF NOT EXISTS docs_by_key ON docs (collection, key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS docs_by_due ON docs (collection, due_at) WHERE due_at IS NOT NULL;
`;

/** The account's documents in one sqlite file. Order within a collection is order of insertion. */
export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #putsSinceTrim = new Map<CollectionName, number>();

  /** @param file A path, or `:memory:`. */
  constructor(file: string) {
    this.#database = openDataFile(file, { timeoutMs: 5000 });
    // WAL with NORMAL loses nothing when the process dies; only a power cut may cost the last writes.
    this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    this.#database.exec(SCHEMA);
    const version = this.meta("schema");
    if (version === undefined) {
      this.setMeta("schema", String(SCHEMA_VERSION));
    } else if (version !== String(SCHEMA_VERSION)) {
      this.#database.close();
      throw new Error(
        `the data file ${file} has the format ${version}, this emulator reads ${SCHEMA_VERSION}; delete the file to start afresh`,
      );
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Runs `work` so that all of its writes happen or none. */
  transaction<T>(work: () => T): T {
    if (this.#database.isTransaction) {
      return work();
    }
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  get<K extends CollectionName>(collection: K, id: string): Collections[K] | undefined {
    return this.#parse(
      collection,
      this.#prepare("SELECT json FROM docs WHERE collection = ? AND id = ?").all(collection, id),
    )[0];
  }

  /** Adds a document, or replaces the one with the same id in its place. */
  put<K extends CollectionName>(collection: K, document: Collections[K]): void {
    const place: Place = PLACES[collection]?.(document) ?? {};
    this.#prepare(
      `INSERT INTO docs (collection, id, parent, key, due_at, json) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (collection, id) DO UPDATE SET
         parent = excluded.parent, key = excluded.key, due_at = excluded.due_at, json = excluded.json`,
    ).run(
      collection,
      document.id,
      place.parent ?? null,
      place.key ?? null,
      place.dueAtMs ?? null,
      JSON.stringify(document),
    );
    const bound = BOUNDS[collection];
    if (bound !== undefined) {
      this.#trimNowAndThen(collection, bound);
    }
  }

  delete(collection: CollectionName, id: string): boolean {
    const { changes } = this.#prepare("DELETE FROM docs WHERE collection = ? AND id = ?").run(
      collection,
      id,
    );
    return changes > 0;
  }

  /** All documents, oldest first; only those that belong to `parent` when it is given. */
  list<K extends CollectionName>(collection: K, parent?: string): Collections[K][] {
    const rows =
      parent === undefined
        ? this.#prepare("SELECT json FROM docs WHERE collection = ? ORDER BY seq").all(collection)
        : this.#prepare(
            "SELECT json FROM docs WHERE collection = ? AND parent = ? ORDER BY seq",
          ).all(collection, parent);
    return this.#parse(collection, rows);
  }

  byKey<K extends CollectionName>(collection: K, key: string): Collections[K][] {
    return this.#parse(
      collection,
      this.#prepare("SELECT json FROM docs WHERE collection = ? AND key = ? ORDER BY seq").all(
        collection,
        key,
      ),
    );
  }

  /** Every document with a due time up to `nowMs`, the most overdue first. */
  due<K extends CollectionName>(collection: K, nowMs: number): Collections[K][] {
    return this.#parse(
      collection,
      this.#prepare(
        "SELECT json FROM docs WHERE collection = ? AND due_at <= ? ORDER BY due_at, seq",
      ).all(collection, nowMs),
    );
  }

  /** Of each parent the first document that waits, where its due time is `nowMs` or earlier. */
  dueFirst<K extends CollectionName>(
    collection: K,
    nowMs: number,
    parent?: string,
  ): Collections[K][] {
    const rows =
      parent === undefined
        ? this.#prepare(
            `SELECT json FROM docs WHERE due_at <= ? AND seq IN
              (SELECT MIN(seq) FROM docs WHERE collection = ? AND due_at IS NOT NULL GROUP BY parent)
             ORDER BY seq`,
          ).all(nowMs, collection)
        : this.#prepare(
            `SELECT json FROM docs WHERE due_at <= ? AND seq =
              (SELECT MIN(seq) FROM docs
               WHERE collection = ? AND parent = ? AND due_at IS NOT NULL)`,
          ).all(nowMs, collection, parent);
    return this.#parse(collection, rows);
  }

  /** The earliest due time after `afterMs`, or undefined when nothing waits. */
  nextDueMs(afterMs = Number.MIN_SAFE_INTEGER): number | undefined {
    const row = this.#prepare(
      `SELECT MIN(due) AS due FROM (
         SELECT MIN(due_at) AS due FROM docs WHERE collection = 'tasks' AND due_at > ?
         UNION ALL
         SELECT MIN(due_at) FROM docs WHERE collection = 'deliveries' AND due_at > ?)`,
    ).get(afterMs, afterMs);
    const due = row?.["due"];
    return typeof due === "number" ? due : undefined;
  }

  count(collection: CollectionName): number {
    const row = this.#prepare("SELECT COUNT(*) AS n FROM docs WHERE collection = ?").get(
      collection,
    );
    return Number(row?.["n"]);
  }

  clear(collection?: CollectionName): void {
    if (collection === undefined) {
      this.#prepare("DELETE FROM docs").run();
    } else {
      this.#prepare("DELETE FROM docs WHERE collection = ?").run(collection);
    }
  }

  meta(name: string): string | undefined {
    const value = this.#prepare("SELECT value FROM meta WHERE name = ?").get(name)?.["value"];
    return typeof value === "string" ? value : undefined;
  }

  setMeta(name: string, value: string): void {
    this.#prepare(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    ).run(name, value);
  }

  #trimNowAndThen(collection: CollectionName, bound: number): void {
    const puts = (this.#putsSinceTrim.get(collection) ?? 0) + 1;
    this.#putsSinceTrim.set(collection, puts % TRIM_EVERY);
    if (puts === TRIM_EVERY) {
      this.#prepare(
        `DELETE FROM docs WHERE collection = ? AND due_at IS NULL AND seq <=
           (SELECT seq FROM docs WHERE collection = ? ORDER BY seq DESC LIMIT 1 OFFSET ?)`,
      ).run(collection, collection, bound);
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) {
      return known;
    }
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  // Only `put` writes the column, so what is read has the type that was written; the schema
  // version guards files of other versions.
  #parse<K extends CollectionName>(
    _collection: K,
    rows: Record<string, unknown>[],
  ): Collections[K][] {
    return rows.map((row) => JSON.parse(String(row["json"])) as Collections[K]);
  }
}
