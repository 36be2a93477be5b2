import { z } from "zod";
import { defaults } from "./defaults.ts";
import { customEventPrefix, incidentEvents, isEventName } from "./events.ts";
import {
  duration,
  flag,
  integerBetween,
  list,
  numberBetween,
  oneOf,
  oneOrMany,
  pagerDutyId,
  prose,
  strict,
  text,
} from "./fields.ts";
import { parameterSchema } from "./parameterSchema.ts";
import { closest } from "./show.ts";
import { maxPatternLength, patternProblem } from "./titlePattern.ts";
import { windowSchema } from "./windowSchema.ts";

/**
 * What people write. This is the one source of the types, of the checks of single fields and of the
 * JSON Schema that editors use; checks across fields are in `checkRule.ts` and `checkRunbook.ts`.
 */

const decisions = ["allow", "deny", "requireApproval"] as const;

const policyId = pagerDutyId("an escalation policy", "PEP0002");
const userId = pagerDutyId("a user", "PUSER02");
const serviceId = pagerDutyId("a service", "PSVC001");
const urgency = oneOf(["high", "low"]);

const whom = {
  escalationPolicy: policyId
    .meta({ description: "PagerDuty id of an escalation policy." })
    .optional(),
  users: list(userId, 20).meta({ description: "PagerDuty ids of users." }).optional(),
};

export const runbookNamePattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

const runbookName = text(
  "must be a runbook's name: a letter, then up to 63 letters, digits, `_`, `-` or `.`",
  runbookNamePattern,
);

/** The four things that a runbook can be; exactly one of them is written. */
export const targetKeys = ["automationAction", "incidentWorkflow", "reassign", "escalate"] as const;

const actionLabel = text(
  "must be snake_case: a small letter, then up to 63 small letters, digits or `_`",
  /^[a-z][a-z0-9_]{0,63}$/,
);

/** Names of parameters; the pattern is checked by `checkRunbook.ts`, which can name the place. */
export const parameterNamePattern = /^[a-z][a-z0-9_]{0,39}$/;
const parameterName = z.string().meta({ pattern: parameterNamePattern.source });
const runbookKey = z.string().meta({ pattern: runbookNamePattern.source });

export const runbookSchema = strict({
  automationAction: pagerDutyId("an automation action", "01DBFAILOVER")
    .meta({ description: "PagerDuty automation action to invoke." })
    .optional(),
  incidentWorkflow: pagerDutyId("an incident workflow", "PWF0001")
    .meta({ description: "PagerDuty incident workflow to start." })
    .optional(),
  reassign: strict(whom, "must be an object such as { escalationPolicy: PEP0002 }")
    .meta({ description: "Reassign the incident to an escalation policy or to users." })
    .optional(),
  escalate: strict(
    {
      level: integerBetween(1, 20).meta({ description: "Level of the escalation policy." }),
    },
    "must be an object such as { level: 2 }",
  )
    .meta({ description: "Escalate the incident within its escalation policy." })
    .optional(),
  action: actionLabel
    .meta({
      description:
        "Label that reviewers and Cheqpoint see. Default by kind: run_auto_remediation_runbook, start_incident_workflow, reassign_incident or escalate_incident.",
    })
    .optional(),
  description: prose(500)
    .meta({ description: "What the runbook does, shown to reviewers." })
    .optional(),
  parameters: z
    .record(z.string(), parameterSchema)
    .meta({
      description: "What a proposer may pass, by name; anything else is refused. Default: nothing.",
    })
    .optional(),
}).meta({
  oneOf: targetKeys.map((key) => ({ required: [key] })),
});

const matchValue = text(
  "must be text of 1 to 200 characters without space around it",
  /^\S(?:.{0,198}\S)?$/,
);

