import assert from "node:assert/strict";
import { toDo } from "../../../functions/gate/lifecycle/toDo.ts";
import type { OutcomeKind, OutcomeReason } from "../../../functions/gate/proposal/proposal.ts";

/** What a woken engineer reads after each end: reviewed here as a whole, word by word. */
const TABLE: Readonly<Record<OutcomeReason, string>> = {
  completed: "Nothing has to be done.",
  accepted: "Nothing has to be done, unless the incident shows that it had no effect.",
  rejected:
    "Handle the incident without it: a reviewer decided against it. Do not do it by hand either; if things have changed since, settle it with the reviewers first.",
  rejectedByRule:
    "Handle the incident without it: a rule in Cheqpoint decided against it, and no human looked. Do not do it by hand either, before a reviewer has agreed.",
  ruleApprovalNotAccepted:
    "No human has decided, and this rule wants one. If it is still needed, propose it again and have a reviewer approve it.",
  expired:
    "It was not decided in time. Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.",
  neverAsked:
    "No reviewer could be asked. Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.",
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
  incidentUnreadable:
    "PagerDuty could not be read, so that nobody was asked. Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.",
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
  refusedByPagerDuty:
    "PagerDuty refused it, so that nothing ran. Decide whether it is still needed. If so, do it by hand; the gate will not run this proposal again.",
  runFailed:
    "It ran and failed, and may have done a part of its work. Find out what it has changed before you go on by hand; the gate will not run it again.",
  neverRan:
    "It has not started and may start at any time, when a runner is back. Stop it there, or wait, before you do it by hand: else it is done twice.",
  noResult:
    "It was started and has told no result. Find out in PagerDuty what became of it before you do anything by hand; the gate will not run it again.",
  unclear:
    "First find out in PagerDuty whether it ran; the gate will not run it again. Only if it did not, and it is still needed, do it by hand.",
};

/** Ends after which somebody or some rule has said no: the same by hand would overrule it. */
const REFUSED: readonly OutcomeReason[] = [
  "rejected",
  "rejectedByRule",
  "deniedByPolicy",
  "sameAsRejected",
];

/** Ends after which it may have run, may be running, or may run yet. */
const MAY_HAVE_RUN: readonly OutcomeReason[] = ["runFailed", "neverRan", "noResult", "unclear"];

const said = (reason: OutcomeReason, kind: OutcomeKind = "suppressed") =>
  toDo({ kind, reason, text: "", atMs: 0 });

describe("what is left to do after each end", () => {
  for (const [reason, text] of entries(TABLE)) {
    it(`after ${reason}`, () => {
      assert.equal(said(reason), text);
    });
  }

  it("is never to do by hand what somebody or a rule refused", () => {
    for (const reason of REFUSED) {
      assert.match(said(reason), /Do not do it by hand/, reason);
      assert.doesNotMatch(said(reason), /(^|\. )(If so, |Only if [^.]*, )?do it by hand/, reason);
      assert.doesNotMatch(said(reason), /Decide whether it is still needed/, reason);
    }
  });

  it("begins with a look where it may have run", () => {
    for (const reason of MAY_HAVE_RUN) {
      assert.match(said(reason), /[Ff]ind out|Stop it there/, reason);
    }
  });

  it("calls nothing held: only what waits is", () => {
    for (const [reason, text] of entries(TABLE)) {
      assert.ok(!/\bheld\b/.test(text) || reason === "approvalLapsed", reason);
    }
  });
});

function entries(table: typeof TABLE): [OutcomeReason, string][] {
  return Object.entries(table).filter((entry): entry is [OutcomeReason, string] =>
    Object.hasOwn(table, entry[0]),
  );
}
