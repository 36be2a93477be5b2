import { mkdirSync } from "node:fs";
import { SettingError } from "./settings/environment.ts";

/** Makes the folder of a gate's data, or says why it cannot be one. */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const problem =
      code === "EEXIST" || code === "ENOTDIR"
        ? "it, or a part of its path, is a file"
        : `it cannot be made (${code})`;
    throw new SettingError(
      `\`GATE_DATA_DIR\` must be a folder that can be written, got ${folder}: ${problem}`,
    );
  }
}
