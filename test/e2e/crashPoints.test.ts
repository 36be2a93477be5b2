import assert from "node:assert/strict";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FLOWS } from "../harness/flows.ts";
import { strikes } from "../harness/strike.ts";
import type { Job, JobResult } from "./fixtures/striker.ts";

/** More would only wait for each other. */
const THREADS = Math.max(1, Math.min(4, availableParallelism()));

describe("The gate at every crash point", () => {
  const jobs = FLOWS.flatMap((flow) =>
    strikes().map(({ what }) => ({ flow, what, done: pending() })),
  );
  let threads: Promise<void>[] = [];
  let points = 0;

  before(() => {
    const waiting = [...jobs];
    threads = Array.from({ length: THREADS }, async () => {
      // Node's own stripping of types starts faster than the tests' loader.
      const script = new URL("./fixtures/striker.ts", import.meta.url);
      const worker = new Worker(script, { execArgv: [] });
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        const { flow, what, done } = job;
        const order: Job = { flow: flow.name, what };
        worker.postMessage(order);
        const [result] = (await once(worker, "message")) as [JobResult];
        done.resolve(result);
      }
      worker.postMessage(null);
      await once(worker, "exit");
    });
  });

  after(async () => {
    await Promise.all(threads);
    console.log(`      ${points} crash points`);
  });

  for (const { flow, what, done } of jobs) {
    it(`${flow.name}: runs once or is handed over when it ${what}`, async function () {
      this.timeout(240_000);
      this.slow(20_000);
      const result = await Promise.race([done.promise, ...threads.map(failed)]);
      assert.ok("points" in result, "problem" in result ? result.problem : "");
      points += result.points;
    });
  }
});

function pending() {
  return Promise.withResolvers<JobResult>();
}

/** Never gives anything but the reason why a thread died. */
async function failed(thread: Promise<void>): Promise<never> {
  await thread;
  return new Promise(() => undefined);
}
