import type * as pulumi from "@pulumi/pulumi";
import type { ApprovalLedgerTransform } from "./approvalLedger.ts";
import type { CustomDomain, GateApiTransform, Throttle } from "./gateApi.ts";
import type { FunctionNetwork, GateFunctionTransform, LogLevel } from "./gateFunction.ts";
import type { Gating } from "./gatingTypes.ts";
import type { CallbackSigning, KeySettings, ProposerSettings } from "./gateSecrets.ts";
import type { AlarmRouting } from "./monitoring.ts";
import type { Perimeter } from "./perimeter.ts";
import type { TokenType } from "./tokenType.ts";
import type { WorkQueueTransform } from "./workQueue.ts";

/** What PagerDuty reports to the gate. */
export interface WebhookSettings {
  /** Whether the gate subscribes to PagerDuty's events. Defaults to true. */
  enabled?: boolean;
  /** Ids of teams to hear of, by a name of your own; instead of the whole account. */
  teams?: { [name: string]: pulumi.Input<string> };
  /** Ids of services to hear of, by a name of your own; instead of the whole account. */
  services?: { [name: string]: pulumi.Input<string> };
  /**
   * PagerDuty event types; those that tell what runs or is over must be among them, and those that rules wait for.
   * One that is newer than this package is written "custom:incident.new_type". Defaults to all that the gate uses.
   */
  events?: pulumi.Input<pulumi.Input<string>[]>;
  /** A changed value makes new subscriptions with new signing secrets, before the old ones go. */
  keepers?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
}

/** How the gate is reached, and from where its functions reach out. */
export interface NetworkSettings {
  /** An address of one's own for the API. Defaults to the one that AWS gives. */
  domain?: CustomDomain;
  /** How many webhooks are let through. Defaults to 200 a second, 400 at once. */
  webhookThrottle?: Throttle;
  /** How many other requests are let through, on each route. Defaults to 50 a second, 100 at once. */
  throttle?: Throttle;
  /** A VPC for the functions to run in. Defaults to none. */
  vpc?: FunctionNetwork;
}

/** What is kept, and for how long. */
export interface RetentionSettings {
  /** Days that logs are kept. Defaults to 30. */
  logDays?: pulumi.Input<number>;
  /** Days that a deleted secret can be restored: 0 or 7 to 30. Defaults to 7. */
  secretRecoveryDays?: pulumi.Input<number>;
  /** Whether ledger and gating refuse to be deleted. Defaults to true. */
  deletionProtection?: boolean;
}

/** How the functions run. */
export interface FunctionSettings {
  /** Memory of each in MB. Defaults to 512. */
  memoryMb?: pulumi.Input<number>;
  /** How much they log: "DEBUG", "INFO", "WARN" or "ERROR". Defaults to "INFO". */
  logLevel?: pulumi.Input<LogLevel>;
  /** How many messages are worked on at once at most, 2 to 100; bounds the calls to PagerDuty. Defaults to 5. */
  workerConcurrency?: pulumi.Input<number>;
  /**
   * Whether that many of the account's concurrent executions, and one for the sweep, are set aside for the worker. Set
   * it to false in an account whose limit is too low for that. Defaults to true.
   */
  reserveWorkerConcurrency?: boolean;
  /** How often a message is tried before it goes to the dead letters, 1 to 100. Defaults to 5. */
  maxAttempts?: pulumi.Input<number>;
  /** Whether calls are traced with X-Ray. Defaults to false. */
  tracing?: pulumi.Input<boolean>;
}

/** Arguments to set on the gate's resources whatever the component says. */
export interface ApprovalGateTransform {
  /** For the tables. */
  ledger?: ApprovalLedgerTransform;
  /** For the queues. */
  queue?: WorkQueueTransform;
  /** For the middleware. */
  middleware?: GateFunctionTransform;
  /** For the callback function. */
  callback?: GateFunctionTransform;
  /** For the worker. */
  worker?: GateFunctionTransform;
  /** For the HTTP API. */
  api?: GateApiTransform;
}

/** Inputs of {@link ApprovalGate}. */
export interface ApprovalGateArgs {
  /** Cheqpoint's Connection Key. */
  cheqpointConnectionKey: pulumi.Input<string>;
  /** PagerDuty API token that the worker acts with. */
  pagerdutyToken: pulumi.Input<string>;
  /** "token" for an API key, "bearer" for an OAuth access token. Defaults to "token". */
  pagerdutyTokenType?: pulumi.Input<TokenType>;
  /** Address of the PagerDuty user in whose name the worker acts. */
  pagerdutyFrom: pulumi.Input<string>;
  /** Cheqpoint's address. Defaults to "https://app.cheqpoint.co". */
  cheqpointApiUrl?: pulumi.Input<string>;
  /** PagerDuty's REST API. Defaults to "https://api.pagerduty.com". */
  pagerdutyApiUrl?: pulumi.Input<string>;
  /**
   * Gating of services, by PagerDuty service name or id, and under `defaults` what applies to all others. Which
   * services there are must be plain; what is under each may hold Outputs. Defaults to none: every proposal needs
   * approval.
   */
  gating?: Gating;
  /** What PagerDuty reports to the gate. Defaults to the events of the whole account. */
  webhook?: WebhookSettings;
  /** Who may propose, by name; each gets a token in `proposerTokens`. Defaults to nobody. */
  proposers?: { [name: string]: ProposerSettings };
  /** Who may read every proposal, by name; each gets a token in `operatorTokens`. Defaults to nobody. */
  operators?: { [name: string]: KeySettings };
  /** Checks the signature of Cheqpoint's callbacks. Defaults to no check: the callback's address and a read-back protect. */
  callbackSigning?: CallbackSigning;
  /** How the gate is reached. */
  network?: NetworkSettings;
  /** What is kept, and for how long. */
  retention?: RetentionSettings;
  /** Whom to tell when the gate itself is ill. Defaults to nobody: alarms are only shown. */
  alarms?: AlarmRouting;
  /** How the functions run. */
  functions?: FunctionSettings;
  /** Closes PagerDuty's token and the ledger against everybody else. Defaults to no: the account's policies decide. */
  perimeter?: Perimeter;
  /** Key for tables, queues, secrets and logs. Defaults to keys that AWS owns. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Tags of all AWS resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Arguments to set on the gate's resources whatever the component says. */
  transform?: ApprovalGateTransform;
}
