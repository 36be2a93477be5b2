// Alarms are not evaluated here; their metric names are compared with those that the functions write.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ALARMS } from "../../components/alarms.ts";
import { dashboardBody } from "../../components/dashboard.ts";
import { Monitoring } from "../../components/monitoring.ts";
import type { MonitoringArgs } from "../../components/monitoring.ts";
import { ALARM_METRICS } from "../../functions/gate/ledger/alarms.ts";
import type { MetricName } from "../../functions/gate/ports/index.ts";
import { record, refused, valueOf } from "./mocks.ts";

const ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm";

const args: MonitoringArgs = {
  gateName: "project-stack-gate",
  apiId: "api1",
  queueName: "queue",
  deadLetterQueueName: "dead",
  functions: { middleware: "mw", callback: "cb", worker: "wk" },
};

const make = (more: Partial<MonitoringArgs> = {}) =>
  record((opts) => new Monitoring("m", { ...args, ...more }, opts));

/** Every metric that functions know; the compiler keeps the list whole. */
const METRICS = Object.keys({
  WebhookAccepted: true,
  WebhookDuplicate: true,
  WebhookUnknownEvent: true,
  WebhookUnintelligible: true,
  SignatureRefused: true,
  ProposalCreated: true,
  ProposalJoined: true,
  ProposalBraked: true,
  ProposalRefused: true,
  OrchestrationRefused: true,
  CallbackAccepted: true,
  CallbackRefused: true,
  Decided: true,
  WouldHaveDenied: true,
  WouldHaveAsked: true,
  WouldHaveAllowed: true,
  WouldHaveProposed: true,
  Executed: true,
  Suppressed: true,
  Failed: true,
  Uncertain: true,
  BypassDetected: true,
  RanTwice: true,
  FieldChanged: true,
  NeverRan: true,
  TaskNotPossible: true,
  PageNotPossible: true,
  EventNotHandled: true,
  KillSwitchHeld: true,
  OpenPastSla: true,
  SubscriptionDisabled: true,
  ServiceMissing: true,
  SweepCompleted: true,
  SweepFailed: true,
  RemoteFailure: true,
} satisfies Record<MetricName, true>);

/** The functions' sources, by file name. */
function sourceFiles(): [string, string][] {
  const folder = join(import.meta.dirname, "../../functions");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file, readFileSync(join(folder, file), "utf8")]);
}