export const matchSchema = strict({
  event: oneOrMany(
    z
      .string({ error: eventError })
      .refine(isEventName, { error: eventError })
      .meta({ anyOf: [{ enum: incidentEvents }, { pattern: `^${customEventPrefix}` }] }),
  )
    .meta({
      description:
        'PagerDuty event types, exactly; "custom:" before one that is not in the list. An explicit proposal has no event.',
    })
    .optional(),
  action: oneOrMany(actionLabel)
    .meta({ description: "Action labels of runbooks, exactly." })
    .optional(),
  priority: oneOrMany(matchValue)
    .meta({ description: "Names of the incident's priority (P1); capitals do not matter." })
    .optional(),
  severity: oneOrMany(matchValue)
    .meta({ description: "Severities of the alert (critical); capitals do not matter." })
    .optional(),
  urgency: oneOrMany(urgency).meta({ description: "Urgency of the incident." }).optional(),
  region: oneOrMany(matchValue)
    .meta({ description: "Matches when any affected region is in the list, exactly." })
    .optional(),
  runbook: oneOrMany(runbookName)
    .meta({ description: "Names of this service's runbooks, exactly." })
    .optional(),
  proposer: oneOrMany(matchValue)
    .meta({ description: "Who proposes: names of proposer tokens, exactly." })
    .optional(),
  titlePattern: oneOrMany(
    z
      .string({ error: patternError })
      .refine((pattern) => patternProblem(pattern) === null, { error: patternError })
      .meta({ maxLength: maxPatternLength }),
    20,
  )
    .meta({
      description:
        "RE2 regular expressions, found anywhere in the first 1024 characters of the incident's title.",
    })
    .optional(),
  during: oneOrMany(windowSchema, 20)
    .meta({ description: "Time windows; matches in any of them." })
    .optional(),
});

export const limitsSchema = strict(
  {
    openProposals: integerBetween(1, 1000)
      .meta({
        description: "How many proposals of the service may be open at once.",
        default: defaults.openProposals,
      })
      .optional(),
    executionsPerHour: integerBetween(1, 1000)
      .meta({
        description: "How many executions the service may have in an hour.",
        default: defaults.executionsPerHour,
      })
      .optional(),
  },
  "must be an object such as { openProposals: 5 }",
);

export const ruleSchema = strict({
  name: text(
    "must be a name: a letter or digit, then up to 63 letters, digits, `_`, `-` or `.`",
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  ).meta({ description: "Unique within the service; written to the ledger." }),
  match: matchSchema
    .meta({ description: "What the rule is about; every field must hold. Absent: everything." })
    .optional(),
  decision: oneOf(decisions).meta({ description: "What happens to a proposal that matches." }),
  risk: numberBetween(0, 1)
    .meta({ description: "Risk score sent to Cheqpoint.", default: defaults.risk })
    .optional(),
  sla: duration("1m", "7d")
    .meta({
      description: "How long to wait for a decision, from receipt: 1m to 7d.",
      default: defaults.sla,
    })
    .optional(),
  validFor: duration("1m", "24h")
    .meta({
      description: "How long a yes stays good, from the decision: 1m to 24h.",
      default: defaults.validFor,
    })
    .optional(),
  onExpiry: oneOf(["reject", "approve"])
    .meta({
      description: "What happens when nobody decides within `sla`.",
      default: defaults.onExpiry,
    })
    .optional(),
  acknowledgeRisk: flag()
    .meta({
      description: "States that `onExpiry: approve` is meant, on P1 or with a risk of 0.8 or more.",
      default: false,
    })
    .optional(),
  escalateAfter: duration("30s", "7d")
    .meta({
      description:
        "When to page `escalateTo` if nobody has decided, from receipt; less than `sla`.",
    })
    .optional(),
  escalateTo: strict(whom, "must be an object such as { escalationPolicy: PEP0002 }")
    .meta({ description: "Whom to page; needs `escalateAfter`." })
    .optional(),
  delivery: oneOf(["callback", "poll"])
    .meta({ description: "How the decision comes back.", default: defaults.delivery })
    .optional(),
  propose: runbookName
    .meta({ description: "Runbook to propose for a webhook event; needs `match.event`." })
    .optional(),
  editable: list(prose(64), 20)
    .meta({ description: "Parameters that a reviewer may change; each needs a `customField`." })
    .optional(),
  coolDown: duration("0s", "7d")
    .meta({
      description: "How long the same proposal is answered with a human's no: 0s to 7d.",
      default: defaults.coolDown,
    })
    .optional(),
  limits: limitsSchema.meta({ description: "Brakes for the whole service." }).optional(),
  acceptRuleApprovals: flag()
    .meta({
      description: "Whether an approval that a Cheqpoint rule gave, and no human, counts.",
      default: false,
    })
    .optional(),
});

