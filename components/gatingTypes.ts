// Made by scripts/gatingSchema.ts from the schema that the gate reads with; run `npm run schema` after a change there.
import type * as pulumi from "@pulumi/pulumi";

/** The gating of services, and what applies to all others. */
export interface Gating {
  /** Gated services, by PagerDuty service name or id. */
  services?: { [service: string]: pulumi.Input<GatingService> } | undefined;
  /** What applies to services that are not listed. */
  defaults?: pulumi.Input<GatingDefaults> | undefined;
}

/** One service's runbooks, rules and manual-task routing. */
export interface GatingService {
  /** What can be proposed, by the name that proposers use. Default: nothing. */
  runbooks?: pulumi.Input<{ [name: string]: pulumi.Input<GatingRunbook> }> | undefined;
  /** In order; the first that matches decides. */
  rules?: pulumi.Input<pulumi.Input<GatingRule>[]> | undefined;
  /** What happens when no rule matches. Default: "requireApproval". */
  otherwise?: pulumi.Input<"allow" | "deny" | "requireApproval"> | undefined;
  /**
   * Who hears of a denial: `note`, a note on the incident; `task`, a task of low urgency that counts them; `page`,
   * a task of its own. For rules that say nothing, and for `otherwise`. Default: "task".
   */
  onDeny?: pulumi.Input<"note" | "task" | "page"> | undefined;
  /** Brakes for all rules together, beside those of each rule. */
  limits?: pulumi.Input<GatingServiceLimits> | undefined;
  /** Where the work goes when an action is not carried out. */
  manualTask?: pulumi.Input<GatingManualTask> | undefined;
  /**
   * How long after a proposal for an alert its incident may appear: longer than the service's auto-pause and any
   * `suspend` of its Event Orchestration; 1m to 24h. Written as "5m" or "1h30m". Default: "20m".
   */
  incidentAppearsWithin?: pulumi.Input<string> | undefined;
}

/** One action that can be proposed: exactly one of `automationAction`, `incidentWorkflow`, `reassign` and `escalate`. */
export interface GatingRunbook {
  /** PagerDuty automation action to invoke. */
  automationAction?: pulumi.Input<string> | undefined;
  /** PagerDuty incident workflow to start. */
  incidentWorkflow?: pulumi.Input<string> | undefined;
  /** Reassign the incident to an escalation policy or to users. */
  reassign?: pulumi.Input<GatingPeople> | undefined;
  /** Escalate the incident within its escalation policy. */
  escalate?: pulumi.Input<GatingEscalation> | undefined;
  /**
   * Label that reviewers and Cheqpoint see. Default by kind: run_auto_remediation_runbook,
   * start_incident_workflow, reassign_incident or escalate_incident.
   */
  action?: pulumi.Input<string> | undefined;
  /** What the runbook does, shown to reviewers. */
  description?: pulumi.Input<string> | undefined;
  /** What a proposer may pass, by name; anything else is refused. Default: nothing. */
  parameters?: pulumi.Input<{ [name: string]: pulumi.Input<GatingParameter> }> | undefined;
}

/** People to turn to: an escalation policy or users. */
export interface GatingPeople {
  /** PagerDuty id of an escalation policy. */
  escalationPolicy?: pulumi.Input<string> | undefined;
  /** PagerDuty ids of users. */
  users?: pulumi.Input<pulumi.Input<string>[]> | undefined;
}

/** How far an incident is escalated. */
export interface GatingEscalation {
  /** Level of the escalation policy. From 1 to 20. */
  level: pulumi.Input<number>;
}

