import {
  gatingDigest,
  gatingForUnlisted,
  gatingHash,
} from "../../../functions/gate/gating/index.ts";
import { ledgerIn } from "../../../local/ledger/ledger.ts";
import { MIGRATIONS } from "../../../local/ledger/ledgerSchema.ts";
import { openSqliteFile, text, type SqliteFile } from "../../../local/ledger/sqliteFile.ts";
import type { Boundary } from "../engine/boundary.ts";
import { storedGating, type SimGating } from "./gatings.ts";
import { eachCall, type OnWrite, type SimStore } from "./store.ts";

const UNLISTED = gatingForUnlisted({
  events: "ignore",
  proposals: "deny",
  runbooks: {},
  manualTask: { service: null, escalationPolicy: null, users: [], urgency: null },
});

/** One for one history after the other: making it takes longer than a good part of a history. */
let free: SqliteFile | null = null;

function emptyFile(): SqliteFile {
  const file = free ?? openSqliteFile(":memory:", MIGRATIONS);
  // Whoever does not bring it back may have left something in it that is still to be written.
  free = null;
  const tables = file
    .all("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'")
    .map((row) => text(row, "name"));
  // What others refer to goes last.
  const [parents, others] = [["proposals", "trails"], tables];
  file.write(() => {
    for (const table of [...others.filter((name) => !parents.includes(name)), ...parents]) {
      file.run(`DELETE FROM ${table}`);
    }
  });
  return file;
}

/** The ledger of one machine, in memory, beside a gating that is kept like a file: read anew at each look. */
export function sqliteStore(parts: {
  boundary: Boundary;
  now: () => number;
  gatings: Readonly<Record<string, SimGating>>;
  serviceName: (id: string) => string | undefined;
  onWrite: OnWrite;
}): SimStore {
  const { boundary, serviceName, onWrite } = parts;
  const gatings = new Map(
    Object.entries(parts.gatings).map(([id, value]) => [id, { value, version: 1 }]),
  );
  // One that cannot be read is a fault of the history, and no gate would have deployed it.
  gatings.forEach(({ value }, id) => storedGating(id, value));
  const nameOf = (id: string): string => `gating/${id}`;
  const file = emptyFile();
  const plain = ledgerIn(file, { now: parts.now }, (name) => {
    const [, kept] = [...gatings].find(([id]) => nameOf(id) === name) ?? [];
    return kept === undefined ? undefined : String(kept.version);
  });
  return {
    plain,
    ledger: (task) =>
      eachCall(plain, (method, args, call) =>
        boundary.store(`ledger.${method}`, task, async () => {
          const result = await call();
          onWrite(task, method, args, result);
          return result;
        }),
      ),
    gating: (task) => ({
      learn: async () => false,
      async inForce() {
        const services = [...gatings].map(([id, { value }]) => {
          const { key, hash, gating } = storedGating(id, value);
          return { key, listedAs: id, serviceId: id, hash, gating, written: value };
        });
        return {
          source: "simulation",
          digest: gatingDigest(services, ""),
          services,
          defaults: { hash: "", written: null },
          problem: null,
        };
      },
      find: (service) =>
        boundary.store("gating.find", task, async () => {
          for (const [id, { value, version }] of gatings) {
            const isIt =
              service.id === id || service.name === id || service.name === serviceName(id);
            if (isIt) {
              return {
                ...storedGating(id, value),
                seen: [{ name: nameOf(id), version: String(version) }],
              };
            }
          }
          const key = service.id ?? service.name ?? "";
          return { key, listed: false, hash: gatingHash(UNLISTED), gating: UNLISTED, seen: [] };
        }),
    }),
    async setGating(id, value) {
      gatings.set(id, { value, version: (gatings.get(id)?.version ?? 0) + 1 });
    },
    close() {
      free = file;
    },
  };
}
