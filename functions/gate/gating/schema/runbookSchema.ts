import * as z from "zod";
import { integerBetween, pagerDutyId, prose, strict, text } from "./fields.ts";
import { parameterSchema } from "./parameterSchema.ts";
import { whom } from "./whom.ts";

export const runbookNamePattern = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

export const runbookName = text(
  "must be a runbook's name: a letter, then up to 63 letters, digits, `_`, `-` or `.`",
  runbookNamePattern,
);

/** The four things that a runbook can be; exactly one of them is written. */
export const targetKeys = ["automationAction", "incidentWorkflow", "reassign", "escalate"] as const;

export const actionLabel = text(
  "must be snake_case: a small letter, then up to 63 small letters, digits or `_`",
  /^[a-z][a-z0-9_]{0,63}$/,
);

export const parameterNamePattern = /^[a-z][a-z0-9_]{0,39}$/;

/** Keys are checked by `checkRunbook.ts`, which names the place; the pattern here is for editors. */
const parameterName = z.string().meta({ pattern: parameterNamePattern.source });
export const runbookKey = z.string().meta({ pattern: runbookNamePattern.source });

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
    .record(parameterName, parameterSchema)
    .meta({
      description: "What a proposer may pass, by name; anything else is refused. Default: nothing.",
    })
    .optional(),
}).meta({
  oneOf: targetKeys.map((key) => ({ required: [key] })),
});

export type RunbookInput = z.output<typeof runbookSchema>;
