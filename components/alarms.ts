/** Namespace and metric names that the functions write; `service` is the gate's name. */
export const METRIC_NAMESPACE = "PagerDutyApprovalGate";

/** What an alarm looks at, with names still to be filled in. */
export interface AlarmDefinition {
  /** End of the resource's name. */
  key: string;
  /** What it means and what to do first. */
  description: string;
  source: "gate" | "api" | "queue" | "deadLetters" | "worker" | "middleware" | "callback";
  metric: string;
  statistic: "Sum" | "Maximum" | "Minimum";
  periodSeconds: number;
  /** In how many periods in a row. */
  periods: number;
  comparison: "GreaterThanThreshold" | "LessThanThreshold";
  threshold: number;
  /** What no data means. */
  missing: "notBreaching" | "breaching";
}

const counted = (
  key: string,
  metric: string,
  description: string,
  threshold = 0,
): AlarmDefinition => ({
  key,
  description,
  source: "gate",
  metric,
  statistic: "Sum",
  periodSeconds: 300,
  periods: 1,
  comparison: "GreaterThanThreshold",
  threshold,
  missing: "notBreaching",
});

const failing = (
  key: string,
  source: AlarmDefinition["source"],
  metric: string,
  description: string,
): AlarmDefinition => ({ ...counted(key, metric, description), source });

/** What somebody must hear of, the gate's own silence included. In the order in which it matters. */
export const ALARMS: readonly AlarmDefinition[] = [
  counted(
    "bypass",
    "BypassDetected",
    "A gated action ran in PagerDuty without the gate. Find out who started it, and take that way away from them.",
  ),
  counted(
    "ran-twice",
    "RanTwice",
    "One approval led to two runs. Look at the proposal's history before anything else runs.",
  ),
  counted(
    "field-changed",
    "FieldChanged",
    "Somebody wrote a custom field that a run was reading its parameters from. gate alarms says who; look what the run did.",
  ),
  counted(
    "uncertain",
    "Uncertain",
    "The gate cannot tell whether an action ran. A manual task says what to check by hand.",
  ),
  counted(
    "never-ran",
    "NeverRan",
    "An approved action was accepted by PagerDuty but never ran. A manual task says what to do by hand.",
  ),
  counted(
    "task-not-possible",
    "TaskNotPossible",
    "A manual task could not be made, so nobody was paged. Do its work now; gate alarms says which.",
  ),
  counted(
    "page-not-possible",
    "PageNotPossible",
    "Nobody has decided, and whom the rule names could not be paged. gate alarms says which; correct escalateTo.",
  ),
  {
    ...counted(
      "event-not-handled",
      "EventNotHandled",
      "A PagerDuty event keeps failing, so that a run past the gate may go unnoticed. Read the worker's log, and PagerDuty's status.",
    ),
    // It is tried about every six minutes.
    periodSeconds: 900,
  },
  counted(
    "past-sla",
    "OpenPastSla",
    "A proposal is still open although its time is over. Is the worker running, and does Cheqpoint answer?",
  ),
  counted(
    "kill-switch",
    "KillSwitchHeld",
    "The kill switch is on and holds approved actions back. Switch it off once it is safe.",
  ),
  counted(
    "subscription-disabled",
    "SubscriptionDisabled",
    "PagerDuty has stopped delivering events to the gate. Run pulumi refresh, which enables the subscription again.",
  ),
  counted(
    "service-missing",
    "ServiceMissing",
    "The gating lists a service that PagerDuty does not have, so that what it was meant for is not gated. Correct its key.",
  ),
  counted(
    "unintelligible",
    "WebhookUnintelligible",
    "A signed PagerDuty event could not be understood. It is kept in the ledger.",
  ),
  counted(
    "orchestration-refused",
    "OrchestrationRefused",
    "What an Event Orchestration rule proposes is refused, and so lost. gate alarms says whose and which field; correct the rule.",
  ),
  counted(
    "signatures",
    "SignatureRefused",
    "Many webhooks came with a wrong signature: somebody is trying, or the signing secret does not match.",
    10,
  ),
  {
    ...failing(
      "dead-letters",
      "deadLetters",
      "ApproximateNumberOfMessagesVisible",
      "A message could not be worked on. The sweep takes its proposal up again; read the worker's log.",
    ),
    statistic: "Maximum",
  },
  {
    ...failing(
      "queue-age",
      "queue",
      "ApproximateAgeOfOldestMessage",
      "Work waits for more than five minutes. Is the worker throttled or failing?",
    ),
    statistic: "Maximum",
    periodSeconds: 60,
    periods: 5,
    threshold: 300,
  },
  failing(
    "api-errors",
    "api",
    "5xx",
    "The gate answered requests with a server error. PagerDuty repeats its deliveries; read the middleware's log.",
  ),
  failing("middleware-errors", "middleware", "Errors", "The middleware failed. Read its log."),
  failing("callback-errors", "callback", "Errors", "The callback function failed. Read its log."),
  failing("worker-errors", "worker", "Errors", "The worker failed. Read its log."),
  {
    ...counted(
      "sweep-failed",
      "SweepFailed",
      "For a quarter of an hour, part of the search for what is due has failed. The worker's log names the part.",
    ),
    // The subscription is looked at once in five minutes, and one failure is healed by the next look.
    periods: 3,
  },
  {
    ...counted(
      "sweep-silent",
      "SweepCompleted",
      "For five minutes no search for what is due was done whole: what is lost or late may stay so, past its SLA as well. Look at the worker's log and its schedule.",
    ),
    comparison: "LessThanThreshold",
    threshold: 1,
    missing: "breaching",
  },
];
