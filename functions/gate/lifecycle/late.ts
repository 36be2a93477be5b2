import type { AuditFact } from "../proposal/audit.ts";
import type { Hint } from "../ports/index.ts";
import { letFieldsGo } from "./shared.ts";
import { decidedNo, noTo } from "../ledger/noes.ts";
import type { Known, Step } from "./known.ts";
import type { Decision, Proposal } from "../proposal/proposal.ts";
import { answersTo, asked, lookAt, noAmong, unreadIn } from "./answers.ts";
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
  const read = (
    facts: AuditFact[],
    dueAtMs = dueAfterClose(proposal, nowMs),
    laterNo: Pick<Decision, "note" | "atMs"> | null = null,
  ): Step => {
    const no = laterNo === null ? null : noTo(proposal, laterNo.atMs, nowMs);
    return {
      kind: "save",
      next: {
        ...proposal,
        version: proposal.version + 1,
        lookFailures: 0,
        dueAtMs,
        ...(laterNo === null ? {} : { laterNo }),
      },
      facts,
      options: { consume, ...(no === null ? {} : { no }) },
    };
  };
  const attempts = asked(proposal);
  const look = lookAt(attempts);
  const answers = answersTo(proposal, attempts, known);
  if (answers === null) {
    return look === null ? read([]) : { kind: "look", look };
  }
  const problem = unreadIn(answers);
  if (problem !== null && noAmong(answers) === null) {
    return proposal.lookFailures < MAX_READS
      ? lookAgain(proposal, known)
      : read([{ type: "decision.lateUnread", data: { problem } }]);
  }
  const standing = proposal.decision?.outcome ?? null;
  const late = answers
    .flatMap(({ verdict }) =>
      verdict.kind === "decided" || verdict.kind === "refused" ? [verdict.decision] : [],
    )
    .filter(({ outcome, by }) => standing !== outcome || proposal.decision?.by !== by)
    .filter(({ outcome }) => outcome !== "approved" || proposal.lateYes === undefined);
  if (late.length === 0) {
    return read([]);
  }
  const no = late.find(({ outcome, by }) => outcome === "rejected" && by === "human");
  const yes = late.find(({ outcome }) => outcome === "approved");
  const isOwed =
    yes !== undefined && proposal.outcome?.kind === "suppressed" && proposal.incident !== null;
  const step = read(
    late.map(({ outcome, by, note, atMs }) => ({
      type: "decision.late",
      data: { outcome, by, note, atMs, standing },
    })),
    isOwed ? nowMs : null,
    // It came too late for this one, and stands against whoever asks for the same.
    no === undefined ? null : decidedNo(no),
  );
  if (!isOwed || step.kind !== "save") {
    return step;
  }
  const { by, rule, note, atMs } = yes;
  return { ...step, next: { ...step.next, lateYes: { by, rule, note, atMs } } };
}
