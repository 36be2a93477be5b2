import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";
import { openDataFile } from "../../emulators/dataFile.ts";

export type Row = Record<string, SQLOutputValue>;

/** A SQLite file with its schema brought up to date, and typed access to it. */
export interface SqliteFile {
  /** Runs `work` as one transaction: all of it or nothing. */
  write<T>(work: () => T): T;
  /**
   * Likewise, in one commit with everything else that is asked for in this turn of the event loop: a commit waits for the
   * disk, and many at once need not wait for it one after another. Durable when it resolves; what fails fails alone.
   */
  writeSoon<T>(work: () => T): Promise<T>;
  /** Runs `work` on one unchanging view of the file. */
  read<T>(work: () => T): T;
  run(sql: string, ...values: SQLInputValue[]): number;
  first(sql: string, ...values: SQLInputValue[]): Row | null;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  close(): void;
}

const BUSY_TIMEOUT_MS = 5_000;

/** So many writes in one commit, and a commit that takes so long, make it worth while to gather for the next. */
const MANY = 4;
const SLOW_MS = 3;
const LONGEST_GATHER_MS = 100;

/**
 * Opens or makes `file`. `migrations` are applied in their order, each once; the number of those that were applied is
 * the file's version, so a migration that was released never changes again.
 */
export function openSqliteFile(file: string, migrations: readonly string[]): SqliteFile {
  const db = openDataFile(file, { timeoutMs: BUSY_TIMEOUT_MS });
  // FULL, because an acknowledged write must outlive a power failure, not only the process.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");

  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) {
      return known;
    }
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };

  const transaction = <T>(begin: string, work: () => T): T => {
    prepared(begin).run();
    try {
      const result = work();
      prepared("COMMIT").run();
      return result;
    } catch (error) {
      if (db.isTransaction) {
        db.exec("ROLLBACK");
      }
      throw error;
    }
  };

  /** Each does its work in the common transaction and says how to tell the outcome once that is committed. */
  const soon: { work(isOnly: boolean): () => void; fail(error: unknown): void }[] = [];

  const alone = <T>(work: () => T): T => {
    prepared("SAVEPOINT alone").run();
    try {
      const result = work();
      prepared("RELEASE alone").run();
      return result;
    } catch (error) {
      // Where SQLite itself has given the transaction up, all of it is lost.
      if (db.isTransaction) {
        db.exec("ROLLBACK TO alone; RELEASE alone");
      }
      throw error;
    }
  };

  /** How long to gather before the next commit; 0: only for this turn of the event loop. */
  let gatherMs = 0;

  const commitSoon = (): void => {
    const parts = soon.splice(0);
    if (parts.length === 0) {
      return;
    }
    const beganAtMs = performance.now();
    try {
      const isOnly = parts.length === 1;
      const outcomes = transaction("BEGIN IMMEDIATE", () => parts.map((part) => part.work(isOnly)));
      outcomes.forEach((tell) => tell());
    } catch (error) {
      parts.forEach((part) => part.fail(error));
    }
    // Where many come while a slow disk is waited for, as much time again lets the others come into the next commit.
    const tookMs = performance.now() - beganAtMs;
    gatherMs = parts.length >= MANY && tookMs >= SLOW_MS ? Math.min(tookMs, LONGEST_GATHER_MS) : 0;
  };

  const writeSoon = <T>(work: () => T): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    soon.push({
      work(isOnly) {
        try {
          const result = isOnly ? work() : alone(work);
          return () => resolve(result);
        } catch (error) {
          // Whoever is the only one takes nobody along when it fails with the whole transaction.
          if (isOnly || !db.isTransaction) {
            throw error;
          }
          return () => reject(error);
        }
      },
      fail: reject,
    });
    if (soon.length === 1) {
      if (gatherMs === 0) {
        setImmediate(commitSoon);
      } else {
        setTimeout(commitSoon, gatherMs);
      }
    }
    return promise;
  };

  const opened: SqliteFile = {
    write: (work) => transaction("BEGIN IMMEDIATE", work),
    writeSoon,
    read: (work) => transaction("BEGIN", work),
    run: (sql, ...values) => Number(prepared(sql).run(...values).changes),
    first: (sql, ...values) => prepared(sql).get(...values) ?? null,
    all: (sql, ...values) => prepared(sql).all(...values),
    close() {
      commitSoon();
      db.close();
    },
  };

  try {
    opened.write(() => migrate(db, opened, file, migrations));
  } catch (error) {
    db.close();
    throw error;
  }
  return opened;
}

function migrate(
  db: DatabaseSync,
  opened: SqliteFile,
  file: string,
  migrations: readonly string[],
): void {
  db.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT");
  const row = opened.first("SELECT version FROM schema_version");
  const version = row === null ? 0 : wholeNumber(row, "version");
  if (version > migrations.length) {
    throw new Error(
      `\`${file}\` has schema version ${version}, this program knows versions up to ${migrations.length}: use a newer one`,
    );
  }
  for (const migration of migrations.slice(version)) {
    db.exec(migration);
  }
  if (row === null) {
    opened.run("INSERT INTO schema_version (version) VALUES (?)", migrations.length);
  } else if (version < migrations.length) {
    opened.run("UPDATE schema_version SET version = ?", migrations.length);
  }
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") {
    throw new Error(`column \`${column}\` must be a text, found ${typeof value}`);
  }
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function wholeNumber(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") {
    throw new Error(`column \`${column}\` must be a number, found ${typeof value}`);
  }
  return value;
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : wholeNumber(row, column);
}
