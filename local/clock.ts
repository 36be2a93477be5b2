import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { Clock } from "../functions/gate/ports/index.ts";

/** Real time plus what was skipped, so that an expiry can be seen without waiting for it. */
export interface SkippableClock extends Clock {
  skip(ms: number): void;
  readonly skippedMs: number;
}

const stored = z.object({ skippedMs: z.number().min(0) });

/** @param file Keeps what was skipped over restarts: time must not run backwards for the ledger. */
export function openClock(file: string): SkippableClock {
  let skippedMs = read(file);
  return {
    now: () => Date.now() + skippedMs,
    skip(ms) {
      skippedMs += ms;
      writeFileSync(`${file}.new`, JSON.stringify({ skippedMs }));
      renameSync(`${file}.new`, file);
    },
    get skippedMs() {
      return skippedMs;
    },
  };
}

function read(file: string): number {
  try {
    return stored.parse(JSON.parse(readFileSync(file, "utf8"))).skippedMs;
  } catch {
    return 0;
  }
}
