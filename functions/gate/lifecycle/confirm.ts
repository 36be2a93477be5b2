import { decidedNo } from "../ledger/noes.ts";
import { actionDigest } from "../proposal/digest.ts";
import { canonicalJson } from "../text/canonical.ts";
import { inLine } from "../text/quotation.ts";
import type { ApprovalAttempt, Decision, Proposal } from "../proposal/proposal.ts";
import { answersTo, asked, decisionsIn, lookAt, noAmong, unreadIn } from "./answers.ts";
import type { Answer } from "./answers.ts";
import { end, hintIds, lookAgain, withChanges } from "./common.ts";
import { isReadable } from "./expire.ts";
import { time } from "./texts.ts";
import type { Known, Look, Step } from "./known.ts";

/** What must be read of Cheqpoint once more before anything runs; null: nobody was asked. */
export function approvalsLook(proposal: Proposal): Extract<Look, { at: "approvals" }> | null {
  return proposal.decision?.by === "policy" ? null : lookAt(asked(proposal));
}

/**
 * Holds the decision in the ledger against what Cheqpoint says at this moment. Null: it says the same. Who can write the
 * ledger has not thereby approved anything, and a no that was said after a yes, or to a second request, is a no.
 */
export function confirm(
  proposal: Proposal,
  known: Known,
  decision: Decision,
  validUntilMs: number,
): Step | null {
  if (decision.by === "policy") {
    return null;
  }
  const answers = answersTo(proposal, asked(proposal), known) ?? [];
  const no = noAmong(answers);
  if (no !== null) {
    return overruled(proposal, known, no, decision);
  }
  const isAsked = (one: Answer): boolean => isAskedFor(proposal, one.attempt, known);
  const problem =
    unreadIn(answers) ??
    (decision.by === "onExpiry"
      ? silenceProblem(proposal, decision, answers, isAsked, known.nowMs)
      : approvalProblem(decision, answers, isAsked, known));
  return problem === null ? null : unconfirmed(proposal, known, problem, validUntilMs);
}

/** A callback while it waits to run: if it tells of a no, nothing more has to be waited for. */
export function overruledMeanwhile(
  proposal: Proposal,
  known: Known,
  decision: Decision,
): Step | null {
  const hints = hintIds(known, "decision");
  const look = approvalsLook(proposal);
  if (hints.length === 0 || look === null) {
    return null;
  }
  const answers = answersTo(proposal, asked(proposal), known);
  if (answers === null) {
    return { kind: "look", look };
  }
  const no = noAmong(answers);
  if (no !== null) {
    return overruled(proposal, known, no, decision);
  }
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, { dueAtMs: proposal.dueAtMs }),
    facts: [],
    options: { consume: hints },
  };
}

function overruled(proposal: Proposal, known: Known, no: Decision, standing: Decision): Step {
  const { outcome, by, rule, note, atMs } = no;
  const later = decidedNo(no);
  const who = by === "human" ? "a reviewer" : `Cheqpoint's rule ${rule ?? "(unnamed)"}`;
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: by === "human" ? "rejected" : "rejectedByRule",
      text: `Rejected by ${who} at ${time(proposal, atMs)}, before it ran${note === null ? "." : `: ${inLine(note)}`}`,
    },
    {
      facts: [
        {
          type: "decision.overruled",
          data: { outcome, by, rule, note, atMs, standing: standing.outcome },
        },
      ],
      consume: hintIds(known, "decision"),
      ...(later === null ? {} : { laterNo: later }),
    },
  );
}

/** Whether what Cheqpoint shows is a request for this proposal's action: whatever the record says of either. */
function isAskedFor(proposal: Proposal, attempt: ApprovalAttempt, known: Known): boolean {
  const { weighing, incident } = proposal;
  const read = known.approvals?.[attempt.approvalId ?? ""];
  if (weighing === null || incident === null || read?.ok !== true || read.value === null) {
    return false;
  }
  const { action, target } = weighing.runbook;
  const { id: incidentId, serviceId } = incident;
  const { parameters } = weighing;
  const digest = actionDigest({ action, target, parameters, incidentId, serviceId });
  const { details } = read.value;
  return (
    details["proposal_id"] === proposal.id &&
    details["attempt_id"] === attempt.attemptId &&
    details["action_digest"] === digest &&
    proposal.digest === digest
  );
}

