import { canonicalJson } from "../text/canonical.ts";
import { actionDigest } from "../proposal/digest.ts";
import { notSent } from "../proposal/sent.ts";
import { checkParameters } from "../gating/index.ts";
import type { ApprovalReading } from "../ports/index.ts";
import type {
  ApprovalAttempt,
  Decision,
  OutcomeReason,
  Parameters,
  Proposal,
} from "../proposal/proposal.ts";

/** What a read-back approval means for the proposal. Anything that is not clearly a yes is not a yes. */
export type Verdict =
  /** Nobody has decided. */
  | { kind: "pending" }
  /** Nobody can tell what was decided. */
  | { kind: "unknown"; text: string }
  /**
   * Nobody looked (expiry, no reviewers, loop protection): it may be asked anew. `isSure` false: it may have been a
   * rule's no all the same, so that nothing may be concluded from the silence.
   */
  | { kind: "unattended"; text: string; isSure: boolean; note: string | null; atMs: number }
  | { kind: "decided"; decision: Decision }
  /** An approval that cannot be carried out as it was given. */
  | { kind: "refused"; reason: OutcomeReason; text: string; decision: Decision };

/**
 * Cheqpoint's loop protection rejects a repeated request at once, with its very answer and without a note. Whether it marks
 * such a rejection as its own (`autoDecided`) is not known. What was pending first, or has a note, is a human's no.
 */
const LOOP_PROTECTION_MS = 15_000;

/** Cheqpoint's clock may be ahead of the gate's by so much: a no of a moment ago then has a time that is still to come. */
const CLOCKS_DIFFER_MS = 60_000;

export function readVerdict(
  proposal: Proposal,
  attempt: ApprovalAttempt,
  reading: ApprovalReading,
  nowMs: number,
): Verdict {
  const { weighing, incident, digest } = proposal;
  if (weighing === null || incident === null || digest === null) {
    throw new Error(`${proposal.id}: an approval was read before the proposal was weighed`);
  }
  if (reading.status === "PENDING") {
    return { kind: "pending" };
  }
  if (reading.status === "UNKNOWN") {
    return {
      kind: "unknown",
      text: "Cheqpoint's status of it is one that the gate does not know.",
    };
  }
  const { terms } = weighing.evaluation;
  const atMs = Math.max(attempt.startedAtMs, Math.min(nowMs, reading.decidedAtMs ?? nowMs));
  const { decidedAtMs } = reading;
  // A yes counts as said as early, and a no as late, as it can have been: which of two came later decides.
  const isTold = decidedAtMs !== null && decidedAtMs <= nowMs;
  const latestMs = Math.min(decidedAtMs ?? nowMs, nowMs + CLOCKS_DIFFER_MS);
  const saidAtMs = isTold ? atMs : reading.status === "REJECTED" ? latestMs : attempt.startedAtMs;
  const note = reading.notes.length === 0 ? null : reading.notes.join("\n");
  // A rule's approval permits less than a human's, and a human's no forbids more than a rule's: what is not clear counts so.
  const isNo = reading.status === "REJECTED";
  const isByRule = reading.autoDecided || (!isNo && reading.autoDecisionRuleName !== null);
  const by = isByRule ? "autoRule" : "human";
  const base: Omit<Decision, "outcome" | "validUntilMs"> = {
    by,
    rule: reading.autoDecisionRuleName,
    note,
    atMs,
    saidAtMs,
    parameters: weighing.parameters,
    changed: [],
    digest,
  };
  if (isNo) {
    if (reading.retryable) {
      return {
        kind: "unattended",
        isSure: true,
        note,
        atMs,
        text: `Cheqpoint rejected it by itself${reading.reasonCode === null ? "" : ` (${reading.reasonCode})`}: nobody decided.`,
      };
    }
    const isRepeat = (proposal.approval?.attempts.length ?? 0) > 1;
    const isAtOnce =
      attempt.receipt === "decided" && atMs - attempt.startedAtMs <= LOOP_PROTECTION_MS;
    if (isRepeat && isAtOnce && note === null) {
      return {
        kind: "unattended",
        isSure: false,
        note,
        atMs,
        text: "The repeated request was rejected at once, as Cheqpoint's loop protection does: it may be nobody's no.",
      };
    }
    return { kind: "decided", decision: { ...base, outcome: "rejected", validUntilMs: null } };
  }

  const approved: Decision = {
    ...base,
    outcome: "approved",
    validUntilMs: atMs + terms.validForMs,
  };
  const refuse = (reason: OutcomeReason, text: string): Verdict => ({
    kind: "refused",
    reason,
    text,
    decision: approved,
  });
  if (reading.id !== attempt.approvalId || !sameJson(reading.details, attempt.details)) {
    return refuse(
      "approvalAltered",
      "What Cheqpoint shows as approved is not what was submitted for review.",
    );
  }
  if (by === "autoRule" && !terms.acceptRuleApprovals) {
    return refuse(
      "ruleApprovalNotAccepted",
      `Cheqpoint's rule ${reading.autoDecisionRuleName ?? "(unnamed)"} approved it without a human, and gating rule ${weighing.evaluation.rule ?? "otherwise"} does not accept that.`,
    );
  }
  const edited = applyChanges(
    reading.modifiedDetails,
    attempt,
    weighing.parameters,
    terms.editable,
  );
  if (!edited.ok) {
    return refuse("changeNotPossible", edited.text);
  }
  const checked = checkParameters(weighing.runbook, edited.parameters);
  if (!checked.ok) {
    return refuse(
      "changeNotPossible",
      `The reviewer's change does not fit the runbook: ${checked.problems.join("; ")}`,
    );
  }
  const changed = edited.changed;
  const stuck = notSent(weighing.runbook, checked.value).filter((name) => changed.includes(name));
  if (stuck.length > 0) {
    return refuse(
      "changeNotPossible",
      `The reviewer changed ${stuck.join(", ")}, which has no way to reach the runbook.`,
    );
  }
  return {
    kind: "decided",
    decision: {
      ...approved,
      parameters: checked.value,
      changed,
      digest:
        changed.length === 0
          ? digest
          : actionDigest({
              action: weighing.runbook.action,
              target: weighing.runbook.target,
              parameters: checked.value,
              incidentId: incident.id,
              serviceId: incident.serviceId,
            }),
    },
  };
}

