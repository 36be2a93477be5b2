import * as z from "zod";
import { apiHandler } from "../aws/apiEvent.ts";
import { dynamoClient, secretsManagerClient, sqsClient } from "../aws/clients.ts";
import type { AwsPlace, StoreLimits } from "../aws/clients.ts";
import { createDynamoGatingStore } from "../aws/dynamoGatingStore.ts";
import { createDynamoLedger } from "../aws/dynamoLedger.ts";
import { storesEnvironment } from "../aws/environment.ts";
import { createSecretCache } from "../aws/secretCache.ts";
import { createSecrets } from "../aws/secretsManager.ts";
import { createSqsQueue } from "../aws/sqsQueue.ts";
import type { Telemetry } from "../aws/telemetry.ts";
import { limitsFrom, proposerLimits } from "../gate/ledger/admission.ts";
import type { Clock, Sleep } from "../gate/ports/index.ts";
import { randomIds } from "../ids.ts";
import { handleMiddleware } from "./middleware.ts";
import type { MiddlewarePorts } from "./ports.ts";
import { sharedWaits } from "./waits.ts";

export const middlewareEnvironment = storesEnvironment.extend({
  GATING_TABLE: z.string().min(1),
  WEBHOOK_SECRET_ARN: z.string().min(1),
  PROPOSERS_SECRET_ARN: z.string().min(1),
  OPERATORS_SECRET_ARN: z.string().min(1).optional(),
  /** JSON: how often those may propose who have limits of their own. */
  PROPOSER_LIMITS: z.string().min(1).optional(),
  /** How many callers may begin to wait for an outcome. */
  WAITS_IN_HALF_MINUTE: z.coerce.number().int().min(1).optional(),
});

/** Twice as many may wait at once, of the hundred executions that AWS keeps free for all functions. */
const MANY_WAITS = 30;

export interface DeployedMiddleware {
  environment: z.output<typeof middlewareEnvironment>;
  limits: StoreLimits;
  /** Defaults to what the environment says. */
  place?: AwsPlace;
  clock: Clock;
  sleep: Sleep;
  telemetry: Telemetry;
}

/** The public receiver's Lambda handler on AWS, with what a test has to replace handed in. */
export function deployedMiddleware({
  environment,
  limits,
  place,
  clock,
  sleep,
  telemetry,
}: DeployedMiddleware): ReturnType<typeof apiHandler> {
  const { log, metrics } = telemetry;
  const dynamo = dynamoClient(limits.dynamo, place);
  const cache = createSecretCache({
    client: secretsManagerClient(limits.secrets, place),
    clock,
    sleep,
    log,
  });
  const {
    LEDGER_TABLE,
    QUEUE_URL,
    GATING_TABLE,
    OPERATORS_SECRET_ARN,
    PROPOSER_LIMITS = "{}",
  } = environment;
  const ledger = createDynamoLedger(dynamo, LEDGER_TABLE, clock, limits.busyForMs);
  const ports: MiddlewarePorts = {
    clock,
    ids: randomIds,
    ledger,
    queue: createSqsQueue(sqsClient(limits.queue, place), QUEUE_URL),
    gating: createDynamoGatingStore(dynamo, GATING_TABLE),
    limitsOf: limitsFrom(proposerLimits.parse(JSON.parse(PROPOSER_LIMITS))),
    secrets: createSecrets(
      cache,
      {
        webhook: environment.WEBHOOK_SECRET_ARN,
        proposers: environment.PROPOSERS_SECRET_ARN,
        ...(OPERATORS_SECRET_ARN === undefined ? {} : { operators: OPERATORS_SECRET_ARN }),
      },
      clock,
    ),
    log,
    metrics,
    sleep,
    mayWait: sharedWaits(ledger, clock, environment.WAITS_IN_HALF_MINUTE ?? MANY_WAITS),
  };
  return apiHandler((route, request) => handleMiddleware(ports, route, request));
}
