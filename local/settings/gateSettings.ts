import { isIP } from "node:net";
import { resolve } from "node:path";
import { allSettings } from "./allSettings.ts";
import { namedTokens, optional, port, required, requireDistinct } from "./environment.ts";
import { namedLimits } from "./proposerLimits.ts";
import { SettingError, webAddress, type Environment } from "./environment.ts";
import type { LocalGateOptions } from "../gate.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error"];

export type GateSettings = Omit<LocalGateOptions, "clock" | "log" | "metrics"> & {
  logLevel: string;
};

/** Settings of `npm run gate`, the gate alone against whatever PagerDuty and Cheqpoint the environment names. */
export function gateSettings(env: Environment): GateSettings {
  const given = allSettings({
    gatingFile: () =>
      resolve(required(env, "GATE_CONFIG", "a YAML file whose `services` key holds the gating")),
    token: () =>
      required(env, "PAGERDUTY_TOKEN", "a PagerDuty API token that may run the automation actions"),
    from: () => pagerDutyFrom(env),
    tokenType: () => tokenType(env),
    secrets: () => webhookSecrets(env),
    connectionKey: () =>
      required(env, "CHEQPOINT_CONNECTION_KEY", "the Connection Key of the Cheqpoint assistant"),
    pagerDutyUrl: () => webAddress(env, "PAGERDUTY_API_URL", "https://api.pagerduty.com"),
    // Checked without the key too: a wrong address is told before it is needed.
    eventsUrl: () => webAddress(env, "PAGERDUTY_EVENTS_URL", "https://events.pagerduty.com"),
    cheqpointUrl: () => maybeAddress(env, "CHEQPOINT_API_URL"),
    publicUrl: () => maybeAddress(env, "GATE_PUBLIC_URL"),
    port: () => port(env, "GATE_PORT", 8787),
    host: () => host(env),
    proposers: () => namedTokens("GATE_PROPOSER_TOKENS", optional(env, "GATE_PROPOSER_TOKENS")),
    proposerLimits: () =>
      namedLimits(
        "GATE_PROPOSER_LIMITS",
        optional(env, "GATE_PROPOSER_LIMITS"),
        optional(env, "GATE_PROPOSER_TOKENS"),
      ),
    operators: () => namedTokens("GATE_OPERATOR_TOKENS", optional(env, "GATE_OPERATOR_TOKENS")),
    logLevel: () => logLevel(env),
    addressesMoved: () => isTrue(env, "GATE_ADDRESSES_MOVED"),
  });
  const { secrets, eventsUrl } = given;
  const routingKey = optional(env, "PAGERDUTY_ALARM_ROUTING_KEY");
  requireDistinct(
    { setting: "GATE_PROPOSER_TOKENS", tokens: given.proposers },
    { setting: "GATE_OPERATOR_TOKENS", tokens: given.operators },
  );
  return {
    port: given.port,
    host: given.host,
    dataDir: resolve(optional(env, "GATE_DATA_DIR") ?? ".gate"),
    gatingFile: given.gatingFile,
    publicUrl: given.publicUrl,
    pagerDuty: {
      apiUrl: given.pagerDutyUrl,
      token: given.token,
      from: given.from,
      tokenType: given.tokenType,
    },
    cheqpoint: { apiUrl: given.cheqpointUrl, connectionKey: given.connectionKey },
    webhookSecrets: () => secrets,
    callbackSecret: optional(env, "CHEQPOINT_WEBHOOK_SECRET"),
    proposers: given.proposers,
    proposerLimits: given.proposerLimits,
    operators: given.operators,
    alarmPager: routingKey === undefined ? undefined : { eventsUrl, routingKey },
    logLevel: given.logLevel,
    addressesMoved: given.addressesMoved,
  };
}

function isTrue(env: Environment, name: string): boolean {
  const value = optional(env, name) ?? "false";
  if (value !== "true" && value !== "false") {
    throw new SettingError(`\`${name}\` must be true or false, got "${value}"`);
  }
  return value === "true";
}

function maybeAddress(env: Environment, name: string): string | undefined {
  return optional(env, name) === undefined ? undefined : webAddress(env, name);
}

function pagerDutyFrom(env: Environment): string {
  const from = required(
    env,
    "PAGERDUTY_FROM",
    "the email address of a PagerDuty user, in whose name incidents and notes are written",
  );
  if (!/^[^@\s]+@[^@\s]+$/.test(from)) {
    throw new SettingError(`\`PAGERDUTY_FROM\` must be an email address, got "${from}"`);
  }
  return from;
}

/** An address of this machine, not a name: what a name leads to is for others to change. */
function host(env: Environment): string {
  const address = optional(env, "GATE_HOST") ?? "127.0.0.1";
  if (isIP(address) === 0) {
    throw new SettingError(
      `\`GATE_HOST\` must be an IP address to listen on, such as 127.0.0.1 or 0.0.0.0 (all), got "${address}"`,
    );
  }
  return address;
}

function tokenType(env: Environment): "token" | "bearer" {
  const type = optional(env, "PAGERDUTY_TOKEN_TYPE") ?? "token";
  if (type !== "token" && type !== "bearer") {
    throw new SettingError(
      `\`PAGERDUTY_TOKEN_TYPE\` must be "token" (an API key) or "bearer" (OAuth), got "${type}"`,
    );
  }
  return type;
}

function webhookSecrets(env: Environment): string[] {
  const name = "PAGERDUTY_WEBHOOK_SECRET";
  const what =
    "the signing secret of the webhook subscription, two with a comma between while one is rotated";
  const secrets = required(env, name, what)
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "");
  if (secrets.length === 0) {
    throw new SettingError(`\`${name}\` holds only commas: ${what}`);
  }
  return secrets;
}

function logLevel(env: Environment): string {
  const level = optional(env, "LOG_LEVEL") ?? "info";
  if (!LOG_LEVELS.includes(level)) {
    throw new SettingError(`\`LOG_LEVEL\` must be one of ${LOG_LEVELS.join(", ")}, got "${level}"`);
  }
  return level;
}
