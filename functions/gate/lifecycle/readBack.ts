import { readVerdict } from "../review/decision.ts";
import type { Known, Step } from "./known.ts";
import type {
  ApprovalAttempt,
  ApprovalProgress,
  Decision,
  Proposal,
} from "../proposal/proposal.ts";
import { RESUBMIT_PAUSE_MS, replaceAttempt } from "./ask.ts";
import { backoffMs, decisionFact, end, hintIds, spreadMs, withChanges } from "./common.ts";
import { expire, expiredDecision } from "./expire.ts";
import { time } from "./texts.ts";

/** A further request is not worth a reviewer's time when less than this is left. */
const WORTH_ASKING_MS = 60_000;
const MAX_ATTEMPTS = 5;
/** After the deadline the last reading is tried for this long; without it nothing is approved. */
const LAST_READ_WITHIN_MS = 60_000;

/** At most, and half as long at least. */
const LAST_READS_EVERY_MS = 5_000;

const FIRST_READS = 5;
const FIRST_READ_EVERY_MS = 3_000;
const READ_EVERY_MS = 15_000;

/** Reads the approval back and acts on it. Null: not now. */
export function readBack(
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
          text: `Nobody was seen to decide until ${time(proposal, decideByMs)}, and Cheqpoint could not be read: ${known.approval.problem}`,
        },
        { decision: expiredDecision(proposal, known), consume: hints },
      );
    }
    const pauseMs = Math.min(
      backoffMs(proposal, approval.failures),
      spreadMs(proposal, approval.failures, isPast ? LAST_READS_EVERY_MS / 2 : READ_EVERY_MS),
    );
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
        text: `Approved, ${time(proposal, decision.atMs)}, after the deadline of ${time(proposal, decideByMs)}: not run.`,
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
