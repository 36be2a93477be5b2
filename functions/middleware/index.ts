import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { apiHandler } from "../aws/apiEvent.ts";
import {
  dynamoClient,
  RECEIVER_LIMITS as limits,
  secretsManagerClient,
  sqsClient,
} from "../aws/clients.ts";
import { createDynamoGatingStore } from "../aws/dynamoGatingStore.ts";
import { createDynamoLedger } from "../aws/dynamoLedger.ts";
import { readEnvironment, storesEnvironment } from "../aws/environment.ts";
import { createSecretCache } from "../aws/secretCache.ts";
import { createSecrets } from "../aws/secretsManager.ts";
import { createSqsQueue } from "../aws/sqsQueue.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { randomIds } from "../ids.ts";
import { handleMiddleware } from "./middleware.ts";
import type { MiddlewarePorts } from "./ports.ts";

const environment = readEnvironment(
  storesEnvironment.extend({
    GATING_TABLE: z.string().min(1),
    WEBHOOK_SECRET_ARN: z.string().min(1),
    PROPOSERS_SECRET_ARN: z.string().min(1),
    OPERATORS_SECRET_ARN: z.string().min(1).optional(),
  }),
);
const clock = { now: () => Date.now() };
const { log, metrics, flush } = createTelemetry();
const dynamo = dynamoClient(limits.dynamo);
const ports: MiddlewarePorts = {
  clock,
  ids: randomIds,
  ledger: createDynamoLedger(dynamo, environment.LEDGER_TABLE, clock, limits.busyForMs),
  queue: createSqsQueue(sqsClient(limits.queue), environment.QUEUE_URL),
  gating: createDynamoGatingStore(dynamo, environment.GATING_TABLE),
  secrets: createSecrets(
    createSecretCache({ client: secretsManagerClient(limits.secrets), clock, log }),
    {
      webhook: environment.WEBHOOK_SECRET_ARN,
      proposers: environment.PROPOSERS_SECRET_ARN,
      ...(environment.OPERATORS_SECRET_ARN === undefined
        ? {}
        : { operators: environment.OPERATORS_SECRET_ARN }),
    },
  ),
  log,
  metrics,
  sleep: (ms) => sleep(ms),
};

/** The public receiver, behind the HTTP API. */
export const handler = apiHandler(async (route, request) => {
  try {
    return await handleMiddleware(ports, route, request);
  } finally {
    flush();
  }
});
