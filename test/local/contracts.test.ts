import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log, WorkItem } from "../../functions/gate/ports/index.ts";
import { openGatingFile } from "../../local/gatingFile/gatingFile.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { createLocalQueue } from "../../local/queue.ts";
import { createLocalSecrets } from "../../local/secrets.ts";
import { gatingStoreContract, SERVICES } from "../contract/gatingStore.ts";
import { START_MS } from "../contract/proposals.ts";
import { queueContract } from "../contract/queue.ts";
import { secretsContract } from "../contract/secrets.ts";

const silent = () => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };

gatingStoreContract("openGatingFile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gate-contract-"));
  const file = join(folder, "gating.yaml");
  let writes = 0;
  const write = async (gating: object): Promise<void> => {
    writes += 1;
    // JSON is YAML. Two writes may fall into one tick of the file system's clock.
    writeFileSync(file, JSON.stringify(gating));
    utimesSync(file, writes, writes);
  };
  await write({ services: {} });
  const store = openGatingFile(file, log);
  for (const [name, id] of Object.entries(SERVICES)) {
    await store.learn(name, { id, name });
  }
  const clock = { now: () => START_MS };
  const ledger = openSqliteLedger(":memory:", clock, undefined, (name) => store.versionOf(name));
  return {
    store,
    ledger,
    write,
    async close() {
      ledger.close();
      rmSync(folder, { recursive: true });
    },
  };
});

queueContract("createLocalQueue", async () => {
  let handled: WorkItem[] = [];
  const queue = createLocalQueue({
    handle: async (item) => void handled.push(item),
    ledger: { due: async () => [] },
    clock: { now: () => START_MS },
    log,
    sweepEveryMs: null,
  });
  queue.start();
  return {
    queue,
    async received() {
      await queue.idle();
      const since = handled;
      handled = [];
      return since;
    },
    close: () => queue.stop(),
  };
});

secretsContract("createLocalSecrets", async ({ webhook, proposers, operators, callback }) => ({
  secrets: createLocalSecrets({
    webhookSecrets: () => webhook,
    callbackSecret: callback,
    proposers,
    operators: operators ?? {},
  }),
  close: async () => undefined,
}));
