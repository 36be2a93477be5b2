import { SendMessageBatchCommand } from "@aws-sdk/client-sqs";
import type { SQSClient } from "@aws-sdk/client-sqs";
import * as z from "zod";
import type { Queue, WorkItem } from "../gate/ports/index.ts";

const workItem = z.strictObject({ kind: z.enum(["proposal", "delivery"]), id: z.string().min(1) });

/** SQS takes no more in one call. */
const BATCH = 10;
/** SQS holds no message back for longer. */
const LONGEST_DELAY_S = 900;

/**
 * The queue in SQS. A message holds only what to look at. `send` rejects when something was not sent; the ledger's
 * due times heal that, so a caller that has written its work down need not fail.
 */
export function createSqsQueue(client: SQSClient, queueUrl: string): Queue {
  return {
    async send(items, { afterMs = 0 } = {}) {
      const delayS = Math.min(LONGEST_DELAY_S, Math.ceil(afterMs / 1_000));
      const bodies = [...new Set(items.map(writeWorkItem))];
      const problems: string[] = [];
      for (let from = 0; from < bodies.length; from += BATCH) {
        const { Failed: failed = [] } = await client.send(
          new SendMessageBatchCommand({
            QueueUrl: queueUrl,
            Entries: bodies.slice(from, from + BATCH).map((body, i) => ({
              Id: String(i),
              MessageBody: body,
              ...(delayS > 0 ? { DelaySeconds: delayS } : {}),
            })),
          }),
        );
        problems.push(...failed.map(({ Code }) => Code ?? "unknown"));
      }
      if (problems.length > 0) {
        const codes = [...new Set(problems)].join(", ");
        throw new Error(`${problems.length} of ${bodies.length} items were not queued: ${codes}`);
      }
    },
  };
}

/** The body of a message. */
export function writeWorkItem({ kind, id }: WorkItem): string {
  return JSON.stringify({ kind, id });
}

/** Reads the body of a message; null when it is none of the gate's. */
export function readWorkItem(body: string): WorkItem | null {
  try {
    return workItem.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
