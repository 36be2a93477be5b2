import type { Alarm, Ledger, MetricName, Metrics } from "../ports/index.ts";

/** What is counted when an alarm is raised; by this metric a deployed gate tells people of it. */
export const ALARM_METRICS: Readonly<Record<Alarm["kind"], MetricName>> = {
  bypass: "BypassDetected",
  ranTwice: "RanTwice",
  fieldChanged: "FieldChanged",
  neverRan: "NeverRan",
  unintelligible: "WebhookUnintelligible",
  uncertain: "Uncertain",
  taskNotPossible: "TaskNotPossible",
  pageNotPossible: "PageNotPossible",
  eventNotHandled: "EventNotHandled",
  subscriptionDisabled: "SubscriptionDisabled",
  proposalRefused: "OrchestrationRefused",
  serviceMissing: "ServiceMissing",
};

/**
 * Raises an alarm; true when it is new. It is counted whether it is new or not, and before it is written: a process
 * that is cut off in between raises it again, and by then it is no longer new.
 */
export function raiseAlarm(
  { ledger, metrics }: { ledger: Pick<Ledger, "raise">; metrics: Metrics },
  alarm: Alarm,
): Promise<boolean> {
  metrics.count(ALARM_METRICS[alarm.kind]);
  return ledger.raise(alarm);
}
