import { approvalEffect } from "../approvalRequest.ts";
import { readVerdict } from "../decision.ts";
import { escalationKey, incidentLabel } from "../incidents.ts";
import type { Known, Step } from "../known.ts";
import type { ApprovalReading } from "../ports.ts";
import type {
  ApprovalAttempt,
  ApprovalProgress,
  Decision,
  Proposal,
  Weighing,
} from "../proposal.ts";
import {
  backoffMs,
  decisionFact,
  end,
  hintIds,
  spreadMs,
  waitUntil,
  withChanges,
} from "./common.ts";
import { dutyStep, type DutyStep } from "./duties.ts";
import { escalationIncident, proposedNote } from "./texts.ts";

/** Pause before a submission whose effect is unknown is repeated: sooner, Cheqpoint takes it for a loop. */
const RESUBMIT_PAUSE_MS = 15_000;
/** A further request is not worth a reviewer's time when less than this is left. */
const WORTH_ASKING_MS = 60_000;
const MAX_ATTEMPTS = 5;
const MAX_KEPT_ATTEMPTS = 9;
/** After the deadline the last reading is tried for this long; without it nothing is approved. */
const LAST_READ_WITHIN_MS = 60_000;

const FIRST_READS = 5;
const FIRST_READ_EVERY_MS = 3_000;
const READ_EVERY_MS = 15_000;

/** Asks, waits, pages and reads back, until somebody decides or the deadline passes. */
export function awaitDecision(proposal: Proposal, known: Known): Step {
  const { weighing, incident, approval, decideByMs } = proposal;
  if (weighing === null || incident === null || approval === null || decideByMs === null) {
    throw new Error(`${proposal.id}: awaits a decision without having been weighed`);
  }
  const voided = incidentChange(proposal, known);
  if (voided !== null) {
    return voided;
  }
  const isPast = known.nowMs >= decideByMs;
  const submitted = approval.attempts.find((attempt) => attempt.state === "submitted");
  if (submitted !== undefined) {
    const hinted = hintIds(known, "decision").length > 0;
    // After a failed reading its pause is kept, deadline or not.
    const isLastDue = isPast && approval.failures === 0;
    if (isLastDue || hinted || known.nowMs >= (approval.nextReadAtMs ?? 0)) {
      const step = readBack(proposal, known, approval, submitted, decideByMs);
      if (step !== null) {
        return step;
      }
    }
  } else {
    const step = ask(proposal, known, weighing, approval, decideByMs);
    if (step !== null) {
      return step;
    }
  }
  const duties = pageAndTell(proposal, known, weighing, submitted);
  if (duties.step !== null) {
    return duties.step;
  }
  const started = approval.attempts.find((attempt) => attempt.state === "started");
  const times = [
    isPast ? null : decideByMs,
    submitted === undefined ? approval.nextSubmitAtMs : approval.nextReadAtMs,
    started === undefined ? null : started.startedAtMs + known.settings.leaseMs,
    duties.untilMs,
  ].filter((time) => time !== null);
  return waitUntil(Math.max(known.nowMs + 1, Math.min(...times)));
}

/** A resolved or moved incident voids its open proposals. */
function incidentChange(proposal: Proposal, known: Known): Step | null {
  const hints = hintIds(known, "incident");
  if (hints.length === 0 || proposal.incident === null) {
    return null;
  }
  if (known.incident === undefined) {
    return { kind: "look", look: { at: "incident", id: proposal.incident.id } };
  }
  if (!known.incident.ok) {
    // The hint stays, and the check before any execution does not depend on it.
    return null;
  }
  return (
    voidedBy(proposal, known, hints) ?? {
      kind: "save",
      next: withChanges(proposal, known.nowMs, {}),
      facts: [],
      options: { consume: hints },
    }
  );
}

/** Ends the proposal when the incident that was just read no longer fits it. */
export function voidedBy(proposal: Proposal, known: Known, consume: string[]): Step | null {
  const before = proposal.incident;
  if (before === null || known.incident?.ok !== true) {
    return null;
  }
  const now = known.incident.value;
  if (now === null) {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentNotFound",
        text: `PagerDuty no longer has incident ${before.id}.`,
      },
      { consume },
    );
  }
  if (now.status === "resolved") {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentResolved",
        text: `${incidentLabel(now)} was resolved before the action ran.`,
      },
      { changes: { incident: now }, consume },
    );
  }
  if (now.serviceId !== before.serviceId) {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentMoved",
        text: `${incidentLabel(now)} moved from service ${before.serviceName} to ${now.serviceName}.`,
      },
      { changes: { incident: now }, consume },
    );
  }
  return null;
}

