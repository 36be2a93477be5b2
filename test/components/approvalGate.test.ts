// Policies are compared whole, since no emulator enforces them. Names are part of the package's interface: a changed
// one replaces resources of everybody who upgrades.
import assert from "node:assert/strict";
import * as aws from "@pulumi/aws";
import { Provider as PagerDutyProvider } from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ApprovalGate, defineGating } from "../../components/index.ts";
import type { ApprovalGateArgs, WebhookSettings } from "../../components/index.ts";
import { checkedGating } from "../../components/inlineGating.ts";
import { belongsTo, integer } from "../../components/inputs.ts";
import { ungatedAlarms } from "../../components/ungatedAlarms.ts";
import { neededEvents, subscribedEvents } from "../../functions/gate/gating/index.ts";
import { record, refused, untyped, valueOf, type Registered } from "./mocks.ts";

const FUNCTION = "aws:lambda/function:Function";
const POLICY = "aws:iam/rolePolicy:RolePolicy";
const INVOCATION = "aws:lambda/invocation:Invocation";
const INTEGRATION = "pagerduty:index/serviceIntegration:ServiceIntegration";
const VERSION = "aws:secretsmanager/secretVersion:SecretVersion";

const required = {
  cheqpointConnectionKey: "ck",
  pagerdutyToken: pulumi.secret("pt"),
  pagerdutyFrom: "gate@example.com",
};
const gating = defineGating({
  services: {
    "payments-db": {
      runbooks: { failover: { automationAction: "01FAILOVER" } },
      rules: [{ name: "ask", decision: "requireApproval" }],
    },
  },
  defaults: { proposals: "deny" },
});

const make = (more: Partial<ApprovalGateArgs> = {}, options: { preview?: boolean } = {}) =>
  record((opts) => new ApprovalGate("gate", { ...required, ...more }, opts), options);

type Found = Awaited<ReturnType<typeof make>>;

const short = (type: string) => type.split(":").at(-1) ?? "";
const statementsOf = ({ find }: Found, name: string): Record<string, unknown>[] =>
  (
    JSON.parse(String(find(POLICY, name).inputs["policy"])) as {
      Statement: Record<string, unknown>[];
    }
  ).Statement;
const environmentOf = ({ find }: Found, name: string): unknown =>
  (find(FUNCTION, name).inputs["environment"] as { variables: unknown }).variables;

const LEDGER = "arn:aws:dynamodb:::table/gate-ledger";
const useLedger = (Action: string[]) => ({
  Sid: "UseLedger",
  Effect: "Allow",
  Action,
  Resource: [LEDGER],
});
const LIST_LEDGER = {
  Sid: "ListLedger",
  Effect: "Allow",
  Action: ["dynamodb:Query"],
  Resource: [`${LEDGER}/index/*`],
};
/** What the function is told to want. */
const wanted = ({ inputs }: Registered): Record<string, unknown> =>
  z.object({ wanted: z.record(z.string(), z.unknown()) }).parse(JSON.parse(String(inputs["input"])))
    .wanted;
const onPartitions = (...patterns: string[]) => ({
  Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns } },
});
const writeLedger = (...patterns: string[]) => ({
  Sid: "WriteLedger",
  Effect: "Allow",
  Action: ["dynamodb:PutItem"],
  Resource: [LEDGER],
  ...onPartitions(...patterns),
});
const READ_GATING = {
  Sid: "ReadGating",
  Effect: "Allow",
  Action: ["dynamodb:GetItem"],
  Resource: ["arn:aws:dynamodb:::table/gate-ledger-gating"],
};
const STORE_SIGNING_SECRETS = {
  Sid: "StoreSigningSecrets",
  Effect: "Allow",
  Action: ["secretsmanager:PutSecretValue"],
  Resource: ["arn:aws:secretsmanager:::gate-secret-webhook"],
};
const SEND_WORK = {
  Sid: "SendWork",
  Effect: "Allow",
  Action: ["sqs:SendMessage"],
  Resource: ["arn:aws:sqs:::gate-queue"],
};
const writeLog = (name: string) => ({
  Sid: "WriteOwnLog",
  Effect: "Allow",
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: [`arn:aws:logs:::${name}:*`],
});
const readSecrets = (...names: string[]) => ({
  Sid: "ReadSecrets",
  Effect: "Allow",
  Action: ["secretsmanager:GetSecretValue"],
  Resource: names.map((name) => `arn:aws:secretsmanager:::${name}`),
});

