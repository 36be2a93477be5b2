import { onNoAnswerText, targetText } from "../review/approvalRequest.ts";
import { cut } from "../text/cut.ts";
import { formatDuration } from "../text/duration.ts";
import { instantText } from "../text/instant.ts";
import { inLine, quotation, told } from "../text/quotation.ts";
import {
  escalationKey,
  incidentLabel,
  manualTaskKey,
  proposalIncidentLabel,
} from "../proposal/incidents.ts";
import type { NewIncident } from "../ports/index.ts";
import type {
  ApprovalAttempt,
  Decision,
  Incident,
  MergeTarget,
  Outcome,
  OutcomeReason,
  Proposal,
} from "../proposal/proposal.ts";
import { toDo } from "./toDo.ts";

const MAX_TITLE = 200;

/** A time as whoever works on the incident reads it. */
export function time({ incident }: Pick<Proposal, "incident">, ms: number): string {
  return instantText(ms, incident?.timeZone);
}

function actionText(proposal: Proposal): string {
  const { weighing, request } = proposal;
  return weighing === null
    ? `run ${inLine(request.runbook)}`
    : `${request.runbook}: ${targetText(weighing.runbook.target)}`;
}

/** Texts in quotes, so that none passes for two. */
function parametersText(parameters: Proposal["request"]["parameters"]): string | null {
  const entries = Object.entries(parameters);
  return entries.length === 0
    ? null
    : `Parameters: ${entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")}`;
}

/** By whom and why, in words; nobody is named because Cheqpoint tells no reviewer's name. */
function decisionText(proposal: Proposal, decision: Decision): string {
  const by =
    decision.by === "human"
      ? "by a reviewer in Cheqpoint"
      : decision.by === "autoRule"
        ? `by Cheqpoint's rule ${decision.rule ?? "(unnamed)"}, without a human`
        : decision.by === "policy"
          ? `by gating rule ${decision.rule ?? "otherwise"}`
          : decision.by === "onExpiry"
            ? `because nobody answered and gating rule ${decision.rule ?? "otherwise"} approves on expiry; no human decided`
            : "because nobody decided in time";
  const word = { approved: "Approved", rejected: "Rejected", expired: "Expired" }[decision.outcome];
  return `${word} ${by}, ${time(proposal, decision.atMs)}.`;
}

function changesText({ changed, parameters }: Decision): string | null {
  return changed.length === 0
    ? null
    : `Changed by the reviewer: ${changed.map((name) => `${name}=${JSON.stringify(parameters[name])}`).join(", ")}`;
}

/** The reviewer's own words, after the gate's. */
function reviewersWords(decision: Decision | null): string | null {
  return decision === null || decision.note === null
    ? null
    : quotation("The reviewer's note in Cheqpoint", decision.note);
}

/** The proposer's own words, after the gate's and the reviewer's. */
function proposersWords({ proposer, request }: Proposal): string {
  const { summary, justification } = request;
  return quotation(
    `${proposer} wrote`,
    summary === null ? justification : `${summary}\n${justification}`,
  );
}

function reviewText(attempt: ApprovalAttempt | undefined): string {
  const id = attempt?.approvalId ?? null;
  return `Review it in Cheqpoint${id === null ? "" : `: request ${id}`}.`;
}

function deadlineText(proposal: Proposal): string | null {
  const terms = proposal.weighing?.evaluation.terms;
  return terms === undefined || proposal.decideByMs === null
    ? null
    : `Decide by ${time(proposal, proposal.decideByMs)}; without an answer: ${onNoAnswerText(terms)}.`;
}

function invocationText({ execution }: Proposal): string | null {
  return execution?.invocationId === null || execution?.invocationId === undefined
    ? null
    : `Invocation: ${execution.invocationId}${execution.reported === null ? "" : ` (${execution.reported})`}`;
}

