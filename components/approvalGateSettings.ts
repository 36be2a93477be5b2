import * as pulumi from "@pulumi/pulumi";
import {
  defaultProposerLimits,
  eventType,
  largestProposerLimits,
  subscribedEvents,
} from "../functions/gate/gating/index.ts";
import { GATE_ARGUMENTS, checkNames } from "./argumentNames.ts";
import type {
  ApprovalGateArgs,
  ApprovalGateTransform,
  WebhookSettings,
} from "./approvalGateArgs.ts";
import { checkedDomain, checkedThrottle } from "./gateApi.ts";
import type { GateApiArgs } from "./gateApi.ts";
import { LogLevel, RETENTION_DAYS, checkedNetwork } from "./gateFunction.ts";
import type { GateFunctionArgs } from "./gateFunction.ts";
import { recoveryDays } from "./gateSecrets.ts";
import type { GateSecretsArgs } from "./gateSecrets.ts";
import type { GateWebhooksArgs } from "./gateWebhooks.ts";
import { checkedGating } from "./inlineGating.ts";
import type { InlineGating } from "./inlineGating.ts";
import {
  flag,
  flagInput,
  httpUrl,
  integer,
  isPlain,
  mapping,
  matching,
  oneOf,
  optional,
  pagerdutyId,
  refuse,
  shown,
  textMap,
} from "./inputs.ts";
import type { AlarmRouting } from "./monitoring.ts";
import { EMAIL, KEY_ARN } from "./textRules.ts";
import { TokenType } from "./tokenType.ts";
import type { Perimeter } from "./perimeter.ts";
import { checkedGateEvents } from "./webhookEvents.ts";

type Tags = pulumi.Input<{ [name: string]: pulumi.Input<string> }>;

/** A gate's arguments, checked under the names that its user wrote, and with every default. */
export interface GateSettings {
  /** What most children take. */
  common: { tags: Tags; kmsKeyArn?: pulumi.Input<string> };
  gating: InlineGating;
  deletionProtection: boolean;
  maxAttempts: pulumi.Input<number>;
  secrets: GateSecretsArgs;
  /** JSON of the limits of those proposers that have their own; absent: none has. */
  proposerLimits?: pulumi.Output<string>;
  functions: Pick<
    GateFunctionArgs,
    "memoryMb" | "logLevel" | "logRetentionDays" | "tracing" | "network"
  >;
  worker: {
    timeoutSeconds: number;
    concurrency: pulumi.Input<number>;
    reservedConcurrency: pulumi.Input<number> | undefined;
  };
  api: Pick<GateApiArgs, "domain" | "throttle" | "webhookThrottle" | "logRetentionDays">;
  webhook: Pick<GateWebhooksArgs, "enabled" | "teams" | "services" | "events" | "keepers">;
  /** Absent: the gate does not subscribe by itself. */
  subscribedEvents?: pulumi.Output<string[]>;
  alarms: AlarmRouting;
  /** Absent: the account's policies decide alone. */
  perimeter?: Perimeter;
  pagerdutyApiUrl: pulumi.Input<string>;
  pagerdutyTokenType: pulumi.Input<TokenType>;
  pagerdutyFrom: pulumi.Input<string>;
  cheqpointApiUrl: pulumi.Input<string>;
  transform: ApprovalGateTransform;
}

export function checkedSettings(args: ApprovalGateArgs): GateSettings {
  checkNames(args, { ...GATE_ARGUMENTS });
  for (const required of ["cheqpointConnectionKey", "pagerdutyToken", "pagerdutyFrom"] as const) {
    if (args[required] === undefined) {
      refuse(`\`${required}\` must be given`);
    }
  }
  const { functions = {}, network = {}, retention = {}, transform = {} } = args;
  const webhook = checkedWebhook(args);
  const gating = checkedGating(args.gating, plainEvents(webhook.enabled, args.webhook?.events));
  const logRetentionDays = oneOf("retention.logDays", retention.logDays ?? 30, RETENTION_DAYS);
  const tokenType = oneOf(
    "pagerdutyTokenType",
    args.pagerdutyTokenType ?? TokenType.Token,
    Object.values(TokenType),
  );
  const pagerdutyApiUrl = httpUrl(
    "pagerdutyApiUrl",
    args.pagerdutyApiUrl ?? "https://api.pagerduty.com",
  );
  const concurrency = integer(
    "functions.workerConcurrency",
    functions.workerConcurrency ?? 5,
    2,
    100,
  );
  return {
    common: {
      tags: textMap("tags", args.tags ?? {}),
      ...optional("kmsKeyArn", args.kmsKeyArn && checkedKey(args.kmsKeyArn)),
    },
    gating,
    deletionProtection: flag("retention.deletionProtection", retention.deletionProtection ?? true),
    maxAttempts: integer("functions.maxAttempts", functions.maxAttempts ?? 5, 1, 100),
    secrets: {
      cheqpointConnectionKey: args.cheqpointConnectionKey,
      pagerdutyToken: args.pagerdutyToken,
      ...optional("proposers", args.proposers),
      ...optional("operators", args.operators),
      ...optional("callbackSigning", args.callbackSigning),
      recoveryWindowDays: recoveryDays(
        "retention.secretRecoveryDays",
        retention.secretRecoveryDays ?? 7,
      ),
    },
    ...optional("proposerLimits", proposerLimits(args.proposers ?? {})),
    functions: {
      memoryMb: integer("functions.memoryMb", functions.memoryMb ?? 512, 128, 10240),
      logLevel: oneOf(
        "functions.logLevel",
        functions.logLevel ?? LogLevel.Info,
        Object.values(LogLevel),
      ),
      tracing: flagInput("functions.tracing", functions.tracing ?? false),
      logRetentionDays,
      ...optional("network", network.vpc && checkedNetwork("network.vpc", network.vpc)),
    },
    worker: {
      timeoutSeconds: WORKER_TIMEOUT,
      concurrency,
      // One more than messages may take, or many of them would keep the sweep from starting.
      reservedConcurrency: flag(
        "functions.reserveWorkerConcurrency",
        functions.reserveWorkerConcurrency ?? true,
      )
        ? concurrency.apply((messages) => messages + 1)
        : undefined,
    },
    api: {
      ...optional("domain", network.domain && checkedDomain("network.domain", network.domain)),
      ...optional(
        "throttle",
        network.throttle && checkedThrottle("network.throttle", network.throttle),
      ),
      ...optional(
        "webhookThrottle",
        network.webhookThrottle &&
          checkedThrottle("network.webhookThrottle", network.webhookThrottle),
      ),
      logRetentionDays,
    },
    webhook,
    ...optional("subscribedEvents", subscribedBy(webhook)),
    ...optional("perimeter", args.perimeter),
    alarms: routedAlarms(args.alarms ?? {}, pagerdutyApiUrl),
    pagerdutyApiUrl,
    pagerdutyTokenType: tokenType,
    pagerdutyFrom: matching("pagerdutyFrom", args.pagerdutyFrom, ...EMAIL),
    cheqpointApiUrl: httpUrl("cheqpointApiUrl", args.cheqpointApiUrl ?? "https://app.cheqpoint.co"),
    transform,
  };
}

