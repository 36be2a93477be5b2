import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { SettingError } from "../settings/environment.ts";

/** A PagerDuty service, as it was when it was last looked at. */
export interface KnownService {
  id: string;
  name: string;
}

/** Which service each key of the gating stands for: learned once, and kept whatever the service is called later. */
export interface ServiceIds {
  of(key: string): KnownService | null;
  /** True when it was not known, or under another name. */
  learn(key: string, service: KnownService): boolean;
}

const shape = z.record(z.string(), z.object({ id: z.string().min(1), name: z.string() }));

/** @param file Where it is kept; null: in memory alone. */
export function openServiceIds(file: string | null): ServiceIds {
  const known = new Map<string, KnownService>(file === null ? [] : read(file));
  return {
    of: (key) => known.get(key) ?? null,
    learn(key, { id, name }) {
      const before = known.get(key);
      if (before !== undefined && (before.id !== id || before.name === name)) {
        // The first service stays the one that is meant.
        return false;
      }
      known.set(key, { id, name });
      if (file !== null) {
        // Whole or not at all, however the process ends.
        writeFileSync(`${file}.new`, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`, {
          mode: 0o600,
        });
        renameSync(`${file}.new`, file);
      }
      return true;
    },
  };
}

function read(file: string): [string, KnownService][] {
  if (!existsSync(file)) {
    return [];
  }
  try {
    return Object.entries(shape.parse(JSON.parse(readFileSync(file, "utf8"))));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SettingError(
      `${file} tells which PagerDuty service each key of the gating stands for, and cannot be read (${problem}). Without it a service that was renamed would not be gated: mend it, or delete it when none was`,
    );
  }
}
