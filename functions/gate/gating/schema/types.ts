/** What a rule says about a proposal. */
export type RuleDecision = "allow" | "deny" | "requireApproval";

/** Who hears of a denial: a note on the incident alone, a task that collects them, or a task of its own. */
export type OnDeny = "note" | "task" | "page";

/** The same three words where no rule matched. */
export type Decision = RuleDecision;

/** What PagerDuty must do when the runbook is carried out. */
export type Target =
  | { kind: "automationAction"; actionId: string }
  | { kind: "incidentWorkflow"; workflowId: string }
  | { kind: "reassign"; users: string[]; escalationPolicy: string | null }
  | { kind: "escalate"; level: number };

/** A value that a proposer may pass to a runbook. */
export type ParameterValue = string | number | boolean;

/** What a proposer may pass under one parameter name. */
export interface ParameterSpec {
  type: "string" | "integer" | "number" | "boolean";
  description: string | null;
  required: boolean;
  /** Filled in where the proposer passed nothing; null: nothing is filled in. */
  default: ParameterValue | null;
  /** The only values allowed; null: any of the type. */
  enum: ParameterValue[] | null;
  minimum: number | null;
  maximum: number | null;
  /** Characters of a string; null for the other types. */
  maxLength: number | null;
  /** PagerDuty incident custom field that carries the value to the runbook; null: shown only. */
  customField: string | null;
}

/** One action that may be proposed for a service, by the name that proposers use. */
export interface Runbook {
  name: string;
  /** Label that reviewers and Cheqpoint see. */
  action: string;
  description: string | null;
  target: Target;
  parameters: Record<string, ParameterSpec>;
}

/** A stretch of time in one zone, as it was written; see `windowHolds`. */
export type Window =
  | { kind: "weekly"; days: Weekday[]; from: string; to: string; timeZone: string }
  | { kind: "absolute"; start: string; end: string; timeZone: string };

export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/** What a rule looks at; null in a field: anything. A list matches when one of it does. */
export interface Match {
  event: string[] | null;
  action: string[] | null;
  priority: string[] | null;
  severity: string[] | null;
  urgency: ("high" | "low")[] | null;
  region: string[] | null;
  runbook: string[] | null;
  proposer: string[] | null;
  titlePattern: string[] | null;
  during: Window[] | null;
}

/** How an approval is asked for and how long it counts. */
export interface RuleTerms {
  /** 0 to 1, sent to Cheqpoint. */
  risk: number;
  /** How long to wait for a decision, from receipt. */
  slaMs: number;
  /** How long a yes stays good, from the decision. */
  validForMs: number;
  onExpiry: "reject" | "approve";
  /** When to page `escalateTo` if nobody has decided, from receipt. */
  escalateAfterMs: number | null;
  escalateTo: { users: string[]; escalationPolicy: string | null } | null;
  delivery: "callback" | "poll";
  /** Parameters that a reviewer may change. */
  editable: string[];
  /** How long the same proposal is answered with an earlier rejection. */
  coolDownMs: number;
  /** Of this rule alone; what a human approved and what nobody did have as many places each. */
  limits: { openProposals: number; executionsPerHour: number };
  /** Whether an approval that a Cheqpoint rule gave, and no human, counts. */
  acceptRuleApprovals: boolean;
  /** Absent: as the service says, which is "task" unless it says so. What is absent does not change the hash. */
  onDeny?: OnDeny;
}

export interface Rule extends RuleTerms {
  name: string;
  match: Match;
  decision: RuleDecision;
  /** Runbook to propose for a webhook event that matches. */
  propose: string | null;
  /** Tried and traced, and then passed over. Absent: it is in force. What is absent does not change the hash. */
  dryRun?: true;
}

/** Where manual tasks go; null and empty: the incident's own service and escalation policy. */
export interface ManualTaskRouting {
  service: string | null;
  escalationPolicy: string | null;
  users: string[];
  urgency: "high" | "low" | null;
}

export interface ServiceLimits {
  openProposals: number | null;
  executionsPerHour: number | null;
}

/** One service's gating, with every default filled in. */
export interface ServiceGating {
  /** By name. Look an untrusted name up with `findRunbook`, never by plain indexing. */
  runbooks: Record<string, Runbook>;
  /** In order; the first that matches decides. */
  rules: Rule[];
  otherwise: Decision;
  /** For denials by rules that do not say it themselves, and by `otherwise`; absent: "task". */
  onDeny?: OnDeny;
  /** For all rules together; absent or null: no such brake. What is absent does not change the hash. */
  limits?: ServiceLimits;
  manualTask: ManualTaskRouting;
  /** How long an alert's incident may take to appear; absent: as long as the defaults let it. */
  incidentAppearsWithinMs?: number;
}

/** What applies to services that are not listed. */
export interface GatingDefaults {
  events: "ignore";
  proposals: "requireApproval" | "deny";
  onDeny?: OnDeny;
  runbooks: Record<string, Runbook>;
  manualTask: ManualTaskRouting;
}

export interface Gating {
  /** By PagerDuty service name or id, as written. */
  services: Record<string, ServiceGating>;
  defaults: GatingDefaults;
}

/** What rules are evaluated against: one proposal on one incident at one moment. */
export interface Subject {
  /** PagerDuty event type; null: an explicit proposal. */
  event: string | null;
  action: string;
  runbook: string;
  proposer: string;
  priority: string | null;
  /** What the proposer claims; null: it claims nothing. */
  severity: string | null;
  urgency: "high" | "low" | null;
  /** What the proposer claims; empty: it claims nothing. */
  regions: string[];
  title: string;
  atMs: number;
}

/** One line of an explanation: what was found when this rule was tried. */
export interface TraceEntry {
  rule: string;
  matched: boolean;
  because: string;
  /** The rule is in a dry run: whatever it matched, it was passed over. Absent: it is in force. */
  dryRun?: true;
}

export interface Evaluation {
  /** Name of the rule that decides: the one that matched, or one that might have; null: `otherwise` decides. */
  rule: string | null;
  decision: RuleDecision;
  terms: RuleTerms;
  /** The rules tried, in order, up to the one that matched. */
  trace: TraceEntry[];
  /** What would have been said if no rule were in a dry run, where that is something else; absent: the same. */
  wouldHave?: Answer;
}

/** Which rule decides (null: `otherwise`), and what. */
export interface Answer {
  rule: string | null;
  decision: RuleDecision;
}
