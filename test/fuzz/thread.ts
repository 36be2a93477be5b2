import { parentPort, workerData } from "node:worker_threads";
import { fuzz, type Fuzzed } from "./run.ts";

/** How many cases are done by now, or what came of all. */
export type Message = number | Fuzzed;

const stretch = workerData as { seed: number; from: number; to: number };
parentPort?.postMessage(await fuzz(stretch, (done) => parentPort?.postMessage(done)));
