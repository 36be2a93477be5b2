import type { Target } from "../gating/index.ts";
import type { Candidate, Known, Step } from "./known.ts";
import type { Execution, Proposal } from "../proposal/proposal.ts";
import { letStartGo } from "./shared.ts";
import { backoffMs, end, spreadMs, waitUntil, withChanges } from "./common.ts";

/** PagerDuty's clock and ours may differ by this much. */
const SKEW_MS = 60_000;
const POLL_MS = 5_000;
/** PagerDuty may be away for this long before a person is asked to look. */
const UNREADABLE_MS = 30 * 60_000;

/**
 * An execution was sent, or may have been, and nobody recorded what came of it. PagerDuty is asked; nothing is ever
 * sent again.
 */
export function settle(proposal: Proposal, known: Known): Step {
  const { execution, weighing, incident } = proposal;
  if (execution === null || weighing === null || incident === null) {
    throw new Error(`${proposal.id}: nothing to settle`);
  }
  const { nowMs, settings } = known;
  if (execution.state === "claimed") {
    const leaseEndMs = execution.claimedAtMs + settings.leaseMs;
    if (nowMs < leaseEndMs) {
      return waitUntil(leaseEndMs);
    }
    return {
      kind: "save",
      next: withChanges(proposal, nowMs, {
        execution: {
          ...execution,
          state: "uncertain",
          problem: "the gate was cut off while it was sent",
        },
      }),
      facts: [{ type: "execution.uncertain", data: { problem: "cut off" } }],
    };
  }
  if (execution.nextReadAtMs !== null && nowMs < execution.nextReadAtMs) {
    return waitUntil(execution.nextReadAtMs);
  }
  return weighing.runbook.target.kind === "automationAction"
    ? settleInvocation(proposal, known, execution, incident.id, weighing.runbook.target.actionId)
    : weighing.runbook.target.kind === "incidentWorkflow"
      ? settleWorkflow(proposal, known, execution)
      : settleIncident(proposal, known, execution, incident.id, weighing.runbook.target);
}

function settleInvocation(
  proposal: Proposal,
  known: Known,
  execution: Execution,
  incidentId: string,
  actionId: string,
): Step {
  if (known.candidates === undefined) {
    return { kind: "look", look: { at: "candidates", incidentId, actionId } };
  }
  if (known.refused === "taken") {
    // Another execution took it for its own a moment ago: the next look sees that.
    return nothingFound(proposal, known, execution, "What PagerDuty lists is another execution.");
  }
  if (!known.candidates.ok) {
    return unreadable(proposal, known, execution, known.candidates.problem);
  }
  const fitting = known.candidates.value
    .map((one) => ({
      id: one.id,
      state: one.state,
      fit: fitOf(one, proposal.id, execution, known),
    }))
    .filter(({ fit }) => fit !== "other");
  const [first] = fitting;
  if (first === undefined) {
    return nothingFound(
      proposal,
      known,
      execution,
      "PagerDuty lists no invocation of it on this incident.",
    );
  }
  const ids = fitting.map(({ id }) => id).join(", ");
  if (fitting.some(({ fit }) => fit === "perhaps")) {
    // Another look may tell more: of whom it is, or who the gate is.
    return nothingFound(
      proposal,
      known,
      execution,
      `PagerDuty lists what may be this one, and does not tell that the gate started it: ${ids}.`,
    );
  }
  if (fitting.length > 1) {
    return uncertain(
      proposal,
      known,
      `PagerDuty lists ${fitting.length} invocations that may be this one: ${ids}.`,
    );
  }
  return adopt(proposal, known, execution, first.id, first.state);
}

/**
 * Whether a run that PagerDuty lists is the one whose answer was lost. It is taken only where everything says so: called
 * executed because of somebody else's run, it would never run, and nobody would know.
 */
function fitOf(
  candidate: Candidate,
  proposalId: string,
  execution: Execution,
  { settings }: Known,
): "own" | "perhaps" | "other" {
  const { linkedTo, byGate, firstSeenAtMs, createdAtMs } = candidate;
  if (linkedTo !== null) {
    return linkedTo === proposalId ? "own" : "other";
  }
  // Somebody else's run on the same incident is not the lost one, however well its time fits.
  if (byGate === false) {
    return "other";
  }
  if (firstSeenAtMs !== null && firstSeenAtMs < execution.claimedAtMs) {
    return "other";
  }
  if (createdAtMs === null) {
    return "perhaps";
  }
  const sentUntilMs = execution.claimedAtMs + settings.leaseMs;
  if (createdAtMs < execution.claimedAtMs - SKEW_MS || createdAtMs > sentUntilMs + SKEW_MS) {
    return "other";
  }
  return byGate === true ? "own" : "perhaps";
}

