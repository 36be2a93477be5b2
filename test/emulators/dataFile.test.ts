import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { DataFileError } from "../../emulators/dataFile.ts";
import { SettingError } from "../../local/settings/environment.ts";
import { lockFolder } from "../../local/folderLock.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { createLog } from "../../local/log.ts";
import { startCheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { startPagerDutyEmulator } from "../../emulators/pagerduty/index.ts";

describe("Files of the data folder", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-files-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const file = (name: string) => join(folder, name);
  const clock = { now: () => 0 };
  const OPENED: [string, (path: string) => Promise<{ close(): void | Promise<void> }>][] = [
    ["ledger.sqlite", async (path) => openSqliteLedger(path, clock)],
    [
      "pagerduty.sqlite",
      async (path) => {
        const { stop } = await startPagerDutyEmulator({ dataFile: path, port: 0, autoTick: false });
        return { close: stop };
      },
    ],
    [
      "cheqpoint.sqlite",
      async (path) => {
        const { stop } = await startCheqpointEmulator({ dataFile: path, port: 0 });
        return { close: stop };
      },
    ],
  ];

  for (const [name, open] of OPENED) {
    it(`${name} and its side files are the owner's only, also where an earlier run left them to others`, async () => {
      const umask = process.umask(0o022);
      // A connection that stays open keeps the side files.
      const earlier = new DatabaseSync(file(name));
      try {
        earlier.exec("PRAGMA journal_mode = WAL; CREATE TABLE before (x); DROP TABLE before;");
        assert.notEqual(statSync(file(`${name}-wal`)).mode & 0o077, 0);
        const opened = await open(file(name));
        const modes = readdirSync(folder).map((one) => [one, statSync(file(one)).mode & 0o077]);
        await opened.close();
        assert.deepEqual(
          modes,
          [name, `${name}-shm`, `${name}-wal`].map((one) => [one, 0]),
        );
      } finally {
        earlier.close();
        process.umask(umask);
      }
    });

    it(`${name}: damage is told with what to do about it`, async () => {
      writeFileSync(file(name), "no database at all, whatever its name says\n".repeat(50));
      await assert.rejects(open(file(name)), {
        name: DataFileError.name,
        message: `\`${name}\` of the data folder is damaged (${file(name)}: file is not a database): put a copy in its place`,
      });
    });
  }

  it("the log is the owner's only, also one that was there", () => {
    writeFileSync(file("gate.log"), "before\n", { mode: 0o644 });
    createLog({ file: file("gate.log") }).info("x");
    createLog({ file: file("new.log") }).info("x");
    assert.equal(statSync(file("gate.log")).mode & 0o777, 0o600);
    assert.equal(statSync(file("new.log")).mode & 0o777, 0o600);
  });

  it("a data folder that is a file, or lies below one, is refused", () => {
    writeFileSync(file("taken"), "");
    for (const path of [file("taken"), join(file("taken"), "data")]) {
      assert.throws(() => lockFolder(path), {
        name: SettingError.name,
        message: `\`GATE_DATA_DIR\` must be a folder that can be written, got ${path}: it, or a part of its path, is a file`,
      });
    }
  });
});
