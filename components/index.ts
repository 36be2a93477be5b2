export { ApprovalGate, defineGating } from "./approvalGate.ts";
export type {
  ApprovalGateArgs,
  ApprovalGateTransform,
  FunctionSettings,
  NetworkSettings,
  RetentionSettings,
  WebhookSettings,
} from "./approvalGateArgs.ts";
export type { ApprovalLedgerTransform } from "./approvalLedger.ts";
export type { CustomDomain, GateApiTransform, Throttle } from "./gateApi.ts";
export type * from "./gatingTypes.ts";
export { LogLevel } from "./gateFunction.ts";
export type { FunctionNetwork, GateFunctionTransform } from "./gateFunction.ts";
export type {
  CallbackSigning,
  KeySettings,
  ProposerLimits,
  ProposerSettings,
} from "./gateSecrets.ts";
export type { AlarmRouting } from "./monitoring.ts";
export type { Perimeter } from "./perimeter.ts";
export { ServiceGating } from "./serviceGating.ts";
export { defineServiceGating } from "./serviceGatingArgs.ts";
export type { GateReference, PagerDutyService, ServiceGatingArgs } from "./serviceGatingArgs.ts";
export { TokenType } from "./tokenType.ts";
export type { WorkQueueTransform } from "./workQueue.ts";
