import * as z from "zod";
import type { RuleTerms } from "../gating/index.ts";
import type { Brake, Outcome, Proposal } from "../proposal/proposal.ts";
import { answerText } from "./answerText.ts";
import { formatDuration } from "../text/duration.ts";
import type { Submission } from "../review/approvalRequest.ts";
import { proposalView } from "./view.ts";

/** What would become of a proposal, as far as that can be known before anybody is asked. */
export interface DryRun {
  /** As it would be when it asks, runs, ends or waits. */
  proposal: Proposal;
  /** What the reviewer would be shown; null: nobody would be asked. */
  review: Submission["request"] | null;
  /** Whether PagerDuty would be asked to run it at once. */
  runs: boolean;
  /** Places at the brakes of its execution. */
  brakes: { of: Brake["of"]; limit: number; taken: number }[];
  /** An equal proposal that is open: it would answer for this one; null: there is none. */
  joins: string | null;
  /** Why it cannot be told now, in words; null: it can. */
  waits: string | null;
}

const text = z.string();
const trace = z.looseObject({ rule: text, matched: z.boolean(), because: text });

/** The answer to a dry run. */
export const dryRunAnswer = z.object({
  dry_run: z.literal(true),
  /** One sentence. */
  text,
  decision: z.enum(["allow", "deny", "requireApproval"]).nullable(),
  rule: text.nullable(),
  trace: z.array(trace).nullable(),
  terms: z
    .object({
      risk: z.number(),
      sla: text,
      valid_for: text,
      on_expiry: z.enum(["reject", "approve"]),
      escalate_after: text.nullable(),
      cool_down: text,
      editable: z.array(text),
    })
    .nullable(),
  /** It would end at once; null: it would not. */
  outcome: z.object({ kind: text, reason: text, text }).nullable(),
  review: z
    .object({
      summary: text,
      risk_level: text,
      priority: text,
      justification: text,
      details: z.record(text, z.unknown()),
    })
    .nullable(),
  limits: z.array(
    z.object({ of: z.enum(["rule", "service"]), limit: z.number(), taken: z.number() }),
  ),
  joins: text.nullable(),
  held_by_kill_switch: z.boolean(),
  service: text,
  runbook: text,
  action: text.nullable(),
  target: z.unknown(),
  incident: z.object({
    id: text.nullable(),
    number: z.number().nullable(),
    title: text.nullable(),
    url: text.nullable(),
    priority: text.nullable(),
  }),
  parameters: z.record(text, z.unknown()),
  digest: text.nullable(),
});
export type DryRunAnswer = z.output<typeof dryRunAnswer>;

/** Of the real request alone, or of other proposers' proposals. */
const NOT_TOLD = ["proposal_id", "attempt_id", "also_open", "also_rejected"];

export function dryRunView(run: DryRun): DryRunAnswer {
  const { proposal, review, brakes, joins } = run;
  const { weighing, outcome } = proposal;
  const evaluation = weighing?.evaluation ?? null;
  const { service, runbook, action, target, incident, parameters, digest } = proposalView(proposal);
  return {
    dry_run: true,
    text: sentence(run),
    decision: evaluation?.decision ?? null,
    rule: evaluation === null ? null : (evaluation.rule ?? "otherwise"),
    trace: evaluation?.trace.map((entry) => ({ ...entry })) ?? null,
    terms: evaluation === null ? null : termsView(evaluation.terms),
    outcome:
      outcome === null ? null : { kind: outcome.kind, reason: outcome.reason, text: outcome.text },
    review:
      review === null
        ? null
        : {
            summary: review.summary,
            risk_level: review.riskLevel,
            priority: review.priority,
            justification: review.justification,
            details: Object.fromEntries(
              Object.entries(review.details).filter(([key]) => !NOT_TOLD.includes(key)),
            ),
          },
    limits: brakes,
    joins,
    held_by_kill_switch: proposal.heldSinceMs !== null,
    service,
    runbook,
    action,
    target,
    incident,
    parameters: { ...parameters },
    digest,
  };
}

function sentence({ proposal, runs, joins, waits }: DryRun): string {
  const { weighing, outcome } = proposal;
  if (outcome !== null) {
    return ended(outcome);
  }
  if (joins !== null) {
    return `an equal proposal is open: ${joins} would answer for this one`;
  }
  if (weighing === null) {
    return waits ?? "it cannot be told now";
  }
  if (proposal.heldSinceMs !== null) {
    return "it would be allowed, and the kill switch would hold it";
  }
  const { decision, terms } = weighing.evaluation;
  return decision === "allow" && !runs
    ? "it would be allowed, and wait for another run"
    : `it ${answerText({ decision, terms })}`;
}

function ended({ text: told }: Outcome): string {
  return `it would not run: ${told}`;
}

function termsView(terms: RuleTerms): DryRunAnswer["terms"] {
  return {
    risk: terms.risk,
    sla: formatDuration(terms.slaMs),
    valid_for: formatDuration(terms.validForMs),
    on_expiry: terms.onExpiry,
    escalate_after: terms.escalateAfterMs === null ? null : formatDuration(terms.escalateAfterMs),
    cool_down: formatDuration(terms.coolDownMs),
    editable: [...terms.editable],
  };
}
