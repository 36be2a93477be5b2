import * as z from "zod";

const text = z.string();
/** ISO 8601 in UTC. */
const time = z.iso.datetime();

/** The incident that a proposal is for, as far as it is known. */
const incidentAnswer = z.strictObject({
  id: text.nullable().describe("PagerDuty's id"),
  number: z.number().int().nullable(),
  title: text.nullable(),
  url: text.nullable(),
  priority: text.nullable(),
});

const traceAnswer = z.array(
  z.strictObject({
    rule: text,
    matched: z.boolean(),
    because: text,
    dryRun: z.literal(true).optional(),
  }),
);

/** A proposal as the gate shows it to proposers, operators and pages: no token, no hash of one, nothing secret. */
export const proposalAnswer = z.strictObject({
  id: text,
  status: z.enum([
    "received",
    "awaitingDecision",
    "approved",
    "executing",
    "running",
    "ending",
    "executed",
    "suppressed",
    "failed",
    "uncertain",
  ]),
  final: z
    .boolean()
    .describe(
      "true once the outcome is known; notes and the manual task may still be on their way",
    ),
  service: text,
  runbook: text,
  action: text.nullable(),
  target: z.unknown(),
  proposer: text,
  source: text.describe("api, orchestration, or the type of the PagerDuty event that proposed it"),
  incident: incidentAnswer,
  parameters: z.record(text, z.unknown()).readonly(),
  justification: text,
  evidence: z.array(text),
  severity: text.nullable(),
  affected_regions: z.array(text),
  digest: text.nullable().describe("SHA-256 of exactly what would run"),
  received_at: time.nullable(),
  decide_by: time.nullable(),
  rule: text.nullable(),
  rule_decision: text.nullable(),
  would_have: z
    .strictObject({ rule: text, decision: text })
    .nullable()
    .describe("what would have been said if no rule were in a dry run; null: the same"),
  trace: traceAnswer.readonly().nullable(),
  risk: z.number().nullable(),
  on_expiry: text.nullable(),
  review_url: text.nullable().describe("for operators alone"),
  approval_id: text.nullable(),
  decision: z
    .strictObject({
      outcome: text,
      by: text,
      rule: text.nullable(),
      note: text.nullable(),
      at: time.nullable(),
      valid_until: time.nullable(),
      changed: z.array(text),
    })
    .nullable(),
  held_by_kill_switch_since: time.nullable(),
  waits_for_place_since: time.nullable(),
  waits_for_run: z
    .strictObject({ since: time.nullable(), text })
    .nullable()
    .describe("why it is approved and not sent yet"),
  execution: z
    .strictObject({
      state: text,
      invocation_id: text.nullable(),
      reported: text.nullable(),
      at: time.nullable(),
      problem: text.nullable(),
    })
    .nullable(),
  outcome: z.strictObject({ kind: text, reason: text, text, at: time.nullable() }).nullable(),
  manual_task: text.nullable().describe("id of the incident that hands the work over"),
  manual_task_url: text.nullable(),
  escalation: text.nullable(),
  closed_at: time.nullable(),
  version: z.number().int(),
});
