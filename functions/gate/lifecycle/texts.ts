import { onNoAnswerText, targetText } from "../review/approvalRequest.ts";
import { formatDuration } from "../text/duration.ts";
import { escalationKey, manualTaskKey, proposalIncidentLabel } from "../proposal/incidents.ts";
import type { NewIncident } from "../ports/index.ts";
import type {
  ApprovalAttempt,
  Decision,
  Incident,
  Outcome,
  OutcomeReason,
  Proposal,
} from "../proposal/proposal.ts";

const MAX_TITLE = 200;

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function lines(...parts: (string | null | undefined)[]): string {
  return parts.filter((part) => part !== null && part !== undefined && part !== "").join("\n");
}

function actionText(proposal: Proposal): string {
  const { weighing, request } = proposal;
  return weighing === null
    ? `run ${request.runbook}`
    : `${request.runbook}: ${targetText(weighing.runbook.target)}`;
}

function parametersText(parameters: Proposal["request"]["parameters"]): string | null {
  const entries = Object.entries(parameters);
  return entries.length === 0
    ? null
    : `Parameters: ${entries.map(([name, value]) => `${name}=${String(value)}`).join(", ")}`;
}

/** By whom and why, in words; nobody is named because Cheqpoint tells no reviewer's name. */
function decisionText(decision: Decision): string {
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
  return lines(
    `${word} ${by} at ${iso(decision.atMs)}.`,
    decision.note === null ? null : `Note: ${decision.note}`,
    decision.changed.length === 0
      ? null
      : `Changed by the reviewer: ${decision.changed.map((name) => `${name}=${String(decision.parameters[name])}`).join(", ")}`,
  );
}

export function proposedNote(proposal: Proposal, attempt: ApprovalAttempt, mark: string): string {
  const terms = proposal.weighing?.evaluation.terms;
  return lines(
    mark,
    `Approval gate: ${proposal.proposer} proposes to ${actionText(proposal)}.`,
    parametersText(proposal.weighing?.parameters ?? proposal.request.parameters),
    `Why: ${proposal.request.justification}`,
    attempt.reviewUrl === null ? "Review it in Cheqpoint." : `Review: ${attempt.reviewUrl}`,
    terms === undefined || proposal.decideByMs === null
      ? null
      : `Decide by ${iso(proposal.decideByMs)}; without an answer: ${onNoAnswerText(terms)}.`,
  );
}

export function decidedNote(decision: Decision, mark: string): string {
  return lines(mark, `Approval gate: ${decisionText(decision)}`);
}

/** The last note. It also tells what an earlier one should have told: not every way leaves time for each. */
export function endedNote(proposal: Proposal, outcome: Outcome, mark: string): string {
  const { decision, execution, duties } = proposal;
  const task = duties.manualTask?.ref ?? null;
  const what: Record<Outcome["kind"], string> = {
    executed: `Executed: ${actionText(proposal)}.`,
    suppressed: `Suppressed, nothing was run: ${actionText(proposal)}.`,
    failed: `Failed: ${actionText(proposal)}.`,
    uncertain: `UNCERTAIN whether this ran: ${actionText(proposal)}. Check before doing it by hand.`,
  };
  return lines(
    mark,
    `Approval gate: ${what[outcome.kind]}`,
    outcome.text,
    duties.noteProposed?.state === "done"
      ? null
      : `Proposed by ${proposal.proposer}: ${proposal.request.justification}`,
    decision === null || duties.noteDecided?.state === "done" ? null : decisionText(decision),
    execution?.invocationId === null || execution?.invocationId === undefined
      ? null
      : `Invocation: ${execution.invocationId}${execution.reported === null ? "" : ` (${execution.reported})`}`,
    task !== null
      ? `Manual task: incident ${task}.`
      : outcome.kind === "executed"
        ? null
        : "Manual task: none could be made so far.",
  );
}

/** Ends after which nobody waits for a person: it is work for the day. */
const NOTHING_WAITS: readonly OutcomeReason[] = [
  "incidentResolved",
  "sameAsOpen",
  "sameAsRejected",
];

