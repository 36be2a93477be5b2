import * as z from "zod";
import { readWorkItem } from "../aws/sqsQueue.ts";
import type { WorkerPorts } from "./ports.ts";
import { sweep } from "./sweep.ts";
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
