import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { fuzz, type Fuzzed } from "./run.ts";
import type { Message } from "./thread.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string" },
    case: { type: "string" },
  },
});
const seed = Number(values.seed);
const workers = Number(values.workers ?? availableParallelism());
const startedAtMs = Date.now();

if (values.case === undefined) {
  tell(await all(Number(values.cases)));
} else {
  const from = Number(values.case);
  tell([await fuzz({ seed, from, to: from + 1 })]);
}

/** Each worker plays a stretch of the cases. */
function all(cases: number): Promise<Fuzzed[]> {
  const each = Math.ceil(cases / workers);
  const done = Array.from({ length: workers }, () => 0);
  return Promise.all(
    done.map(
      (_, number) =>
        new Promise<Fuzzed>((resolve, reject) => {
          const from = number * each;
          const workerData = { seed, from, to: Math.min(from + each, cases) };
          const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData });
          worker.on("error", reject);
          worker.on("message", (message: Message) => {
            if (typeof message !== "number") {
              resolve(message);
              return;
            }
            done[number] = message;
            const played = done.reduce((sum, count) => sum + count, 0);
            if (played % 500_000 < 10_000) {
              console.log(`${played} cases after ${seconds()} s`);
            }
          });
        }),
    ),
  );
}

function tell(parts: readonly Fuzzed[]): void {
  const cases = parts.reduce((sum, part) => sum + part.cases, 0);
  const byDoor: { [door: string]: number } = {};
  for (const [door, count] of parts.flatMap((part) => Object.entries(part.byDoor))) {
    byDoor[door] = (byDoor[door] ?? 0) + count;
  }
  for (const [door, count] of Object.entries(byDoor)) {
    console.log(`${door}: ${count}`);
  }
  const failures = parts.flatMap(({ failure }) => failure ?? []);
  for (const failure of failures) {
    console.log(failure);
  }
  console.log(
    `${cases} cases in ${seconds()} s (${Math.round(process.cpuUsage().user / 1_000_000)} s of CPU), ${failures.length === 0 ? "none" : failures.length} past a door`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function seconds(): number {
  return Math.round((Date.now() - startedAtMs) / 1_000);
}
