import * as z from "zod";
import { defaults } from "./defaults.ts";
import { flag, integerBetween, list, oneOf, prose, strict, text } from "./fields.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: "must be text, a number, true or false",
});

const finite = z.number({ error: "must be a number, written without quotes" });

/** What may be said about one parameter of a runbook. */
export const parameterSchema = strict(
  {
    type: oneOf(["string", "integer", "number", "boolean"]).meta({
      description: "What a proposer must pass.",
    }),
    description: prose(500)
      .meta({ description: "What the value means, shown to reviewers." })
      .optional(),
    required: flag()
      .meta({ description: "Whether a proposer must pass it.", default: false })
      .optional(),
    default: scalar.meta({ description: "Filled in where nothing was passed." }).optional(),
    enum: list(scalar).meta({ description: "The only values allowed." }).optional(),
    minimum: finite.meta({ description: "Least value of a number." }).optional(),
    maximum: finite.meta({ description: "Greatest value of a number." }).optional(),
    maxLength: integerBetween(1, 1000)
      .meta({ description: "Most characters of a string.", default: defaults.maxLength })
      .optional(),
    customField: text(
      "must be the name of a PagerDuty incident custom field: up to 50 letters, digits, `_` or `-`",
      /^[A-Za-z0-9_-]{1,50}$/,
    )
      .meta({
        description: "PagerDuty incident custom field that carries the value to the runbook.",
      })
      .optional(),
  },
  "must be an object such as { type: integer }",
);

export type ParameterInput = z.output<typeof parameterSchema>;
