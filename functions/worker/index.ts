import * as z from "zod";
import {
  dynamoClient,
  secretsManagerClient,
  sqsClient,
  WORKER_LIMITS as limits,
} from "../aws/clients.ts";
import { createDynamoGatingStore } from "../aws/dynamoGatingStore.ts";
import { createDynamoLedger } from "../aws/dynamoLedger.ts";
import { readEnvironment, storesEnvironment } from "../aws/environment.ts";
import { createSecretCache } from "../aws/secretCache.ts";
import { secretText } from "../aws/secretsManager.ts";
import { createSigningStore } from "../aws/signingStore.ts";
import { createSqsQueue } from "../aws/sqsQueue.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { createCheqpoint } from "../cheqpoint/client.ts";
import { defaultLifecycleSettings } from "../gate/lifecycle/known.ts";
import { randomIds } from "../ids.ts";
import { createPagerDuty, type PagerDutyOptions } from "../pagerduty/client.ts";
import { createWebhookAdmin } from "../pagerduty/webhookAdmin.ts";
import { sleep } from "../sleep.ts";
import { heal } from "../subscription/converge.ts";
import { CHEQPOINT_HOLDS_MS, handleTrigger } from "./trigger.ts";
import type { WorkerPorts } from "./ports.ts";

const name = z.string().min(1);
const environment = readEnvironment(
  storesEnvironment.extend({
    GATING_TABLE: name,
    PAGERDUTY_TOKEN_ARN: name,
    CHEQPOINT_KEY_ARN: name,
    PAGERDUTY_API_URL: z.url(),
    PAGERDUTY_FROM: name,
    PAGERDUTY_PER_MINUTE: z.coerce.number().int().min(1).default(180),
    PAGERDUTY_TOKEN_TYPE: z.enum(["token", "bearer"]).default("token"),
    CHEQPOINT_API_URL: z.url(),
    GATE_PUBLIC_URL: z.url(),
    WEBHOOK_SECRET_ARN: name.optional(),
  }),
);
const clock = { now: () => Date.now() };
const { log, metrics } = createTelemetry();
const dynamo = dynamoClient(limits.dynamo);
const secretsManager = secretsManagerClient(limits.secrets);
const secrets = createSecretCache({ client: secretsManager, clock, sleep, log });
const pagerDutyOptions: PagerDutyOptions = {
  baseUrl: environment.PAGERDUTY_API_URL,
  token: (refresh) => secretText(secrets, environment.PAGERDUTY_TOKEN_ARN, refresh),
  tokenType: environment.PAGERDUTY_TOKEN_TYPE,
  from: environment.PAGERDUTY_FROM,
  perMinute: environment.PAGERDUTY_PER_MINUTE,
  clock,
};
const ports: WorkerPorts = {
  clock,
  ids: randomIds,
  ledger: createDynamoLedger(
    dynamo,
    environment.LEDGER_TABLE,
    clock,
    limits.busyForMs,
    environment.GATING_TABLE,
  ),
  queue: createSqsQueue(sqsClient(limits.queue), environment.QUEUE_URL),
  gating: createDynamoGatingStore(dynamo, environment.GATING_TABLE),
  pagerDuty: createPagerDuty(pagerDutyOptions),
  cheqpoint: createCheqpoint({
    baseUrl: environment.CHEQPOINT_API_URL,
    connectionKey: (refresh) => secretText(secrets, environment.CHEQPOINT_KEY_ARN, refresh),
    clock,
    heldMs: CHEQPOINT_HOLDS_MS,
  }),
  log,
  metrics,
  settings: defaultLifecycleSettings,
  publicUrl: environment.GATE_PUBLIC_URL.replace(/\/+$/, ""),
  ...healing(environment.WEBHOOK_SECRET_ARN),
};

function healing(secretArn: string | undefined): Pick<WorkerPorts, "healSubscriptions"> {
  if (secretArn === undefined) {
    return {};
  }
  const admin = createWebhookAdmin(pagerDutyOptions);
  const store = createSigningStore(secretsManager, secretArn);
  return { healSubscriptions: () => heal({ admin, store, clock, log }) };
}

/** The worker, behind the queue and the one-minute schedule. */
export const handler = (event: unknown): Promise<unknown> => handleTrigger(ports, event);