describe("Monitoring", () => {
  it("names its dashboard as CloudWatch can", async () => {
    const { find } = await make({ gateName: "acme.ops-my_stack.1-gate-0a1b2c3d" });
    const { inputs } = find("aws:cloudwatch/dashboard:Dashboard", "m");
    assert.equal(inputs["dashboardName"], "acme-ops-my_stack-1-gate-0a1b2c3d");
    const long = await make({ gateName: `${"x".repeat(255)}-0a1b2c3d` });
    assert.equal(
      long.find("aws:cloudwatch/dashboard:Dashboard", "m").inputs["dashboardName"],
      `${"x".repeat(246)}-0a1b2c3d`,
    );
  });

  it("looks only at metrics that the functions write, and shows each of them", () => {
    const sources = sourceFiles()
      .filter(([file]) => file !== join("gate", "ports", "telemetry.ts"))
      .map(([, text]) => text)
      .join("\n");
    for (const metric of METRICS) {
      assert.ok(sources.includes(`"${metric}"`), `nothing writes ${metric}`);
    }
    for (const { key, source, metric } of ALARMS) {
      assert.ok(source !== "gate" || METRICS.includes(metric), `alarm ${key}: ${metric}`);
    }
    const { widgets } = dashboardBody({
      gateName: "gate",
      region: "eu-central-1",
      apiId: "api1",
      queueName: "queue",
      deadLetterQueueName: "dead",
      functions: args.functions as { middleware: string; callback: string; worker: string },
    });
    const shown = widgets
      .flatMap(({ properties }) => (properties["metrics"] ?? []) as string[][])
      .filter(([namespace]) => namespace === "PagerDutyApprovalGate")
      .map(([, metric]) => metric ?? "");
    assert.deepEqual([...new Set(shown)].sort(), [...METRICS].sort());
  });

  it("pages for every kind of alarm that the gate raises, the first time", () => {
    for (const [kind, metric] of Object.entries(ALARM_METRICS)) {
      const watching = ALARMS.filter((alarm) => alarm.source === "gate" && alarm.metric === metric);
      assert.deepEqual(
        watching.map(({ threshold, periods }) => ({ threshold, periods })),
        [{ threshold: 0, periods: 1 }],
        kind,
      );
    }
    const metrics = Object.values(ALARM_METRICS);
    assert.equal(new Set(metrics).size, metrics.length, "each kind has a metric of its own");
  });

  it("raises no alarm without counting it", () => {
    const raising = sourceFiles().filter(([, text]) => text.includes("ledger.raise("));
    assert.deepEqual(
      raising.map(([file]) => file),
      [join("gate", "ledger", "alarms.ts")],
    );
  });

  it("watches everything that somebody must hear of", async () => {
    const { ofType } = await make();
    assert.deepEqual(
      ofType(ALARM).map(({ name, inputs }) => [
        name,
        inputs["namespace"],
        inputs["metricName"],
        inputs["dimensions"],
        `${String(inputs["statistic"])} ${String(inputs["comparisonOperator"])} ${String(inputs["threshold"])} for ${String(inputs["evaluationPeriods"])} x ${String(inputs["period"])}`,
        inputs["treatMissingData"],
      ]),
      [
        ...[
          ["bypass", "BypassDetected"],
          ["ran-twice", "RanTwice"],
          ["field-changed", "FieldChanged"],
          ["uncertain", "Uncertain"],
          ["never-ran", "NeverRan"],
          ["task-not-possible", "TaskNotPossible"],
          ["page-not-possible", "PageNotPossible"],
          ["event-not-handled", "EventNotHandled", 900],
          ["past-sla", "OpenPastSla"],
          ["kill-switch", "KillSwitchHeld"],
          ["subscription-disabled", "SubscriptionDisabled"],
          ["service-missing", "ServiceMissing"],
          ["unintelligible", "WebhookUnintelligible"],
          ["orchestration-refused", "OrchestrationRefused"],
        ].map(([key, metric, period = 300]) => [
          `m-${key}`,
          "PagerDutyApprovalGate",
          metric,
          { service: "project-stack-gate" },
          `Sum GreaterThanThreshold 0 for 1 x ${period}`,
          "notBreaching",
        ]),
        [
          "m-signatures",
          "PagerDutyApprovalGate",
          "SignatureRefused",
          { service: "project-stack-gate" },
          "Sum GreaterThanThreshold 10 for 1 x 300",
          "notBreaching",
        ],
        [
          "m-dead-letters",
          "AWS/SQS",
          "ApproximateNumberOfMessagesVisible",
          { QueueName: "dead" },
          "Maximum GreaterThanThreshold 0 for 1 x 300",
          "notBreaching",
        ],
        [
          "m-queue-age",
          "AWS/SQS",
          "ApproximateAgeOfOldestMessage",
          { QueueName: "queue" },
          "Maximum GreaterThanThreshold 300 for 5 x 60",
          "notBreaching",
        ],
        [
          "m-api-errors",
          "AWS/ApiGateway",
          "5xx",
          { ApiId: "api1" },
          "Sum GreaterThanThreshold 0 for 1 x 300",
          "notBreaching",
        ],
        ...[
          ["middleware", "mw"],
          ["callback", "cb"],
          ["worker", "wk"],
        ].map(([which, name]) => [
          `m-${which}-errors`,
          "AWS/Lambda",
          "Errors",
          { FunctionName: name },
          "Sum GreaterThanThreshold 0 for 1 x 300",
          "notBreaching",
        ]),
        [
          "m-sweep-failed",
          "PagerDutyApprovalGate",
          "SweepFailed",
          { service: "project-stack-gate" },
          "Sum GreaterThanThreshold 0 for 3 x 300",
          "notBreaching",
        ],
        [
          "m-sweep-silent",
          "PagerDutyApprovalGate",
          "SweepCompleted",
          { service: "project-stack-gate" },
          "Sum LessThanThreshold 1 for 1 x 300",
          "breaching",
        ],
      ],
    );
    for (const { inputs, name } of ofType(ALARM)) {
      assert.match(String(inputs["alarmDescription"]), /^[A-Z].{20,}[.?]$/, name);
      assert.deepEqual(inputs["alarmActions"], [], name);
    }
  });

  it("tells a topic and pages a PagerDuty service when asked", async () => {
    const { find, ofType } = await make({
      alarms: { topicArn: "arn:aws:sns:::ops", pagerdutyServiceId: "PSVC009" },
    });
    const integration = find("pagerduty:index/serviceIntegration:ServiceIntegration", "m");
    assert.deepEqual(integration.inputs, {
      service: "PSVC009",
      name: "Approval gate alarms",
      vendor: "PVENDOR",
    });
    assert.deepEqual(integration.options.additionalSecretOutputs, ["integrationKey"]);
    const subscription = find("aws:sns/topicSubscription:TopicSubscription", "m");
    assert.deepEqual(subscription.inputs, {
      topic: "arn:aws:sns:::m",
      protocol: "https",
      endpoint: "https://events.pagerduty.com/integration/key-of-m/enqueue",
      endpointAutoConfirms: true,
    });
    assert.deepEqual(subscription.secrets, ["endpoint"]);
    for (const { inputs } of ofType(ALARM)) {
      assert.deepEqual(inputs["alarmActions"], ["arn:aws:sns:::ops", "arn:aws:sns:::m"]);
      assert.deepEqual(inputs["okActions"], ["arn:aws:sns:::ops", "arn:aws:sns:::m"]);
    }
  });

  it("subscribes an address under its own protocol", async () => {
    for (const [pagerdutyEventsUrl, protocol, root] of [
      ["https://events.eu.pagerduty.com/", "https", "https://events.eu.pagerduty.com"],
      ["http://127.0.0.1:8100", "http", "http://127.0.0.1:8100"],
    ] as const) {
      const { find } = await make({
        alarms: { pagerdutyServiceId: "PSVC009", pagerdutyEventsUrl },
      });
      const { inputs } = find("aws:sns/topicSubscription:TopicSubscription", "m");
      assert.equal(inputs["protocol"], protocol);
      assert.equal(inputs["endpoint"], `${root}/integration/key-of-m/enqueue`);
    }
  });

  it("makes no topic unless asked", async () => {
    const { ofType } = await make();
    assert.deepEqual(ofType("aws:sns/topic:Topic"), []);
  });

  it("draws a dashboard from known names and tells where it is", async () => {
    const { find, value } = await make();
    const { dashboardName, dashboardBody } = find("aws:cloudwatch/dashboard:Dashboard", "m").inputs;
    assert.equal(dashboardName, "project-stack-gate");
    const { widgets } = JSON.parse(String(dashboardBody)) as {
      widgets: { type: string; properties: { title?: string; metrics?: string[][] } }[];
    };
    assert.deepEqual(
      widgets.map(({ properties }) => properties.title),
      [
        undefined,
        "Against the rules",
        "Unclear or held",
        "Failing",
        "Messages waiting",
        "Age of the oldest message, seconds",
        "Slowest call, milliseconds",
        "Webhooks",
        "Proposals and decisions",
        "Outcomes",
        "Whole sweeps, five in five minutes",
      ],
    );
    assert.deepEqual(widgets[1]?.properties.metrics?.[0], [
      "PagerDutyApprovalGate",
      "BypassDetected",
      "service",
      "project-stack-gate",
    ]);
    assert.equal(
      await valueOf(value.dashboardUrl),
      "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#dashboards:name=project-stack-gate",
    );
  });

  it("refuses what cannot work", async () => {
    const bad = (alarms: object) => () => new Monitoring("m", { ...args, alarms });
    await refused(
      bad({ topicArn: "ops" }),
      '`alarms.topicArn` must be the ARN of an SNS topic, got "ops"',
    );
    await refused(
      bad({ pagerdutyServiceId: "payments db" }),
      '`alarms.pagerdutyServiceId` must be a PagerDuty id such as "PIJ90N7", got "payments db"',
    );
    await refused(
      bad({ pagerdutyEventsUrl: "https://events.eu.pagerduty.com" }),
      "`alarms.pagerdutyEventsUrl` needs `alarms.pagerdutyServiceId`",
    );
    await refused(
      bad({ pagerdutyServiceId: "PSVC009", pagerdutyEventsUrl: "http://events.example.com" }),
      '`alarms.pagerdutyEventsUrl` must be an https:// address, got "http://events.example.com"',
    );
    await refused(
      bad({ topic: "x" }),
      "`alarms.topic` is no argument; there are topicArn, pagerdutyServiceId, pagerdutyEventsUrl",
    );
  });
});
