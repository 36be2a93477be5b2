import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { writeHistory } from "../history.ts";
import type { BenchCase } from "./benchCase.ts";

const run = promisify(execFile);
const measured = z.object({ ms: z.number(), mebibytes: z.number() });

/** What a million recorded proposals may take. */
const MOST_MS = 60_000;
const MOST_MEBIBYTES = 500;

/** Weighing an export of the audit trail by two gatings, in a process of its own. */
export const replay: BenchCase = (scale) => {
  const proposals = scale === "full" ? 1_000_000 : 500;
  const services = scale === "full" ? 200 : 2;
  const folder = mkdtempSync(join(tmpdir(), "bench-replay-"));
  const history = join(folder, "audit.jsonl");
  writeHistory(history, { proposals, services, days: 90, seed: 1 });
  const measure = async (kind: "replay" | "read"): Promise<z.infer<typeof measured>> => {
    const script = join(import.meta.dirname, "../processes/replay.ts");
    const { stdout } = await run(process.execPath, [script, kind, history, String(services)]);
    return measured.parse(JSON.parse(stdout));
  };
  return Promise.resolve({
    rounds: scale === "full" ? 3 : 1,
    pair: {
      name: `replaying ${proposals} recorded proposals by two gatings`,
      baseline: "reading the lines of the same file",
      unit: "ms" as const,
      operations: 1,
      ...(scale === "full" ? { most: MOST_MS } : {}),
      runSubject: async () => {
        const { ms, mebibytes } = await measure("replay");
        if (mebibytes > MOST_MEBIBYTES) {
          throw new Error(
            `a replay took ${Math.round(mebibytes)} MiB, at most ${MOST_MEBIBYTES} are allowed`,
          );
        }
        return ms;
      },
      runBaseline: async () => (await measure("read")).ms,
    },
    stop: () => {
      rmSync(folder, { recursive: true });
      return Promise.resolve();
    },
  });
};