function proposerLimits(
  proposers: NonNullable<ApprovalGateArgs["proposers"]>,
): pulumi.Output<string> | undefined {
  const own = Object.entries(proposers).flatMap(([name, settings]) => {
    if (settings?.limits === undefined) {
      return [];
    }
    const { limits } = settings;
    const field = `proposers.${name}.limits`;
    const { perMinute, perHour } = defaultProposerLimits;
    const { perMinute: mostPerMinute, perHour: mostPerHour } = largestProposerLimits;
    return [
      [
        name,
        {
          perMinute: integer(`${field}.perMinute`, limits.perMinute ?? perMinute, 1, mostPerMinute),
          perHour: integer(`${field}.perHour`, limits.perHour ?? perHour, 1, mostPerHour),
        },
      ] as const,
    ];
  });
  return own.length === 0 ? undefined : pulumi.jsonStringify(Object.fromEntries(own));
}

/** One visit may take a dozen calls, ten seconds each when PagerDuty is slow; one that is cut off costs certainty. */
const WORKER_TIMEOUT = 120;

/** An account's integration keys are known to the Events API of its own region only. */
function routedAlarms(alarms: AlarmRouting, apiUrl: pulumi.Output<string>): AlarmRouting {
  return alarms.pagerdutyServiceId === undefined
    ? alarms
    : { ...alarms, pagerdutyEventsUrl: alarms.pagerdutyEventsUrl ?? apiUrl.apply(eventsUrlOf) };
}

function eventsUrlOf(apiUrl: string): string {
  const [, region = ""] =
    /^api(\.[a-z0-9-]+)?\.pagerduty\.com$/.exec(new URL(apiUrl).hostname) ?? [];
  return `https://events${region}.pagerduty.com`;
}

function checkedKey(kmsKeyArn: pulumi.Input<string>): pulumi.Output<string> {
  return matching("kmsKeyArn", kmsKeyArn, ...KEY_ARN);
}

function checkedWebhook(args: ApprovalGateArgs): GateSettings["webhook"] {
  const { webhook = {} } = args;
  const ids = (field: "teams" | "services") => {
    const written = webhook[field] ?? {};
    mapping(`webhook.${field}`, written);
    return Object.fromEntries(
      Object.entries(written).map(([key, id]) => {
        if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(key)) {
          refuse(
            `\`webhook.${field}\` must have names of letters, digits, ".", "_" and "-", got ${shown(key)}`,
          );
        }
        return [key, pagerdutyId(`webhook.${field}.${key}`, id)];
      }),
    );
  };
  const teams = ids("teams");
  const services = ids("services");
  return {
    enabled: flag("webhook.enabled", webhook.enabled ?? true),
    teams,
    services,
    events: webhook.events && checkedGateEvents("webhook.events", webhook.events),
    keepers: webhook.keepers && textMap("webhook.keepers", webhook.keepers),
  };
}

function subscribedBy({
  enabled,
  events,
}: ReturnType<typeof checkedWebhook>): pulumi.Output<string[]> | undefined {
  return enabled ? pulumi.output(events ?? [...subscribedEvents]) : undefined;
}

/** What the gate subscribes to, where that is known at once. */
function plainEvents(enabled: boolean, events: WebhookSettings["events"]): string[] | null {
  return enabled && isPlain(events)
    ? ((events as string[] | undefined) ?? [...subscribedEvents]).map(eventType)
    : null;
}
