import type { NewIncident } from "../ports/index.ts";
import { proposalIncidentLabel } from "../proposal/incidents.ts";
import { cut } from "../text/cut.ts";
import { inLine, told } from "../text/quotation.ts";
import { time } from "./texts.ts";
import { toDo } from "./toDo.ts";
import type { Outcome, OutcomeReason, Proposal } from "../proposal/proposal.ts";

const MAX_TITLE = 200;

/** What went wrong with them, for people. */
const WHAT: Partial<Record<OutcomeReason, string>> = {
  deniedByPolicy: "The gating denies what is proposed.",
  unknownRunbook: "The gating has no such runbook.",
  invalidParameters: "The parameters do not fit the runbook.",
  serviceMismatch: "The incident belongs to another service than the proposal names.",
  incidentNotFound: "PagerDuty has no such incident.",
  incidentResolved: "The incident was over before anybody was asked.",
  gateIncident: "The incident was made by the gate itself.",
  openProposalsLimit: "As many proposals are open as may be.",
  executionsLimit: "As many have run in the last hour as may.",
  sameAsOpen: "Exactly this is being decided already.",
  sameAsRejected: "A reviewer said no to exactly this.",
};

/** One task of low urgency for all of one service, proposer and reason: nobody has to do anything by hand. */
export function collectingTask(
  proposal: Proposal,
  outcome: Outcome,
  place: Pick<NewIncident, "serviceId" | "escalationPolicyId" | "userIds" | "incidentKey">,
): NewIncident {
  const { incident, request } = proposal;
  const service = incident?.serviceName ?? request.service;
  return {
    ...place,
    title: cut(`[Counted] ${proposal.proposer} on ${service}: ${outcome.reason}`, MAX_TITLE),
    details: told([
      `Proposals of ${proposal.proposer} for ${inLine(service)} were not run. ${WHAT[outcome.reason] ?? ""}`,
      `The first: ${proposal.id}, ${inLine(request.runbook)} on ${proposalIncidentLabel(proposal)}, ${time(proposal, outcome.atMs)}. ${outcome.text}`,
      `To do: ${toDo(outcome)}`,
      "Further ones are counted, not told one by one; a note says when there are 10, 100, 1000. Resolve this incident once you have read it: the next one after that opens another.",
    ]),
    urgency: "low",
  };
}

/** A round number of them. */
export function collectedNote(
  proposal: Proposal,
  outcome: Outcome,
  number: number,
  mark: string,
): string {
  const { id, request, proposer } = proposal;
  return told([
    mark,
    `Approval gate: ${number} proposals of ${proposer} by now. The last: ${id}, ${inLine(request.runbook)}, ${time(proposal, outcome.atMs)}. ${outcome.text}`,
  ]);
}
