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
    for (const { key, metrics } of ALARMS) {
      for (const { source, metric } of metrics) {
        assert.ok(source !== "gate" || METRICS.includes(metric), `alarm ${key}: ${metric}`);
      }
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
      const watching = ALARMS.flatMap(({ metrics, periods }) =>
        metrics
          .filter((watched) => watched.source === "gate" && watched.metric === metric)
          .map(({ above }) => ({ above, periods })),
      );
      assert.deepEqual(watching, [{ above: 0, periods: 1 }], kind);
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

  /** What an alarm looks at, as one line each. */
  const GATE = "PagerDutyApprovalGate service=project-stack-gate";
  const WATCHED = {
    bypass: [`${GATE} BypassDetected Sum 300 > 0`],
    runs: [
      `${GATE} RanTwice Sum 300 > 0`,
      `${GATE} FieldChanged Sum 300 > 0`,
      `${GATE} Uncertain Sum 300 > 0`,
      `${GATE} NeverRan Sum 300 > 0`,
    ],
    "nobody-told": [`${GATE} TaskNotPossible Sum 300 > 0`, `${GATE} PageNotPossible Sum 300 > 0`],
    deaf: [
      `${GATE} SubscriptionDisabled Sum 900 > 0`,
      `${GATE} ServiceMissing Sum 900 > 0`,
      `${GATE} EventNotHandled Sum 900 > 0`,
    ],
    stuck: [
      `${GATE} OpenPastSla Sum 300 > 0`,
      "AWS/SQS QueueName=dead ApproximateNumberOfMessagesVisible Maximum 300 > 0",
      "AWS/SQS QueueName=queue ApproximateAgeOfOldestMessage Minimum 300 > 300",
    ],
    "kill-switch": [`${GATE} KillSwitchHeld Sum 300 > 0`],
    refused: [
      `${GATE} WebhookUnintelligible Sum 300 > 0`,
      `${GATE} OrchestrationRefused Sum 300 > 0`,
    ],
    signatures: [`${GATE} SignatureRefused Sum 300 > 10`],
    errors: [
      "AWS/ApiGateway ApiId=api1 5xx Sum 300 > 0",
      "AWS/Lambda FunctionName=mw Errors Sum 300 > 0",
      "AWS/Lambda FunctionName=cb Errors Sum 300 > 0",
      "AWS/Lambda FunctionName=wk Errors Sum 300 > 0",
    ],
    "sweep-failed": [`${GATE} SweepFailed Sum 300 > 0`],
    "sweep-silent": [`${GATE} SweepCompleted Sum 300 < 1`],
  };

  it("watches everything that somebody must hear of", async () => {
    const { ofType } = await make();
    const found = ofType(ALARM).map(({ name, inputs }) => [name.slice(2), watchedBy(inputs)]);
    assert.deepEqual(Object.fromEntries(found), WATCHED);
    assert.deepEqual(
      ofType(ALARM)
        .filter(({ inputs }) => inputs["evaluationPeriods"] !== 1)
        .map(({ name, inputs }) => [name, inputs["evaluationPeriods"]]),
      [["m-sweep-failed", 3]],
    );
    for (const { inputs, name } of ofType(ALARM)) {
      const isAbsence = name === "m-sweep-silent";
      assert.equal(inputs["treatMissingData"], isAbsence ? "breaching" : "notBreaching", name);
      const text = String(inputs["alarmDescription"]);
      assert.match(text, /^[A-Z][^]{20,}[.?]$/, name);
      assert.ok(text.length <= 1024, name);
      assert.deepEqual(inputs["alarmActions"], [], name);
    }
  });

  it("tells by a digit which of an alarm's kinds it was", async () => {
    const { find } = await make();
    const { inputs } = find(ALARM, "m-deaf");
    const queries = inputs["metricQueries"] as {
      id: string;
      expression?: string;
      returnData?: boolean;
    }[];
    assert.deepEqual(
      queries.flatMap(({ id, expression }) => (expression === undefined ? [] : [[id, expression]])),
      [
        ["kinds", "SUM([k0, k1, k2])"],
        ["k0", "IF(m0 > 0, 1, 0)"],
        ["k1", "IF(m1 > 0, 10, 0)"],
        ["k2", "IF(m2 > 0, 100, 0)"],
      ],
    );
    assert.deepEqual(
      queries.filter(({ returnData }) => returnData === true).map(({ id }) => id),
      ["kinds"],
    );
    assert.equal(
      inputs["alarmDescription"],
      [
        "Each 1 in the value that set it off is one of these, added up; gate alarms says more.",
        "1: PagerDuty has stopped delivering events to the gate. The worker enables the subscription again, or pulumi up does.",
        "10: The gating lists a service that PagerDuty does not have, so that what it was meant for is not gated. Correct its key.",
        "100: A PagerDuty event keeps failing, so that a run past the gate may go unnoticed. Read the worker's log, and PagerDuty's status.",
      ].join("\n"),
    );
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
  });
});

/** Of the metric, or of each of several. */
function watchedBy(inputs: Record<string, unknown>): string[] {
  const line = (metric: Record<string, unknown>, stat: unknown, than: string): string => {
    const dimensions = Object.entries(metric["dimensions"] as Record<string, string>);
    return [
      metric["namespace"],
      ...dimensions.map(([name, of]) => `${name}=${of}`),
      metric["metricName"],
      stat,
      metric["period"],
      than,
    ].join(" ");
  };
  const sign = inputs["comparisonOperator"] === "LessThanThreshold" ? "<" : ">";
  if (inputs["metricQueries"] === undefined) {
    return [line(inputs, inputs["statistic"], `${sign} ${String(inputs["threshold"])}`)];
  }
  assert.equal(`${sign} ${String(inputs["threshold"])}`, "> 0");
  const queries = inputs["metricQueries"] as {
    id: string;
    expression?: string;
    metric?: Record<string, unknown>;
  }[];
  return queries.flatMap(({ id, metric }) => {
    const digit = queries.find((query) => query.id === id.replace("m", "k"))?.expression ?? "";
    const [, above = ""] = /> (\d+),/.exec(digit) ?? [];
    return metric === undefined ? [] : [line(metric, metric["stat"], `> ${above}`)];
  });
}
