import type { AuditFact } from "../proposal/audit.ts";
import { readVerdict } from "../review/decision.ts";
import type { Hint } from "../ports/index.ts";
import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { letFieldsGo } from "./shared.ts";
import { dueAfterClose, hintIds, lookAgain } from "./common.ts";
import { dutyStep, isSettled, type DutyStep } from "./duties.ts";
import { lateNote } from "./texts.ts";

/** How often a late decision that cannot be read is looked for: about half an hour with growing pauses. */
const MAX_READS = 12;

/** What is heard after the end is recorded, and changes nothing. */
export function afterClose(proposal: Proposal, known: Known): Step {
  const decided = hintIds(known, "decision");
  if (known.hints.length > decided.length) {
    return reported(proposal, known, decided);
  }
  const { dueAtMs, lookFailures } = proposal;
  const note = noteOnLateYes(proposal, known);
  if (note.step !== null) {
    return note.step;
  }
  if (note.untilMs !== null) {
    return { kind: "wait", untilMs: note.untilMs, lookFailures };
  }
  const isDue = dueAtMs !== null && known.nowMs >= dueAtMs;
  if (dueAtMs === null && decided.length === 0) {
    return { kind: "rest" };
  }
  // After a failed reading its pause is kept, whoever asks meanwhile.
  if (dueAtMs !== null && !isDue && (decided.length === 0 || lookFailures > 0)) {
    return { kind: "wait", untilMs: dueAtMs, lookFailures };
  }
  return readLate(proposal, known, decided);
}

/** Whoever said yes sees on the incident that nothing came of it, and why. */
function noteOnLateYes(proposal: Proposal, known: Known): DutyStep {
  const { lateYes, incident, dueAtMs } = proposal;
  if (lateYes === undefined || incident === null) {
    return { step: null, untilMs: null };
  }
  if (isSettled(proposal.duties.noteLate)) {
    // The record was due for the note alone.
    return dueAtMs === null
      ? { step: null, untilMs: null }
      : {
          step: {
            kind: "save",
            next: { ...proposal, version: proposal.version + 1, dueAtMs: null },
            facts: [],
          },
          untilMs: null,
        };
  }
  return dutyStep(proposal, known, "noteLate", incident.id, (mark) => ({
    kind: "note",
    duty: "noteLate",
    incidentId: incident.id,
    content: lateNote(proposal, lateYes, mark),
  }));
}

/** Reports of PagerDuty: of interest only where nobody could tell whether it ran. */
function reported(proposal: Proposal, known: Known, decided: string[]): Step {
  const others = known.hints.filter(({ id }) => !decided.includes(id));
  const seen = others.find(({ kind }) => kind === "invocation" || kind === "workflow");
  return {
    kind: "save",
    next: { ...proposal, version: proposal.version + 1 },
    facts:
      proposal.outcome?.kind === "uncertain" && seen !== undefined
        ? [{ type: "execution.seenLate", data: { ...seen.data } }]
        : [],
    options: {
      consume: others.map(({ id }) => id),
      ...(others.some((hint) => tellsEnd(proposal, hint)) ? { letGo: letFieldsGo(proposal) } : {}),
    },
  };
}

/** Whether its own run is over by PagerDuty's account. */
function tellsEnd({ execution }: Proposal, { kind, data }: Hint): boolean {
  const own = execution?.invocationId ?? null;
  return kind === "workflow"
    ? data.state === "completed"
    : kind === "invocation" &&
        (own === null || own === data.invocationId) &&
        ["completed", "error", "aborted"].includes(data.state ?? "");
}

function readLate(proposal: Proposal, known: Known, consume: string[]): Step {
  const { nowMs } = known;
  const read = (facts: AuditFact[], dueAtMs = dueAfterClose(proposal, nowMs)): Step => ({
    kind: "save",
    next: { ...proposal, version: proposal.version + 1, lookFailures: 0, dueAtMs },
    facts,
    options: { consume },
  });
  const attempt = proposal.approval?.attempts.findLast((one) => one.approvalId !== null);
  if (attempt === undefined || attempt.approvalId === null) {
    return read([]);
  }
  if (known.approval === undefined) {
    return { kind: "look", look: { at: "approval", id: attempt.approvalId } };
  }
  if (!known.approval.ok) {
    return proposal.lookFailures < MAX_READS
      ? lookAgain(proposal, known)
      : read([{ type: "decision.lateUnread", data: { problem: known.approval.problem } }]);
  }
  if (known.approval.value === null) {
    return read([]);
  }
  const verdict = readVerdict(proposal, attempt, known.approval.value, nowMs);
  if (verdict.kind !== "decided" && verdict.kind !== "refused") {
    return read([]);
  }
  const { outcome, by, rule, note, atMs } = verdict.decision;
  const { decision, lateYes } = proposal;
  const isToldBefore = outcome === "approved" && lateYes !== undefined;
  if ((decision?.outcome === outcome && decision.by === by) || isToldBefore) {
    return read([]);
  }
  const standing = decision?.outcome ?? null;
  const fact = { type: "decision.late", data: { outcome, by, note, atMs, standing } };
  const isOwed =
    outcome === "approved" && proposal.outcome?.kind === "suppressed" && proposal.incident !== null;
  const step = read([fact], isOwed ? nowMs : null);
  return isOwed && step.kind === "save"
    ? { ...step, next: { ...step.next, lateYes: { by, rule, note, atMs } } }
    : step;
}
