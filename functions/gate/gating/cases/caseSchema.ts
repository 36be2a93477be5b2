import * as z from "zod";
import { isEventName, proposingEvents } from "../schema/events.ts";
import {
  duration,
  flag,
  integerBetween,
  numberBetween,
  oneOf,
  oneOrMany,
  prose,
  strict,
} from "../schema/fields.ts";
import { runbookName } from "../schema/runbookSchema.ts";
import { urgency, whom } from "../schema/whom.ts";

/**
 * What people write in `gating.test.yaml`: examples of what the gating is to answer. The one source of the reader and of the
 * JSON Schema that editors use.
 */

const decisions = ["allow", "deny", "requireApproval"] as const;

const moment = z
  .string({ error: momentError })
  .refine((text) => MOMENT.test(text) && !Number.isNaN(Date.parse(text)), { error: momentError })
  .meta({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d)?(Z|[-+]\\d\\d:\\d\\d)$" });
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[-+]\d\d:\d\d)$/;

function momentError(): string {
  return 'must be a time with its offset such as "2026-11-24T10:00:00Z"';
}

function eventError(): string {
  return `must be an event type of PagerDuty that can lead to a proposal, such as ${proposingEvents[0]}`;
}

const text = prose(200);

const incident = {
  priority: text.meta({ description: "Name of the incident's priority (P1)." }).optional(),
  urgency: urgency.meta({ description: "Urgency of the incident." }).optional(),
  title: prose(1024).meta({ description: "Title of the incident." }).optional(),
};

const proposalSchema = strict(
  {
    runbook: runbookName.meta({ description: "The runbook that is proposed." }),
    proposer: text
      .meta({ description: "Who proposes: the name of its token.", default: "ai-agent" })
      .optional(),
    severity: text.meta({ description: "Severity as the proposer states it." }).optional(),
    region: oneOrMany(text, 20)
      .meta({ description: "Regions that the proposer states." })
      .optional(),
    ...incident,
  },
  "must be an object such as { runbook: restart, priority: P1 }",
);

const eventSchema = strict(
  {
    type: z
      .string({ error: eventError })
      .refine((name) => isEventName(name), { error: eventError })
      .meta({ description: "PagerDuty's event, incident.triggered." }),
    ...incident,
  },
  "must be an object such as { type: incident.triggered, priority: P1 }",
);

const limit = integerBetween(1, 1000);

const expectSchema = strict(
  {
    decision: oneOf(decisions)
      .meta({ description: "What the gating says; left out only where an event proposes nothing." })
      .optional(),
    rule: text
      .meta({ description: "The rule that decides; `otherwise` where none does." })
      .optional(),
    proposes: runbookName
      .nullable()
      .meta({ description: "The runbook that the event proposes; null: nothing." })
      .optional(),
    wouldHave: oneOf(decisions)
      .nullable()
      .meta({ description: "What would be said without dry runs; null: the same." })
      .optional(),
    risk: numberBetween(0, 1).meta({ description: "Risk score sent to Cheqpoint." }).optional(),
    sla: duration("1m", "7d")
      .meta({ description: "How long is waited for a decision." })
      .optional(),
    validFor: duration("1m", "24h").meta({ description: "How long a yes stays good." }).optional(),
    onExpiry: oneOf(["reject", "approve"])
      .meta({ description: "What happens when nobody decides." })
      .optional(),
    escalateAfter: duration("30s", "7d")
      .nullable()
      .meta({ description: "When `escalateTo` is paged; null: never." })
      .optional(),
    escalateTo: strict(whom, "must be an object such as { escalationPolicy: PEP0002 }")
      .nullable()
      .meta({ description: "Who is paged; null: nobody." })
      .optional(),
    delivery: oneOf(["callback", "poll"])
      .meta({ description: "How the decision comes back." })
      .optional(),
    editable: z
      .array(prose(64), { error: "must be a list" })
      .max(20, { error: "must hold at most 20 values" })
      .meta({ description: "Parameters that a reviewer may change, in any order." })
      .optional(),
    coolDown: duration("0s", "7d")
      .meta({ description: "How long a no answers the same proposal." })
      .optional(),
    limits: strict(
      {
        openProposals: limit.meta({ description: "How many may be open at once." }).optional(),
        executionsPerHour: limit.meta({ description: "How many may run in an hour." }).optional(),
      },
      "must be an object such as { openProposals: 5 }",
    )
      .meta({ description: "Brakes of the rule." })
      .optional(),
    onDeny: oneOf(["note", "task", "page"])
      .meta({ description: "Who hears of a denial." })
      .optional(),
    acceptRuleApprovals: flag()
      .meta({ description: "Whether an approval by a Cheqpoint rule counts." })
      .optional(),
  },
  "must be an object such as { decision: deny }",
);

const caseSchema = strict({
  name: text.meta({ description: "What the case shows; unique in the file." }),
  service: prose(255).meta({ description: "The service, by the gating's key." }),
  listed: flag()
    .meta({
      description: "False: the gating does not list the service, and its defaults answer.",
      default: true,
    })
    .optional(),
  proposal: proposalSchema.meta({ description: "What somebody proposes; or `event`." }).optional(),
  event: eventSchema.meta({ description: "An event of PagerDuty; or `proposal`." }).optional(),
  at: moment.meta({ description: "When it is weighed. Default: `at` of the file." }).optional(),
  expect: expectSchema.meta({ description: "What the gating must answer." }),
});

const casesSchema = strict({
  gating: prose(1000)
    .meta({
      description:
        "The gating file that is tested, seen from this one. Default: the name of this file without `.test`.",
    })
    .optional(),
  at: moment.meta({ description: "When the cases are weighed that do not say it." }).optional(),
  cases: z
    .array(caseSchema, { error: "must be a list" })
    .max(1000, { error: "must hold at most 1000 cases" })
    .meta({ description: "What the gating is to answer." }),
});

export type CaseInput = z.output<typeof caseSchema>;
export type ExpectInput = z.output<typeof expectSchema>;

/** The same objects with their insides left unread, for the reader that goes through them one by one. */
export const casesShell = casesSchema.extend({
  cases: z
    .array(z.unknown(), { error: "must be a list" })
    .max(1000, { error: "must hold at most 1000 cases" }),
});
export const caseReader = caseSchema;

/** JSON Schema (draft 7, which editors know) of a file with cases. */
export function casesJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(casesSchema, { target: "draft-7", io: "input" }),
    title: "Cases for the gating of pagerduty-approval-gate",
  };
}
