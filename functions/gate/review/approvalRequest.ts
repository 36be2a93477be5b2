import type { DetailKey, RuleTerms, Runbook, Target } from "../gating/index.ts";
import { formatDuration } from "../text/duration.ts";
import { asName, inLine, marked, quotation } from "../text/quotation.ts";
import { notSent } from "../proposal/sent.ts";
import { incidentLabel } from "../proposal/incidents.ts";
import type { ApprovalRequest, KillSwitch } from "../ports/index.ts";
import type { Incident, Proposal, Weighing } from "../proposal/proposal.ts";
import { alsoOpen, alsoRejected, earlierNoes } from "./others.ts";

/** One try to ask Cheqpoint: what is sent there, and how the answer comes back. */
export interface Submission {
  kind: "submit";
  attemptId: string;
  delivery: "callback" | "poll";
  request: Omit<ApprovalRequest, "callbackUrl" | "maxWaitMs">;
}

/** What belongs to one try. */
interface Attempt {
  attemptId: string;
  nowMs: number;
  /** How many of its kind ran in the last hour, and may; null: not known. */
  runsThisHour: string | null;
  /** Proposals for the same target on the same incident: what is open as well, and what a human refused. */
  others: { open: readonly Proposal[]; rejected: readonly Proposal[] };
  /** What holds it at that moment. */
  killSwitch: KillSwitch;
}

/** Told where it is on: a reviewer's yes does not run then, until somebody switches it off. */
function killSwitchText({ on, reason, by, atMs }: KillSwitch): string | null {
  return on
    ? `ON since ${new Date(atMs).toISOString()}${by === null ? "" : ` by ${by}`}: an approved action waits until it is off${reason === null ? "" : ` (${inLine(reason)})`}`
    : null;
}

/** From this risk on an approval is called high, and needs `acknowledgeRisk` to be given by expiry. */
const HIGH_RISK = 0.8;
const MEDIUM_RISK = 0.4;

function riskLevel(risk: number): "low" | "medium" | "high" {
  return risk >= HIGH_RISK ? "high" : risk >= MEDIUM_RISK ? "medium" : "low";
}

/** What PagerDuty is to do, for people. */
export function targetText(target: Target): string {
  switch (target.kind) {
    case "automationAction":
      return `run PagerDuty automation action ${target.actionId}`;
    case "incidentWorkflow":
      return `start PagerDuty incident workflow ${target.workflowId}`;
    case "reassign":
      return target.escalationPolicy !== null
        ? `reassign the incident to escalation policy ${target.escalationPolicy}`
        : `reassign the incident to user ${target.users.join(", ")}`;
    case "escalate":
      return `escalate the incident to level ${target.level}`;
  }
}

/**
 * What would be done, where, on which incident and of which priority: the title that a reviewer approves, which may be all
 * that a chat message shows. The gate's own words alone; the proposer's stand below it, quoted.
 */
export function headline({ name, target }: Runbook, incident: Incident): string {
  const which = `incident ${incidentLabel(incident)} (${incident.priority ?? "no priority"})`;
  const where = `on ${incident.serviceName}`;
  switch (target.kind) {
    case "automationAction":
      return `Run ${name} ${where} for ${which}`;
    case "incidentWorkflow":
      return `Start workflow ${name} ${where} for ${which}`;
    case "reassign": {
      const whom =
        target.escalationPolicy !== null
          ? `escalation policy ${target.escalationPolicy}`
          : `user ${target.users.join(", ")}`;
      return `Reassign ${which} ${where} to ${whom} (${name})`;
    }
    case "escalate":
      return `Escalate ${which} ${where} to level ${target.level} (${name})`;
  }
}

/** What happens when nobody answers, for people. */
export function onNoAnswerText(terms: RuleTerms): string {
  return terms.onExpiry === "approve"
    ? "IT RUNS: without an answer the gate executes this action"
    : "suppressed; the on-call engineer gets a manual task";
}

/** The severity that reviewers see: the incident's priority, else what the proposer said. */
function severityOf(proposal: Proposal, incident: Incident): string | null {
  const { severity } = proposal.request;
  return incident.priority ?? (severity === null ? null : asName(severity));
}