describe("ApprovalGate", () => {
  /** Every child of a gate with one service: type, name, and the component that it belongs to. */
  const CHILDREN = [
    "ApprovalGate gate",
    "RandomId gate-name",
    "Table gate-ledger",
    "Table gate-ledger-gating",
    "Queue gate-queue-dead-letters",
    "Queue gate-queue",
    "Secret gate-secret-pagerduty-token",
    "SecretVersion gate-secret-pagerduty-token",
    "Secret gate-secret-cheqpoint-key",
    "SecretVersion gate-secret-cheqpoint-key",
    "Secret gate-secret-proposers",
    "SecretVersion gate-secret-proposers",
    "Secret gate-secret-webhook",
    "LogGroup gate-middleware",
    "Role gate-middleware",
    "RolePolicy gate-middleware",
    "Function gate-middleware",
    "LogGroup gate-callback",
    "Role gate-callback",
    "RolePolicy gate-callback",
    "Function gate-callback",
    "Api gate-api",
    "Integration gate-api-middleware",
    "Permission gate-api-middleware",
    "Route gate-api-middleware-webhook",
    "Route gate-api-middleware-slashes",
    "Route gate-api-middleware-propose",
    "Route gate-api-middleware-list",
    "Route gate-api-middleware-show",
    "Route gate-api-middleware-events",
    "Route gate-api-middleware-withdraw",
    "Route gate-api-middleware-health",
    "Integration gate-api-callback",
    "Permission gate-api-callback",
    "Route gate-api-callback-decision",
    "LogGroup gate-api-access",
    "Stage gate-api",
    "LogGroup gate-worker",
    "Role gate-worker",
    "RolePolicy gate-worker",
    "Function gate-worker",
    "EventSourceMapping gate-worker",
    "FunctionEventInvokeConfig gate-worker",
    "Role gate-worker-sweep",
    "RolePolicy gate-worker-sweep",
    "Schedule gate-worker-sweep",
    "LogGroup gate-subscription",
    "Role gate-subscription",
    "RolePolicy gate-subscription",
    "Function gate-subscription",
    "Invocation gate-subscription",
    "pagerduty gate-pagerduty",
    "TableItem gate-defaults",
    "ServiceGating gate-payments-db",
    "TableItem gate-payments-db < gate-payments-db",
    "TableItem gate-payments-db-name < gate-payments-db",
    "MetricAlarm gate-monitoring-bypass",
    "MetricAlarm gate-monitoring-runs",
    "MetricAlarm gate-monitoring-nobody-told",
    "MetricAlarm gate-monitoring-deaf",
    "MetricAlarm gate-monitoring-stuck",
    "MetricAlarm gate-monitoring-kill-switch",
    "MetricAlarm gate-monitoring-refused",
    "MetricAlarm gate-monitoring-signatures",
    "MetricAlarm gate-monitoring-errors",
    "MetricAlarm gate-monitoring-sweep-failed",
    "MetricAlarm gate-monitoring-sweep-silent",
    "Dashboard gate-monitoring",
    "RandomId gate-deletion-protection",
  ];

  for (const preview of [false, true]) {
    it(`has exactly these children in ${preview ? "a preview" : "an update"}`, async () => {
      const { resources } = await make({ gating }, { preview });
      const described = resources.map(({ type, name, parents }) => {
        const owners = parents.slice(1).map((parent) => parent.split(" ").at(-1) ?? "");
        return [`${short(type)} ${name}`, ...owners].join(" < ");
      });
      assert.deepEqual(described, CHILDREN);
      for (const { parents } of resources.slice(1)) {
        assert.equal(parents[0], "ApprovalGate gate");
      }
    });
  }

  it("gives each function only what it needs", async () => {
    const found = await make({ operators: { sre: {} }, callbackSigning: {} });
    assert.deepEqual(statementsOf(found, "gate-middleware"), [
      writeLog("gate-middleware"),
      useLedger(["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"]),
      LIST_LEDGER,
      writeLedger(
        "IN#*",
        "ADMITTED#*",
        "DEDUPE#*",
        "IDEMPOTENCY#*",
        "DELIVERY#*",
        "EVENTID#*",
        "HINT#*",
        "ALARM#unintelligible/*",
        "TRAIL#alarm/unintelligible/*",
        "ALARM#proposalRefused/*",
        "TRAIL#alarm/proposalRefused/*",
      ),
      READ_GATING,
      SEND_WORK,
      readSecrets("gate-secret-webhook", "gate-secret-proposers", "gate-secret-operators"),
    ]);
    assert.deepEqual(statementsOf(found, "gate-callback"), [
      writeLog("gate-callback"),
      { ...useLedger(["dynamodb:GetItem"]), ...onPartitions("LINK#token/*") },
      writeLedger("HINT#*"),
      SEND_WORK,
      readSecrets("gate-secret-callback"),
    ]);
    assert.deepEqual(statementsOf(found, "gate-worker"), [
      writeLog("gate-worker"),
      useLedger([
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
      ]),
      LIST_LEDGER,
      {
        ...READ_GATING,
        Action: ["dynamodb:GetItem", "dynamodb:ConditionCheckItem", "dynamodb:Scan"],
      },
      {
        Sid: "LearnNames",
        Effect: "Allow",
        Action: ["dynamodb:PutItem"],
        Resource: ["arn:aws:dynamodb:::table/gate-ledger-gating"],
        ...onPartitions("called#*", "current#*"),
      },
      SEND_WORK,
      {
        Sid: "TakeWork",
        Effect: "Allow",
        Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        Resource: ["arn:aws:sqs:::gate-queue"],
      },
      readSecrets(
        "gate-secret-pagerduty-token",
        "gate-secret-cheqpoint-key",
        "gate-secret-webhook",
      ),
      STORE_SIGNING_SECRETS,
    ]);
    // It knows nothing of proposals.
    assert.deepEqual(statementsOf(found, "gate-subscription"), [
      writeLog("gate-subscription"),
      readSecrets("gate-secret-pagerduty-token", "gate-secret-webhook"),
      STORE_SIGNING_SECRETS,
    ]);
    const alone = await make({ webhook: { enabled: false } });
    assert.deepEqual(
      statementsOf(alone, "gate-worker").at(-1),
      readSecrets("gate-secret-pagerduty-token", "gate-secret-cheqpoint-key"),
    );
    assert.deepEqual(statementsOf(found, "gate-worker-sweep"), [
      {
        Sid: "StartWorker",
        Effect: "Allow",
        Action: ["lambda:InvokeFunction"],
        Resource: ["arn:aws:lambda:::gate-worker"],
      },
    ]);
  });

  it("tells functions where secrets are, never what they are", async () => {
    const found = await make({
      proposers: { agent: { limits: { perMinute: 120 } }, other: {} },
    });
    const shared = {
      POWERTOOLS_SERVICE_NAME: "project-stack-gate-hex-of-gate-name",
      POWERTOOLS_METRICS_NAMESPACE: "PagerDutyApprovalGate",
      LEDGER_TABLE: "gate-ledger",
      QUEUE_URL: "https://sqs/gate-queue",
      LOG_LEVEL: "INFO",
      NODE_OPTIONS: "--enable-source-maps",
    };
    assert.deepEqual(environmentOf(found, "gate-middleware"), {
      ...shared,
      GATING_TABLE: "gate-ledger-gating",
      WEBHOOK_SECRET_ARN: "arn:aws:secretsmanager:::gate-secret-webhook",
      PROPOSERS_SECRET_ARN: "arn:aws:secretsmanager:::gate-secret-proposers",
      PROPOSER_LIMITS: '{"agent":{"perMinute":120,"perHour":600}}',
    });
    assert.deepEqual(environmentOf(found, "gate-callback"), shared);
    const pagerDuty = {
      PAGERDUTY_TOKEN_ARN: "arn:aws:secretsmanager:::gate-secret-pagerduty-token",
      PAGERDUTY_API_URL: "https://api.pagerduty.com",
      PAGERDUTY_TOKEN_TYPE: "token",
      PAGERDUTY_FROM: "gate@example.com",
      WEBHOOK_SECRET_ARN: "arn:aws:secretsmanager:::gate-secret-webhook",
    };
    const { LEDGER_TABLE: _table, QUEUE_URL: _queue, ...told } = shared;
    assert.deepEqual(environmentOf(found, "gate-subscription"), { ...told, ...pagerDuty });
    assert.deepEqual(environmentOf(found, "gate-worker"), {
      ...shared,
      ...pagerDuty,
      GATING_TABLE: "gate-ledger-gating",
      CHEQPOINT_KEY_ARN: "arn:aws:secretsmanager:::gate-secret-cheqpoint-key",
      CHEQPOINT_API_URL: "https://app.cheqpoint.co",
      GATE_PUBLIC_URL: "https://gate-api.example.com",
      PAGERDUTY_PER_MINUTE: "180",
    });
    const { find } = found;
    assert.equal(find(FUNCTION, "gate-middleware").inputs["timeout"], 29);
    assert.equal(find(FUNCTION, "gate-callback").inputs["timeout"], 10);
    assert.equal(find(FUNCTION, "gate-worker").inputs["timeout"], 120);
    assert.equal(find(FUNCTION, "gate-worker").inputs["reservedConcurrentExecutions"], 6);
    assert.equal(
      find(FUNCTION, "gate-middleware").inputs["reservedConcurrentExecutions"],
      undefined,
    );
  });

  it("starts the worker by messages, one failure not failing others, and once a minute", async () => {
    const { find } = await make();
    assert.deepEqual(
      find("aws:lambda/eventSourceMapping:EventSourceMapping", "gate-worker").inputs,
      {
        functionName: "gate-worker",
        eventSourceArn: "arn:aws:sqs:::gate-queue",
        batchSize: 10,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: 5 },
        tags: {},
      },
    );
    assert.deepEqual(
      find("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "gate-worker").inputs,
      { functionName: "gate-worker", maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    );
    assert.deepEqual(find("aws:scheduler/schedule:Schedule", "gate-worker-sweep").inputs, {
      description: "Has the gate's worker look for what is due",
      scheduleExpression: "rate(1 minute)",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: "arn:aws:lambda:::gate-worker",
        roleArn: "arn:aws:iam:::role/gate-worker-sweep",
        input: '{"sweep":true}',
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    });
  });

  it("tells its own function what it wants to hear, once whatever receives it is there", async () => {
    const { find, value } = await make({ webhook: { keepers: { serial: "2" } } });
    const invocation = find(INVOCATION, "gate-subscription");
    assert.equal(invocation.inputs["functionName"], "gate-subscription");
    assert.equal(invocation.inputs["lifecycleScope"], "CRUD");
    assert.deepEqual(wanted(invocation), {
      url: "https://gate-api.example.com/pagerduty/webhook",
      description: "Approval gate project-stack-gate-hex-of-gate-name",
      events: [...subscribedEvents].sort(),
      scopes: [{ key: "account", type: "account_reference", id: null }],
      serial: '[["serial","2"]]',
    });
    assert.deepEqual(await valueOf(value.subscriptionIds), { account: "PSUB001" });
    const waitsFor = [invocation.options.dependsOn].flat().map((resource) => {
      const { __pulumiType, __name } = resource as { __pulumiType?: string; __name?: string };
      return `${short(__pulumiType ?? "")} ${__name}`;
    });
    assert.deepEqual(waitsFor, [
      "Function gate-middleware",
      "Stage gate-api",
      "SecretVersion gate-secret-pagerduty-token",
      "SecretVersion gate-secret-cheqpoint-key",
      "SecretVersion gate-secret-proposers",
      "Secret gate-secret-webhook",
    ]);
  });

  it("subscribes to teams and services instead of the account, or to nothing", async () => {
    const some = await make({
      webhook: { teams: { sre: "PTEAM01" }, services: { db: "PSVC001", web: "PSVC002" } },
    });
    assert.deepEqual(wanted(some.find(INVOCATION, "gate-subscription"))["scopes"], [
      { key: "team-sre", type: "team_reference", id: "PTEAM01" },
      { key: "service-db", type: "service_reference", id: "PSVC001" },
      { key: "service-web", type: "service_reference", id: "PSVC002" },
    ]);
    const none = await make({ webhook: { enabled: false } });
    assert.deepEqual(
      none.resources.filter(({ name }) => name.startsWith("gate-subscription")),
      [],
    );
    assert.deepEqual(
      none.ofType(VERSION).map(({ name }) => name),
      ["gate-secret-pagerduty-token", "gate-secret-cheqpoint-key", "gate-secret-proposers"],
    );
  });

  it("tells everything that people and other stacks need, and keeps secrets secret", async () => {
    const { value } = await make({ proposers: { agent: {} } });
    assert.equal(await valueOf(value.webhookUrl), "https://gate-api.example.com/pagerduty/webhook");
    assert.equal(await valueOf(value.proposalsUrl), "https://gate-api.example.com/proposals");
    assert.equal(
      await valueOf(value.callbackUrl),
      "https://gate-api.example.com/cheqpoint/callback",
    );
    assert.equal(await valueOf(value.ledgerTableName), "gate-ledger");
    assert.equal(await valueOf(value.queueUrl), "https://sqs/gate-queue");
    assert.deepEqual(await valueOf(value.functionNames), {
      middleware: "gate-middleware",
      callback: "gate-callback",
      worker: "gate-worker",
    });
    assert.deepEqual(await valueOf(value.gate), {
      name: "project-stack-gate-hex-of-gate-name",
      region: "eu-central-1",
      gatingTableName: "gate-ledger-gating",
      gatingTableArn: "arn:aws:dynamodb:::table/gate-ledger-gating",
      proposalsUrl: "https://gate-api.example.com/proposals",
      subscribedEvents,
      gatingForm: 2,
      webhookUrl: "https://gate-api.example.com/pagerduty/webhook",
      ledgerTableName: "gate-ledger",
      queueUrl: "https://sqs/gate-queue",
      deadLetterQueueUrl: "https://sqs/gate-queue-dead-letters",
    });
    assert.equal(await pulumi.isSecret(value.gate), false);
    assert.equal(await pulumi.isSecret(value.proposerTokens), true);
    assert.equal(value.callbackSecret, undefined);
    assert.equal(value.domainTarget, undefined);
  });

  it("passes settings on to every child that has them", async () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:1:key/1";
    const found = await make({
      kmsKeyArn,
      tags: { team: "sre" },
      retention: { logDays: 90, secretRecoveryDays: 0, deletionProtection: false },
      functions: {
        memoryMb: 1024,
        logLevel: "DEBUG",
        workerConcurrency: 9,
        reserveWorkerConcurrency: false,
        maxAttempts: 3,
        tracing: true,
      },
      transform: {
        ledger: { ledger: { streamEnabled: true } },
        queue: { queue: { delaySeconds: 1 } },
        worker: { function: { memorySize: 2048 } },
        api: { api: { description: "mine" } },
      },
    });
    const { resources, find, ofType } = found;
    assert.match(
      JSON.stringify(environmentOf(found, "gate-middleware")),
      /"WAITS_IN_HALF_MINUTE":"1"/,
    );
    const untagged = resources
      .filter(({ type }) => type.startsWith("aws:"))
      .filter(({ inputs }) => JSON.stringify(inputs["tags"]) !== '{"team":"sre"}')
      .map(({ type }) => short(type));
    // Types that have no tags.
    assert.deepEqual([...new Set(untagged)].sort(), [
      "Dashboard",
      "FunctionEventInvokeConfig",
      "Integration",
      "Invocation",
      "Permission",
      "RolePolicy",
      "Route",
      "Schedule",
      "SecretVersion",
      "TableItem",
    ]);
    for (const { inputs } of ofType("aws:cloudwatch/logGroup:LogGroup")) {
      assert.equal(inputs["retentionInDays"], 90);
      assert.equal(inputs["kmsKeyId"], kmsKeyArn);
    }
    for (const { inputs } of ofType("aws:secretsmanager/secret:Secret")) {
      assert.equal(inputs["recoveryWindowInDays"], 0);
      assert.equal(inputs["kmsKeyId"], kmsKeyArn);
    }
    for (const { inputs, options } of ofType("aws:dynamodb/table:Table")) {
      assert.equal(inputs["deletionProtectionEnabled"], false);
      assert.equal(options.protect, false);
      assert.deepEqual(inputs["serverSideEncryption"], { enabled: true, kmsKeyArn });
    }
    for (const { inputs } of ofType("aws:sqs/queue:Queue")) {
      assert.equal(inputs["kmsMasterKeyId"], kmsKeyArn);
    }
    for (const name of ["gate-middleware", "gate-callback", "gate-worker"]) {
      assert.ok(statementsOf(found, name).some(({ Sid }) => Sid === "UseKey"));
      assert.deepEqual(find(FUNCTION, name).inputs["tracingConfig"], { mode: "Active" });
    }
    assert.equal(find(FUNCTION, "gate-callback").inputs["memorySize"], 1024);
    assert.equal(find(FUNCTION, "gate-worker").inputs["memorySize"], 2048);
    assert.equal(find(FUNCTION, "gate-worker").inputs["reservedConcurrentExecutions"], undefined);
    assert.deepEqual(
      find("aws:lambda/eventSourceMapping:EventSourceMapping", "gate-worker").inputs[
        "scalingConfig"
      ],
      { maximumConcurrency: 9 },
    );
    assert.equal(find("aws:dynamodb/table:Table", "gate-ledger").inputs["streamEnabled"], true);
    assert.equal(find("aws:sqs/queue:Queue", "gate-queue").inputs["delaySeconds"], 1);
    assert.equal(find("aws:apigatewayv2/api:Api", "gate-api").inputs["description"], "mine");
  });

  it("stores what applies to services that are not named", async () => {
    const { find } = await make({ gating });
    assert.deepEqual(
      JSON.parse(String(find("aws:dynamodb/tableItem:TableItem", "gate-defaults").inputs["item"])),
      { pk: { S: "defaults" }, gating: { S: '{"proposals":"deny"}' } },
    );
  });

  it("writes its gating only once the functions are there that read it", async () => {
    const { find } = await make({ gating });
    for (const item of ["gate-defaults", "gate-payments-db", "gate-payments-db-name"]) {
      const { dependsOn } = find("aws:dynamodb/tableItem:TableItem", item).options;
      assert.deepEqual(
        (dependsOn as unknown as { __name: string }[]).map(({ __name }) => __name),
        ["gate-middleware", "gate-worker"],
        item,
      );
    }
  });

  it("tags everything in AWS that takes tags", async () => {
    const untaggable = [
      ...["ApiMapping", "Dashboard", "FunctionEventInvokeConfig", "Integration", "Invocation"],
      ...["Permission", "Record", "RolePolicy", "Route", "Schedule", "SecretVersion", "TableItem"],
      "TopicSubscription",
    ];
    const { resources } = await make({
      gating,
      tags: { team: "sre" },
      operators: { sre: {} },
      callbackSigning: {},
      alarms: { pagerdutyServiceId: "PSVC009" },
      network: {
        domain: {
          name: "gate.example.com",
          certificateArn: "arn:aws:acm:::certificate/1",
          hostedZoneId: "Z08931231Q3PHS",
        },
      },
    });
    const found = resources.filter(({ type }) => type.startsWith("aws:"));
    const bare = found.filter(({ inputs }) => inputs["tags"] === undefined);
    assert.deepEqual([...new Set(bare.map(({ type }) => short(type)))].sort(), untaggable);
    for (const { inputs, name } of found.filter((resource) => !bare.includes(resource))) {
      assert.deepEqual(inputs["tags"], { team: "sre" }, name);
    }
  });

  it("is found in a stack of before, under the component that each part belonged to", async () => {
    const { resources, value } = await make({
      gating,
      operators: { sre: {} },
      callbackSigning: {},
    });
    const urn = await valueOf(value.urn);
    const before = new Map(
      await Promise.all(
        resources.map(async ({ type, name, options }) => {
          const [alias, ...others] = (options.aliases ?? []) as { parent: pulumi.Output<string> }[];
          assert.deepEqual(others, []);
          const parent = alias === undefined ? null : await valueOf(alias.parent);
          return [
            `${short(type)} ${name}`,
            parent?.replace(`${String(urn).split("::").slice(0, -1).join("::")}$`, "") ?? null,
          ] as const;
        }),
      ),
    );
    const token = (group: string) => `pagerduty-approval-gate:index:${group}`;
    for (const [resource, parent] of [
      ["Table gate-ledger", `${token("ApprovalLedger")}::gate-ledger`],
      ["Table gate-ledger-gating", `${token("ApprovalLedger")}::gate-ledger`],
      ["Queue gate-queue-dead-letters", `${token("WorkQueue")}::gate-queue`],
      ["Secret gate-secret-webhook", `${token("GateSecrets")}::gate-secret`],
      ["RandomPassword gate-secret-operator-sre", `${token("GateSecrets")}::gate-secret`],
      ["Function gate-worker", `${token("GateFunction")}::gate-worker`],
      ["Api gate-api", `${token("GateApi")}::gate-api`],
      ["Dashboard gate-monitoring", `${token("Monitoring")}::gate-monitoring`],
      ["RandomId gate-name", null],
      ["Schedule gate-worker-sweep", null],
    ] as const) {
      assert.equal(before.get(resource), parent, resource);
    }
  });

  it("has one resource that goes before anything else, and that is protected as its tables are", async () => {
    for (const deletionProtection of [true, false]) {
      const { resources, find } = await make({
        gating,
        operators: { sre: {} },
        alarms: { pagerdutyServiceId: "PSVC009" },
        retention: { deletionProtection },
      });
      const { options } = find("random:index/randomId:RandomId", "gate-deletion-protection");
      assert.equal(options.protect, deletionProtection);
      const waited = (
        options.dependsOn as unknown as { __pulumiType: string; __name: string }[]
      ).map(({ __pulumiType, __name }) => `${__pulumiType} ${__name}`);
      const others = resources
        .filter(({ type }) => !type.startsWith("pagerduty-approval-gate:"))
        .map(({ type, name }) => `${type} ${name}`)
        .filter((resource) => !resource.endsWith(" gate-deletion-protection"));
      assert.deepEqual(waited.sort(), others.sort());
    }
  });

  describe("reaches PagerDuty while it is deployed", () => {
    const PROVIDER = "pulumi:providers:pagerduty";
    const withConfig = async <T>(config: Record<string, string>, work: () => Promise<T>) => {
      pulumi.runtime.setAllConfig(config);
      try {
        return await work();
      } finally {
        pulumi.runtime.setAllConfig({});
      }
    };

    it("by a provider of its own, with its token and address", async () => {
      const { find, resources } = await make({
        gating,
        alarms: { pagerdutyServiceId: "PSVC009" },
        pagerdutyApiUrl: "https://api.eu.pagerduty.com",
      });
      const { inputs, secrets, options } = find(PROVIDER, "gate-pagerduty");
      assert.deepEqual(inputs, {
        token: "pt",
        apiUrlOverride: "https://api.eu.pagerduty.com",
        skipCredentialsValidation: "false",
      });
      assert.deepEqual(secrets, ["token"]);
      assert.notEqual(options.parent, undefined);
      const { provider } = find(INTEGRATION, "gate-monitoring").options;
      assert.equal((provider as unknown as { __name: string }).__name, "gate-pagerduty");
      // Where nothing is asked, there is nothing to ask with.
      const quiet = await make();
      assert.deepEqual(quiet.ofType(PROVIDER), []);
      assert.ok(resources.length > quiet.resources.length);
    });

    it("by the one that is handed over, or configured", async () => {
      const handed = await record((opts) => {
        const pagerduty = new PagerDutyProvider("mine", { token: "t" }, opts);
        return new ApprovalGate(
          "gate",
          { ...required, gating },
          { ...opts, providers: { pagerduty } },
        );
      });
      assert.deepEqual(
        handed.ofType(PROVIDER).map(({ name }) => name),
        ["mine"],
      );
      const configured = await withConfig({ "pagerduty:token": "t" }, () => make({ gating }));
      assert.deepEqual(configured.ofType(PROVIDER), []);
    });

    it("or says in a sentence what lacks", async () => {
      const { PAGERDUTY_TOKEN: token } = process.env;
      delete process.env["PAGERDUTY_TOKEN"];
      try {
        await refused(
          (opts) =>
            new ApprovalGate("gate", { ...required, gating, pagerdutyTokenType: "bearer" }, opts),
          "`gate` needs a PagerDuty API key to look services up while it is deployed: set `pagerduty:token`, or hand a `pagerduty.Provider` to it",
        );
      } finally {
        process.env["PAGERDUTY_TOKEN"] = token;
      }
    });
  });

  it("can live twice in one stack", async () => {
    const { resources } = await record((opts) => [
      new ApprovalGate("a", { ...required, gating }, opts),
      new ApprovalGate("b", { ...required, gating }, opts),
    ]);
    const names = resources.map(({ type, name }) => `${type} ${name}`);
    assert.equal(new Set(names).size, names.length);
    // What AWS would not make unique by itself.
    const dashboards = resources.filter(({ type }) => short(type) === "Dashboard");
    assert.deepEqual(
      dashboards.map(({ inputs }) => inputs["dashboardName"]),
      ["project-stack-a-hex-of-a-name", "project-stack-b-hex-of-b-name"],
    );
    for (const { type, inputs } of resources.filter(({ type }) => type.startsWith("aws:"))) {
      assert.ok(inputs["name"] === undefined || inputs["name"] === "$default", type);
    }
  });

  it("refuses what cannot work, under the name that its user wrote", async () => {
    const domain = { name: "gate.example.com", certificateArn: "arn:aws:acm:x" };
    const cases: [object, string][] = [
      [{ cheqpointConnectionKey: undefined }, "`cheqpointConnectionKey` must be given"],
      [{ pagerdutyToken: undefined }, "`pagerdutyToken` must be given"],
      [{ pagerdutyFrom: undefined }, "`pagerdutyFrom` must be given"],
      [
        { pagerdutyTokenType: "oauth" },
        '`pagerdutyTokenType` must be one of token, bearer, got "oauth"',
      ],
      [{ pagerdutyToken: "" }, "`pagerdutyToken` must not be empty"],
      [
        { pagerdutyFrom: "gate" },
        '`pagerdutyFrom` must be the e-mail address of a PagerDuty user, got "gate"',
      ],
      [
        { cheqpointApiUrl: "app.cheqpoint.co" },
        '`cheqpointApiUrl` must be an https:// address, got "app.cheqpoint.co"',
      ],
      [
        { pagerdutyApiUrl: "http://user:hunter2@h" },
        "`pagerdutyApiUrl` must not hold a user name or password",
      ],
      [
        { cheqpointApiUrl: "user:hunter2@h" },
        "`cheqpointApiUrl` must not hold a user name or password",
      ],
      [
        { pagerdutyApiUrl: "http://api.pagerduty.com" },
        '`pagerdutyApiUrl` must be an https:// address, got "http://api.pagerduty.com"',
      ],
      [
        { functions: { memoryMb: 1 } },
        "`functions.memoryMb` must be a whole number from 128 to 10240, got 1",
      ],
      [
        { functions: { logLevel: "LOUD" } },
        '`functions.logLevel` must be one of DEBUG, INFO, WARN, ERROR, got "LOUD"',
      ],
      [
        { functions: { workerConcurrency: 1 } },
        "`functions.workerConcurrency` must be a whole number from 2 to 100, got 1",
      ],
      [
        { functions: { maxAttempts: 1.5 } },
        "`functions.maxAttempts` must be a whole number from 1 to 100, got 1.5",
      ],
      [
        { functions: { concurrency: 1 } },
        "`functions.concurrency` is no argument; there are memoryMb, logLevel, workerConcurrency, reserveWorkerConcurrency, maxAttempts, tracing",
      ],
      [
        { retention: { secretRecoveryDays: 6 } },
        "`retention.secretRecoveryDays` must be 0 or 7 to 30, got 6",
      ],
      [
        { retention: { logDays: 2 } },
        "`retention.logDays` must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 2",
      ],
      [
        { retention: { days: 2 } },
        "`retention.days` is no argument; there are logDays, secretRecoveryDays, deletionProtection",
      ],
      [
        { network: { throttle: { rate: 0, burst: 1 } } },
        "`network.throttle.rate` must be a whole number from 1 to 10000, got 0",
      ],
      [
        { network: { webhookThrottle: { rate: 1, burst: 0 } } },
        "`network.webhookThrottle.burst` must be a whole number from 1 to 5000, got 0",
      ],
      [
        { network: { domain: { name: "gate", certificateArn: "arn:aws:acm:x" } } },
        '`network.domain.name` must be a domain name such as "gate.example.com", got "gate"',
      ],
      [
        { network: { vpc: { subnetIds: [], securityGroupIds: ["sg"] } } },
        "`network.vpc.subnetIds` must name at least one, got []",
      ],
      [
        { network: { vpcId: "vpc" } },
        "`network.vpcId` is no argument; there are domain, webhookThrottle, throttle, vpc",
      ],
      [
        { webhook: { events: ["incident.trigered"] } },
        '`webhook.events` must hold event types that PagerDuty has, got "incident.trigered"; write "custom:" before one that is new',
      ],
      [
        { webhook: { events: ["Incident triggered"] } },
        '`webhook.events` must hold event types such as "incident.triggered", got "Incident triggered"',
      ],
      [
        { webhook: { events: ["incident.triggered", "incident.resolved"] } },
        "`webhook.events` must also hold incident.action_invocation.created, incident.action_invocation.terminated, incident.action_invocation.updated, incident.reopened, incident.service_updated, incident.workflow.completed, incident.workflow.started: without them the gate does not see what runs or is over",
      ],
      [
        { webhook: { services: { db: "payments db" } } },
        '`webhook.services.db` must be a PagerDuty id such as "PIJ90N7", got "payments db"',
      ],
      [
        { webhook: { teams: { "a b": "PTEAM01" } } },
        '`webhook.teams` must have names of letters, digits, ".", "_" and "-", got "a b"',
      ],
      [
        { webhook: { scope: "account" } },
        "`webhook.scope` is no argument; there are enabled, teams, services, events, keepers",
      ],
      [{ kmsKeyArn: "alias/gate" }, '`kmsKeyArn` must be the ARN of a KMS key, got "alias/gate"'],
      [
        { transform: { table: {} } },
        "`transform.table` is no argument; there are ledger, queue, middleware, callback, worker, api",
      ],
      [
        { alarms: { pagerdutyServiceId: "payments db" } },
        '`alarms.pagerdutyServiceId` must be a PagerDuty id such as "PIJ90N7", got "payments db"',
      ],
      [{ alarms: { topicArn: "x" } }, '`alarms.topicArn` must be the ARN of an SNS topic, got "x"'],
      [
        { transform: { ledger: { tables: {} } } },
        "`transform.ledger.tables` is no argument; there are ledger, gating",
      ],
      [
        { transform: { queue: { dlq: {} } } },
        "`transform.queue.dlq` is no argument; there are queue, deadLetters",
      ],
      [
        { transform: { worker: { lambda: {} } } },
        "`transform.worker.lambda` is no argument; there are function, role, logGroup",
      ],
      [
        { transform: { api: { routes: {} } } },
        "`transform.api.routes` is no argument; there are api, stage, logGroup",
      ],
      [
        { transform: { ledger: { ledger: "x" } } },
        '`transform.ledger.ledger` must be a mapping, got "x"',
      ],
      [{ webhook: { enabled: "false" } }, '`webhook.enabled` must be true or false, got "false"'],
      [
        { webhook: { enabled: pulumi.output(true) } },
        "`webhook.enabled` must be true or false, got an Output",
      ],
      [
        { functions: { reserveWorkerConcurrency: "false" } },
        '`functions.reserveWorkerConcurrency` must be true or false, got "false"',
      ],
      [
        { retention: { deletionProtection: "no" } },
        '`retention.deletionProtection` must be true or false, got "no"',
      ],
      [{ functions: { tracing: "yes" } }, '`functions.tracing` must be true or false, got "yes"'],
      [
        { network: { domain: { ...domain, hostedZoneId: "example.com" } } },
        '`network.domain.hostedZoneId` must be the id of a Route 53 zone such as "Z08931231Q3PHS", got "example.com"',
      ],
      [
        { network: { domain: { ...domain, truststoreUri: "https://x" } } },
        '`network.domain.truststoreUri` must be an S3 address such as "s3://bucket/truststore.pem", got "https://x"',
      ],
      [
        { network: { vpc: { subnetIds: ["subnet"] } } },
        "`network.vpc.securityGroupIds` must be a list of texts, got undefined",
      ],
      [{ tags: ["a"] }, "`tags` must be a mapping of texts, got a list"],
      [{ tags: { team: 1 } }, "`tags.team` must be a text, got a number"],
      [{ webhook: { keepers: "x" } }, "`webhook.keepers` must be a mapping of texts, got a string"],
      [
        { proposers: { agent: { keepers: "x" } } },
        "`proposers.agent.keepers` must be a mapping of texts, got a string",
      ],
      [
        { callbackSigning: { keepers: "x" } },
        "`callbackSigning.keepers` must be a mapping of texts, got a string",
      ],
      [{ webhook: { teams: ["PTEAM01"] } }, '`webhook.teams` must be a mapping, got ["PTEAM01"]'],
      [
        { webhook: { events: "incident.triggered" } },
        '`webhook.events` must name at least one event type, got "incident.triggered"',
      ],
      [{ functions: null }, "`functions` must be a mapping, got null"],
      [{ network: pulumi.output({}) }, "`network` must be a mapping, got an Output"],
      [{ proposers: ["agent"] }, '`proposers` must be a mapping, got ["agent"]'],
      [{ proposers: { agent: null } }, "`proposers.agent` must be a mapping, got null"],
      [
        { proposers: { agent: { limits: { perDay: 1 } } } },
        "`proposers.agent.limits.perDay` is no argument; there are perMinute, perHour",
      ],
      [
        { proposers: { agent: { limits: { perMinute: 0 } } } },
        "`proposers.agent.limits.perMinute` must be a whole number from 1 to 1000, got 0",
      ],
      [
        { operators: { agent: { limits: {} } } },
        "`operators.agent.limits` is no argument; there are keepers",
      ],
      [{ callbackSigning: null }, "`callbackSigning` must be a mapping, got null"],
      [{ alarms: "x" }, '`alarms` must be a mapping, got "x"'],
      [
        { alarms: { topic: "x" } },
        "`alarms.topic` is no argument; there are topicArn, pagerdutyServiceId, pagerdutyEventsUrl",
      ],
      [
        { operators: { sre: { keeper: {} } } },
        "`operators.sre.keeper` is no argument; there are keepers",
      ],
      [
        { network: { domain: { host: "x" } } },
        "`network.domain.host` is no argument; there are name, certificateArn, hostedZoneId, truststoreUri",
      ],
      [
        { network: { throttle: { limit: 1 } } },
        "`network.throttle.limit` is no argument; there are rate, burst",
      ],
      [
        { network: { vpc: { subnets: [] } } },
        "`network.vpc.subnets` is no argument; there are subnetIds, securityGroupIds",
      ],
      [
        { callbackSigning: { key: "x" } },
        "`callbackSigning.key` is no argument; there are secret, keepers",
      ],
      [
        { transform: { worker: { role: "x" } } },
        '`transform.worker.role` must be a mapping, got "x"',
      ],
      [
        { region: "x" },
        "`region` is no argument; there are cheqpointConnectionKey, pagerdutyToken, pagerdutyTokenType, pagerdutyFrom, cheqpointApiUrl, pagerdutyApiUrl, gating, webhook, proposers, operators, callbackSigning, network, retention, alarms, functions, perimeter, kmsKeyArn, tags, transform",
      ],
    ];
    for (const [more, message] of cases) {
      const all = { ...required, ...more } as ApprovalGateArgs;
      await refused((opts) => new ApprovalGate("gate", all, opts), message);
    }
  });

  it("subscribes to other events than by default, but never to fewer than it needs", async () => {
    const events = [...neededEvents, "incident.annotated"].sort();
    const { find } = await make({ webhook: { events: pulumi.output(events) } });
    assert.deepEqual(wanted(find(INVOCATION, "gate-subscription"))["events"], events);
  });

  it("pages a service about itself, but none that it gates", async () => {
    for (const preview of [false, true]) {
      const { find } = await make(
        { gating, alarms: { pagerdutyServiceId: "PSVC009" } },
        { preview },
      );
      const { inputs } = find(INTEGRATION, "gate-monitoring");
      assert.equal(inputs["service"], "PSVC009");
    }
    await refused((opts) => {
      const services = { PSVC777: gating.services?.["payments-db"] ?? {} };
      const alarms = { pagerdutyServiceId: "PSVC777" };
      return new ApprovalGate("gate", { ...required, gating: { services }, alarms }, opts);
    }, '`alarms.pagerdutyServiceId` must be a service that is not gated, got "PSVC777", which is PSVC777');
    const gated = { db: pulumi.output("PSVC001"), web: pulumi.output("PSVC002") };
    for (const pagerdutyServiceId of ["PSVC002", pulumi.output("PSVC002")]) {
      const routing = ungatedAlarms({ pagerdutyServiceId }, gated);
      await assert.rejects(valueOf(pulumi.output(routing.pagerdutyServiceId)), {
        message:
          '`alarms.pagerdutyServiceId` must be a service that is not gated, got "PSVC002", which is web',
      });
    }
  });

  it("subscribes to an event type that is newer than the package, when it is marked as one", async () => {
    const events = [...neededEvents, "custom:incident.new_type"];
    const { find } = await make({ webhook: { events } });
    assert.deepEqual(
      wanted(find(INVOCATION, "gate-subscription"))["events"],
      [...neededEvents, "incident.new_type"].sort(),
    );
  });

  describe("with a rule for events that it does not subscribe to", () => {
    const waiting = (...event: string[]) => ({
      runbooks: { failover: { automationAction: "01FAILOVER" } },
      rules: [{ name: "notes", match: { event }, propose: "failover", decision: "allow" }],
    });
    const hint =
      "; `webhook.events` of the gate sets them (`webhookEvents` in the configuration of its stack)";
    const byDefault =
      "incident.acknowledged, incident.custom_field_values.updated, incident.delegated, incident.escalated, incident.priority_updated, incident.reassigned, incident.reopened, incident.resolved, incident.service_updated, incident.triggered, incident.unacknowledged";
    const program =
      (services: object, webhook: WebhookSettings = {}) =>
      (opts: pulumi.ComponentResourceOptions) =>
        new ApprovalGate("gate", { ...required, gating: untyped({ services }), webhook }, opts);

    it("is refused at once, and names every such event", async () => {
      await refused(
        program({ db: waiting("incident.triggered", "incident.annotated") }),
        `services.db.rules[0] (notes): \`match.event\` must be an event that the gate subscribes to: ${byDefault}, got "incident.annotated"${hint}`,
      );
      const services = { db: waiting("incident.triggered"), web: waiting("custom:incident.new") };
      const events = neededEvents.toReversed();
      await refused(
        program(services, { events }),
        `2 problems in the gating:\n- services.db.rules[0] (notes): \`match.event\` must be an event that the gate subscribes to: incident.reopened, incident.resolved, incident.service_updated, got "incident.triggered"${hint}\n- services.web.rules[0] (notes): \`match.event\` must be an event that the gate subscribes to: incident.reopened, incident.resolved, incident.service_updated, got "incident.new"${hint}`,
      );
    });

    it("is accepted once it subscribes to them, and where it does not subscribe by itself", async () => {
      const services = { db: waiting("incident.annotated", "custom:incident.new") };
      const events = [...neededEvents, "incident.annotated", "custom:incident.new"];
      await record(program(services, { events }));
      await record(program(services, { enabled: false }));
      await record(program(services, { enabled: false, events: [...neededEvents] }));
    });

    it("tells other stacks what it subscribes to, as soon as that is known", async () => {
      const told = async (webhook: WebhookSettings, preview = false) =>
        valueOf((await make({ webhook }, { preview })).value.gate.subscribedEvents);
      for (const preview of [false, true]) {
        assert.deepEqual(await told({}, preview), subscribedEvents);
        const events = pulumi.output(["incident.triggered", ...neededEvents]);
        assert.deepEqual(
          await told({ events }, preview),
          ["incident.triggered", ...neededEvents].sort(),
        );
        assert.equal(await told({ enabled: false }, preview), undefined);
      }
    });
  });

  it("refuses a gating with everything that is wrong with it", async () => {
    const wrong = { services: { db: { rules: [{ name: "r", decision: "maybe" }] } } };
    await assert.rejects(
      record(() => new ApprovalGate("gate", { ...required, gating: untyped(wrong) })),
      /services\.db/,
    );
  });

  it("names the component to which a refused argument belongs", async () => {
    const wrong = "`functions.memoryMb` must be a whole number from 128 to 10240, got 1";
    await refused(
      (opts) => {
        new ApprovalGate("first", required, opts);
        new ApprovalGate("second", { ...required, functions: { memoryMb: 1 } }, opts);
      },
      wrong,
      "second",
    );
    let memory: pulumi.Output<number> | undefined;
    let gate: ApprovalGate | undefined;
    await record((opts) => {
      gate = new ApprovalGate("gate", required, opts);
      using _ = belongsTo(gate);
      // Known only when the programs of both have run.
      memory = integer("functions.memoryMb", pulumi.output(1), 128, 10240);
      new ApprovalGate("another", required, opts);
    });
    assert.ok(memory !== undefined);
    await assert.rejects(valueOf(memory), (error) => {
      assert.ok(pulumi.ResourceError.isInstance(error));
      assert.equal(error.message, wrong);
      assert.equal(error.resource, gate);
      return true;
    });
  });

  it("pages through the Events API of its PagerDuty's region, unless told another", async () => {
    const endpoint = async (more: Partial<ApprovalGateArgs>, pagerdutyEventsUrl?: string) => {
      const alarms = {
        pagerdutyServiceId: "PSVC009",
        ...(pagerdutyEventsUrl === undefined ? {} : { pagerdutyEventsUrl }),
      };
      const { find } = await make({ ...more, alarms });
      return find("aws:sns/topicSubscription:TopicSubscription", "gate-monitoring").inputs[
        "endpoint"
      ];
    };
    const eu = pulumi.output("https://api.eu.pagerduty.com");
    const path = "/integration/key-of-gate-monitoring/enqueue";
    assert.equal(await endpoint({}), `https://events.pagerduty.com${path}`);
    assert.equal(await endpoint({ pagerdutyApiUrl: eu }), `https://events.eu.pagerduty.com${path}`);
    assert.equal(
      await endpoint({ pagerdutyApiUrl: "https://pagerduty.example.com" }),
      `https://events.pagerduty.com${path}`,
    );
    assert.equal(
      await endpoint({ pagerdutyApiUrl: eu }, "https://events.example.com"),
      `https://events.example.com${path}`,
    );
  });

  describe("takes Outputs in its gating", () => {
    const db = (automationAction: unknown) => ({
      runbooks: { failover: { automationAction } },
      rules: [{ name: "ask", decision: "requireApproval" }],
    });
    const item = ({ find }: Found, name: string): unknown =>
      JSON.parse(String(find("aws:dynamodb/tableItem:TableItem", name).inputs["item"]));
    const makeGating = (services: object, defaults: unknown = {}, preview = false) =>
      make({ gating: untyped({ services, defaults }) }, { preview });

    it("and stores what they hold", async () => {
      const services = { plain: db("01PLAIN"), db: db(pulumi.output("01FAILOVER")) };
      const defaults = pulumi.output({ proposals: "deny" });
      const found = await makeGating(services, defaults);
      assert.deepEqual(item(found, "gate-db"), {
        pk: { S: "service#PSVC001" },
        serviceId: { S: "PSVC001" },
        serviceName: { S: "db" },
        gating: {
          S: JSON.stringify({
            order: "ask",
            rules: { ask: { decision: "requireApproval" } },
            runbooks: { failover: { automationAction: "01FAILOVER" } },
          }),
        },
      });
      assert.deepEqual(item(found, "gate-defaults"), {
        pk: { S: "defaults" },
        gating: { S: '{"proposals":"deny"}' },
      });
    });

    it("and previews all resources while they are unknown", async () => {
      const names = ({ resources }: Found) => resources.map(({ type, name }) => `${type} ${name}`);
      const known = await makeGating({ db: db("01FAILOVER") });
      const unknown = await record(
        (opts) => {
          const action = new aws.sns.Topic("made", {}, opts);
          const services = { db: db(action.arn) };
          const defaults = action.arn.apply(() => ({}));
          const gating = untyped({ services, defaults });
          return new ApprovalGate("gate", { ...required, gating }, opts);
        },
        { preview: true },
      );
      assert.deepEqual(names(unknown).slice(1), names(known));
      for (const name of ["gate-db", "gate-defaults"]) {
        const { inputs } = unknown.find("aws:dynamodb/tableItem:TableItem", name);
        assert.deepEqual(inputs["item"], { __pulumiUnknown: true });
      }
    });

    it("and refuses at once what is wrong beside them", async () => {
      const wrong = { ...db("01FAILOVER"), otherwise: "maybe" };
      const gating = { services: { db: db(pulumi.output("01FAILOVER")), wrong } };
      await refused(
        (opts) => new ApprovalGate("gate", { ...required, gating: untyped(gating) }, opts),
        'services.wrong: `otherwise` must be allow, deny or requireApproval, got "maybe"',
      );
    });

    it("and refuses what is wrong in them when it is known", async () => {
      await assert.rejects(
        valueOf(checkedGating({ defaults: pulumi.output({ proposals: "maybe" }) }).defaults),
        { message: 'defaults: `proposals` must be requireApproval or deny, got "maybe"' },
      );
    });

    it("but not where they decide which services there are", async () => {
      const rule =
        "since it says which services there are; what is under each service, and `gating.defaults`, may be an Output";
      for (const [gating, field] of [
        [pulumi.output({ services: {} }), "gating"],
        [{ services: pulumi.output({}) }, "gating.services"],
        [{ services: Promise.resolve({}) }, "gating.services"],
      ] as const) {
        await refused(
          (opts) => new ApprovalGate("gate", { ...required, gating: untyped(gating) }, opts),
          `\`${field}\` must be a plain mapping, ${rule}`,
        );
      }
    });
  });
});
