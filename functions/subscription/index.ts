import * as z from "zod";
import { secretsManagerClient, WORKER_LIMITS as limits } from "../aws/clients.ts";
import { readEnvironment } from "../aws/environment.ts";
import { createSecretCache } from "../aws/secretCache.ts";
import { secretText } from "../aws/secretsManager.ts";
import { createSigningStore } from "../aws/signingStore.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { createWebhookAdmin } from "../pagerduty/webhookAdmin.ts";
import { sleep } from "../sleep.ts";
import { handleInvocation } from "./invocation.ts";
import type { SubscriptionPorts } from "./ports.ts";

const name = z.string().min(1);
const environment = readEnvironment(
  z.object({
    PAGERDUTY_TOKEN_ARN: name,
    PAGERDUTY_API_URL: z.url(),
    PAGERDUTY_FROM: name,
    PAGERDUTY_TOKEN_TYPE: z.enum(["token", "bearer"]).default("token"),
    WEBHOOK_SECRET_ARN: name,
  }),
);
const clock = { now: () => Date.now() };
const { log } = createTelemetry();
const client = secretsManagerClient(limits.secrets);
const secrets = createSecretCache({ client, clock, sleep, log });
const ports: SubscriptionPorts = {
  admin: createWebhookAdmin({
    baseUrl: environment.PAGERDUTY_API_URL,
    token: (refresh) => secretText(secrets, environment.PAGERDUTY_TOKEN_ARN, refresh),
    tokenType: environment.PAGERDUTY_TOKEN_TYPE,
    from: environment.PAGERDUTY_FROM,
    clock,
  }),
  store: createSigningStore(client, environment.WEBHOOK_SECRET_ARN),
  clock,
  log,
};

/** Looks after the gate's webhook subscriptions; run by the stack that declares them. */
export const handler = (event: unknown): Promise<unknown> => handleInvocation(ports, event);
