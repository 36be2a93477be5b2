import * as z from "zod";
import { gatingSchema } from "./schema.ts";

/** JSON Schema (draft 7, which editors know) of `services` and `defaults`, from the zod source. */
export function gatingJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(gatingSchema, { target: "draft-7", io: "input" }),
    title: "Gating of pagerduty-approval-gate",
  };
}

/** JSON Schema of a `Pulumi.<stack>.yaml`, so that editors complete the gating inside it. */
export function stackJsonSchema(gatingSchemaFile: string): Record<string, unknown> {
  const part = (key: string) => ({ $ref: `${gatingSchemaFile}#/properties/${key}` });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Stack file of pagerduty-approval-gate",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: {
          "pagerduty-approval-gate:services": part("services"),
          "pagerduty-approval-gate:defaults": part("defaults"),
        },
      },
    },
  };
}