/** Submits, or gives up when the deadline is too near. Null: nothing to submit now. */
function ask(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  approval: ApprovalProgress,
  decideByMs: number,
): Step | null {
  const { nowMs, settings, fresh } = known;
  const started = approval.attempts.find((attempt) => attempt.state === "started");
  if (started !== undefined) {
    if (nowMs < started.startedAtMs + settings.leaseMs) {
      return null;
    }
    return {
      kind: "save",
      next: withChanges(proposal, nowMs, {
        approval: {
          ...approval,
          attempts: replaceAttempt(approval.attempts, { ...started, state: "unclear" }),
          nextSubmitAtMs: nowMs + RESUBMIT_PAUSE_MS,
        },
      }),
      facts: [{ type: "approval.submitUnclear", data: { attemptId: started.attemptId } }],
    };
  }
  if (nowMs >= decideByMs) {
    const wasAsked = approval.attempts.some((attempt) => attempt.state === "ended");
    return wasAsked
      ? expire(proposal, known, [])
      : end(
          proposal,
          known,
          {
            kind: "suppressed",
            reason: "neverAsked",
            text: "No reviewer could be asked before the deadline: Cheqpoint took no request.",
          },
          { decision: expiredDecision(proposal, known) },
        );
  }
  if (approval.nextSubmitAtMs === null || nowMs < approval.nextSubmitAtMs) {
    return null;
  }
  const { incident } = proposal;
  if (incident === null) {
    return null;
  }
  const effect = approvalEffect(proposal, incident, weighing, {
    attemptId: fresh.attemptId,
    nowMs,
  });
  const attempt: ApprovalAttempt = {
    attemptId: fresh.attemptId,
    tokenHash: fresh.tokenHash,
    startedAtMs: nowMs,
    state: "started",
    approvalId: null,
    reviewUrl: null,
    problem: null,
    details: effect.request.details,
  };
  return {
    kind: "effect",
    effect,
    next: withChanges(proposal, nowMs, {
      dueAtMs: nowMs + settings.leaseMs,
      approval: {
        ...approval,
        attempts: [...keptAttempts(approval.attempts), attempt],
        nextSubmitAtMs: null,
      },
    }),
    facts: [
      {
        type: "approval.submitting",
        data: {
          attemptId: attempt.attemptId,
          attempt: approval.attempts.length + 1,
          digest: proposal.digest,
        },
      },
    ],
    options: { links: [`token/${fresh.tokenHash}`] },
  };
}

/** Reads the approval back and acts on it. Null: not now. */
function readBack(
  proposal: Proposal,
  known: Known,
  approval: ApprovalProgress,
  attempt: ApprovalAttempt,
  decideByMs: number,
): Step | null {
  const { nowMs } = known;
  const hints = hintIds(known, "decision");
  const isPast = nowMs >= decideByMs;
  if (known.approval === undefined) {
    return { kind: "look", look: { at: "approval", id: attempt.approvalId ?? "" } };
  }
  if (!known.approval.ok) {
    if (isPast && nowMs >= decideByMs + LAST_READ_WITHIN_MS) {
      return end(
        proposal,
        known,
        {
          kind: "suppressed",
          reason: "expired",
          text: `Nobody was seen to decide until ${iso(decideByMs)}, and Cheqpoint could not be read: ${known.approval.problem}`,
        },
        { decision: expiredDecision(proposal, known), consume: hints },
      );
    }
    const pauseMs = isPast ? 5_000 : Math.min(backoffMs(approval.failures), READ_EVERY_MS);
    return {
      kind: "save",
      next: withChanges(proposal, nowMs, {
        dueAtMs: nowMs + pauseMs,
        approval: { ...approval, nextReadAtMs: nowMs + pauseMs, failures: approval.failures + 1 },
      }),
      facts:
        approval.failures === 0
          ? [{ type: "approval.unreadable", data: { problem: known.approval.problem } }]
          : [],
      // A hint that stays would be tried again at once; the next reading is due anyway.
      options: { consume: hints },
    };
  }
  const reading = known.approval.value;
  const verdict =
    reading === null
      ? ({ kind: "pending" } as const)
      : readVerdict(proposal, attempt, reading, nowMs);
  switch (verdict.kind) {
    case "pending": {
      if (isPast) {
        return reading === null
          ? expire(proposal, known, hints, "gone")
          : expire(proposal, known, hints, reading.status);
      }
      const reads = approval.reads + 1;
      const every = reads < FIRST_READS ? FIRST_READ_EVERY_MS : READ_EVERY_MS;
      return {
        kind: "save",
        next: withChanges(proposal, nowMs, {
          approval: {
            ...approval,
            reads,
            failures: 0,
            nextReadAtMs: nowMs + spreadMs(proposal, reads, every),
          },
        }),
        facts: [],
        options: { consume: hints },
      };
    }
    case "unattended": {
      const again = approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;
      return {
        kind: "save",
        next: withChanges(proposal, nowMs, {
          approval: {
            ...approval,
            attempts: replaceAttempt(approval.attempts, {
              ...attempt,
              state: verdict.isSure ? "ended" : "unclear",
              problem: verdict.text,
            }),
            nextSubmitAtMs: again ? nowMs + RESUBMIT_PAUSE_MS : null,
            nextReadAtMs: null,
            failures: 0,
          },
        }),
        facts: [
          {
            type: "approval.unattended",
            data: { attemptId: attempt.attemptId, text: verdict.text, again },
          },
        ],
        options: { consume: hints },
      };
    }
    case "refused":
      return end(
        proposal,
        known,
        { kind: "suppressed", reason: verdict.reason, text: verdict.text },
        { decision: verdict.decision, facts: [decisionFact(verdict.decision)], consume: hints },
      );
    case "decided":
      return decide(proposal, known, verdict.decision, decideByMs, hints);
  }
}

