import { RECEIVER_LIMITS } from "../aws/clients.ts";
import { readEnvironment } from "../aws/environment.ts";
import { createTelemetry } from "../aws/telemetry.ts";
import { sleep } from "../sleep.ts";
import { deployedMiddleware, middlewareEnvironment } from "./deployed.ts";

/** The public receiver, behind the HTTP API. */
export const handler = deployedMiddleware({
  environment: readEnvironment(middlewareEnvironment),
  limits: RECEIVER_LIMITS,
  clock: { now: () => Date.now() },
  sleep,
  telemetry: createTelemetry(),
});
