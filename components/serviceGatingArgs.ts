import type * as pulumi from "@pulumi/pulumi";
import type { GatingService } from "./gatingTypes.ts";

/** What another stack needs of a gate: its output `gate`. */
export interface GateReference {
  /** The gate's name, as in its metrics. */
  name: string;
  /** AWS region of the gate. */
  region: string;
  /** Table of gating; the only thing that a service's stack writes to. */
  gatingTableName: string;
  /** ARN of that table, for the policy of whoever deploys. */
  gatingTableArn: string;
  /** Where proposals go. */
  proposalsUrl: string;
  /** PagerDuty event types that the gate is told of, which rules may wait for. Absent: whoever subscribes knows. */
  subscribedEvents?: string[];
  /** How gating may lie in that table: 2, with rules by name. Absent: with rules as a list. */
  gatingForm?: number;
  /** Where PagerDuty delivers its events; for the command line, as what follows. */
  webhookUrl?: string;
  /** Name of the table of proposals, decisions and executions. */
  ledgerTableName?: string;
  /** URL of the work queue. */
  queueUrl?: string;
  /** URL of the dead-letter queue. */
  deadLetterQueueUrl?: string;
}

/** A PagerDuty service: a `pagerduty.Service` is one. */
export interface PagerDutyService {
  /** Its id. */
  id: pulumi.Input<string>;
  /** Its name. */
  name: pulumi.Input<string>;
}

/** Inputs of {@link ServiceGating}. */
export interface ServiceGatingArgs {
  /** The output `gate` of an ApprovalGate, of this stack or of another. */
  gate: pulumi.Input<GateReference>;
  /** Name or id of the PagerDuty service, which must exist. */
  service?: pulumi.Input<string>;
  /** The PagerDuty service as a resource of the program; instead of `service`. */
  pagerdutyService?: PagerDutyService;
  /** Runbooks, rules, `otherwise` and manual-task routing, as under `services` in a stack's configuration. */
  gating: pulumi.Input<GatingService>;
  /** Whether the service gets an Events API v2 integration for manual tasks. Defaults to false. */
  manualTaskIntegration?: boolean;
}

/** Types a gating that is written apart from its component, which checks it in full. */
export function defineServiceGating(gating: GatingService): GatingService {
  return gating;
}
