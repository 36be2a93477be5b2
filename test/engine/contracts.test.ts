// Does not show what an emulator lacks: IAM's refusals, throttling, and how soon a renewed secret is read.
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { GATING_FORM, defaultsItem, gatingItem, nameItem } from "../../components/gatingRecord.ts";
import { createDynamoGatingStore } from "../../functions/aws/dynamoGatingStore.ts";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import { createSecretCache } from "../../functions/aws/secretCache.ts";
import { createSecrets } from "../../functions/aws/secretsManager.ts";
import type { SecretArns } from "../../functions/aws/secretsManager.ts";
import { createSqsQueue, readWorkItem } from "../../functions/aws/sqsQueue.ts";
import { gatingTable, ledgerTable } from "../../functions/aws/tableDefinition.ts";
import type { Log, WorkItem } from "../../functions/gate/ports/index.ts";
import { sleep } from "../../functions/sleep.ts";
import { SERVICES, gatingStoreContract } from "../contract/gatingStore.ts";
import { TestClock } from "../contract/proposals.ts";
import { queueContract } from "../contract/queue.ts";
import { secretsContract } from "../contract/secrets.ts";
import { createTable, whyNoDynamo } from "./dynamoTables.ts";

const why = whyNoDynamo();
const silent = () => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };
const nameOf = (what: string) => `gate-contract-${what}-${process.pid}-${Date.now()}`;

describe("the adapters for AWS", function () {
  this.timeout(60_000);
  if (why !== null) {
    it(why);
    return;
  }

  gatingStoreContract("createDynamoGatingStore", async () => {
    const client = new DynamoDBClient({});
    const table = await createTable(client, gatingTable);
    const put = (item: string) =>
      client.send(
        new PutItemCommand({
          TableName: table.name,
          Item: JSON.parse(item) as Record<string, { S: string }>,
        }),
      );
    const kept = await createTable(client, ledgerTable);
    return {
      store: createDynamoGatingStore(client, table.name),
      ledger: createDynamoLedger(client, kept.name, new TestClock(), 10_000, table.name),
      async write({ services, defaults }) {
        await put(defaultsItem(defaults));
        for (const [name, id] of Object.entries(SERVICES)) {
          const gating = services[name as keyof typeof SERVICES];
          await put(gatingItem({ id, name }, gating, GATING_FORM));
          await put(nameItem({ id, name }));
        }
      },
      async close() {
        await table.remove();
        await kept.remove();
      },
    };
  });

  queueContract("createSqsQueue", async () => {
    const client = new SQSClient({});
    const { QueueUrl = "" } = await client.send(
      new CreateQueueCommand({ QueueName: nameOf("queue") }),
    );
    const take = async (): Promise<WorkItem[]> => {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { ReceiptHandle } of messages) {
        await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return messages.flatMap(({ Body = "" }) => readWorkItem(Body) ?? []);
    };
    return {
      queue: createSqsQueue(client, QueueUrl),
      async received(different) {
        const items: WorkItem[] = [];
        const seen = () => new Set(items.map(({ kind, id }) => `${kind} ${id}`)).size;
        for (let empty = 0; seen() < different && empty < 5;) {
          const taken = await take();
          empty = taken.length === 0 ? empty + 1 : 0;
          items.push(...taken);
        }
        return items;
      },
      close: async () => void (await client.send(new DeleteQueueCommand({ QueueUrl }))),
    };
  });

  secretsContract("createSecrets", async ({ webhook, proposers, operators, callback }) => {
    const client = new SecretsManagerClient({});
    const made: string[] = [];
    const keep = async (text: string): Promise<string> => {
      const { ARN = "" } = await client.send(
        new CreateSecretCommand({ Name: nameOf(`secret-${made.length}`), SecretString: text }),
      );
      made.push(ARN);
      return ARN;
    };
    const arns: SecretArns = {
      webhook: await keep(JSON.stringify(webhook)),
      proposers: await keep(JSON.stringify(proposers)),
      ...(operators === undefined ? {} : { operators: await keep(JSON.stringify(operators)) }),
      ...(callback === undefined ? {} : { callback: await keep(callback) }),
    };
    const clock = { now: () => Date.now() };
    return {
      secrets: createSecrets(createSecretCache({ client, clock, sleep, log }), arns, clock),
      async close() {
        for (const SecretId of made) {
          await client.send(
            new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }),
          );
        }
      },
    };
  });
});
