import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { namedTokens, optional, port, required, SettingError, webAddress } from "./environment.ts";
import type { Environment } from "./environment.ts";
import { startLocalGate, type LocalGateOptions } from "./gate.ts";
import { createCounters, createLog } from "./log.ts";
import { runUntilStopped } from "./process.ts";
import { timelineOf } from "./timeline/index.ts";

const EVENTS_URL = "https://events.pagerduty.com";

/** Settings of `npm run gate`, the gate alone against whatever PagerDuty and Cheqpoint the environment names. */
export function gateSettings(env: Environment): LocalGateOptions {
  const pagerDutyUrl = webAddress(env, "PAGERDUTY_API_URL", "https://api.pagerduty.com");
  webAddress(env, "PAGERDUTY_EVENTS_URL", EVENTS_URL);
  const tokenType = optional(env, "PAGERDUTY_TOKEN_TYPE") ?? "token";
  if (tokenType !== "token" && tokenType !== "bearer") {
    throw new SettingError(
      `\`PAGERDUTY_TOKEN_TYPE\` must be "token" (an API key) or "bearer" (OAuth), got "${tokenType}"`,
    );
  }
  const from = required(
    env,
    "PAGERDUTY_FROM",
    "the email address of a PagerDuty user, in whose name incidents and notes are written",
  );
  if (!/^[^@\s]+@[^@\s]+$/.test(from)) {
    throw new SettingError(`\`PAGERDUTY_FROM\` must be an email address, got "${from}"`);
  }
  const secrets = required(
    env,
    "PAGERDUTY_WEBHOOK_SECRET",
    "the signing secret of the webhook subscription, two with a comma between while one is rotated",
  )
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
  const proposers = optional(env, "GATE_PROPOSER_TOKENS");
  const operators = optional(env, "GATE_OPERATOR_TOKENS");
  const cheqpointUrl = optional(env, "CHEQPOINT_API_URL");
  if (cheqpointUrl !== undefined) {
    webAddress(env, "CHEQPOINT_API_URL");
  }
  const gatePort = port(env, "GATE_PORT", 8787);
  return {
    port: gatePort,
    dataDir: resolve(optional(env, "GATE_DATA_DIR") ?? ".gate"),
    gatingFile: resolve(
      required(env, "GATE_CONFIG", "a YAML file whose `services` key holds the gating"),
    ),
    publicUrl:
      optional(env, "GATE_PUBLIC_URL") === undefined
        ? undefined
        : webAddress(env, "GATE_PUBLIC_URL"),
    pagerDuty: {
      apiUrl: pagerDutyUrl,
      token: required(
        env,
        "PAGERDUTY_TOKEN",
        "a PagerDuty API token that may run the automation actions",
      ),
      from,
      tokenType,
    },
    cheqpoint: {
      apiUrl: cheqpointUrl,
      connectionKey: required(
        env,
        "CHEQPOINT_CONNECTION_KEY",
        "the Connection Key of the Cheqpoint assistant",
      ),
    },
    webhookSecrets: () => secrets,
    callbackSecret: optional(env, "CHEQPOINT_WEBHOOK_SECRET"),
    proposers: proposers === undefined ? {} : namedTokens("GATE_PROPOSER_TOKENS", proposers),
    operators: operators === undefined ? {} : namedTokens("GATE_OPERATOR_TOKENS", operators),
    clock: { now: () => Date.now() },
    log: createLog({ level: optional(env, "LOG_LEVEL") ?? "info" }),
    metrics: createCounters(),
  };
}
