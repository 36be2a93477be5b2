import type { Known, Step } from "./known.ts";
import type { Execution, Proposal } from "../proposal/proposal.ts";
import { backoffMs, end, hintIds, waitUntil, withChanges } from "./common.ts";
import { tellDecided } from "./tellDecided.ts";

/** A runner that does not pick an invocation up within this time is offline: it may still run it later. */
const STARTS_WITHIN_MS = 15 * 60_000;
const ENDS_WITHIN_MS = 24 * 3_600_000;
/** Workflow instances cannot be read back; after this long without the event the start counts as the result. */
const WORKFLOW_ENDS_WITHIN_MS = 30 * 60_000;
const POLL_MS = 5_000;
const SLOW_POLL_MS = 30_000;
const FAST_FOR_MS = 5 * 60_000;

const NOT_STARTED: readonly string[] = ["prepared", "created", "sent", "queued"];

/** Follows an accepted execution to its result. */
export function track(proposal: Proposal, known: Known): Step {
  const { execution, weighing, decision, incident } = proposal;
  if (execution === null || weighing === null || decision === null || incident === null) {
    throw new Error(`${proposal.id}: nothing to track`);
  }
  const { kind } = weighing.runbook.target;
  if (kind === "reassign" || kind === "escalate") {
    return finished(
      proposal,
      known,
      execution,
      "completed",
      "The incident was changed as decided.",
    );
  }
  const result =
    kind === "incidentWorkflow"
      ? trackWorkflow(proposal, known, execution)
      : trackInvocation(proposal, known, execution);
  if (result.kind !== "wait") {
    return result;
  }
  // Nothing to learn right now: time to tell people what was decided.
  const note = tellDecided(proposal, known, decision, incident.id);
  if (note.step !== null) {
    return note.step;
  }
  return note.untilMs === null ? result : waitUntil(Math.min(note.untilMs, result.untilMs));
}

function trackInvocation(proposal: Proposal, known: Known, execution: Execution): Step {
  const { nowMs } = known;
  const hints = hintIds(known, "invocation");
  if (hints.length === 0 && execution.nextReadAtMs !== null && nowMs < execution.nextReadAtMs) {
    return waitUntil(execution.nextReadAtMs);
  }
  if (known.invocation === undefined) {
    return { kind: "look", look: { at: "invocation", id: execution.invocationId ?? "" } };
  }
  const acceptedAtMs = execution.acceptedAtMs ?? execution.claimedAtMs;
  const pollMs = nowMs - acceptedAtMs < FAST_FOR_MS ? POLL_MS : SLOW_POLL_MS;
  if (!known.invocation.ok) {
    if (nowMs - acceptedAtMs >= ENDS_WITHIN_MS) {
      return noResult(proposal, known, `PagerDuty could not be read: ${known.invocation.problem}`);
    }
    const pauseMs = Math.max(pollMs, backoffMs(proposal, execution.failures));
    return later(
      proposal,
      known,
      { ...execution, failures: execution.failures + 1 },
      pauseMs,
      hints,
    );
  }
  const state = known.invocation.value?.state ?? "unknown";
  switch (state) {
    case "completed":
      return finished(proposal, known, execution, state, "The runbook ran to its end.", hints);
    case "error":
    case "aborted":
      return end(
        proposal,
        known,
        {
          kind: "failed",
          reason: "runFailed",
          text: `PagerDuty reports that the runbook ended in state "${state}".`,
        },
        {
          changes: { execution: { ...execution, state: "ended", reported: state } },
          facts: [
            { type: "execution.ended", data: { state, invocationId: execution.invocationId } },
          ],
          consume: hints,
        },
      );
    default:
  }
  if (NOT_STARTED.includes(state) && nowMs - acceptedAtMs >= STARTS_WITHIN_MS) {
    return end(
      proposal,
      known,
      {
        kind: "uncertain",
        reason: "neverRan",
        text: `PagerDuty accepted it, but no runner started it within 15 minutes (state "${state}"). It may still run when the runner is back; it cannot be cancelled.`,
      },
      { changes: { execution: { ...execution, reported: state } }, consume: hints },
    );
  }
  if (nowMs - acceptedAtMs >= ENDS_WITHIN_MS) {
    return noResult(proposal, known, `Its last state was "${state}".`);
  }
  const reported = state === "unknown" ? execution.reported : state;
  return later(proposal, known, { ...execution, reported, failures: 0 }, pollMs, hints);
}

function trackWorkflow(proposal: Proposal, known: Known, execution: Execution): Step {
  const acceptedAtMs = execution.acceptedAtMs ?? execution.claimedAtMs;
  const completed = known.hints.find(
    (hint) => hint.kind === "workflow" && hint.data.state === "completed",
  );
  if (completed !== undefined) {
    return finished(
      proposal,
      known,
      execution,
      "completed",
      "The workflow ran to its end.",
      hintIds(known, "workflow"),
    );
  }
  const untilMs = acceptedAtMs + WORKFLOW_ENDS_WITHIN_MS;
  return known.nowMs < untilMs
    ? waitUntil(untilMs)
    : finished(
        proposal,
        known,
        execution,
        execution.reported,
        "PagerDuty started the workflow and did not report its end within 30 minutes; instances cannot be read.",
      );
}

function later(
  proposal: Proposal,
  known: Known,
  execution: Execution,
  pauseMs: number,
  consume: string[],
): Step {
  const nextReadAtMs = known.nowMs + pauseMs;
  const isNews = execution.reported !== proposal.execution?.reported;
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      dueAtMs: nextReadAtMs,
      execution: { ...execution, nextReadAtMs },
    }),
    facts: isNews ? [{ type: "execution.reported", data: { state: execution.reported } }] : [],
    options: { consume },
  };
}

function finished(
  proposal: Proposal,
  known: Known,
  execution: Execution,
  state: string | null,
  text: string,
  consume: string[] = [],
): Step {
  return end(
    proposal,
    known,
    { kind: "executed", reason: state === "completed" ? "completed" : "accepted", text },
    {
      changes: { execution: { ...execution, state: "ended", reported: state } },
      facts: [{ type: "execution.ended", data: { state, invocationId: execution.invocationId } }],
      consume,
    },
  );
}

function noResult(proposal: Proposal, known: Known, text: string): Step {
  return end(proposal, known, {
    kind: "uncertain",
    reason: "noResult",
    text: `PagerDuty accepted it and told no result within 24 hours. ${text}`,
  });
}
