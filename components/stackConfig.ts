import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  closest,
  isEventName,
  parseGating,
  proposerNameProblem,
  subscribedEvents,
} from "../functions/gate/gating/index.ts";
import type { ApprovalGateArgs } from "./approvalGateArgs.ts";
import { LogLevel, RETENTION_DAYS } from "./gateFunction.ts";
import { isRecoveryPeriod } from "./gateSecrets.ts";
import type { ProposerLimits } from "./gateSecrets.ts";
import type { Gating } from "./gatingTypes.ts";
import { optional, refuse, shown, urlProblem } from "./inputs.ts";
import { refusing } from "./serviceGating.ts";
import {
  CALLER_NAME,
  CERTIFICATE_ARN,
  DOMAIN_NAME,
  EMAIL,
  KEY_ARN,
  PAGERDUTY_ID,
  TOPIC_ARN,
  ZONE_ID,
} from "./textRules.ts";
import type { TextRule } from "./textRules.ts";

/** Configuration keys that hold secrets; only whether they are set and encrypted is looked at here. */
const SECRETS = ["cheqpointConnectionKey", "pagerdutyToken", "cheqpointCallbackSecret"] as const;
const REQUIRED_SECRETS: readonly string[] = ["cheqpointConnectionKey", "pagerdutyToken"];

const got = (rule: string) => ({
  error: ({ input }: { input: unknown }) => `must be ${rule}, got ${shown(input)}`,
});
const text = () => z.string({ error: "must be a text" });
const flag = () => z.boolean({ error: "must be true or false" });
const whole = (fits: (value: number) => boolean, rule: string) =>
  z.int({ error: "must be a whole number" }).refine(fits, got(rule));
const like = ([pattern, rule]: TextRule) =>
  text().refine((value) => pattern.test(value), got(rule));
/** Empty means that there is none. */
const perhaps = ([pattern, rule]: TextRule) =>
  text().refine((value) => value === "" || pattern.test(value), got(rule));
const address = () =>
  text().refine((value) => urlProblem(value) === null, {
    error: ({ input }) => urlProblem(input) ?? "",
  });
const perhapsAddress = () =>
  text().refine((value) => value === "" || urlProblem(value) === null, {
    error: ({ input }) => urlProblem(input) ?? "",
  });
const names = (rule: TextRule) =>
  z.array(like(rule), { error: 'must be a list of texts such as ["remediation-agent"]' });
/** Names that get a token. */
const callers = () =>
  names(CALLER_NAME).check(({ value, issues }) => {
    for (const [index, name] of value.entries()) {
      const problem = proposerNameProblem(name);
      if (problem !== null) {
        issues.push({ code: "custom", message: problem, input: name, path: [index] });
      }
    }
  });
const mapping = () => z.record(z.string(), z.unknown(), { error: "must be a mapping" });

const schema = z.object({
  pagerdutyFrom: text().refine((value) => EMAIL[0].test(value), {
    error: ({ input }) =>
      input === "" ? "is not set" : `must be ${EMAIL[1]}, got ${shown(input)}`,
  }),
  services: mapping(),
  defaults: mapping(),
  proposers: callers(),
  proposerLimits: z.record(
    z.string(),
    z.strictObject(
      {
        perMinute: whole((count) => count >= 1 && count <= 1_000, "from 1 to 1000").optional(),
        perHour: whole((count) => count >= 1 && count <= 10_000, "from 1 to 10000").optional(),
      },
      { error: "must be a mapping such as { perMinute: 120, perHour: 1200 }" },
    ),
    { error: "must be a mapping" },
  ),
  operators: callers(),
  cheqpointApiUrl: address(),
  pagerdutyApiUrl: address(),
  webhook: flag(),
  webhookTeams: names(PAGERDUTY_ID),
  webhookServices: names(PAGERDUTY_ID),
  webhookEvents: z.array(
    text().refine(
      isEventName,
      got(
        'an event type that a rule may wait for, such as "incident.annotated", with "custom:" before a new one',
      ),
    ),
    { error: 'must be a list of texts such as ["incident.annotated"]' },
  ),
  webhookSecretSerial: text(),
  tokenSerial: text(),
  alarmTopicArn: perhaps(TOPIC_ARN),
  alarmServiceId: perhaps(PAGERDUTY_ID),
  pagerdutyEventsUrl: perhapsAddress(),
  domainName: perhaps(DOMAIN_NAME),
  certificateArn: perhaps(CERTIFICATE_ARN),
  hostedZoneId: perhaps(ZONE_ID),
  kmsKeyArn: perhaps(KEY_ARN),
  deletionProtection: flag(),
  secretRecoveryDays: whole(isRecoveryPeriod, "0 or 7 to 30"),
  logDays: whole((days) => RETENTION_DAYS.includes(days), `one of ${RETENTION_DAYS.join(", ")}`),
  logLevel: z.enum(LogLevel, { error: "must be DEBUG, INFO, WARN or ERROR" }),
  workerConcurrency: whole((count) => count >= 2 && count <= 100, "from 2 to 100"),
  reserveWorkerConcurrency: flag(),
  perimeterPrincipals: z.array(text(), {
    error: 'must be a list of ARNs such as ["arn:aws:iam::123456789012:role/deploy"]',
  }),
});

