import * as z from "zod";
import { readWorkItem } from "../aws/sqsQueue.ts";
import type { WorkerPorts } from "./ports.ts";
import { sweep } from "./sweep.ts";
import { createWorker } from "./worker.ts";

/**
 * An instance takes the next messages when the last of its batch has been visited, so for so long, and no longer, a
 * Cheqpoint that hangs keeps them waiting. With less, a slow one would ask reviewers twice.
 */
export const CHEQPOINT_HOLDS_MS = 3_000;

/** What starts the worker: messages of its queue, or the schedule's wish to look for what is due. */
const trigger = z.union([
  z.object({ sweep: z.literal(true) }),
  z.object({ Records: z.array(z.object({ messageId: z.string(), body: z.string() })) }),
]);

/** Which messages are to be delivered again; the others are done with. */
export interface BatchResult {
  batchItemFailures: { itemIdentifier: string }[];
}

/**
 * Works off a batch, or sweeps. All messages at once: most of the time of each is waiting for other systems, and one that
 * waits for a system that does not answer must not hold up those that need another. One that fails fails alone.
 */
export async function handleTrigger(ports: WorkerPorts, event: unknown): Promise<BatchResult> {
  const parsed = trigger.parse(event);
  if ("sweep" in parsed) {
    await sweep(ports);
    return { batchItemFailures: [] };
  }
  const worker = createWorker(ports);
  const isDone = await Promise.all(
    parsed.Records.map(async ({ messageId, body }) => {
      const item = readWorkItem(body);
      if (item === null) {
        // It will be no better next time: let it go to the dead-letter queue by way of its tries.
        ports.log.error("message is no work item", { messageId });
        return false;
      }
      try {
        await worker.handle(item);
        return true;
      } catch (error) {
        ports.log.error("work item failed", { ...item, problem: String(error) });
        return false;
      }
    }),
  );
  const failed = parsed.Records.filter((_, i) => isDone[i] === false);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