/** What a proposer may pass to a runbook under one name. */
export interface GatingParameter {
  /** What a proposer must pass. */
  type: pulumi.Input<"string" | "integer" | "number" | "boolean">;
  /** What the value means, shown to reviewers. */
  description?: pulumi.Input<string> | undefined;
  /** Whether a proposer must pass it. Default: false. */
  required?: pulumi.Input<boolean> | undefined;
  /** Filled in where nothing was passed. */
  default?: pulumi.Input<string | number | boolean> | undefined;
  /** The only values allowed. */
  enum?: pulumi.Input<pulumi.Input<string | number | boolean>[]> | undefined;
  /** Least value of a number. */
  minimum?: pulumi.Input<number> | undefined;
  /** Greatest value of a number. */
  maximum?: pulumi.Input<number> | undefined;
  /** Most characters of a string. From 1 to 1000. Default: 200. */
  maxLength?: pulumi.Input<number> | undefined;
  /** PagerDuty incident custom field that carries the value to the runbook. */
  customField?: pulumi.Input<string> | undefined;
}

/** What happens to proposals that it matches. The first rule that matches decides. */
export interface GatingRule {
  /** Unique within the service; written to the ledger. */
  name: pulumi.Input<string>;
  /** What the rule is about; every field must hold. Absent: everything. */
  match?: pulumi.Input<GatingMatch> | undefined;
  /** What happens to a proposal that matches. */
  decision: pulumi.Input<"allow" | "deny" | "requireApproval">;
  /**
   * Only try the rule: what it would have done is traced, counted and kept with the proposal, and the rules after
   * it decide. Default: false.
   */
  dryRun?: pulumi.Input<boolean> | undefined;
  /** Risk score sent to Cheqpoint. From 0 to 1. Default: 0.5. */
  risk?: pulumi.Input<number> | undefined;
  /** How long to wait for a decision, from receipt: 1m to 7d. Written as "5m" or "1h30m". Default: "15m". */
  sla?: pulumi.Input<string> | undefined;
  /** How long a yes stays good, from the decision: 1m to 24h. Written as "5m" or "1h30m". Default: "15m". */
  validFor?: pulumi.Input<string> | undefined;
  /** What happens when nobody decides within `sla`. Default: "reject". */
  onExpiry?: pulumi.Input<"reject" | "approve"> | undefined;
  /** States that `onExpiry: approve` is meant, on P1 or with a risk of 0.8 or more. Default: false. */
  acknowledgeRisk?: pulumi.Input<boolean> | undefined;
  /** When to page `escalateTo` if nobody has decided, from receipt; less than `sla`. Written as "5m" or "1h30m". */
  escalateAfter?: pulumi.Input<string> | undefined;
  /** Whom to page; needs `escalateAfter`. */
  escalateTo?: pulumi.Input<GatingPeople> | undefined;
  /** How the decision comes back. Default: "callback". */
  delivery?: pulumi.Input<"callback" | "poll"> | undefined;
  /** Runbook to propose for a webhook event; needs `match.event`. */
  propose?: pulumi.Input<string> | undefined;
  /** Parameters that a reviewer may change; each needs a `customField`. */
  editable?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /**
   * How long the same proposal is answered with a human's no: 0s to 7d. Written as "5m" or "1h30m". Default:
   * "30m".
   */
  coolDown?: pulumi.Input<string> | undefined;
  /** Brakes for this rule. */
  limits?: pulumi.Input<GatingRuleLimits> | undefined;
  /**
   * Who hears of a denial: `note`, a note on the incident; `task`, a task of low urgency that counts them; `page`,
   * a task of its own. Needs `decision: deny`. Default: the service's.
   */
  onDeny?: pulumi.Input<"note" | "task" | "page"> | undefined;
  /** Whether an approval that a Cheqpoint rule gave, and no human, counts. Default: false. */
  acceptRuleApprovals?: pulumi.Input<boolean> | undefined;
}

