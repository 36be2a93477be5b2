import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ApprovalGateArgs } from "./approvalGateArgs.ts";
import { LogLevel } from "./gateFunction.ts";
import { optional, refuse } from "./inputs.ts";

/** Configuration keys that hold secrets; only whether they are set and encrypted is looked at here. */
const SECRETS = ["cheqpointConnectionKey", "pagerdutyToken", "cheqpointCallbackSecret"] as const;
const REQUIRED_SECRETS: readonly string[] = ["cheqpointConnectionKey", "pagerdutyToken"];

const text = () => z.string({ error: "must be a text" });
const flag = () => z.boolean({ error: "must be true or false" });
const whole = () => z.int({ error: "must be a whole number" });
const names = () =>
  z.array(text(), { error: 'must be a list of texts such as ["remediation-agent"]' });
const mapping = () => z.record(z.string(), z.unknown(), { error: "must be a mapping" });

const schema = z.object({
  pagerdutyFrom: text().min(1, { error: "is not set" }),
  services: mapping(),
  defaults: mapping(),
  proposers: names(),
  operators: names(),
  cheqpointApiUrl: text(),
  pagerdutyApiUrl: text(),
  webhook: flag(),
  webhookTeams: names(),
  webhookServices: names(),
  webhookSecretSerial: text(),
  tokenSerial: text(),
  alarmTopicArn: text(),
  alarmServiceId: text(),
  domainName: text(),
  certificateArn: text(),
  hostedZoneId: text(),
  kmsKeyArn: text(),
  deletionProtection: flag(),
  secretRecoveryDays: whole(),
  logDays: whole(),
  logLevel: z.enum(LogLevel, { error: "must be DEBUG, INFO, WARN or ERROR" }),
  workerConcurrency: whole(),
  reserveWorkerConcurrency: flag(),
});

export type StackConfig = z.infer<typeof schema>;

/** How to mend a key. */
const EXAMPLES: Partial<Record<keyof StackConfig, string>> = {
  pagerdutyFrom: "pulumi config set pagerdutyFrom gate@example.com",
  proposers: "pulumi config set --path 'proposers[0]' remediation-agent",
  operators: "pulumi config set --path 'operators[0]' sre",
  webhookTeams: "pulumi config set --path 'webhookTeams[0]' PTEAM01",
  webhookServices: "pulumi config set --path 'webhookServices[0]' PSVC001",
  services: "edit it in Pulumi.<stack>.yaml",
  defaults: "edit it in Pulumi.<stack>.yaml",
};

/** What the stack's configuration asks for. Every message names the key and the command that sets it. */
export function readStackConfig(config: pulumi.Config): ApprovalGateArgs {
  const problems = SECRETS.flatMap((key) => secretProblem(config, key));
  const parsed = schema.safeParse(
    Object.fromEntries(Object.keys(schema.shape).map((key) => [key, valueOf(config, key)])),
  );
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      const key = String(path[0]) as keyof StackConfig;
      const mend = EXAMPLES[key] ?? `pulumi config set ${key} <value>`;
      problems.push(`\`${path.map(String).join(".")}\` ${message}; ${mend}`);
    }
  }
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
    gating: { services: found.services, defaults: found.defaults },
    webhook: {
      enabled: found.webhook,
      teams: ids(found.webhookTeams),
      services: ids(found.webhookServices),
      keepers: { serial: found.webhookSecretSerial },
    },
    proposers: keys(found.proposers),
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
    },
    functions: {
      logLevel: found.logLevel,
      workerConcurrency: found.workerConcurrency,
      reserveWorkerConcurrency: found.reserveWorkerConcurrency,
    },
    ...optional("kmsKeyArn", given(found.kmsKeyArn)),
    tags: { project: pulumi.getProject(), stack: pulumi.getStack() },
  };
}