export function proposedNote(proposal: Proposal, attempt: ApprovalAttempt, mark: string): string {
  return told(
    [
      mark,
      `Approval gate: ${proposal.proposer} proposes to ${actionText(proposal)}.`,
      parametersText(proposal.weighing?.parameters ?? proposal.request.parameters),
      reviewText(attempt),
      deadlineText(proposal),
    ],
    [proposersWords(proposal)],
  );
}

export function decidedNote(proposal: Proposal, decision: Decision, mark: string): string {
  return told(
    [
      mark,
      `Approval gate: ${decisionText(proposal, decision)}`,
      changesText(decision),
      proposal.heldSinceMs === null || decision.validUntilMs === null
        ? null
        : `The kill switch holds it: it runs once that is off, until ${time(proposal, decision.validUntilMs)} at the latest.`,
    ],
    [reviewersWords(decision)],
  );
}

/** Told after the end: somebody said yes, and may wait for what they approved. */
export function lateNote(
  proposal: Proposal,
  yes: NonNullable<Proposal["lateYes"]>,
  mark: string,
): string {
  const { decideByMs } = proposal;
  const by =
    yes.by === "human"
      ? "by a reviewer in Cheqpoint"
      : `by Cheqpoint's rule ${yes.rule ?? "(unnamed)"}`;
  const after =
    decideByMs !== null && yes.atMs > decideByMs
      ? `after the deadline of ${time(proposal, decideByMs)}`
      : "after the proposal had ended";
  return told(
    [
      mark,
      `Approval gate: Approved ${by}, ${time(proposal, yes.atMs)}, ${after}: not run.`,
      `It had ended before: ${proposal.outcome?.text ?? "suppressed"}`,
      "If it is still needed, propose it again.",
    ],
    [yes.note === null ? null : quotation("The reviewer's note in Cheqpoint", yes.note)],
  );
}

/** The last note. It also tells what an earlier one should have told: not every way leaves time for each. */
export function endedNote(proposal: Proposal, outcome: Outcome, mark: string): string {
  const { decision, duties } = proposal;
  const task = duties.manualTask?.ref ?? null;
  const what: Record<Outcome["kind"], string> = {
    executed: `Executed: ${actionText(proposal)}.`,
    suppressed: `Suppressed, nothing was run: ${actionText(proposal)}.`,
    failed: `Failed: ${actionText(proposal)}.`,
    uncertain: `UNCERTAIN whether this ran: ${actionText(proposal)}. Check before doing it by hand.`,
  };
  const isProposedTold = duties.noteProposed?.state === "done";
  // A yes that came to nothing is told once more: an earlier note promised its run.
  const isTold = duties.noteDecided?.state === "done" && outcome.kind !== "suppressed";
  const untold = isTold ? null : decision;
  return told(
    [
      mark,
      `Approval gate: ${what[outcome.kind]}`,
      outcome.text,
      isProposedTold ? null : `Proposed by ${proposal.proposer}.`,
      untold === null ? null : decisionText(proposal, untold),
      untold === null ? null : changesText(untold),
      invocationText(proposal),
      task !== null
        ? `${proposal.handover?.kind === "collected" ? "Counted by" : "Manual task:"} incident ${task}.`
        : outcome.kind === "executed" || proposal.handover?.kind === "note"
          ? null
          : "Manual task: none could be made so far.",
    ],
    [reviewersWords(untold), isProposedTold ? null : proposersWords(proposal)],
  );
}

/** On the incident that goes on: what was proposed for the one that was merged into it, and that it is not run here. */
export function mergedNote(proposal: Proposal, mark: string): string {
  const { incident, decision, duties } = proposal;
  const task = duties.manualTask?.ref ?? null;
  return told(
    [
      mark,
      `Approval gate: ${proposal.proposer} proposed to ${actionText(proposal)}. Nothing was run.`,
      `It was proposed for an incident that was merged into this one: ${incidentText(incident) ?? ""}`,
      decision === null ? null : decisionText(proposal, decision),
      "It is not run here by itself. If it is still needed, propose it for this incident.",
      task === null ? null : `Manual task: incident ${task}.`,
      `Proposal: ${proposal.id}`,
    ],
    [reviewersWords(decision), proposersWords(proposal)],
  );
}

