import { rmSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { ENDPOINTS_FILE, readAddress } from "./address.ts";
import { openDataFile } from "../emulators/dataFile.ts";
import { makeDataFolder } from "./dataFolder.ts";
import { SettingError } from "./settings/environment.ts";

/**
 * Keeps a second gate off a data folder. The lock is the operating system's, so that it ends with the process however
 * that ends.
 */
export function lockFolder(dataDir: string): { release(): void } {
  makeDataFolder(dataDir);
  const db = locked(dataDir);
  // Of a run that was killed: until the next one is ready, nothing answers there.
  rmSync(join(dataDir, ENDPOINTS_FILE), { force: true });
  return {
    release: () => db.close(),
  };
}

function locked(dataDir: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = openDataFile(join(dataDir, "lock.sqlite"), { timeoutMs: 0 });
    db.exec("BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof Error && /locked/.test(error.message)) {
      throw new SettingError(
        `another gate runs on the data folder ${dataDir}${whoRuns(dataDir)}: stop it, or set \`GATE_DATA_DIR\` to another folder`,
      );
    }
    throw error;
  }
}

function whoRuns(dataDir: string): string {
  try {
    const { url, pid } = readAddress(dataDir);
    return ` (${url}, process ${pid})`;
  } catch {
    return "";
  }
}
