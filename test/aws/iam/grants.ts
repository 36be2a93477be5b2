import { z } from "zod";
import type { Use } from "./uses.ts";

/** One action that a function may do on one resource, as its role's policy says. */
export interface Grant {
  sid: string;
  action: string;
  /** An ARN, perhaps with `*` at its end. */
  resource: string;
  /** A pattern of partition keys; null: all of them. */
  partition: string | null;
}

const policy = z.strictObject({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.strictObject({
      Sid: z.string(),
      Effect: z.literal("Allow"),
      Action: z.array(z.string()),
      Resource: z.array(z.string()),
      Condition: z
        .strictObject({
          "ForAllValues:StringLike": z.strictObject({
            "dynamodb:LeadingKeys": z.array(z.string()),
          }),
        })
        .optional(),
    }),
  ),
});

/** Of a policy as it is synthesised. */
export function grantsIn(text: string): Grant[] {
  return policy
    .parse(JSON.parse(text))
    .Statement.flatMap((statement) =>
      statement.Action.flatMap((action) =>
        statement.Resource.flatMap((resource) =>
          (statement.Condition?.["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] ?? [null]).map(
            (partition) => ({ sid: statement.Sid, action, resource, partition }),
          ),
        ),
      ),
    );
}

/** Whether a grant is what allows that. */
export function allows(grant: Grant, use: Use): boolean {
  return (
    grant.action === use.action &&
    isLike(grant.resource, arnOf(grant.resource, use.resource)) &&
    (grant.partition === null || isLike(grant.partition, use.partition ?? ""))
  );
}

/** The used resource as an ARN beside the granted one: of the same region and account, which the function's own are. */
function arnOf(granted: string, used: string): string {
  const [kind = "", ...name] = used.split("/");
  const parts = granted.split(":");
  switch (kind) {
    case "secret":
      return name.join("/");
    case "queue":
      return [...parts.slice(0, 5), name.join("/")].join(":");
    default:
      return [...parts.slice(0, 5), used].join(":");
  }
}

/** As `StringLike`. */
function isLike(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}
