import type { AuditFact } from "../proposal/audit.ts";
import { readVerdict } from "../review/decision.ts";
import type { Hint } from "../ports/index.ts";
import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { letFieldsGo } from "./shared.ts";
import { dueAfterClose, hintIds, lookAgain } from "./common.ts";

/** How often a late decision that cannot be read is looked for: about half an hour with growing pauses. */
const MAX_READS = 12;

/** What is heard after the end is recorded, and changes nothing. */
export function afterClose(proposal: Proposal, known: Known): Step {
  const decided = hintIds(known, "decision");
  if (known.hints.length > decided.length) {
    return reported(proposal, known, decided);
  }
  const { dueAtMs, lookFailures } = proposal;
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
  const { outcome, by, note, atMs } = verdict.decision;
  const { decision } = proposal;
  if (decision?.outcome === outcome && decision.by === by) {
    return read([]);
  }
  const standing = decision?.outcome ?? null;
  return read([{ type: "decision.late", data: { outcome, by, note, atMs, standing } }], null);
}
