import { METRIC_NAMESPACE } from "./alarms.ts";

/** What the dashboard is about, all known. */
export interface DashboardSubject {
  gateName: string;
  region: string;
  apiId: string;
  queueName: string;
  deadLetterQueueName: string;
  functions: { middleware: string; callback: string; worker: string };
}

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: Record<string, unknown>;
}

type Metric = readonly [string, string, ...string[]];

/** What an on-call person looks at first: is anything wrong, what waits, what happened. */
export function dashboardBody(subject: DashboardSubject): { widgets: Widget[] } {
  const gate = (...names: string[]): Metric[] =>
    names.map((name) => [METRIC_NAMESPACE, name, "service", subject.gateName]);
  const ofFunctions = (metric: string): Metric[] =>
    Object.values(subject.functions).map((name) => ["AWS/Lambda", metric, "FunctionName", name]);
  const chart = (
    title: string,
    column: number,
    row: number,
    stat: string,
    metrics: readonly Metric[],
  ): Widget => ({
    type: "metric",
    x: column * 8,
    y: 2 + row * 6,
    width: 8,
    height: 6,
    properties: {
      title,
      region: subject.region,
      stat,
      period: 300,
      view: "timeSeries",
      stacked: false,
      metrics,
    },
  });
  return {
    widgets: [
      {
        type: "text",
        x: 0,
        y: 0,
        width: 24,
        height: 2,
        properties: {
          markdown:
            "# Approval gate\nFirst row: all lines must lie at zero. Second row: what waits. Third row: what came in and what came of it.",
        },
      },
      chart(
        "Against the rules",
        0,
        0,
        "Sum",
        gate("BypassDetected", "RanTwice", "FieldChanged", "NeverRan"),
      ),
      chart(
        "Unclear or held",
        1,
        0,
        "Sum",
        gate("Uncertain", "TaskNotPossible", "PageNotPossible", "KillSwitchHeld", "OpenPastSla"),
      ),
      chart("Failing", 2, 0, "Sum", [
        ...ofFunctions("Errors"),
        ...ofFunctions("Throttles"),
        ["AWS/ApiGateway", "5xx", "ApiId", subject.apiId],
        ...gate("SubscriptionDisabled", "ServiceMissing", "EventNotHandled", "SweepFailed"),
      ]),
      chart("Messages waiting", 0, 1, "Maximum", [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", subject.queueName],
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", subject.deadLetterQueueName],
      ]),
      chart("Age of the oldest message, seconds", 1, 1, "Maximum", [
        ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", subject.queueName],
      ]),
      chart("Slowest call, milliseconds", 2, 1, "p99", ofFunctions("Duration")),
      chart(
        "Webhooks",
        0,
        2,
        "Sum",
        gate(
          "WebhookAccepted",
          "WebhookDuplicate",
          "WebhookUnknownEvent",
          "WebhookUnintelligible",
          "SignatureRefused",
        ),
      ),
      chart(
        "Proposals and decisions",
        1,
        2,
        "Sum",
        gate(
          "ProposalCreated",
          "ProposalJoined",
          "ProposalBraked",
          "ProposalRefused",
          "OrchestrationRefused",
          "CallbackAccepted",
          "CallbackRefused",
          "Decided",
          "WouldHaveDenied",
          "WouldHaveAsked",
          "WouldHaveAllowed",
          "WouldHaveProposed",
        ),
      ),
      chart(
        "Outcomes",
        2,
        2,
        "Sum",
        gate("Executed", "Suppressed", "Failed", "Uncertain", "NeverRan", "RemoteFailure"),
      ),
      chart("Whole sweeps, five in five minutes", 0, 3, "Sum", gate("SweepCompleted")),
    ],
  };
}