/** The record says until when a yes is good, and whoever wrote it may have said more than its rule allows. */
const TOO_OLD = "the approval is older than the rule lets it be good for";

/** Why Cheqpoint does not say what the ledger says; null: it does. */
function approvalProblem(
  decision: Decision,
  answers: readonly Answer[],
  isAsked: (one: Answer) => boolean,
  known: Known,
): string | null {
  const own = answers.filter(isAsked);
  const found = decisionsIn(own).filter(({ outcome }) => outcome === "approved");
  const isSame = (one: Decision): boolean =>
    one.by === decision.by &&
    one.digest === decision.digest &&
    canonicalJson(one.parameters) === canonicalJson(decision.parameters) &&
    canonicalJson(one.changed) === canonicalJson(decision.changed);
  if (found.length > 0 && found.every(isSame)) {
    if (!own.some((one) => isInTime(one, known))) {
      return "the approval came after the deadline that the reviewer was shown";
    }
    return found.some(({ validUntilMs }) => validUntilMs === null || known.nowMs <= validUntilMs)
      ? null
      : TOO_OLD;
  }
  return found.length > 0
    ? "Cheqpoint tells of an approval of something else"
    : `Cheqpoint does not confirm the approval: ${stateOf(answers)}`;
}

/** As Cheqpoint tells it: a decision in the record may have kept open what had ended by then. */
function isInTime({ attempt, verdict }: Answer, known: Known): boolean {
  const read = known.approvals?.[attempt.approvalId ?? ""];
  const saidAtMs = read?.ok === true ? (read.value?.decidedAtMs ?? null) : null;
  return (
    verdict.kind === "decided" &&
    verdict.decision.outcome === "approved" &&
    (saidAtMs === null || saidAtMs <= Date.parse(String(attempt.details["decide_by"])))
  );
}

/** Silence approves only what was asked, where Cheqpoint has it, and after the deadline that the reviewer was shown. */
function silenceProblem(
  proposal: Proposal,
  decision: Decision,
  answers: readonly Answer[],
  isAsked: (one: Answer) => boolean,
  nowMs: number,
): string | null {
  if (proposal.approval?.attempts.every(isReadable) !== true) {
    return "what was said to a request whose answer was lost is not known";
  }
  if (decision.digest !== proposal.digest) {
    return "silence approves nothing else than what was asked";
  }
  const isQuiet = answers.every(
    ({ verdict }) =>
      verdict.kind === "pending" || (verdict.kind === "unattended" && verdict.isSure),
  );
  const deadlines = answers
    .filter(isAsked)
    .map(({ attempt }) => Date.parse(String(attempt.details["decide_by"])));
  const goodForMs = proposal.weighing?.evaluation.terms.validForMs ?? 0;
  if (deadlines.length > 0 && deadlines.every((atMs) => nowMs > atMs + goodForMs)) {
    return TOO_OLD;
  }
  const wasAsked = deadlines.some((atMs) => nowMs >= atMs);
  return isQuiet && wasAsked ? null : `Cheqpoint does not confirm the silence: ${stateOf(answers)}`;
}

function stateOf(answers: readonly Answer[]): string {
  const states = answers.map(({ verdict }) =>
    verdict.kind === "pending"
      ? "nobody has decided"
      : verdict.kind === "decided"
        ? `it was ${verdict.decision.outcome}`
        : verdict.kind === "unread"
          ? verdict.problem
          : verdict.text,
  );
  return states.length === 0 ? "no request is known" : [...new Set(states)].join("; ");
}

/** Nothing runs on it, and while the approval would be good Cheqpoint may yet confirm it. */
function unconfirmed(
  proposal: Proposal,
  known: Known,
  problem: string,
  validUntilMs: number,
): Step {
  const again = lookAgain(proposal, known, validUntilMs + 1);
  if (again.kind !== "wait" || typeof proposal.unconfirmed === "string") {
    return again;
  }
  const { untilMs: dueAtMs, lookFailures } = again;
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, { dueAtMs, lookFailures, unconfirmed: problem }),
    facts: [{ type: "approval.unconfirmed", data: { problem } }],
  };
}
