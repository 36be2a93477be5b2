import type { Known, Step } from "./known.ts";
import type {
  ApprovalAttempt,
  ApprovalProgress,
  Decision,
  Proposal,
} from "../proposal/proposal.ts";
import { RESUBMIT_PAUSE_MS, replaceAttempt } from "./ask.ts";
import { answersTo, decisionsIn, lookAt, noAmong, unreadIn, type Answer } from "./answers.ts";
import { backoffMs, decisionFact, end, hintIds, spreadMs, withChanges } from "./common.ts";
import { READ_EVERY_MS, expire, expiredDecision } from "./expire.ts";
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

/** Reads the requests under review back and acts on what was said: a no to one of them, before a yes to another. */
export function readBack(
  proposal: Proposal,
  known: Known,
  approval: ApprovalProgress,
  attempts: readonly ApprovalAttempt[],
  decideByMs: number,
): Step {
  const hints = hintIds(known, "decision");
  const answers = answersTo(proposal, attempts, known);
  const look = lookAt(attempts);
  if (answers === null && look !== null) {
    return { kind: "look", look };
  }
  const found = answers ?? [];
  const no = noAmong(found);
  if (no !== null) {
    return rejected(proposal, known, no, hints);
  }
  const problem = unreadIn(found);
  if (problem !== null) {
    return unread(proposal, known, approval, problem, decideByMs, hints);
  }
  for (const { verdict } of found) {
    if (verdict.kind === "refused") {
      return end(
        proposal,
        known,
        { kind: "suppressed", reason: verdict.reason, text: verdict.text },
        { decision: verdict.decision, facts: [decisionFact(verdict.decision)], consume: hints },
      );
    }
  }
  const yes = yesAmong(found);
  if (yes !== null) {
    return yes.isClear
      ? approved(proposal, known, yes.decision, decideByMs, hints)
      : end(
          proposal,
          known,
          {
            kind: "suppressed",
            reason: "changeNotPossible",
            text: "Two requests for it were approved, and not for the same.",
          },
          { decision: yes.decision, facts: [decisionFact(yes.decision)], consume: hints },
        );
  }
  return (
    unattended(proposal, known, approval, found, decideByMs, hints) ??
    undecided(proposal, known, approval, found, decideByMs, hints)
  );
}

/** The earliest yes; not clear when another one is for something else. */
function yesAmong(answers: readonly Answer[]): { decision: Decision; isClear: boolean } | null {
  const [first, ...others] = decisionsIn(answers).sort((a, b) => a.atMs - b.atMs);
  return first === undefined
    ? null
    : { decision: first, isClear: others.every(({ digest }) => digest === first.digest) };
}

function unread(
  proposal: Proposal,
  known: Known,
  approval: ApprovalProgress,
  problem: string,
  decideByMs: number,
  hints: string[],
): Step {
  const { nowMs } = known;
  const isPast = nowMs >= decideByMs;
  if (isPast && nowMs >= decideByMs + LAST_READ_WITHIN_MS) {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "expired",
        text: `Nobody was seen to decide until ${time(proposal, decideByMs)}, and Cheqpoint could not be read: ${problem}`,
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
    facts: approval.failures === 0 ? [{ type: "approval.unreadable", data: { problem } }] : [],
    // A hint that stays would be tried again at once; the next reading is due anyway.
    options: { consume: hints },
  };
}

/** One that nobody looked at is over, and asked anew unless another one is still under review. Null: there is none. */
function unattended(
  proposal: Proposal,
  known: Known,
  approval: ApprovalProgress,
  answers: readonly Answer[],
  decideByMs: number,
  hints: string[],
): Step | null {
  const { nowMs } = known;
  for (const { attempt, verdict } of answers) {
    if (verdict.kind !== "unattended") {
      continue;
    }
    const isLast = answers.length === 1;
    const again =
      isLast && approval.attempts.length < MAX_ATTEMPTS && nowMs + WORTH_ASKING_MS < decideByMs;
    const { text, note, atMs } = verdict;
    return {
      kind: "save",
      next: withChanges(proposal, nowMs, {
        approval: {
          ...approval,
          attempts: replaceAttempt(approval.attempts, {
            ...attempt,
            state: verdict.isSure ? "ended" : "unclear",
            problem: text,
          }),
          nextSubmitAtMs: again ? nowMs + RESUBMIT_PAUSE_MS : null,
          nextReadAtMs: isLast ? null : nowMs,
          failures: 0,
        },
      }),
      facts: [
        {
          type: "approval.unattended",
          data: { attemptId: attempt.attemptId, text, again, outcome: "rejected", note, atMs },
        },
      ],
      options: { consume: hints },
    };
  }
  return null;
}

function undecided(
  proposal: Proposal,
  known: Known,
  approval: ApprovalProgress,
  answers: readonly Answer[],
  decideByMs: number,
  hints: string[],
): Step {
  const { nowMs } = known;
  if (nowMs >= decideByMs) {
    return expire(
      proposal,
      known,
      hints,
      answers.every(({ verdict }) => verdict.kind === "pending"),
    );
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

function rejected(proposal: Proposal, known: Known, decision: Decision, consume: string[]): Step {
  const who =
    decision.by === "human" ? "a reviewer" : `Cheqpoint's rule ${decision.rule ?? "(unnamed)"}`;
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: decision.by === "human" ? "rejected" : "rejectedByRule",
      text: `Rejected by ${who}.`,
    },
    { decision, facts: [decisionFact(decision)], consume },
  );
}

function approved(
  proposal: Proposal,
  known: Known,
  decision: Decision,
  decideByMs: number,
  hints: string[],
): Step {
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
