import * as z from "zod";
import { errorKinds, type ErrorCode } from "../errorCodes.ts";
import { proposalAnswer } from "../gate/telling/proposalAnswer.ts";

const text = z.string();

export const answerView = z.strictObject({
  when: text
    .nullable()
    .describe("what has to hold, in words; null: always. The first answer that fits counts"),
  decision: z.enum(["allow", "deny", "requireApproval"]),
  rule: text.nullable().describe("null: no rule fits"),
  text: text.describe("one sentence"),
});

export const runbookView = z.strictObject({
  runbook: text,
  description: text.nullable(),
  action: text.describe("label that reviewers see"),
  target: z.enum(["automationAction", "incidentWorkflow", "reassign", "escalate"]),
  parameters: z.record(text, z.unknown()).describe("JSON Schema of a proposal's `parameters`"),
  answers: z.array(answerView).describe("what would be said now"),
});

export const serviceView = z.strictObject({
  service: text,
  service_id: text.nullable().describe("PagerDuty's id; null: the gate does not know it yet"),
  listed: z
    .boolean()
    .describe("false: the gating does not list it, and what is allowed for such services applies"),
  runbooks: z.array(runbookView),
});

export const servicesAnswer = z.strictObject({
  services: z.array(
    z.strictObject({
      service: text.describe("as the gating names it; a proposal may use this or the id"),
      service_id: text.nullable(),
      runbooks: z.array(text),
    }),
  ),
});

/** An earlier proposal answers. */
export const joinedAnswer = proposalAnswer.extend({
  joined: z.enum(["idempotencyKey", "open", "coolDown"]),
  message: text,
});

export const pageAnswer = z.strictObject({
  proposals: z.array(proposalAnswer),
  cursor: text.nullable().describe("of the next page; null: this is the last"),
  message: text.optional(),
});

const event = z.strictObject({
  proposalId: text,
  seq: z.number().int(),
  atMs: z.number(),
  type: text,
  data: z.record(text, z.unknown()),
  prevHash: text,
  hash: text,
});

export const trailAnswer = z.strictObject({
  proposal: text,
  head: z.strictObject({ seq: z.number().int(), head: text }),
  events: z.array(event),
});

/** Noted; the gate has not looked at it yet. */
export const withdrawingAnswer = proposalAnswer.extend({ message: text });

export const healthAnswer = z.strictObject({
  status: z.literal("ok"),
  kill_switch: z
    .strictObject({ on: z.boolean(), since: z.iso.datetime().optional() })
    .optional()
    .describe("told to known tokens alone"),
  time: z.iso.datetime().optional().describe("told to known tokens alone"),
});

export const deliveredAnswer = z.strictObject({
  status: z.enum(["accepted", "duplicate", "kept"]),
});

export const callbackAnswer = z.strictObject({ received: z.literal(true) });

/** An error, which has one of these codes. */
export function errorAnswer(codes: readonly ErrorCode[]) {
  return z.strictObject({
    code: z.enum(codes),
    message: text,
    field: text.nullable(),
    retryable: z.boolean(),
    error: text.describe("as `message`, for clients of earlier releases"),
    problems: z.array(text).optional(),
    state: text.optional(),
  });
}

export const allCodes = Object.keys(errorKinds).filter((code): code is ErrorCode =>
  Object.hasOwn(errorKinds, code),
);