/** What is left to a person after that end. */
function toDo({ kind, reason }: Outcome): string {
  switch (reason) {
    case "incidentResolved":
      return "Nothing has to be done unless the problem is back.";
    case "sameAsOpen":
      return "Do not do it by hand: the proposal named above is being decided, and the gate runs it or hands it over. By hand it would be done twice.";
    case "sameAsRejected":
      return "Do not do it by hand: the reviewer's no stands. If things have changed since, settle it with the reviewers first.";
    default:
      return kind === "uncertain"
        ? "First find out in PagerDuty whether it ran; the gate will not run it again. Only if it did not, and it is still needed, do it by hand."
        : "Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.";
  }
}

/** The on-call work item: what, why, who decided, and what to do by hand. */
export function manualTaskIncident(
  proposal: Proposal,
  outcome: Outcome,
  place: { serviceId: string; escalationPolicyId: string | null; userIds: string[] },
): NewIncident {
  const { incident, request, decision, weighing, execution } = proposal;
  const label = proposalIncidentLabel(proposal);
  const verb = {
    executed: "Done",
    suppressed: "Held",
    failed: "FAILED",
    uncertain: "CHECK",
  }[outcome.kind];
  return {
    serviceId: place.serviceId,
    title: `[${verb}] ${request.runbook} on ${label}`.slice(0, MAX_TITLE),
    details: lines(
      `What: ${actionText(proposal)}`,
      parametersText(decision?.parameters ?? weighing?.parameters ?? request.parameters),
      `Incident: ${label}${incident === null ? "" : ` ${incident.title}`}${incident?.url === null || incident?.url === undefined ? "" : ` ${incident.url}`}`,
      `Proposed by: ${proposal.proposer} at ${iso(proposal.receivedAtMs)}`,
      `Why it was proposed: ${request.justification}`,
      `What happened: ${outcome.text}`,
      decision === null ? "Decision: none" : `Decision: ${decisionText(decision)}`,
      execution?.invocationId === null || execution?.invocationId === undefined
        ? null
        : `Invocation: ${execution.invocationId}${execution.reported === null ? "" : ` (${execution.reported})`}`,
      `To do: ${toDo(outcome)}`,
      `Proposal: ${proposal.id}`,
    ),
    incidentKey: manualTaskKey(proposal.id),
    urgency: NOTHING_WAITS.includes(outcome.reason)
      ? "low"
      : (proposal.routing?.urgency ?? incident?.urgency ?? "high"),
    escalationPolicyId: place.escalationPolicyId,
    userIds: place.userIds,
  };
}

/** Pages when nobody has decided. Assigned to whom the rule names, on the incident's service. */
export function escalationIncident(
  proposal: Proposal,
  incident: Incident,
  to: { users: string[]; escalationPolicy: string | null },
): NewIncident {
  const waitedMs = proposal.weighing?.evaluation.terms.escalateAfterMs ?? 0;
  const review = proposal.approval?.attempts.find(
    (attempt) => attempt.reviewUrl !== null,
  )?.reviewUrl;
  const terms = proposal.weighing?.evaluation.terms;
  return {
    serviceId: incident.serviceId,
    title: `[Decide] ${proposal.request.runbook} on ${proposalIncidentLabel(proposal)}`.slice(
      0,
      MAX_TITLE,
    ),
    details: lines(
      `Nobody has decided for ${formatDuration(waitedMs)}.`,
      `${proposal.proposer} proposes to ${actionText(proposal)}.`,
      parametersText(proposal.weighing?.parameters ?? {}),
      `Why: ${proposal.request.justification}`,
      review === undefined || review === null ? "Review it in Cheqpoint." : `Review: ${review}`,
      proposal.decideByMs === null || terms === undefined
        ? null
        : `Decide by ${iso(proposal.decideByMs)}; without an answer: ${onNoAnswerText(terms)}.`,
      incident.url === null ? null : `Incident: ${incident.url}`,
      `Proposal: ${proposal.id}`,
    ),
    incidentKey: escalationKey(proposal.id),
    urgency: "high",
    escalationPolicyId: to.users.length > 0 ? null : to.escalationPolicy,
    userIds: to.users,
  };
}
