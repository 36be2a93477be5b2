import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { readStackConfig } from "../../components/stackConfig.ts";
import { subscribedEvents } from "../../functions/gate/gating/index.ts";

interface Declared {
  type: string;
  description: string;
  default: unknown;
}

const project = parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, Declared> };

const required = {
  cheqpointConnectionKey: "ck",
  pagerdutyToken: "pt",
  pagerdutyFrom: "gate@example.com",
};

/** As the engine hands configuration over: the project's defaults, then what is set. */
function read(values: Readonly<Record<string, string>>, encrypted?: readonly string[]) {
  const defaults = Object.entries(project.config).map(([key, declared]) => [
    key,
    typeof declared.default === "string" ? declared.default : JSON.stringify(declared.default),
  ]);
  const all = { ...(Object.fromEntries(defaults) as Record<string, string>), ...values };
  const full = (keys: readonly string[]) => keys.map((key) => `gate-project:${key}`);
  const secretKeys = full(
    encrypted ?? ["cheqpointConnectionKey", "pagerdutyToken", "cheqpointCallbackSecret"],
  );
  process.env["PULUMI_CONFIG_SECRET_KEYS"] = JSON.stringify(secretKeys);
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(all).map(([key, value]) => [`gate-project:${key}`, value])),
    secretKeys,
  );
  return readStackConfig(new pulumi.Config("gate-project"));
}

function refusedLines(values: Readonly<Record<string, string>>, encrypted?: readonly string[]) {
  try {
    read(values, encrypted);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error));
    const [title, ...lines] = error.message.split("\n  - ");
    assert.equal(title, "The stack's configuration is incomplete or wrong:");
    return lines;
  }
  return assert.fail("nothing was refused");
}

