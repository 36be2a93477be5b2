import * as z from "zod";
import { apiHandler } from "../aws/apiEvent.ts";
import {
  dynamoClient,
  RECEIVER_LIMITS as limits,
  secretsManagerClient,
  sqsClient,
} from "../aws/clients.ts";
import { createDynamoLedger } from "../aws/dynamoLedger.ts";
import { readEnvironment, storesEnvironment } from "../aws/environment.ts";
import { createSecretCache } from "../aws/secretCache.ts";
import { createSecrets } from "../aws/secretsManager.ts";
import { createSqsQueue } from "../aws/sqsQueue.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { sleep } from "../sleep.ts";
import { handleCallback, type CallbackPorts } from "./callback.ts";

const environment = readEnvironment(
  storesEnvironment.extend({ CALLBACK_SECRET_ARN: z.string().min(1).optional() }),
);
const clock = { now: () => Date.now() };
const { log, metrics } = createTelemetry();
const ports: CallbackPorts = {
  clock,
  ledger: createDynamoLedger(
    dynamoClient(limits.dynamo),
    environment.LEDGER_TABLE,
    clock,
    limits.busyForMs,
  ),
  queue: createSqsQueue(sqsClient(limits.queue), environment.QUEUE_URL),
  secrets: createSecrets(
    createSecretCache({ client: secretsManagerClient(limits.secrets), clock, sleep, log }),
    environment.CALLBACK_SECRET_ARN === undefined
      ? {}
      : { callback: environment.CALLBACK_SECRET_ARN },
    clock,
  ),
  log,
  metrics,
};

/** The decision receiver, behind the HTTP API. */
export const handler = apiHandler((_route, request) => handleCallback(ports, request));
