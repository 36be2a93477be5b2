import { setMaxListeners } from "node:events";
import type { SendOptions, WorkItem } from "../functions/gate/ports/index.ts";
import { writeWorkItem } from "../functions/aws/sqsQueue.ts";
import type { WorkerPorts } from "../functions/worker/ports.ts";
import { handleTrigger } from "../functions/worker/trigger.ts";

/** As the component sets it up. */
const INSTANCES = 5;
const BATCH = 10;
const SWEEP_EVERY_MS = 60_000;

export interface Instances {
  send(items: readonly WorkItem[], options?: SendOptions): Promise<void>;
  sweep(): Promise<void>;
  /** Resolves when nothing waits and nothing runs. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The deployed worker's instances behind their queue: each takes up to ten messages and no more until the last of them has
 * been visited. `portsOf` gives an instance what it has for itself. The network and AWS are left out.
 */
export function startInstances(portsOf: () => WorkerPorts): Instances {
  setMaxListeners(0);
  const waiting: WorkItem[] = [];
  const free = Array.from({ length: INSTANCES }, portsOf);
  const sweeper = portsOf();
  const running = new Set<Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;

  const work = async (ports: WorkerPorts, items: readonly WorkItem[]): Promise<void> => {
    // What failed is hidden for minutes; the sweep is sooner.
    await handleTrigger(ports, {
      Records: items.map((item, i) => ({ messageId: String(i), body: writeWorkItem(item) })),
    });
    free.push(ports);
  };

  const pump = (): void => {
    while (!isStopped && waiting.length > 0) {
      const ports = free.shift();
      if (ports === undefined) {
        return;
      }
      const worked = work(ports, waiting.splice(0, BATCH)).finally(() => {
        running.delete(worked);
        pump();
      });
      running.add(worked);
    }
  };

  const queue = {
    send(items: readonly WorkItem[], { afterMs = 0 }: SendOptions = {}): Promise<void> {
      if (afterMs <= 0) {
        waiting.push(...items);
        pump();
        return Promise.resolve();
      }
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          waiting.push(...items);
          pump();
        },
        // SQS counts in seconds.
        Math.ceil(afterMs / 1_000) * 1_000,
      );
      timers.add(timer);
      return Promise.resolve();
    },
    async sweep(): Promise<void> {
      await handleTrigger(sweeper, { sweep: true });
    },
  };
  const schedule = setInterval(() => void queue.sweep(), SWEEP_EVERY_MS);
  const idle = async (): Promise<void> => {
    while (running.size > 0) {
      await Promise.all(running);
    }
  };
  return {
    ...queue,
    idle,
    async stop() {
      clearInterval(schedule);
      timers.forEach(clearTimeout);
      isStopped = true;
      await idle();
    },
  };
}