/** Workflow instances cannot be read: only the event that PagerDuty sends for each start tells of it. */
function settleWorkflow(proposal: Proposal, known: Known, execution: Execution): Step {
  const started = known.hints.find((hint) => hint.kind === "workflow");
  if (started === undefined || known.refused === "taken") {
    return nothingFound(proposal, known, execution, "PagerDuty reported no start of the workflow.");
  }
  if (started.data.byGate !== true) {
    return nothingFound(
      proposal,
      known,
      execution,
      `PagerDuty reported a start of the workflow, and does not tell that the gate started it${started.data.invocationId === undefined ? "" : `: ${started.data.invocationId}`}.`,
    );
  }
  return adopt(
    proposal,
    known,
    execution,
    started.data.invocationId ?? null,
    started.data.state ?? "started",
  );
}

/** An incident tells how it is assigned, never by whom: it may have been so before, or a person may have done the same. */
function settleIncident(
  proposal: Proposal,
  known: Known,
  execution: Execution,
  incidentId: string,
  target: Extract<Target, { kind: "reassign" | "escalate" }>,
): Step {
  if (known.incident === undefined) {
    return { kind: "look", look: { at: "incident", id: incidentId } };
  }
  if (!known.incident.ok) {
    return unreadable(proposal, known, execution, known.incident.problem);
  }
  const incident = known.incident.value;
  // An escalation level cannot be read from an incident; a reassignment can.
  const isShown =
    incident !== null &&
    target.kind === "reassign" &&
    (target.escalationPolicy !== null
      ? incident.escalationPolicyId === target.escalationPolicy
      : target.users.every((user) => incident.assigneeIds.includes(user)));
  return isShown
    ? uncertain(
        proposal,
        known,
        "The incident is assigned as decided, and PagerDuty does not tell by whom.",
      )
    : nothingFound(proposal, known, execution, "The incident does not show the change.");
}

function adopt(
  proposal: Proposal,
  known: Known,
  execution: Execution,
  invocationId: string | null,
  reported: string,
): Step {
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      execution: {
        ...execution,
        state: "accepted",
        invocationId,
        reported,
        acceptedAtMs: known.nowMs,
        nextReadAtMs: known.nowMs,
        failures: 0,
      },
    }),
    facts: [{ type: "execution.found", data: { invocationId, state: reported } }],
    // One run settles one execution.
    ...(invocationId === null
      ? {}
      : { options: { take: `invocation/${invocationId}`, letGo: letStartGo(proposal) } }),
  };
}

function nothingFound(proposal: Proposal, known: Known, execution: Execution, text: string): Step {
  const untilMs = execution.claimedAtMs + known.settings.leaseMs + known.settings.settleMs;
  if (known.nowMs >= untilMs) {
    return uncertain(proposal, known, text);
  }
  return again(proposal, known, execution, Math.min(untilMs, known.nowMs + POLL_MS));
}

function unreadable(proposal: Proposal, known: Known, execution: Execution, problem: string): Step {
  if (known.nowMs >= execution.claimedAtMs + UNREADABLE_MS) {
    return uncertain(proposal, known, `PagerDuty could not be asked for 30 minutes: ${problem}`);
  }
  return again(
    proposal,
    known,
    execution,
    known.nowMs +
      Math.min(
        spreadMs(proposal, execution.failures, POLL_MS * 3),
        backoffMs(proposal, execution.failures),
      ),
  );
}

function again(proposal: Proposal, known: Known, execution: Execution, untilMs: number): Step {
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, {
      dueAtMs: untilMs,
      execution: { ...execution, nextReadAtMs: untilMs, failures: execution.failures + 1 },
    }),
    facts: [],
  };
}

function uncertain(proposal: Proposal, known: Known, text: string): Step {
  const problem = proposal.execution?.problem;
  return end(proposal, known, {
    kind: "uncertain",
    reason: "unclear",
    text: `It was sent to PagerDuty, and its answer does not tell whether it was done${problem === null || problem === undefined ? "" : ` (${problem})`}. ${text} The gate does not send it again.`,
  });
}