export const manualTaskSchema = strict({
  service: serviceId
    .meta({ description: "PagerDuty service of manual tasks. Default: the incident's." })
    .optional(),
  escalationPolicy: policyId
    .meta({ description: "Escalation policy of manual tasks. Default: the service's." })
    .optional(),
  users: list(userId, 20).meta({ description: "Users to assign instead." }).optional(),
  urgency: urgency.meta({ description: "Default: the service's own setting." }).optional(),
});

const runbooks = z.record(runbookKey, runbookSchema).meta({
  description: "What can be proposed, by the name that proposers use. Default: nothing.",
});

export const serviceSchema = strict({
  runbooks: runbooks.optional(),
  rules: z
    .array(ruleSchema, { error: "must be a list" })
    .max(100, { error: "must hold at most 100 rules" })
    .meta({ description: "In order; the first that matches decides." })
    .optional(),
  otherwise: oneOf(decisions)
    .meta({ description: "What happens when no rule matches.", default: defaults.otherwise })
    .optional(),
  manualTask: manualTaskSchema
    .meta({ description: "Where the work goes when an action is not carried out." })
    .optional(),
});

export const defaultsSchema = strict({
  events: oneOf(["ignore"])
    .meta({ description: "What happens to webhook events.", default: "ignore" })
    .optional(),
  proposals: oneOf(["requireApproval", "deny"])
    .meta({ description: "What happens to explicit proposals.", default: "requireApproval" })
    .optional(),
  runbooks: runbooks.optional(),
  manualTask: manualTaskSchema.meta({ description: "Where manual tasks go." }).optional(),
});

export const gatingSchema = strict({
  services: z
    .record(z.string(), serviceSchema)
    .meta({ description: "Gated services, by PagerDuty service name or id." })
    .optional(),
  defaults: defaultsSchema
    .meta({ description: "What applies to services that are not listed." })
    .optional(),
});

/** What people write under `services` and `defaults`. */
export type GatingInput = z.input<typeof gatingSchema>;
/** What people write for one service. */
export type ServiceGatingInput = z.input<typeof serviceSchema>;

export type RuleInput = z.output<typeof ruleSchema>;
export type MatchInput = z.output<typeof matchSchema>;
export type RunbookInput = z.output<typeof runbookSchema>;
export type ManualTaskInput = z.output<typeof manualTaskSchema>;

function eventError(issue: { input?: unknown }): string {
  const near = typeof issue.input === "string" ? closest(issue.input, incidentEvents) : null;
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  return `must be an event type of PagerDuty${hint}: ${incidentEvents.join(", ")}, or "custom:<type>" for one that is not in this list`;
}

function patternError(issue: { input?: unknown }): string {
  const problem = typeof issue.input === "string" ? patternProblem(issue.input) : null;
  return problem ?? "must be a regular expression of RE2, written in quotes";
}

const anything = z.record(z.string(), z.unknown(), { error: "must be an object" });

/** The same objects with their insides left unread, for the reader that goes through them one by one. */
export const runbookShell = runbookSchema.extend({ parameters: anything.optional() });
export const ruleShell = ruleSchema.extend({ match: z.unknown().optional() });
export const serviceShell = serviceSchema.extend({
  runbooks: anything.optional(),
  rules: z
    .array(z.unknown(), { error: "must be a list" })
    .max(100, { error: "must hold at most 100 rules" })
    .optional(),
});
export const defaultsShell = defaultsSchema.extend({ runbooks: anything.optional() });
export const gatingShell = gatingSchema.extend({
  services: anything.optional(),
  defaults: z.unknown().optional(),
});
