export { ApprovalGate, defineGating } from "./approvalGate.ts";
export type {
  ApprovalGateArgs,
  ApprovalGateTransform,
  FunctionSettings,
  NetworkSettings,
  RetentionSettings,
  WebhookSettings,
} from "./approvalGateArgs.ts";
export { ApprovalLedger } from "./approvalLedger.ts";
export type { ApprovalLedgerArgs, ApprovalLedgerTransform } from "./approvalLedger.ts";
export { GateApi } from "./gateApi.ts";
export type { CustomDomain, GateApiArgs, GateApiTransform, Throttle } from "./gateApi.ts";
export type { RequestHandler } from "./gateRoutes.ts";
export { FunctionName, GateFunction, LogLevel } from "./gateFunction.ts";
export type { FunctionNetwork, GateFunctionArgs, GateFunctionTransform } from "./gateFunction.ts";
export type { Permission } from "./functionPolicy.ts";
export { GateSecrets } from "./gateSecrets.ts";
export type {
  CallbackSigning,
  GateSecretsArgs,
  KeySettings,
  ProposerLimits,
  ProposerSettings,
} from "./gateSecrets.ts";
export { Monitoring } from "./monitoring.ts";
export type { AlarmRouting, MonitoredFunctions, MonitoringArgs } from "./monitoring.ts";
export type { Overrides } from "./overrides.ts";
export { ServiceGating, defineServiceGating } from "./serviceGating.ts";
export type { GateReference, PagerDutyService, ServiceGatingArgs } from "./serviceGating.ts";
export { TokenType, WebhookScope, WebhookSubscription } from "./webhookSubscription.ts";
export type { ExistingSubscription, WebhookSubscriptionArgs } from "./webhookSubscription.ts";
export { WorkQueue } from "./workQueue.ts";
export type { WorkQueueArgs, WorkQueueTransform } from "./workQueue.ts";
