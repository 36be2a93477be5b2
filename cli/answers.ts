import { z } from "zod";

/** Answers of a gate, as far as the commands read them; everything else is passed on as it came. */
const nullableText = z.string().nullable();

export const proposalAnswer = z.looseObject({
  id: z.string(),
  status: z.string(),
  final: z.boolean(),
  service: z.string(),
  runbook: z.string(),
  action: nullableText,
  target: z.unknown(),
  proposer: z.string(),
  source: z.string(),
  incident: z.looseObject({
    id: nullableText,
    number: z.number().nullable(),
    title: nullableText,
    url: nullableText,
    priority: nullableText,
  }),
  parameters: z.record(z.string(), z.unknown()),
  justification: z.string(),
  // Absent at a gate of an earlier release.
  evidence: z.array(z.string()).default([]),
  severity: nullableText.default(null),
  affected_regions: z.array(z.string()).default([]),
  digest: nullableText,
  received_at: z.string(),
  decide_by: nullableText,
  rule: nullableText,
  rule_decision: nullableText,
  // Absent at a gate of an earlier release.
  would_have: z.object({ rule: z.string(), decision: z.string() }).nullable().default(null),
  trace: z
    .array(
      z.object({
        rule: z.string(),
        matched: z.boolean(),
        because: z.string(),
        dryRun: z.literal(true).optional(),
      }),
    )
    .nullable(),
  risk: z.number().nullable(),
  on_expiry: nullableText,
  review_url: nullableText,
  approval_id: nullableText,
  decision: z
    .looseObject({
      outcome: z.string(),
      by: z.string(),
      rule: nullableText,
      note: nullableText,
      at: nullableText,
      valid_until: nullableText,
      changed: z.array(z.string()),
    })
    .nullable(),
  held_by_kill_switch_since: nullableText,
  execution: z
    .looseObject({ state: z.string(), invocation_id: nullableText, problem: nullableText })
    .nullable(),
  outcome: z.looseObject({ kind: z.string(), reason: z.string(), text: z.string() }).nullable(),
  manual_task: nullableText,
  manual_task_url: nullableText.default(null),
  escalation: nullableText.default(null),
  closed_at: nullableText,
  version: z.number(),
  message: z.string().optional(),
  joined: z.string().optional(),
});
export type ProposalAnswer = z.infer<typeof proposalAnswer>;

export const proposalPage = z.object({
  proposals: z.array(proposalAnswer),
  cursor: nullableText,
  /** Why there may be none. */
  message: z.string().optional(),
});

export const auditEvent = z.strictObject({
  proposalId: z.string(),
  seq: z.number(),
  atMs: z.number(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  prevHash: z.string(),
  hash: z.string(),
});

const chainHead = z.object({ seq: z.number(), head: z.string() });

export const trailAnswer = z.object({
  proposal: z.string(),
  head: chainHead,
  events: z.array(auditEvent),
});
export type TrailAnswer = z.infer<typeof trailAnswer>;

export const healthAnswer = z.looseObject({ status: z.string(), time: z.string() });

const switchAnswer = z.object({
  on: z.boolean(),
  reason: nullableText,
  by: nullableText,
  since: nullableText,
});

export const killSwitchAnswer = switchAnswer.extend({
  // Absent at a gate of an earlier release.
  narrower: z
    .array(switchAnswer.extend({ service: nullableText, runbook: nullableText }))
    .default([]),
  message: z.string().optional(),
});
export type KillSwitchAnswer = z.infer<typeof killSwitchAnswer>;

export const alarmAnswer = z.object({
  // Absent at a gate of an earlier release.
  key: nullableText.default(null),
  kind: z.string(),
  text: z.string(),
  at: z.string(),
  proposal: nullableText,
  incident_id: nullableText,
  acknowledged: z
    .object({ by: z.string(), note: nullableText, at: z.string() })
    .nullable()
    .default(null),
});

export const alarmsAnswer = z.object({
  alarms: z.array(alarmAnswer),
});
export type AlarmAnswer = z.infer<typeof alarmAnswer>;

export const trailsAnswer = z.object({
  trails: z.array(z.object({ subject: z.string(), head: chainHead, events: z.array(auditEvent) })),
  cursor: nullableText,
});

export const gatingAnswer = z.object({
  source: z.string(),
  digest: z.string(),
  problem: nullableText,
  services: z.array(
    z.object({
      key: z.string(),
      listed_as: z.string(),
      service_id: z.string().nullish(),
      hash: z.string(),
      written: z.unknown(),
    }),
  ),
  defaults: z.object({ hash: z.string(), written: z.unknown() }),
});
export type GatingAnswer = z.infer<typeof gatingAnswer>;

export const refusal = z.looseObject({ error: z.string() });
