import type { SQSClient } from "@aws-sdk/client-sqs";
import type { DeadLetters } from "../../functions/worker/redrive.ts";

/** How long a message that was looked at stays out of sight of the next look. */
const HIDDEN_S = 60;
const AT_ONCE = 10;
/** SQS asks only some of its servers without it, and may then find nothing although there is something. */
const WAIT_S = 2;

/** The dead-letter queue in SQS. */
export async function deadLettersOf(client: SQSClient, url: string): Promise<DeadLetters> {
  const { ChangeMessageVisibilityCommand, DeleteMessageCommand, ReceiveMessageCommand } =
    await import("@aws-sdk/client-sqs");
  return {
    async take() {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: AT_ONCE,
          WaitTimeSeconds: WAIT_S,
          VisibilityTimeout: HIDDEN_S,
        }),
      );
      return messages.map(({ MessageId = "", ReceiptHandle = "", Body = "" }) => ({
        id: MessageId,
        receipt: ReceiptHandle,
        body: Body,
      }));
    },
    async remove({ receipt }) {
      await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: receipt }));
    },
    async giveBack({ receipt }) {
      await client
        .send(
          new ChangeMessageVisibilityCommand({
            QueueUrl: url,
            ReceiptHandle: receipt,
            VisibilityTimeout: 0,
          }),
        )
        // It comes back by itself.
        .catch(() => undefined);
    },
  };
}
