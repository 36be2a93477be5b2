import type { Outcome, OutcomeReason } from "../proposal/proposal.ts";

const BY_HAND =
  "Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.";

/**
 * What is left to a person after each end. Where somebody or a rule said no, it is never to do the same by hand; where it
 * may have run, the first thing is to look.
 */
const TO_DO: Readonly<Record<OutcomeReason, string>> = {
  completed: "Nothing has to be done.",
  accepted: "Nothing has to be done, unless the incident shows that it had no effect.",
  rejected:
    "Handle the incident without it: a reviewer decided against it. Do not do it by hand either; if things have changed since, settle it with the reviewers first.",
  rejectedByRule:
    "Handle the incident without it: a rule in Cheqpoint decided against it, and no human looked. Do not do it by hand either, before a reviewer has agreed.",
  ruleApprovalNotAccepted:
    "No human has decided, and this rule wants one. If it is still needed, propose it again and have a reviewer approve it.",
  expired: `It was not decided in time. ${BY_HAND}`,
  neverAsked: `No reviewer could be asked. ${BY_HAND}`,
  deniedByPolicy:
    "Handle the incident without it: the gating forbids it. Do not do it by hand either; if the incident needs it, settle it with whoever owns the rule first.",
  unknownRunbook:
    "Nothing can run under that name. Look whether the incident needs something else, and have the proposer or the gating corrected.",
  invalidParameters:
    "Nothing can run with these parameters. Look whether the incident needs something else, and have the proposer corrected.",
  openProposalsLimit:
    "Find out first why so much is proposed for this service at once. Only if this is still needed, do it by hand.",
  executionsLimit:
    "Find out first why so much has run for this service already: once more may not help. Only if this is still needed, do it by hand.",
  incidentNotFound:
    "Find out which incident the proposer meant; look whether it needs something, and have the proposer corrected.",
  incidentUnreadable: `PagerDuty could not be read, so that nobody was asked. ${BY_HAND}`,
  incidentResolved: "Nothing has to be done unless the problem is back.",
  incidentMerged:
    "The problem goes on in the incident that this one was merged into. If it is still needed there, propose it for that incident, so that it is decided anew, or do it by hand; the gate runs nothing there by itself.",
  incidentMoved:
    "The incident belongs to another service now. If it is still needed, propose it again, so that it is decided under that service's rules.",
  serviceMismatch:
    "Find out which service the proposer meant, and have it corrected. Do nothing by hand before that is clear.",
  gateIncident:
    "Nothing has to be done. Have the proposer corrected: it proposes for incidents that the gate made.",
  sameAsOpen:
    "Do not do it by hand: the proposal named above is being decided, and the gate runs it or hands it over. By hand it would be done twice.",
  sameAsRejected:
    "Do not do it by hand: the reviewer's no stands. If things have changed since, settle it with the reviewers first.",
  withdrawn: "Nothing has to be done: it was taken back before it ran.",
  approvalAltered:
    "Do not do it by hand before somebody knows how what was shown as approved came to differ from what was submitted. Tell whoever looks after the gate.",
  changeNotPossible:
    "A reviewer approved it with a change that the gate cannot make. If it is still needed, do it by hand as the reviewer decided, not as it was proposed.",
  approvalLapsed:
    "It was approved and did not run while the approval was good. Where the kill switch held it, ask whoever set that first. Else decide whether it is still needed; if so, propose it again or do it by hand.",
  gatingChanged:
    "The rules changed after it was decided. If it is still needed, propose it again, so that it is decided under the rules of today.",
  refusedByPagerDuty: `PagerDuty refused it, so that nothing ran. ${BY_HAND}`,
  runFailed:
    "It ran and failed, and may have done a part of its work. Find out what it has changed before you go on by hand; the gate will not run it again.",
  neverRan:
    "It has not started and may start at any time, when a runner is back. Stop it there, or wait, before you do it by hand: else it is done twice.",
  noResult:
    "It was started and has told no result. Find out in PagerDuty what became of it before you do anything by hand; the gate will not run it again.",
  unclear:
    "First find out in PagerDuty whether it ran; the gate will not run it again. Only if it did not, and it is still needed, do it by hand.",
};

export function toDo({ reason, mergedInto }: Outcome): string {
  return TO_DO[mergedInto?.open === false ? "incidentResolved" : reason];
}
