import * as z from "zod";
import { customEventPattern, isEventName, proposingEvents } from "./events.ts";
import { oneOrMany, strict, text } from "./fields.ts";
import { actionLabel, runbookName } from "./runbookSchema.ts";
import { closest } from "./show.ts";
import { maxPatternLength, patternProblem } from "./titlePattern.ts";
import { urgency } from "./whom.ts";
import { windowSchema } from "./windowSchema.ts";

const matchValue = text(
  "must be text of 1 to 200 characters without space around it",
  /^\S(?:.{0,198}\S)?$/,
);

export const matchSchema = strict({
  event: oneOrMany(
    z
      .string({ error: eventError })
      .refine(isEventName, { error: eventError })
      .meta({ anyOf: [{ enum: proposingEvents }, { pattern: customEventPattern.source }] }),
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
    .meta({
      description: "Severities as the proposer states them (critical); capitals do not matter.",
    })
    .optional(),
  urgency: oneOrMany(urgency).meta({ description: "Urgency of the incident." }).optional(),
  region: oneOrMany(matchValue)
    .meta({
      description: "Matches when any region that the proposer states is in the list, exactly.",
    })
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
      .meta({ minLength: 1, maxLength: maxPatternLength }),
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

export type MatchInput = z.output<typeof matchSchema>;

function eventError(issue: { input?: unknown }): string {
  const near = typeof issue.input === "string" ? closest(issue.input, proposingEvents) : null;
  const hint = near === null ? "" : ` (did you mean ${near}?)`;
  return `must be an event type of PagerDuty that can lead to a proposal${hint}: ${proposingEvents.join(", ")}, or "custom:incident.<type>" for one that is not in this list`;
}

function patternError(issue: { input?: unknown }): string {
  const problem = typeof issue.input === "string" ? patternProblem(issue.input) : null;
  return problem ?? "must be a regular expression of RE2, written in quotes";
}
