import * as aws from "@pulumi/aws";
import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { ALARMS, METRIC_NAMESPACE, alarmText, digitExpression } from "./alarms.ts";
import type { AlarmDefinition, WatchedMetric } from "./alarms.ts";
import { dashboardBody } from "./dashboard.ts";
import { httpUrl, matching, pagerdutyId, refuse } from "./inputs.ts";
import { TOPIC_ARN } from "./textRules.ts";
import { onceWithin } from "./onceWithin.ts";

/** Whom to tell when the gate itself is ill. */
export interface AlarmRouting {
  /** SNS topic to send alarms to. Defaults to none. */
  topicArn?: pulumi.Input<string>;
  /** PagerDuty service to page, by id; it must not be gated itself. Defaults to none. */
  pagerdutyServiceId?: pulumi.Input<string>;
  /** PagerDuty's Events API. Defaults to "https://events.pagerduty.com"; an ApprovalGate takes its PagerDuty's region. */
  pagerdutyEventsUrl?: pulumi.Input<string>;
}

/** Names of a gate's functions. */
export interface MonitoredFunctions {
  /** Name of the middleware. */
  middleware: pulumi.Input<string>;
  /** Name of the callback function. */
  callback: pulumi.Input<string>;
  /** Name of the worker. */
  worker: pulumi.Input<string>;
}

/** Inputs of {@link Monitoring}. */
export interface MonitoringArgs {
  /** The gate's name, as in its metrics' dimension `service`. */
  gateName: pulumi.Input<string>;
  /** Id of the HTTP API. */
  apiId: pulumi.Input<string>;
  /** Name of the work queue. */
  queueName: pulumi.Input<string>;
  /** Name of the dead-letter queue. */
  deadLetterQueueName: pulumi.Input<string>;
  /** Names of the functions. */
  functions: MonitoredFunctions;
  /** Whom to tell. Defaults to nobody: alarms are only shown. */
  alarms?: AlarmRouting;
  /** For the service to page. Defaults to that of the parent. */
  pagerdutyProvider?: pulumi.ProviderResource;
  /** Tags of all its resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** Alarms about the gate itself, whom they reach, and a dashboard. */
export class Monitoring {
  /** Address of the dashboard in the AWS console. */
  readonly dashboardUrl: pulumi.Output<string>;
  /** ARNs of the alarms, by what they are about. */
  readonly alarmArns: pulumi.Output<{ [key: string]: string }>;

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.CustomResourceOptions) {
    const parent = onceWithin("Monitoring", name, opts);
    const tags = args.tags ?? {};
    const actions = alarmActions(name, args, parent);

    const alarms = ALARMS.map((alarm): [string, aws.cloudwatch.MetricAlarm] => [
      alarm.key,
      new aws.cloudwatch.MetricAlarm(
        `${name}-${alarm.key}`,
        {
          alarmDescription: alarmText(alarm),
          ...looking(alarm, args),
          evaluationPeriods: alarm.periods,
          comparisonOperator:
            alarm.isAbsence === true ? "LessThanThreshold" : "GreaterThanThreshold",
          treatMissingData: alarm.isAbsence === true ? "breaching" : "notBreaching",
          alarmActions: actions,
          okActions: actions,
          tags,
        },
        parent,
      ),
    ]);

    const { region } = aws.getRegionOutput({}, parent);
    const dashboard = new aws.cloudwatch.Dashboard(
      name,
      {
        // Unlike other resources, a dashboard gets no name by itself.
        dashboardName: pulumi.output(args.gateName).apply(dashboardName),
        dashboardBody: pulumi
          .all([
            args.gateName,
            region,
            args.apiId,
            args.queueName,
            args.deadLetterQueueName,
            args.functions,
          ])
          .apply(([gateName, region, apiId, queueName, deadLetterQueueName, functions]) =>
            JSON.stringify(
              dashboardBody({
                gateName,
                region,
                apiId,
                queueName,
                deadLetterQueueName,
                functions,
              }),
            ),
          ),
      },
      parent,
    );

    this.dashboardUrl = pulumi.interpolate`https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${dashboard.dashboardName}`;
    this.alarmArns = pulumi.output(
      Object.fromEntries(alarms.map(([key, alarm]) => [key, alarm.arn])),
    );
  }
}