/** A no that only a callback with the request's own token told of: nobody can read it, and it counts as a human's. */
export function unreadableNo({ weighing, digest }: Proposal, atMs: number): Verdict {
  const decision: Decision = {
    outcome: "rejected",
    by: "human",
    rule: null,
    note: null,
    atMs,
    saidAtMs: atMs,
    validUntilMs: null,
    parameters: weighing?.parameters ?? {},
    changed: [],
    digest: digest ?? "",
  };
  return { kind: "decided", decision };
}

type Edited = { ok: true; parameters: Parameters; changed: string[] } | { ok: false; text: string };

/**
 * Cheqpoint's documents allow two readings of `modifiedDetails`: a full replacement, or only what changed. Details that
 * repeat something unchanged may be a replacement, in which an absent parameter was taken away; only changed editable
 * values alone may leave the rest out. What merely tells the reviewer something may be absent in both.
 */
function applyChanges(
  modified: unknown,
  attempt: ApprovalAttempt,
  parameters: Parameters,
  editable: readonly string[],
): Edited {
  if (modified === null || modified === undefined) {
    return { ok: true, parameters, changed: [] };
  }
  if (typeof modified !== "object" || Array.isArray(modified)) {
    return { ok: false, text: "The reviewer's change is not a set of details." };
  }
  const entries = Object.entries(modified);
  if (entries.length === 0) {
    return { ok: false, text: "The reviewer's change removes every detail." };
  }
  const allowed = editable.filter((name) => Object.hasOwn(parameters, name));
  const changeable = `changeable here: ${allowed.length === 0 ? "nothing" : allowed.join(", ")}.`;
  const result: Record<string, Parameters[string]> = { ...parameters };
  const changed: string[] = [];
  for (const [key, value] of entries) {
    if (Object.hasOwn(attempt.details, key) && sameJson(attempt.details[key], value)) {
      continue;
    }
    if (
      !allowed.includes(key) ||
      (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
    ) {
      return {
        ok: false,
        text: `The reviewer changed ${key}, which the gate cannot carry out; ${changeable}`,
      };
    }
    result[key] = value;
    changed.push(key);
  }
  const mayReplace = changed.length < entries.length;
  const removed = Object.keys(parameters).filter((name) => !Object.hasOwn(modified, name));
  if (mayReplace && removed.length > 0) {
    return {
      ok: false,
      text: `The reviewer's details leave out ${removed.sort().join(", ")}, which the gate cannot take away; ${changeable}`,
    };
  }
  return { ok: true, parameters: result, changed: changed.sort() };
}

function sameJson(one: unknown, other: unknown): boolean {
  try {
    return canonicalJson(one) === canonicalJson(other);
  } catch {
    return false;
  }
}