/** Ends after which nobody waits for a person: it is work for the day. */
const NOTHING_WAITS: readonly OutcomeReason[] = [
  "incidentResolved",
  "sameAsOpen",
  "sameAsRejected",
];

/** The on-call work item: what, why, who decided, and what to do by hand. */
export function manualTaskIncident(
  proposal: Proposal,
  outcome: Outcome,
  place: { serviceId: string; escalationPolicyId: string | null; userIds: string[] },
): NewIncident {
  const { incident, request, decision, weighing } = proposal;
  const label = proposalIncidentLabel(proposal);
  const verb = {
    executed: "Done",
    suppressed: "Not run",
    failed: "FAILED",
    uncertain: "CHECK",
  }[outcome.kind];
  return {
    serviceId: place.serviceId,
    title: cut(`[${verb}] ${request.runbook} on ${label}`, MAX_TITLE),
    details: told(
      [
        `What: ${actionText(proposal)}`,
        parametersText(decision?.parameters ?? weighing?.parameters ?? request.parameters),
        `Incident: ${incidentText(incident) ?? label}`,
        outcome.mergedInto === undefined ? null : mergedText(outcome.mergedInto),
        `Proposed by: ${proposal.proposer}, ${time(proposal, proposal.receivedAtMs)}`,
        `What happened: ${outcome.text}`,
        `Decision: ${decision === null ? "none" : decisionText(proposal, decision)}`,
        decision === null ? null : changesText(decision),
        invocationText(proposal),
        `To do: ${toDo(outcome)}`,
        `Proposal: ${proposal.id}`,
      ],
      [reviewersWords(decision), proposersWords(proposal)],
    ),
    incidentKey: manualTaskKey(proposal.id),
    urgency:
      NOTHING_WAITS.includes(outcome.reason) || outcome.mergedInto?.open === false
        ? "low"
        : (proposal.routing?.urgency ?? incident?.urgency ?? "high"),
    escalationPolicyId: place.escalationPolicyId,
    userIds: place.userIds,
  };
}

function mergedText({ label, url }: MergeTarget): string {
  return `Merged into: ${label}${url === null ? "" : ` ${url}`}`;
}

/** The address before the title, which whoever can send an alert writes. */
function incidentText(incident: Incident | null): string | null {
  return incident === null
    ? null
    : [incidentLabel(incident), incident.url, incident.title === "" ? null : inLine(incident.title)]
        .filter((part) => part !== null)
        .join(" ");
}

/** Pages when nobody has decided. Assigned to whom the rule names, on the incident's service. */
export function escalationIncident(
  proposal: Proposal,
  incident: Incident,
  to: { users: string[]; escalationPolicy: string | null },
): NewIncident {
  const waitedMs = proposal.weighing?.evaluation.terms.escalateAfterMs ?? 0;
  const asked = proposal.approval?.attempts.findLast((attempt) => attempt.approvalId !== null);
  return {
    serviceId: incident.serviceId,
    title: cut(
      `[Decide] ${proposal.request.runbook} on ${proposalIncidentLabel(proposal)}`,
      MAX_TITLE,
    ),
    details: told(
      [
        `Nobody has decided for ${formatDuration(waitedMs)}.`,
        `${proposal.proposer} proposes to ${actionText(proposal)}.`,
        parametersText(proposal.weighing?.parameters ?? {}),
        reviewText(asked),
        deadlineText(proposal),
        `Incident: ${incidentText(incident) ?? ""}`,
        `Proposal: ${proposal.id}`,
      ],
      [proposersWords(proposal)],
    ),
    incidentKey: escalationKey(proposal.id),
    urgency: "high",
    escalationPolicyId: to.users.length > 0 ? null : to.escalationPolicy,
    userIds: to.users,
  };
}
