import { join } from "node:path";
import { CreateSecretCommand, DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { makeBundle } from "../components/bundle.ts";
import {
  dynamoClient,
  secretsManagerClient,
  sqsClient,
  WORKER_LIMITS,
} from "../functions/aws/clients.ts";
import { createDynamoLedger } from "../functions/aws/dynamoLedger.ts";
import { gatingTable, ledgerTable } from "../functions/aws/tableDefinition.ts";
import type { Ledger } from "../functions/gate/ports/index.ts";
import { createTable } from "../test/engine/dynamoTables.ts";
import { createHttpClient } from "./httpClient.ts";
import { zip } from "./zip.ts";

/** What the webhooks of the benchmarks are signed with. */
export const SIGNING_SECRET = "bench-signing-secret-0001";

const root = join(import.meta.dirname, "..");

/** A gate's tables, queue and secrets in a local AWS, and functions that run there. */
export interface LocalGate {
  ledger: Ledger;
  /** Makes a function of the source in that folder, with what a gate's functions are told; its name. */
  deploy(folder: string): Promise<string>;
  /** The function's answer to an event, as text; anything but success fails. */
  invoke(name: string, event: unknown): Promise<string>;
  stop(): Promise<void>;
}

export async function openLocalGate(): Promise<LocalGate> {
  const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
  const run = `gate-bench-${process.pid}-${Date.now()}`;
  const dynamo = dynamoClient(WORKER_LIMITS.dynamo);
  const secrets = secretsManagerClient(WORKER_LIMITS.secrets);
  const sqs = sqsClient(WORKER_LIMITS.queue);
  const ledger = await createTable(dynamo, ledgerTable);
  const gating = await createTable(dynamo, gatingTable);
  const secret = async (name: string, value: unknown): Promise<string> => {
    const { ARN = "" } = await secrets.send(
      new CreateSecretCommand({ Name: `${run}-${name}`, SecretString: JSON.stringify(value) }),
    );
    return ARN;
  };
  const webhookSecret = await secret("webhook", [SIGNING_SECRET]);
  const noTokens = await secret("proposers", {});
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: run }));

  const client = createHttpClient();
  const functions = `${endpoint}/2015-03-31/functions`;
  const headers = {
    "content-type": "application/json",
    // A local AWS checks no signature, but reads the service from it.
    authorization:
      "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
  };
  const post = async (url: string, body: unknown, expected: number): Promise<string> => {
    const answer = await client.send("POST", url, headers, Buffer.from(JSON.stringify(body)));
    if (answer.status !== expected) {
      throw new Error(`${url} answered ${answer.status}: ${answer.body.slice(0, 300)}`);
    }
    return answer.body;
  };
  const deployed: string[] = [];
  return {
    ledger: createDynamoLedger(dynamo, ledger.name, { now: () => Date.now() }),

    async deploy(folder) {
      const FunctionName = `${run}-${folder.split("/").at(-1) ?? ""}`;
      await post(
        functions,
        {
          FunctionName,
          Runtime: "nodejs24.x",
          Handler: "index.handler",
          Role: "arn:aws:iam::000000000000:role/bench",
          Timeout: 10,
          MemorySize: 512,
          Environment: {
            Variables: {
              AWS_ENDPOINT_URL: endpoint,
              LEDGER_TABLE: ledger.name,
              GATING_TABLE: gating.name,
              QUEUE_URL: QueueUrl,
              WEBHOOK_SECRET_ARN: webhookSecret,
              PROPOSERS_SECRET_ARN: noTokens,
              // Nothing that is measured calls these.
              PAGERDUTY_TOKEN_ARN: noTokens,
              CHEQPOINT_KEY_ARN: noTokens,
              PAGERDUTY_API_URL: "https://api.pagerduty.com",
              PAGERDUTY_FROM: "gate@example.com",
              CHEQPOINT_API_URL: "https://app.cheqpoint.co",
              GATE_PUBLIC_URL: "https://gate.example.com",
              POWERTOOLS_METRICS_NAMESPACE: "bench",
              POWERTOOLS_SERVICE_NAME: "bench",
            },
          },
          Code: { ZipFile: zip(makeBundle(join(root, folder))).toString("base64") },
        },
        201,
      );
      deployed.push(FunctionName);
      return FunctionName;
    },

    async invoke(name, event) {
      return post(`${functions}/${name}/invocations`, event, 200);
    },

    async stop() {
      for (const name of deployed) {
        await client.send("DELETE", `${functions}/${name}`, headers, Buffer.alloc(0));
      }
      client.close();
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      for (const SecretId of [webhookSecret, noTokens]) {
        await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      }
      await ledger.remove();
      await gating.remove();
    },
  };
}
