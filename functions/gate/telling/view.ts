import type * as z from "zod";
import { phaseOf, type Incident, type Proposal } from "../proposal/proposal.ts";
import type { Answer } from "../gating/index.ts";
import type { Joined } from "../ports/index.ts";
import type { proposalAnswer } from "./proposalAnswer.ts";

function iso(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString();
}

/** A proposal as the gate shows it to proposers, operators and pages: no token, no hash of one, nothing secret. */
export type ProposalView = z.output<typeof proposalAnswer>;

export function proposalView(proposal: Proposal): ProposalView {
  const { request, incident, weighing, decision, execution, outcome, duties } = proposal;
  const attempt = proposal.approval?.attempts.findLast((one) => one.approvalId !== null) ?? null;
  return {
    id: proposal.id,
    status: phaseOf(proposal),
    final: proposal.outcome !== null,
    service: incident?.serviceName ?? request.service,
    runbook: request.runbook,
    action: weighing?.runbook.action ?? null,
    target: weighing?.runbook.target ?? null,
    proposer: proposal.proposer,
    source: proposal.source.kind === "event" ? proposal.source.eventType : proposal.source.kind,
    incident: {
      id: incident?.id ?? request.incidentId,
      number: incident?.number ?? null,
      title: incident?.title ?? null,
      url: incident?.url ?? null,
      priority: incident?.priority ?? null,
    },
    parameters: decision?.parameters ?? weighing?.parameters ?? request.parameters,
    justification: request.justification,
    evidence: request.evidence,
    severity: request.severity,
    affected_regions: request.regions,
    digest: proposal.digest,
    received_at: iso(proposal.receivedAtMs),
    decide_by: iso(proposal.decideByMs),
    rule: weighing === null ? null : (weighing.evaluation.rule ?? "otherwise"),
    rule_decision: weighing?.evaluation.decision ?? null,
    would_have: wouldHave(weighing?.evaluation.wouldHave),
    trace: weighing?.evaluation.trace ?? null,
    risk: weighing?.evaluation.terms.risk ?? null,
    on_expiry: weighing?.evaluation.terms.onExpiry ?? null,
    review_url: attempt?.reviewUrl ?? null,
    approval_id: attempt?.approvalId ?? null,
    decision:
      decision === null
        ? null
        : {
            outcome: decision.outcome,
            by: decision.by,
            rule: decision.rule,
            note: decision.note,
            at: iso(decision.atMs),
            valid_until: iso(decision.validUntilMs),
            changed: decision.changed,
          },
    held_by_kill_switch_since: iso(proposal.heldSinceMs),
    waits_for_place_since: iso(proposal.waitsForPlace?.sinceMs),
    waits_for_run:
      proposal.waitsForRun === null || proposal.waitsForRun === undefined
        ? null
        : { since: iso(proposal.waitsForRun.sinceMs), text: proposal.waitsForRun.text },
    execution:
      execution === null
        ? null
        : {
            state: execution.state,
            invocation_id: execution.invocationId,
            reported: execution.reported,
            at: iso(execution.claimedAtMs),
            problem: execution.problem,
          },
    outcome:
      outcome === null
        ? null
        : { kind: outcome.kind, reason: outcome.reason, text: outcome.text, at: iso(outcome.atMs) },
    manual_task: duties.manualTask?.ref ?? null,
    manual_task_url: urlOfOther(incident, duties.manualTask?.ref ?? null),
    escalation: duties.escalation?.ref ?? null,
    closed_at: iso(proposal.closedAtMs),
    version: proposal.version,
  };
}

function wouldHave(answer: Answer | undefined): ProposalView["would_have"] {
  return answer === undefined
    ? null
    : { rule: answer.rule ?? "otherwise", decision: answer.decision };
}

/** Where another incident of the account is shown: beside this one; null where this one's address does not tell. */
function urlOfOther(incident: Incident | null, other: string | null): string | null {
  const own = incident === null ? "" : `/${incident.id}`;
  return incident?.url?.endsWith(own) === true && other !== null
    ? `${incident.url.slice(0, -own.length)}/${other}`
    : null;
}

/** Tells a proposer that an earlier proposal answers for this one. */
export function joinedText(joined: Joined): string {
  return {
    idempotencyKey: "this idempotency key was used before: this is the proposal it made",
    open: "an equal proposal is open: this is it",
    coolDown: "an equal proposal was decided recently: this is its outcome",
  }[joined];
}
