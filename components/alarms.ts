/** Namespace and metric names that the functions write; `service` is the gate's name. */
export const METRIC_NAMESPACE = "PagerDutyApprovalGate";

/** What an alarm looks at, with names still to be filled in. */
export interface WatchedMetric {
  source: "gate" | "api" | "queue" | "deadLetters" | "worker" | "middleware" | "callback";
  metric: string;
  statistic: "Sum" | "Maximum" | "Minimum";
  /** More than this sets the alarm off. */
  above: number;
  /** What it means and what to do first. */
  meaning: string;
}

export interface AlarmDefinition {
  /** End of the resource's name. */
  key: string;
  /** Several share an alarm where each is rare and soon over, so that none hides another. */
  metrics: readonly [WatchedMetric, ...WatchedMetric[]];
  periodSeconds: number;
  /** In how many periods in a row. */
  periods: number;
  /** Whether it is their absence that sets the alarm off. */
  isAbsence?: true;
}

const counted = (metric: string, meaning: string, above = 0): WatchedMetric => ({
  source: "gate",
  metric,
  statistic: "Sum",
  above,
  meaning,
});

const errorsOf = (source: "middleware" | "callback" | "worker", name: string): WatchedMetric => ({
  ...counted("Errors", `The ${name} failed. Read its log.`),
  source,
});

const alarm = (
  key: string,
  ...metrics: readonly [WatchedMetric, ...WatchedMetric[]]
): AlarmDefinition => ({ key, metrics, periodSeconds: 300, periods: 1 });

/** What somebody must hear of, the gate's own silence included. In the order in which it matters. */
export const ALARMS: readonly AlarmDefinition[] = [
  // Alone: while a gate is introduced it may go on for days.
  alarm(
    "bypass",
    counted(
      "BypassDetected",
      "A gated action ran in PagerDuty without the gate. Find out who started it, and take that way away from them.",
    ),
  ),
  alarm(
    "runs",
    counted(
      "RanTwice",
      "One approval led to two runs. Look at the proposal's history before anything else runs.",
    ),
    counted(
      "FieldChanged",
      "Somebody wrote a custom field that a run was reading its parameters from. Look what the run did.",
    ),
    counted(
      "Uncertain",
      "The gate cannot tell whether an action ran. A manual task says what to check by hand.",
    ),
    counted(
      "NeverRan",
      "An approved action was accepted by PagerDuty but never ran. A manual task says what to do by hand.",
    ),
  ),
  alarm(
    "nobody-told",
    counted(
      "TaskNotPossible",
      "A manual task could not be made, so nobody was paged. Do its work now.",
    ),
    counted(
      "PageNotPossible",
      "Nobody has decided, and whom the rule names could not be paged. Correct escalateTo.",
    ),
  ),
  {
    ...alarm(
      "deaf",
      counted(
        "SubscriptionDisabled",
        "PagerDuty has stopped delivering events to the gate. The worker enables the subscription again, or pulumi up does.",
      ),
      counted(
        "ServiceMissing",
        "The gating lists a service that PagerDuty does not have, so that what it was meant for is not gated. Correct its key.",
      ),
      counted(
        "EventNotHandled",
        "A PagerDuty event keeps failing, so that a run past the gate may go unnoticed. Read the worker's log, and PagerDuty's status.",
      ),
    ),
    // An event is tried about every six minutes.
    periodSeconds: 900,
  },
  alarm(
    "stuck",
    counted(
      "OpenPastSla",
      "A proposal is still open although its time is over. Is the worker running, and does Cheqpoint answer?",
    ),
    {
      source: "deadLetters",
      metric: "ApproximateNumberOfMessagesVisible",
      statistic: "Maximum",
      above: 0,
      meaning:
        "A message could not be worked on. The sweep takes its proposal up again; read the worker's log.",
    },
    {
      source: "queue",
      metric: "ApproximateAgeOfOldestMessage",
      // All the time, and not once.
      statistic: "Minimum",
      above: 300,
      meaning: "Work waits for more than five minutes. Is the worker throttled or failing?",
    },
  ),
  alarm(
    "kill-switch",
    counted(
      "KillSwitchHeld",
      "The kill switch is on and holds approved actions back. Switch it off once it is safe.",
    ),
  ),
  alarm(
    "refused",
    counted(
      "WebhookUnintelligible",
      "A signed PagerDuty event could not be understood. It is kept in the ledger.",
    ),
    counted(
      "OrchestrationRefused",
      "What an Event Orchestration rule proposes is refused, and so lost. Correct the rule.",
    ),
  ),
  // Alone: whoever tries may go on trying.
  alarm(
    "signatures",
    counted(
      "SignatureRefused",
      "Many webhooks came with a wrong signature: somebody is trying, or the signing secret does not match.",
      10,
    ),
  ),
  alarm(
    "errors",
    {
      ...counted(
        "5xx",
        "The gate answered requests with a server error. PagerDuty repeats its deliveries; read the middleware's log.",
      ),
      source: "api",
    },
    errorsOf("middleware", "middleware"),
    errorsOf("callback", "callback function"),
    errorsOf("worker", "worker"),
  ),
  {
    ...alarm(
      "sweep-failed",
      counted(
        "SweepFailed",
        "For a quarter of an hour, part of the search for what is due has failed. The worker's log names the part.",
      ),
    ),
    // The subscription is looked at once in five minutes, and one failure is healed by the next look.
    periods: 3,
  },
  {
    ...alarm(
      "sweep-silent",
      counted(
        "SweepCompleted",
        "For five minutes no search for what is due was done whole: what is lost or late may stay so, past its SLA as well. Look at the worker's log and its schedule.",
      ),
    ),
    isAbsence: true,
  },
];

/**
 * What whoever is paged reads. CloudWatch tells the value that set an alarm off; where several share one, each has a digit
 * of its own in it.
 */
export function alarmText({ metrics }: AlarmDefinition): string {
  const [first, ...others] = metrics;
  return others.length === 0
    ? first.meaning
    : [
        "Each 1 in the value that set it off is one of these, added up; gate alarms says more.",
        ...metrics.map(({ meaning }, index) => `${10 ** index}: ${meaning}`),
      ].join("\n");
}

/** Its digit of the value of an alarm over several metrics. */
export function digitExpression({ above }: WatchedMetric, index: number): string {
  return `IF(m${index} > ${above}, ${10 ** index}, 0)`;
}
