import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { RECEIVER_LIMITS } from "../../functions/aws/clients.ts";
import { deployedMiddleware } from "../../functions/middleware/deployed.ts";
import { middlewareRoutes } from "../../functions/middleware/middleware.ts";
import { sleep } from "../../functions/sleep.ts";
import { startHttpHost } from "../../local/httpHost.ts";
import { startBareServer, verifyAndParse } from "../bareServer.ts";
import { createHttpClient } from "../httpClient.ts";
import { eventBody, headersOf } from "../pagerDutyEvent.ts";
import type { BenchCase } from "./benchCase.ts";

const SECRET = "bench-signing-secret-0001";

/**
 * The slowest refusal, but for one in a hundred, of events with a forged signature, by the deployed receiver with its own cache of secrets and its own
 * AWS client. The way to AWS is not in it: Secrets Manager answers on this machine, and is asked once in 30 seconds.
 */
export const forged: BenchCase = async (scale) => {
  const secrets = await startSecretsManager();
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const handler = deployedMiddleware({
    environment: {
      LEDGER_TABLE: "ledger",
      GATING_TABLE: "gating",
      QUEUE_URL: "http://127.0.0.1:9/queue",
      WEBHOOK_SECRET_ARN: "webhook",
      PROPOSERS_SECRET_ARN: "proposers",
    },
    limits: RECEIVER_LIMITS,
    place: {
      endpoint: secrets.url,
      region: "eu-central-1",
      credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    },
    clock: { now: () => Date.now() },
    sleep,
    telemetry: { log: silent, metrics: { count() {} } },
  });
  const host = await startHttpHost({
    port: 0,
    host: "127.0.0.1",
    functions: [{ routes: middlewareRoutes, handler }],
    otherwise: (_request, response) => void response.writeHead(404).end(),
  });
  const bare = await startBareServer(verifyAndParse(SECRET));
  const client = createHttpClient();
  let sent = 0;

  /** How long 99 of 100 took at most. */
  const slowest = async (operations: number, url: string, status: number): Promise<number> => {
    const took: number[] = [];
    for (let i = 0; i < operations; i += 1) {
      sent += 1;
      const body = eventBody(sent);
      // With a subscription's id it would be asked for again, in case the secret is new.
      const { "x-webhook-subscription": _, ...headers } = headersOf(body, sent, "another-secret");
      const beganMs = performance.now();
      const answer = await client.send("POST", url, headers, body);
      took.push(performance.now() - beganMs);
      if (answer.status !== status) {
        throw new Error(`${url} answered ${answer.status}`);
      }
    }
    return took.sort((a, b) => a - b)[Math.ceil(operations * 0.99) - 1] ?? Number.NaN;
  };
  const webhook = `${host.url}/pagerduty/webhook`;
  // The first one reads the secret, and a second one looks whether it is a newer one.
  await slowest(2, webhook, 401);
  const operations = scale === "full" ? 200 : 3;
  return {
    rounds: scale === "full" ? 10 : 2,
    pair: {
      name: `99 of 100 refusals of ${operations} events with a forged signature`,
      baseline: "those of a bare node:http that compares an HMAC",
      unit: "ms",
      operations,
      most: 20,
      runSubject: () => slowest(operations, webhook, 401),
      runBaseline: () => slowest(operations, bare.url, 500),
    },
    async stop() {
      client.close();
      await bare.stop();
      await host.stop();
      await secrets.stop();
    },
  };
};

async function startSecretsManager() {
  const question = z.object({ VersionStage: z.string() });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { VersionStage } = question.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      const isCurrent = VersionStage === "AWSCURRENT";
      response
        .writeHead(isCurrent ? 200 : 400, { "content-type": "application/x-amz-json-1.1" })
        .end(
          JSON.stringify(
            isCurrent
              ? { SecretString: JSON.stringify([SECRET]) }
              : { __type: "ResourceNotFoundException", message: "no such version" },
          ),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
