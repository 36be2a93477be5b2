import { join } from "node:path";
import { crc32 } from "node:zlib";
import { CreateSecretCommand, DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { CreateQueueCommand, DeleteQueueCommand } from "@aws-sdk/client-sqs";
import { makeBundle } from "../../components/bundle.ts";
import type { Bundle } from "../../components/bundle.ts";
import {
  dynamoClient,
  RECEIVER_LIMITS,
  secretsManagerClient,
  sqsClient,
} from "../../functions/aws/clients.ts";
import { gatingTable, ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { createTable } from "../../test/engine/dynamoTables.ts";
import { missingAws } from "../../test/engine/localAws.ts";
import { createHttpClient } from "../httpClient.ts";
import { timeEach } from "../measure.ts";
import { eventBody, headersOf } from "../pagerDutyEvent.ts";
import type { BenchCase } from "./benchCase.ts";

const SECRET = "bench-signing-secret-0001";
const root = join(import.meta.dirname, "../..");

/** A signed webhook until its 202, in the bundle that is deployed, by way of a local AWS. */
export const warmMiddleware: BenchCase = async (scale) => {
  const missing = scale === "tiny" ? "a tiny run leaves the local AWS out" : missingAws();
  if (missing !== null) {
    return { skipped: missing };
  }
  const endpoint = process.env["AWS_ENDPOINT_URL"] ?? "";
  const run = `gate-bench-${process.pid}-${Date.now()}`;
  const dynamo = dynamoClient(RECEIVER_LIMITS.dynamo);
  const secrets = secretsManagerClient(RECEIVER_LIMITS.secrets);
  const sqs = sqsClient(RECEIVER_LIMITS.queue);
  const ledger = await createTable(dynamo, ledgerTable);
  const gating = await createTable(dynamo, gatingTable);
  const secret = async (name: string, value: unknown): Promise<string> => {
    const { ARN = "" } = await secrets.send(
      new CreateSecretCommand({ Name: `${run}-${name}`, SecretString: JSON.stringify(value) }),
    );
    return ARN;
  };
  const webhookSecret = await secret("webhook", [SECRET]);
  const proposers = await secret("proposers", {});
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: run }));

  const client = createHttpClient();
  const functions = `${endpoint}/2015-03-31/functions`;
  const json = {
    "content-type": "application/json",
    // A local AWS checks no signature, but reads the service from it.
    authorization:
      "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0",
  };
  const create = async (
    name: string,
    folder: string,
    environment: Record<string, string>,
  ): Promise<string> => {
    const FunctionName = `${run}-${name}`;
    const answer = await client.send(
      "POST",
      functions,
      json,
      Buffer.from(
        JSON.stringify({
          FunctionName,
          Runtime: "nodejs24.x",
          Handler: "index.handler",
          Role: "arn:aws:iam::000000000000:role/bench",
          Timeout: 10,
          MemorySize: 512,
          Environment: { Variables: environment },
          Code: { ZipFile: zip(makeBundle(join(root, folder))).toString("base64") },
        }),
      ),
    );
    if (answer.status !== 201) {
      throw new Error(`creating ${FunctionName} answered ${answer.status}`);
    }
    return FunctionName;
  };
  const middleware = await create("middleware", "functions/middleware", {
    AWS_ENDPOINT_URL: endpoint,
    LEDGER_TABLE: ledger.name,
    GATING_TABLE: gating.name,
    QUEUE_URL: QueueUrl,
    WEBHOOK_SECRET_ARN: webhookSecret,
    PROPOSERS_SECRET_ARN: proposers,
    POWERTOOLS_METRICS_NAMESPACE: "bench",
    POWERTOOLS_SERVICE_NAME: "bench",
  });
  const empty = await create("empty", "bench/functions/empty", {});

  let sent = 0;
  const invoke = async (name: string): Promise<void> => {
    sent += 1;
    const body = eventBody(sent);
    const event = {
      version: "2.0",
      routeKey: "POST /pagerduty/webhook",
      rawPath: "/pagerduty/webhook",
      headers: headersOf(body, sent, SECRET),
      requestContext: { http: { method: "POST" } },
      body: body.toString("utf8"),
    };
    const answer = await client.send(
      "POST",
      `${functions}/${name}/invocations`,
      json,
      Buffer.from(JSON.stringify(event)),
    );
    if (answer.status !== 200 || !/"statusCode": ?202/.test(answer.body)) {
      throw new Error(`${name} answered ${answer.status}: ${answer.body.slice(0, 300)}`);
    }
  };
  const operations = 50;
  return {
    rounds: 10,
    pair: {
      name: "warm webhook in the deployed middleware, stored in a local AWS",
      baseline: "a handler that does nothing but log, in the same local AWS",
      unit: "ms",
      operations,
      runSubject: () => timeEach(operations, () => invoke(middleware)),
      runBaseline: () => timeEach(operations, () => invoke(empty)),
    },
    async stop() {
      for (const name of [middleware, empty]) {
        await client.send("DELETE", `${functions}/${name}`, json, Buffer.alloc(0));
      }
      client.close();
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      for (const SecretId of [webhookSecret, proposers]) {
        await secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
      }
      await ledger.remove();
      await gating.remove();
    },
  };
};

/** An archive without compression. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
function zip(files: Bundle): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0003"), common, rest, Buffer.from(name)]),
    );
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
