import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readAddress } from "./address.ts";
import { SettingError } from "./environment.ts";

/**
 * Keeps a second gate off a data folder. The lock is the operating system's, so that it ends with the process however
 * that ends.
 */
export function lockFolder(dataDir: string): { release(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dataDir, "lock.sqlite"), { timeout: 0 });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (error instanceof Error && /locked/.test(error.message)) {
      throw new SettingError(
        `another gate runs on the data folder ${dataDir}${whoRuns(dataDir)}: stop it, or set \`GATE_DATA_DIR\` to another folder`,
      );
    }
    throw error;
  }
  return {
    release: () => db.close(),
  };
}

function whoRuns(dataDir: string): string {
  try {
    const { url, pid } = readAddress(dataDir);
    return ` (${url}, process ${pid})`;
  } catch {
    return "";
  }
}