/** Of the characters that names of projects, stacks and resources may have, CloudWatch takes these only. */
function dashboardName(gateName: string): string {
  return gateName.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(-255);
}

/** What an alarm looks at: one metric, or which of several are there. */
function looking(
  alarm: AlarmDefinition,
  args: MonitoringArgs,
): Partial<aws.cloudwatch.MetricAlarmArgs> & { threshold: number } {
  const { metrics, periodSeconds: period, isAbsence } = alarm;
  const [first, ...others] = metrics;
  if (others.length === 0) {
    const { metric: metricName, statistic, above } = first;
    const threshold = isAbsence === true ? 1 : above;
    return { ...watched(first, args), metricName, statistic, period, threshold };
  }
  return {
    threshold: 0,
    metricQueries: [
      {
        id: "kinds",
        // What wrote nothing is left out, and is no reason to say nothing of the others.
        expression: `SUM([${metrics.map((_, index) => `k${index}`).join(", ")}])`,
        label: alarm.key,
        returnData: true,
      },
      ...metrics.map((metric, index) => ({
        id: `k${index}`,
        expression: digitExpression(metric, index),
      })),
      ...metrics.map((metric, index) => ({
        id: `m${index}`,
        metric: {
          ...watched(metric, args),
          metricName: metric.metric,
          stat: metric.statistic,
          period,
        },
      })),
    ],
  };
}

/** Namespace and dimensions of a metric. */
function watched(
  { source }: WatchedMetric,
  args: MonitoringArgs,
): { namespace: string; dimensions: Record<string, pulumi.Input<string>> } {
  switch (source) {
    case "gate":
      return { namespace: METRIC_NAMESPACE, dimensions: { service: args.gateName } };
    case "api":
      return { namespace: "AWS/ApiGateway", dimensions: { ApiId: args.apiId } };
    case "queue":
      return { namespace: "AWS/SQS", dimensions: { QueueName: args.queueName } };
    case "deadLetters":
      return { namespace: "AWS/SQS", dimensions: { QueueName: args.deadLetterQueueName } };
    default:
      return { namespace: "AWS/Lambda", dimensions: { FunctionName: args.functions[source] } };
  }
}

/** Topics that alarms go to. */
function alarmActions(
  name: string,
  { alarms: routing = {}, tags = {}, pagerdutyProvider }: MonitoringArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Input<string>[] {
  if (routing.pagerdutyEventsUrl !== undefined && routing.pagerdutyServiceId === undefined) {
    refuse("`alarms.pagerdutyEventsUrl` needs `alarms.pagerdutyServiceId`");
  }
  const actions: pulumi.Input<string>[] = [];
  if (routing.topicArn !== undefined) {
    actions.push(matching("alarms.topicArn", routing.topicArn, ...TOPIC_ARN));
  }
  if (routing.pagerdutyServiceId !== undefined) {
    const serviceId = pagerdutyId("alarms.pagerdutyServiceId", routing.pagerdutyServiceId);
    const atPagerDuty =
      pagerdutyProvider === undefined ? opts : { ...opts, provider: pagerdutyProvider };
    const integration = new pagerduty.ServiceIntegration(
      name,
      {
        service: serviceId,
        name: "Approval gate alarms",
        vendor: pagerduty.getVendorOutput({ name: "Amazon CloudWatch" }, atPagerDuty).id,
      },
      { ...atPagerDuty, additionalSecretOutputs: ["integrationKey"] },
    );
    const eventsUrl = httpUrl(
      "alarms.pagerdutyEventsUrl",
      routing.pagerdutyEventsUrl ?? "https://events.pagerduty.com",
    ).apply((url) => url.replace(/\/+$/, ""));
    const topic = new aws.sns.Topic(name, { displayName: "Approval gate alarms", tags }, opts);
    new aws.sns.TopicSubscription(
      name,
      {
        topic: topic.arn,
        // SNS refuses an address of another protocol. Only one on this machine may be without TLS.
        protocol: eventsUrl.apply((url) => new URL(url).protocol.slice(0, -1)),
        endpoint: pulumi.interpolate`${eventsUrl}/integration/${pulumi.secret(integration.integrationKey)}/enqueue`,
        endpointAutoConfirms: true,
      },
      opts,
    );
    actions.push(topic.arn);
  }
  return actions;
}
