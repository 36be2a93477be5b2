import * as z from "zod";
import { readWorkItem } from "../aws/sqsQueue.ts";
import type { WorkerPorts } from "./ports.ts";
import { countPastSla, watchSubscriptions } from "./watch.ts";
import { createWorker } from "./worker.ts";

/** What starts the worker: messages of its queue, or the schedule's wish to look for what is due. */
const trigger = z.union([
  z.object({ sweep: z.literal(true) }),
  z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) }),
]);

/** Which messages are to be delivered again; the others are done with. */
export interface BatchResult {
  batchItemFailures: { itemIdentifier: string }[];
}

/** More than one minute brings; what is left is found by the next sweep. */
const SWEEP_LIMIT = 500;
const WATCH_EVERY_MINUTES = 5;
const MINUTE_MS = 60_000;

/** Works off a batch, or sweeps. A message that fails does not hold up the others. */
export async function handleTrigger(ports: WorkerPorts, event: unknown): Promise<BatchResult> {
  const parsed = trigger.parse(event);
  if ("sweep" in parsed) {
    await sweep(ports);
    return { batchItemFailures: [] };
  }
  const worker = createWorker(ports);
  const failures: BatchResult["batchItemFailures"] = [];
  for (const { messageId, body } of parsed.Records) {
    const item = readWorkItem(body);
    if (item === null) {
      // It will be no better next time: let it go to the dead-letter queue by way of its tries.
      ports.log.error("message is no work item", { messageId });
      failures.push({ itemIdentifier: messageId });
      continue;
    }
    try {
      await worker.handle(item);
    } catch (error) {
      ports.log.error("work item failed", { ...item, problem: String(error) });
      failures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures: failures };
}

/** Enqueues what is due, whatever was lost, and looks whether anybody should be told something. */
async function sweep(ports: WorkerPorts): Promise<void> {
  const { ledger, queue, clock, metrics, log } = ports;
  const nowMs = clock.now();
  const due = await ledger.due(nowMs, SWEEP_LIMIT);
  await queue.send(due);
  if (due.length > 0) {
    log.info("swept", { due: due.length });
  }
  await countPastSla(ports);
  if ((await ledger.killSwitch()).on) {
    // The alarm stays for as long as the switch is on, whether or not anything is held.
    metrics.count("KillSwitchHeld");
  }
  if (Math.floor(nowMs / MINUTE_MS) % WATCH_EVERY_MINUTES === 0) {
    await watchSubscriptions(ports);
  }
}