/** What the gate itself says, under keys that no parameter may have. */
type OwnDetails = Partial<Record<DetailKey, unknown>>;

/** Removes what is unknown, so that a reviewer never reads an empty field. */
function known(details: OwnDetails): OwnDetails {
  return Object.fromEntries(
    Object.entries(details).filter(
      ([, value]) =>
        value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

/** What the values mean that the reviewer is shown, where the gating says it. A list, so that no text passes for two. */
function parameterDescriptions({ runbook, parameters }: Weighing): string[] {
  return Object.entries(runbook.parameters)
    .filter(([name]) => Object.hasOwn(parameters, name))
    .flatMap(([name, { description }]) =>
      description === null ? [] : [`${name}: ${description}`],
    );
}

/**
 * What the reviewer is shown: a tested contract. What PagerDuty is to do comes first, however long the rest is; the public
 * recipe's keys follow and keep their names; parameters stand beside them under their own names, all of them and as they
 * are; both clocks are absolute times.
 */
function approvalDetails(
  proposal: Proposal,
  incident: Incident,
  weighing: Weighing,
  attempt: Attempt,
): Record<string, unknown> {
  const { terms } = weighing.evaluation;
  const { summary } = proposal.request;
  const decideByMs = proposal.decideByMs ?? proposal.receivedAtMs + terms.slaMs;
  const recipe = known({
    target: targetText(weighing.runbook.target),
    incident_id: incidentLabel(incident),
    service: incident.serviceName,
    runbook: weighing.runbook.name,
    severity: severityOf(proposal, incident),
    affected_regions: proposal.request.regions.map(asName),
  });
  const rest = known({
    runbook_description: weighing.runbook.description,
    parameter_descriptions: parameterDescriptions(weighing),
    not_sent_to_pagerduty: notSent(weighing.runbook, weighing.parameters),
    incident_title: incident.title === "" ? null : inLine(incident.title),
    incident_url: incident.url,
    incident_age: `${formatDuration(Math.max(0, Math.floor((attempt.nowMs - incident.createdAtMs) / 1000)) * 1000)} when asked`,
    pagerduty_incident: incident.id,
    service_id: incident.serviceId,
    priority: incident.priority,
    urgency: incident.urgency,
    proposer: proposal.proposer,
    proposer_says: summary === null ? null : `${proposal.proposer} says: ${inLine(summary)}`,
    evidence: proposal.request.evidence.map(marked),
    risk: terms.risk,
    decide_by: new Date(decideByMs).toISOString(),
    on_no_answer: onNoAnswerText(terms),
    valid_for: `${formatDuration(terms.validForMs)} after the approval`,
    approval_valid_until: `${new Date(decideByMs + terms.validForMs).toISOString()} at the latest`,
    editable: terms.editable.filter((name) => name in weighing.parameters),
    kill_switch: killSwitchText(attempt.killSwitch),
    also_open: alsoOpen(attempt.others.open),
    also_rejected: alsoRejected(earlierNoes(attempt.others.rejected)),
    runs_this_hour: attempt.runsThisHour,
    action_digest: proposal.digest,
    proposal_id: proposal.id,
    attempt_id: attempt.attemptId,
  });
  return { ...recipe, ...weighing.parameters, ...rest };
}

export function approvalEffect(
  proposal: Proposal,
  incident: Incident,
  weighing: Weighing,
  attempt: Attempt,
): Submission {
  const { terms } = weighing.evaluation;
  const level = riskLevel(terms.risk);
  return {
    kind: "submit",
    attemptId: attempt.attemptId,
    delivery: terms.delivery,
    request: {
      action: weighing.runbook.action,
      summary: headline(weighing.runbook, incident),
      details: approvalDetails(proposal, incident, weighing, attempt),
      justification: quotation(`${proposal.proposer} wrote`, proposal.request.justification),
      riskLevel: level,
      priority: level === "high" || incident.priority?.toUpperCase() === "P1" ? "urgent" : "normal",
    },
  };
}
