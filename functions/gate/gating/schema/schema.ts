import * as z from "zod";
import { defaults } from "./defaults.ts";
import {
  duration,
  flag,
  integerBetween,
  isRecord,
  list,
  numberBetween,
  oneOf,
  prose,
  strict,
  text,
} from "./fields.ts";
import { matchSchema } from "./matchSchema.ts";
import { runbookKey, runbookName, runbookSchema } from "./runbookSchema.ts";
import { policyId, serviceId, urgency, userId, whom } from "./whom.ts";

/**
 * What people write. This is the one source of the types, of the checks of single fields and of the
 * JSON Schema that editors use; checks across fields are in `checkRule.ts` and `checkRunbook.ts`.
 */

const decisions = ["allow", "deny", "requireApproval"] as const;

const onDeny = oneOf(["note", "task", "page"]);
const ON_DENY =
  "Who hears of a denial: `note`, a note on the incident; `task`, a task of low urgency that counts them; `page`, a task of its own.";

const limit = integerBetween(1, 1000);
const anExample = "must be an object such as { openProposals: 5 }";

const ruleLimitsSchema = strict(
  {
    openProposals: limit
      .meta({
        description: "How many proposals of the rule may be open at once.",
        default: defaults.openProposals,
      })
      .optional(),
    executionsPerHour: limit
      .meta({
        description:
          "How many executions the rule may have in any hour; what a human approved and what nobody did, each.",
        default: defaults.executionsPerHour,
      })
      .optional(),
  },
  anExample,
);

const serviceLimitsSchema = strict(
  {
    openProposals: limit
      .meta({ description: "How many proposals of the service may be open at once. Default: any." })
      .optional(),
    executionsPerHour: limit
      .meta({
        description:
          "How many executions the service may have in any hour; what a human approved and what nobody did, each. Default: any.",
      })
      .optional(),
  },
  anExample,
);

const ruleSchema = strict({
  name: text(
    "must be a name: a letter or digit, then up to 63 letters, digits, `_`, `-` or `.`",
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/,
  ).meta({ description: "Unique within the service; written to the ledger." }),
  match: matchSchema
    .meta({ description: "What the rule is about; every field must hold. Absent: everything." })
    .optional(),
  decision: oneOf(decisions).meta({ description: "What happens to a proposal that matches." }),
  dryRun: flag()
    .meta({
      description:
        "Only try the rule: what it would have done is traced, counted and kept with the proposal, and the rules after it decide.",
      default: false,
    })
    .optional(),
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
  limits: ruleLimitsSchema.meta({ description: "Brakes for this rule." }).optional(),
  onDeny: onDeny
    .meta({ description: `${ON_DENY} Needs \`decision: deny\`. Default: the service's.` })
    .optional(),
  acceptRuleApprovals: flag()
    .meta({
      description: "Whether an approval that a Cheqpoint rule gave, and no human, counts.",
      default: false,
    })
    .optional(),
});

const manualTaskSchema = strict({
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
  onDeny: onDeny
    .meta({
      description: `${ON_DENY} For rules that say nothing, and for \`otherwise\`.`,
      default: defaults.onDeny,
    })
    .optional(),
  limits: serviceLimitsSchema
    .meta({ description: "Brakes for all rules together, beside those of each rule." })
    .optional(),
  manualTask: manualTaskSchema
    .meta({ description: "Where the work goes when an action is not carried out." })
    .optional(),
  incidentAppearsWithin: duration("1m", "24h")
    .meta({
      description:
        "How long after a proposal for an alert its incident may appear: longer than the service's auto-pause and any `suspend` of its Event Orchestration; 1m to 24h.",
      default: defaults.incidentAppearsWithin,
    })
    .optional(),
});

const defaultsSchema = strict({
  events: oneOf(["ignore"])
    .meta({ description: "What happens to webhook events.", default: "ignore" })
    .optional(),
  proposals: oneOf(["requireApproval", "deny"])
    .meta({ description: "What happens to explicit proposals.", default: "requireApproval" })
    .optional(),
  onDeny: onDeny.meta({ description: ON_DENY, default: defaults.onDeny }).optional(),
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
export type ManualTaskInput = z.output<typeof manualTaskSchema>;

const anything = z.custom<Record<string, unknown>>(isRecord, { error: "must be an object" });

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