/** What a rule is about; every field must hold, and one of a list is enough. */
export interface GatingMatch {
  /**
   * PagerDuty event types, exactly; "custom:" before one that is not in the list. An explicit proposal has no
   * event.
   */
  event?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Action labels of runbooks, exactly. */
  action?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Names of the incident's priority (P1); capitals do not matter. */
  priority?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Severities as the proposer states them (critical); capitals do not matter. */
  severity?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Urgency of the incident. */
  urgency?: pulumi.Input<"high" | "low" | pulumi.Input<"high" | "low">[]> | undefined;
  /** Matches when any region that the proposer states is in the list, exactly. */
  region?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Names of this service's runbooks, exactly. */
  runbook?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Who proposes: names of proposer tokens, exactly. */
  proposer?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** RE2 regular expressions, found anywhere in the first 1024 characters of the incident's title. */
  titlePattern?: pulumi.Input<string | pulumi.Input<string>[]> | undefined;
  /** Time windows; matches in any of them. */
  during?: pulumi.Input<GatingWindow | pulumi.Input<GatingWindow>[]> | undefined;
}

/** A time window: weekly (`days`, `from`, `to`) or a single stretch (`start`, `end`). */
export interface GatingWindow {
  /** Days on which the window begins. Default: every day. */
  days?:
    | pulumi.Input<
        | "mon"
        | "tue"
        | "wed"
        | "thu"
        | "fri"
        | "sat"
        | "sun"
        | pulumi.Input<"mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun">[]
      >
    | undefined;
  /** When the window begins. Default: "00:00". */
  from?: pulumi.Input<string> | undefined;
  /** When it ends; on the next day if not later than `from`. Default: "24:00". */
  to?: pulumi.Input<string> | undefined;
  /** When a single stretch begins. */
  start?: pulumi.Input<string> | undefined;
  /** When it ends. */
  end?: pulumi.Input<string> | undefined;
  /** Zone of all times here, such as Europe/Berlin. */
  timeZone: pulumi.Input<string>;
}

/** Brakes for one rule. */
export interface GatingRuleLimits {
  /** How many proposals of the rule may be open at once. From 1 to 1000. Default: 20. */
  openProposals?: pulumi.Input<number> | undefined;
  /**
   * How many executions the rule may have in any hour; what a human approved and what nobody did, each. From 1 to
   * 1000. Default: 10.
   */
  executionsPerHour?: pulumi.Input<number> | undefined;
}

/** Brakes for all rules of a service together. */
export interface GatingServiceLimits {
  /** How many proposals of the service may be open at once. Default: any. From 1 to 1000. */
  openProposals?: pulumi.Input<number> | undefined;
  /**
   * How many executions the service may have in any hour; what a human approved and what nobody did, each.
   * Default: any. From 1 to 1000.
   */
  executionsPerHour?: pulumi.Input<number> | undefined;
}

/** Where manual tasks go. */
export interface GatingManualTask {
  /** PagerDuty service of manual tasks. Default: the incident's. */
  service?: pulumi.Input<string> | undefined;
  /** Escalation policy of manual tasks. Default: the service's. */
  escalationPolicy?: pulumi.Input<string> | undefined;
  /** Users to assign instead. */
  users?: pulumi.Input<pulumi.Input<string>[]> | undefined;
  /** Default: the service's own setting. */
  urgency?: pulumi.Input<"high" | "low"> | undefined;
}

/** What applies to services that are not listed. */
export interface GatingDefaults {
  /** What happens to webhook events. Default: "ignore". */
  events?: pulumi.Input<"ignore"> | undefined;
  /** What happens to explicit proposals. Default: "requireApproval". */
  proposals?: pulumi.Input<"requireApproval" | "deny"> | undefined;
  /**
   * Who hears of a denial: `note`, a note on the incident; `task`, a task of low urgency that counts them; `page`,
   * a task of its own. Default: "task".
   */
  onDeny?: pulumi.Input<"note" | "task" | "page"> | undefined;
  /** What can be proposed, by the name that proposers use. Default: nothing. */
  runbooks?: pulumi.Input<{ [name: string]: pulumi.Input<GatingRunbook> }> | undefined;
  /** Where manual tasks go. */
  manualTask?: pulumi.Input<GatingManualTask> | undefined;
}
