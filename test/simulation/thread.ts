import { parentPort, workerData } from "node:worker_threads";
import { playMany, type Range } from "./summary.ts";

parentPort?.postMessage(await playMany(workerData as Range, (so) => parentPort?.postMessage(so)));