function decide(
  proposal: Proposal,
  known: Known,
  decision: Decision,
  decideByMs: number,
  hints: string[],
): Step {
  const who =
    decision.by === "human" ? "a reviewer" : `Cheqpoint's rule ${decision.rule ?? "(unnamed)"}`;
  if (decision.outcome === "rejected") {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: decision.by === "human" ? "rejected" : "rejectedByRule",
        text: `Rejected by ${who}.`,
      },
      { decision, facts: [decisionFact(decision)], consume: hints },
    );
  }
  if (decision.atMs > decideByMs) {
    const expired = expiredDecision(proposal, known);
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "expired",
        text: `The approval of ${iso(decision.atMs)} came after the deadline of ${iso(decideByMs)}.`,
      },
      {
        decision: expired,
        facts: [
          {
            type: "decision.late",
            data: {
              outcome: decision.outcome,
              by: decision.by,
              note: decision.note,
              atMs: decision.atMs,
            },
          },
          decisionFact(expired),
        ],
        consume: hints,
      },
    );
  }
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, { decision }),
    facts: [decisionFact(decision)],
    options: { consume: hints },
  };
}

/**
 * Nobody decided in time. Only a rule that says so lets it run, and only when Cheqpoint has just confirmed that there
 * is no answer: a no that could not be read must not turn into a yes. A request whose submission was unclear may be in
 * the inbox and can never be read, so that nobody knows what was said to it.
 */
function expire(
  proposal: Proposal,
  known: Known,
  consume: string[],
  status: ApprovalReading["status"] | "gone" | "ended" = "ended",
): Step {
  const terms = proposal.weighing?.evaluation.terms;
  const expired = expiredDecision(proposal, known);
  const isAllRead = proposal.approval?.attempts.every(({ state }) => state !== "unclear") ?? false;
  if (terms?.onExpiry === "approve" && isAllRead && (status === "PENDING" || status === "ended")) {
    const decision: Decision = {
      ...expired,
      outcome: "approved",
      by: "onExpiry",
      validUntilMs: known.nowMs + terms.validForMs,
    };
    return {
      kind: "save",
      next: withChanges(proposal, known.nowMs, { decision }),
      facts: [{ type: "decision.expired", data: { onExpiry: "approve" } }, decisionFact(decision)],
      options: { consume },
    };
  }
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: "expired",
      text: `Nobody decided until ${iso(proposal.decideByMs ?? known.nowMs)}.`,
    },
    { decision: expired, facts: [decisionFact(expired)], consume },
  );
}

function expiredDecision(proposal: Proposal, known: Known): Decision {
  return {
    outcome: "expired",
    by: "gate",
    rule: proposal.weighing?.evaluation.rule ?? "otherwise",
    note: null,
    atMs: known.nowMs,
    validUntilMs: null,
    parameters: proposal.weighing?.parameters ?? {},
    changed: [],
    digest: proposal.digest ?? "",
  };
}

/** Pages whom the rule names, and notes the proposal on the incident. */
function pageAndTell(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  submitted: ApprovalAttempt | undefined,
): DutyStep {
  const { escalateAfterMs, escalateTo } = weighing.evaluation.terms;
  const { incident } = proposal;
  const times: (number | null)[] = [];
  if (escalateAfterMs !== null && escalateTo !== null && incident !== null) {
    const escalateAtMs = proposal.receivedAtMs + escalateAfterMs;
    if (known.nowMs < escalateAtMs) {
      times.push(escalateAtMs);
    } else {
      const page = dutyStep(
        proposal,
        known,
        "escalation",
        incident.id,
        () => ({
          kind: "createIncident",
          duty: "escalation",
          incident: escalationIncident(proposal, incident, escalateTo),
        }),
        escalationKey(proposal.id),
      );
      if (page.step !== null) {
        return page;
      }
      times.push(page.untilMs);
    }
  }
  if (submitted !== undefined && incident !== null) {
    const note = dutyStep(proposal, known, "noteProposed", incident.id, (mark) => ({
      kind: "note",
      duty: "noteProposed",
      incidentId: incident.id,
      content: proposedNote(proposal, submitted, mark),
    }));
    if (note.step !== null) {
      return note;
    }
    times.push(note.untilMs);
  }
  const set = times.filter((time) => time !== null);
  return { step: null, untilMs: set.length === 0 ? null : Math.min(...set) };
}

/** Cheqpoint may be away for days: what came to nothing is told in the audit trail and need not stay in the record. */
function keptAttempts(attempts: ApprovalAttempt[]): ApprovalAttempt[] {
  return attempts.filter((one) => one.state !== "refused").slice(-MAX_KEPT_ATTEMPTS);
}

function replaceAttempt(attempts: ApprovalAttempt[], changed: ApprovalAttempt): ApprovalAttempt[] {
  return attempts.map((one) => (one.attemptId === changed.attemptId ? changed : one));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