describe("the stack's configuration", () => {
  after(() => {
    delete process.env["PULUMI_CONFIG_SECRET_KEYS"];
  });

  it("is declared key by key, with type, description and default", () => {
    for (const [key, { type, description, default: fallback }] of Object.entries(project.config)) {
      assert.ok(["string", "boolean", "integer", "array", "object"].includes(type), key);
      assert.ok(description.length > 10, key);
      assert.notEqual(fallback, undefined, key);
    }
  });

  it("needs three values only and has a safe default for the rest", async () => {
    const { cheqpointConnectionKey, pagerdutyToken, tags, ...rest } = read(required);
    assert.equal(await pulumi.isSecret(pulumi.output(cheqpointConnectionKey)), true);
    assert.equal(await pulumi.isSecret(pulumi.output(pagerdutyToken)), true);
    assert.notEqual(tags, undefined);
    assert.deepEqual(rest, {
      pagerdutyFrom: "gate@example.com",
      cheqpointApiUrl: "https://app.cheqpoint.co",
      pagerdutyApiUrl: "https://api.pagerduty.com",
      gating: { services: {}, defaults: {} },
      webhook: { enabled: true, teams: {}, services: {}, keepers: { serial: "1" } },
      proposers: {},
      operators: {},
      retention: { logDays: 30, secretRecoveryDays: 7, deletionProtection: true },
      alarms: {},
      functions: { logLevel: "INFO", workerConcurrency: 5, reserveWorkerConcurrency: true },
    });
  });

  it("is passed on under the component's names", () => {
    const args = read({
      ...required,
      services: '{"db":{"rules":[]}}',
      proposers: '["agent","other"]',
      proposerLimits: '{"agent":{"perHour":1200}}',
      operators: '["sre"]',
      tokenSerial: "2",
      webhookServices: '["PSVC001"]',
      webhookTeams: '["PTEAM01"]',
      webhookEvents: '["incident.annotated","custom:incident.new_type"]',
      webhookSecretSerial: "3",
      alarmTopicArn: "arn:aws:sns:x",
      alarmServiceId: "PSVC009",
      pagerdutyEventsUrl: "https://events.example.com",
      domainName: "gate.example.com",
      certificateArn: "arn:aws:acm:x",
      hostedZoneId: "Z08931231Q3PHS",
      kmsKeyArn: "arn:aws:kms:x:1:key/1",
      perimeterPrincipals: '["arn:aws:iam::1:role/deploy"]',
      cheqpointCallbackSecret: "told",
    });
    assert.deepEqual(args.gating, { services: { db: { rules: [] } }, defaults: {} });
    assert.deepEqual(args.proposers, {
      agent: { keepers: { serial: "2" }, limits: { perHour: 1_200 } },
      other: { keepers: { serial: "2" } },
    });
    assert.deepEqual(args.operators, { sre: { keepers: { serial: "2" } } });
    assert.deepEqual(args.webhook, {
      enabled: true,
      teams: { PTEAM01: "PTEAM01" },
      services: { PSVC001: "PSVC001" },
      events: [...subscribedEvents, "incident.annotated", "custom:incident.new_type"],
      keepers: { serial: "3" },
    });
    assert.deepEqual(args.alarms, {
      topicArn: "arn:aws:sns:x",
      pagerdutyServiceId: "PSVC009",
      pagerdutyEventsUrl: "https://events.example.com",
    });
    assert.deepEqual(args.network, {
      domain: {
        name: "gate.example.com",
        certificateArn: "arn:aws:acm:x",
        hostedZoneId: "Z08931231Q3PHS",
      },
    });
    assert.equal(args.kmsKeyArn, "arn:aws:kms:x:1:key/1");
    assert.deepEqual(args.perimeter, { principals: ["arn:aws:iam::1:role/deploy"] });
    assert.deepEqual(Object.keys(args.callbackSigning ?? {}), ["secret"]);
  });

  it("names every key that is missing or wrong, and the command that sets it", () => {
    assert.deepEqual(refusedLines({}), [
      "`cheqpointConnectionKey` is not set; pulumi config set --secret cheqpointConnectionKey <value>",
      "`pagerdutyToken` is not set; pulumi config set --secret pagerdutyToken <value>",
      "`pagerdutyFrom` is not set; pulumi config set pagerdutyFrom gate@example.com",
    ]);
    assert.deepEqual(
      refusedLines({
        ...required,
        proposers: "agent",
        services: "[]",
        logDays: "thirty",
        logLevel: "LOUD",
        deletionProtection: "yes",
      }),
      [
        "`services` must be a mapping; edit it in Pulumi.<stack>.yaml",
        "`proposers` must be a list of texts such as [\"remediation-agent\"]; pulumi config set --path 'proposers[0]' remediation-agent",
        "`deletionProtection` must be true or false; pulumi config set deletionProtection <value>",
        "`logDays` must be a whole number; pulumi config set logDays <value>",
        "`logLevel` must be DEBUG, INFO, WARN or ERROR; pulumi config set logLevel <value>",
      ],
    );
  });

  it("refuses values that no component takes, under the key's own name", () => {
    const cases: [Record<string, string>, string][] = [
      [
        { pagerdutyFrom: "gate" },
        '`pagerdutyFrom` must be the e-mail address of a PagerDuty user, got "gate"; pulumi config set pagerdutyFrom gate@example.com',
      ],
      [
        { proposers: '["My Agent"]' },
        '`proposers.0` must be small letters, digits, ".", "_" and "-", got "My Agent"; pulumi config set --path \'proposers[0]\' remediation-agent',
      ],
      [
        { proposers: '["remediation-agent", "event"]' },
        '`proposers.1` must not have the names "event" and "pagerduty", under which the gate proposes for events, got "event"; pulumi config set --path \'proposers[1]\' remediation-agent',
      ],
      [
        { operators: '["pagerduty"]' },
        '`operators.0` must not have the names "event" and "pagerduty", under which the gate proposes for events, got "pagerduty"; pulumi config set --path \'operators[0]\' sre',
      ],
      [
        { proposers: '["agent"]', proposerLimits: '{"agent":{"perMinute":0}}' },
        "`proposerLimits.agent.perMinute` must be from 1 to 1000, got 0; pulumi config set --path proposerLimits.<name>.perMinute 120",
      ],
      [
        { proposers: '["agent"]', proposerLimits: '{"agnt":{"perMinute":10}}' },
        "`proposerLimits.agnt` is for nobody: `proposers` does not name agnt; pulumi config rm --path proposerLimits.agnt",
      ],
      [
        { pagerdutyApiUrl: "http://api.pagerduty.com" },
        '`pagerdutyApiUrl` must be an https:// address, got "http://api.pagerduty.com"; pulumi config set pagerdutyApiUrl <value>',
      ],
      [
        { cheqpointApiUrl: "http://user:hunter2@h" },
        "`cheqpointApiUrl` must not hold a user name or password; pulumi config set cheqpointApiUrl <value>",
      ],
      [
        { webhookTeams: '["the sre"]' },
        '`webhookTeams.0` must be a PagerDuty id such as "PIJ90N7", got "the sre"; pulumi config set --path \'webhookTeams[0]\' PTEAM01',
      ],
      [
        { webhookServices: '["db"]' },
        '`webhookServices.0` must be a PagerDuty id such as "PIJ90N7", got "db"; pulumi config set --path \'webhookServices[0]\' PSVC001',
      ],
      [
        { webhookEvents: '["incident.anotated"]' },
        '`webhookEvents.0` must be an event type that a rule may wait for, such as "incident.annotated", with "custom:" before a new one, got "incident.anotated"; pulumi config set --path \'webhookEvents[0]\' incident.annotated',
      ],
      [
        { alarmTopicArn: "topic" },
        '`alarmTopicArn` must be the ARN of an SNS topic, got "topic"; pulumi config set alarmTopicArn <value>',
      ],
      [
        { alarmServiceId: "payments db" },
        '`alarmServiceId` must be a PagerDuty id such as "PIJ90N7", got "payments db"; pulumi config set alarmServiceId <value>',
      ],
      [
        { alarmServiceId: "PSVC009", pagerdutyEventsUrl: "http://events.pagerduty.com" },
        '`pagerdutyEventsUrl` must be an https:// address, got "http://events.pagerduty.com"; pulumi config set pagerdutyEventsUrl <value>',
      ],
      [
        { pagerdutyEventsUrl: "https://events.eu.pagerduty.com" },
        "`pagerdutyEventsUrl` needs `alarmServiceId`; pulumi config set alarmServiceId <value>",
      ],
      [
        { domainName: "gate", certificateArn: "arn:aws:acm:x" },
        '`domainName` must be a domain name such as "gate.example.com", got "gate"; pulumi config set domainName <value>',
      ],
      [
        { domainName: "gate.example.com", certificateArn: "x" },
        '`certificateArn` must be the ARN of an ACM certificate, got "x"; pulumi config set certificateArn <value>',
      ],
      [
        {
          domainName: "gate.example.com",
          certificateArn: "arn:aws:acm:x",
          hostedZoneId: "example.com",
        },
        '`hostedZoneId` must be the id of a Route 53 zone such as "Z08931231Q3PHS", got "example.com"; pulumi config set hostedZoneId <value>',
      ],
      [
        { domainName: "gate.example.com" },
        "`domainName` needs `certificateArn`; pulumi config set certificateArn <value>",
      ],
      [
        { certificateArn: "arn:aws:acm:x" },
        "`certificateArn` needs `domainName`; pulumi config set domainName <value>",
      ],
      [
        { hostedZoneId: "Z08931231Q3PHS" },
        "`hostedZoneId` needs `domainName`; pulumi config set domainName <value>",
      ],
      [
        { kmsKeyArn: "alias/gate" },
        '`kmsKeyArn` must be the ARN of a KMS key, got "alias/gate"; pulumi config set kmsKeyArn <value>',
      ],
      [
        { secretRecoveryDays: "6" },
        "`secretRecoveryDays` must be 0 or 7 to 30, got 6; pulumi config set secretRecoveryDays <value>",
      ],
      [
        { logDays: "2" },
        "`logDays` must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 2; pulumi config set logDays <value>",
      ],
      [
        { workerConcurrency: "500" },
        "`workerConcurrency` must be from 2 to 100, got 500; pulumi config set workerConcurrency <value>",
      ],
      [
        { alarmServiceID: "PSVC009" },
        "`alarmServiceID` is no key of this project (did you mean `alarmServiceId`?); pulumi config rm alarmServiceID",
      ],
      [{ unheardOf: "x" }, "`unheardOf` is no key of this project; pulumi config rm unheardOf"],
    ];
    for (const [values, line] of cases) {
      assert.deepEqual(refusedLines({ ...required, ...values }), [line]);
    }
  });

  it("refuses secrets that lie in clear text, without showing them", () => {
    assert.deepEqual(refusedLines(required, ["pagerdutyToken"]), [
      "`cheqpointConnectionKey` is stored in clear text; make a new one and set it with: pulumi config set --secret cheqpointConnectionKey <value>",
    ]);
  });
});
