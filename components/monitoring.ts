import * as aws from "@pulumi/aws";
import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { ALARMS, METRIC_NAMESPACE } from "./alarms.ts";
import type { AlarmDefinition } from "./alarms.ts";
import { dashboardBody } from "./dashboard.ts";
import { httpUrl, matching, onlyKnown, pagerdutyId, refuse } from "./inputs.ts";
import { TOPIC_ARN } from "./textRules.ts";

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
  /** Tags of all its resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** Alarms about the gate itself, whom they reach, and a dashboard. */
export class Monitoring extends pulumi.ComponentResource {
  /** Address of the dashboard in the AWS console. */
  readonly dashboardUrl: pulumi.Output<string>;
  /** ARNs of the alarms, by what they are about. */
  readonly alarmArns: pulumi.Output<{ [key: string]: string }>;

  /** @param name The unique name of this component. */
  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pagerduty-approval-gate:index:Monitoring", name, {}, opts);
    onlyKnown("", args, ARGUMENTS);
    const parent = { parent: this };
    const tags = args.tags ?? {};
    const actions = alarmActions(name, args.alarms ?? {}, tags, parent);

    const alarms = ALARMS.map((alarm): [string, aws.cloudwatch.MetricAlarm] => [
      alarm.key,
      new aws.cloudwatch.MetricAlarm(
        `${name}-${alarm.key}`,
        {
          alarmDescription: alarm.description,
          ...watched(alarm, args),
          metricName: alarm.metric,
          statistic: alarm.statistic,
          period: alarm.periodSeconds,
          evaluationPeriods: alarm.periods,
          comparisonOperator: alarm.comparison,
          threshold: alarm.threshold,
          treatMissingData: alarm.missing,
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
    this.registerOutputs({ dashboardUrl: this.dashboardUrl, alarmArns: this.alarmArns });
  }
}

const ARGUMENTS: readonly (keyof MonitoringArgs)[] = [
  "gateName",
  "apiId",
  "queueName",
  "deadLetterQueueName",
  "functions",
  "alarms",
  "tags",
];

/** Of the characters that names of projects, stacks and resources may have, CloudWatch takes these only. */
function dashboardName(gateName: string): string {
  return gateName.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(-255);
}

/** Namespace and dimensions of what an alarm looks at. */
function watched(
  { source }: AlarmDefinition,
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
  routing: AlarmRouting,
  tags: NonNullable<MonitoringArgs["tags"]>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Input<string>[] {
  onlyKnown("alarms.", routing, ["topicArn", "pagerdutyServiceId", "pagerdutyEventsUrl"]);
  if (routing.pagerdutyEventsUrl !== undefined && routing.pagerdutyServiceId === undefined) {
    refuse("`alarms.pagerdutyEventsUrl` needs `alarms.pagerdutyServiceId`");
  }
  const actions: pulumi.Input<string>[] = [];
  if (routing.topicArn !== undefined) {
    actions.push(matching("alarms.topicArn", routing.topicArn, ...TOPIC_ARN));
  }
  if (routing.pagerdutyServiceId !== undefined) {
    const serviceId = pagerdutyId("alarms.pagerdutyServiceId", routing.pagerdutyServiceId);
    const integration = new pagerduty.ServiceIntegration(
      name,
      {
        service: serviceId,
        name: "Approval gate alarms",
        vendor: pagerduty.getVendorOutput({ name: "Amazon CloudWatch" }, opts).id,
      },
      { ...opts, additionalSecretOutputs: ["integrationKey"] },
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