export type StackConfig = z.infer<typeof schema>;

/** How to mend a key. */
const EXAMPLES: Partial<Record<keyof StackConfig, string>> = {
  pagerdutyFrom: "pulumi config set pagerdutyFrom gate@example.com",
  proposers: "pulumi config set --path 'proposers[0]' remediation-agent",
  proposerLimits: "pulumi config set --path proposerLimits.<name>.perMinute 120",
  operators: "pulumi config set --path 'operators[0]' sre",
  webhookTeams: "pulumi config set --path 'webhookTeams[0]' PTEAM01",
  webhookEvents: "pulumi config set --path 'webhookEvents[0]' incident.annotated",
  perimeterPrincipals:
    "pulumi config set --path 'perimeterPrincipals[0]' arn:aws:iam::123456789012:role/deploy",
  webhookServices: "pulumi config set --path 'webhookServices[0]' PSVC001",
  services: "edit it in Pulumi.<stack>.yaml",
  defaults: "edit it in Pulumi.<stack>.yaml",
};

/** @param index Which entry of a list is wrong: the command must not set another one. */
function mending(key: keyof StackConfig, index: PropertyKey = 0): string {
  const command = EXAMPLES[key] ?? `pulumi config set ${key} <value>`;
  return command.replace("[0]", `[${String(index)}]`);
}

/** What the stack's configuration asks for. Every message names the key and the command that sets it. */
export function readStackConfig(config: pulumi.Config): ApprovalGateArgs {
  const problems = SECRETS.flatMap((key) => secretProblem(config, key));
  const values = Object.fromEntries(
    Object.keys(schema.shape).map((key) => [key, valueOf(config, key)]),
  );
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const key = String(path[0]) as keyof StackConfig;
      problems.push(`\`${path.map(String).join(".")}\` ${message}; ${mending(key, path[1])}`);
    }
  }
  problems.push(...lonelyKeys(values), ...undeclared(config), ...strangers(parsed.data));
  if (problems.length > 0 || !parsed.success) {
    refuse(["The stack's configuration is incomplete or wrong:", ...problems].join("\n  - "));
  }
  return gateArgs(config, parsed.data);
}

function secretProblem(config: pulumi.Config, key: (typeof SECRETS)[number]): string[] {
  const command = `pulumi config set --secret ${key} <value>`;
  const full = `${config.name}:${key}`;
  const value = pulumi.runtime.getConfig(full) ?? "";
  if (value === "") {
    return REQUIRED_SECRETS.includes(key) ? [`\`${key}\` is not set; ${command}`] : [];
  }
  return (encryptedKeys()?.includes(full) ?? true)
    ? []
    : [`\`${key}\` is stored in clear text; make a new one and set it with: ${command}`];
}

/** A domain needs a certificate, and is what certificate and zone are for; alarms go to an address for a service. */
function lonelyKeys(values: Record<string, unknown>): string[] {
  const given = (key: string) => (values[key] ?? "") !== "";
  const needs = (key: string, other: keyof StackConfig) =>
    given(key) && !given(other) ? [`\`${key}\` needs \`${other}\`; ${mending(other)}`] : [];
  return [
    ...needs("domainName", "certificateArn"),
    ...needs("certificateArn", "domainName"),
    ...needs("hostedZoneId", "domainName"),
    ...needs("pagerdutyEventsUrl", "alarmServiceId"),
  ];
}

/** Limits of a name that has no token would be taken for limits that hold. */
function strangers(found: StackConfig | undefined): string[] {
  return Object.keys(found?.proposerLimits ?? {})
    .filter((name) => !(found?.proposers ?? []).includes(name))
    .map(
      (name) =>
        `\`proposerLimits.${name}\` is for nobody: \`proposers\` does not name ${name}; pulumi config rm --path proposerLimits.${name}`,
    );
}

