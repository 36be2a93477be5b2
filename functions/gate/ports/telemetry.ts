export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type MetricName =
  | "WebhookAccepted"
  | "WebhookDuplicate"
  | "WebhookUnknownEvent"
  | "WebhookUnintelligible"
  | "SignatureRefused"
  | "ProposalCreated"
  | "ProposalJoined"
  | "ProposalBraked"
  | "ProposalRefused"
  | "OrchestrationRefused"
  | "CallbackAccepted"
  | "CallbackRefused"
  | "Decided"
  | "WouldHaveDenied"
  | "WouldHaveAsked"
  | "WouldHaveAllowed"
  | "WouldHaveProposed"
  | "Executed"
  | "Suppressed"
  | "Failed"
  | "Uncertain"
  | "BypassDetected"
  | "RanTwice"
  | "FieldChanged"
  | "NeverRan"
  | "TaskNotPossible"
  | "PageNotPossible"
  | "EventNotHandled"
  | "KillSwitchHeld"
  | "OpenPastSla"
  | "SubscriptionDisabled"
  | "ServiceMissing"
  | "SweepCompleted"
  | "SweepFailed"
  | "RemoteFailure";

export interface Metrics {
  /** Counts one, or `value`, at once: what comes next may be cut off. */
  count(name: MetricName, value?: number): void;
}