/** A key that nothing reads would be taken for its default. */
function undeclared(config: pulumi.Config): string[] {
  const known: string[] = [...SECRETS, ...Object.keys(schema.shape)];
  const prefix = `${config.name}:`;
  return Object.keys(pulumi.runtime.allConfig() ?? {})
    .filter((full) => full.startsWith(prefix))
    .map((full) => full.slice(prefix.length))
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = closest(key, known);
      const hint = near === null ? "" : ` (did you mean \`${near}\`?)`;
      return `\`${key}\` is no key of this project${hint}; pulumi config rm ${key}`;
    });
}

/** The keys that are encrypted in the stack file, as the language host tells them; null when it does not. */
function encryptedKeys(): string[] | null {
  const found = z
    .array(z.string())
    .safeParse(JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "null"));
  return found.success ? found.data : null;
}

/** As YAML has it: structured values come as JSON, texts as they are. */
function valueOf(config: pulumi.Config, key: string): unknown {
  const raw = config.get(key);
  if (raw === undefined) {
    return undefined;
  }
  if (schema.shape[key as keyof StackConfig] instanceof z.ZodString) {
    return raw;
  }
  try {
    return JSON.parse(raw) as unknown;
  } catch {
    return raw;
  }
}

function limitsOf({ proposerLimits }: StackConfig, name: string): ProposerLimits | undefined {
  const own = Object.hasOwn(proposerLimits, name) ? proposerLimits[name] : undefined;
  return own && { ...optional("perMinute", own.perMinute), ...optional("perHour", own.perHour) };
}

/** Checked as the component does, since nothing else says what a file holds. */
function gatingOf({ services, defaults }: StackConfig): Gating {
  const gating: object = { services, defaults };
  assertGating(gating);
  return gating;
}

function assertGating(written: object): asserts written is Gating {
  refusing(() => parseGating(written));
}

function gateArgs(config: pulumi.Config, found: StackConfig): ApprovalGateArgs {
  const secret = (key: (typeof SECRETS)[number]) => config.requireSecret(key);
  const given = (value: string) => (value === "" ? undefined : value);
  const keys = (list: readonly string[]) =>
    Object.fromEntries(list.map((name) => [name, { keepers: { serial: found.tokenSerial } }]));
  const ids = (list: readonly string[]) => Object.fromEntries(list.map((id) => [id, id]));
  return {
    cheqpointConnectionKey: secret("cheqpointConnectionKey"),
    pagerdutyToken: secret("pagerdutyToken"),
    pagerdutyFrom: found.pagerdutyFrom,
    cheqpointApiUrl: found.cheqpointApiUrl,
    pagerdutyApiUrl: found.pagerdutyApiUrl,
    gating: gatingOf(found),
    webhook: {
      enabled: found.webhook,
      teams: ids(found.webhookTeams),
      services: ids(found.webhookServices),
      ...optional(
        "events",
        found.webhookEvents.length === 0
          ? undefined
          : [...subscribedEvents, ...found.webhookEvents],
      ),
      keepers: { serial: found.webhookSecretSerial },
    },
    proposers: Object.fromEntries(
      Object.entries(keys(found.proposers)).map(([name, settings]) => [
        name,
        { ...settings, ...optional("limits", limitsOf(found, name)) },
      ]),
    ),
    operators: keys(found.operators),
    ...optional(
      "callbackSigning",
      config.get("cheqpointCallbackSecret")
        ? { secret: secret("cheqpointCallbackSecret") }
        : undefined,
    ),
    ...optional(
      "network",
      found.domainName === ""
        ? undefined
        : {
            domain: {
              name: found.domainName,
              certificateArn: found.certificateArn,
              ...optional("hostedZoneId", given(found.hostedZoneId)),
            },
          },
    ),
    retention: {
      logDays: found.logDays,
      secretRecoveryDays: found.secretRecoveryDays,
      deletionProtection: found.deletionProtection,
    },
    alarms: {
      ...optional("topicArn", given(found.alarmTopicArn)),
      ...optional("pagerdutyServiceId", given(found.alarmServiceId)),
      ...optional("pagerdutyEventsUrl", given(found.pagerdutyEventsUrl)),
    },
    functions: {
      logLevel: found.logLevel,
      workerConcurrency: found.workerConcurrency,
      reserveWorkerConcurrency: found.reserveWorkerConcurrency,
    },
    ...optional(
      "perimeter",
      found.perimeterPrincipals.length === 0
        ? undefined
        : { principals: found.perimeterPrincipals },
    ),
    ...optional("kmsKeyArn", given(found.kmsKeyArn)),
    tags: { project: pulumi.getProject(), stack: pulumi.getStack() },
  };
}
