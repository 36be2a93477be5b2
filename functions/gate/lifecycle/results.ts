import type { Change, Effect } from "./known.ts";
import { OWN_AGENT, ownAgent } from "../proposal/incidents.ts";
import { end, lateReadAtMs, pauseMs, withChanges } from "./common.ts";
import { done, failed, type Failure } from "./duties.ts";
import { letStartGo } from "./shared.ts";
import { unwatchedUnderReview } from "./unwatched.ts";
import type { RemoteError, SubmitReceipt } from "../ports/index.ts";
import type { ApprovalAttempt, DutyName, Execution, Proposal } from "../proposal/proposal.ts";

/** What came of an effect. `unclear` errors are those after which nobody can tell whether it happened. */
export type EffectResult =
  | { ok: true; kind: "submit"; receipt: SubmitReceipt }
  | {
      ok: true;
      kind: "execute";
      invocationId: string | null;
      state: string | null;
      /** Who started it by PagerDuty's own account: the user that the gate acts as. */
      agentId: string | null;
    }
  | { ok: true; kind: "duty"; ref: string | null }
  | { ok: false; error: RemoteError };

const RESUBMIT_PAUSE_MS = 15_000;

/**
 * The record after an effect. `proposal` is the newest record: another worker may have written it since the claim, so
 * that what no longer fits is only told, not applied.
 */
export function applyResult(
  proposal: Proposal,
  effect: Effect,
  result: EffectResult,
  nowMs: number,
): Change {
  const change = applied(proposal, effect, result, nowMs);
  const ms = unwatchedUnderReview(proposal, nowMs);
  return ms === 0
    ? change
    : { ...change, facts: [...change.facts, { type: "approval.unwatched", data: { ms } }] };
}

function applied(proposal: Proposal, effect: Effect, result: EffectResult, nowMs: number): Change {
  switch (effect.kind) {
    case "submit":
      return submitted(proposal, effect.attemptId, result, nowMs);
    case "execute":
      return executed(proposal, effect.claimedAtMs, result, nowMs);
    case "note":
    case "createIncident":
    case "resolve":
      return dutyDone(proposal, effect, result, nowMs);
  }
}

function submitted(
  proposal: Proposal,
  attemptId: string,
  result: EffectResult,
  nowMs: number,
): Change {
  const { approval } = proposal;
  const attempt = approval?.attempts.find((one) => one.attemptId === attemptId);
  if (approval === null || attempt === undefined) {
    throw new Error(`${proposal.id}: no submission ${attemptId} in the record`);
  }
  const change = (
    changed: Partial<ApprovalAttempt>,
    progress: Partial<typeof approval>,
    type: string,
    data: Record<string, unknown>,
  ): Change => {
    const next = withChanges(proposal, nowMs, {
      approval: {
        ...approval,
        ...progress,
        attempts: approval.attempts.map((one) =>
          one.attemptId === attemptId ? { ...one, ...changed } : one,
        ),
      },
    });
    const lateAtMs = lateReadAtMs(next);
    return {
      // A closed proposal stays closed: an answer that comes after its end is only recorded, and the request read once.
      next:
        proposal.closedAtMs === null
          ? next
          : {
              ...next,
              dueAtMs: proposal.dueAtMs ?? (lateAtMs === null ? null : Math.max(lateAtMs, nowMs)),
            },
      facts: [{ type, data: { attemptId, ...data } }],
    };
  };
  if (result.ok && result.kind === "submit") {
    const { approvalId, reviewUrl, status } = result.receipt;
    if (approvalId === null) {
      return change(
        { state: "unclear", problem: "Cheqpoint's answer had no approval id" },
        { nextSubmitAtMs: nowMs + RESUBMIT_PAUSE_MS },
        "approval.submitUnclear",
        { problem: "no approval id" },
      );
    }
    // A receipt that took longer than the lease tells of a request that is in the inbox as well: both are read.
    return change(
      { state: "submitted", approvalId, reviewUrl, receipt: status },
      // Decided inline: no callback will come, so it is read back at once, as every decision is.
      {
        nextSubmitAtMs: null,
        nextReadAtMs: status === "decided" ? nowMs : nowMs + 3_000,
        reads: 0,
        failures: 0,
      },
      "approval.submitted",
      // Not the link: the trail is read by proposers as well.
      { approvalId, status },
    );
  }
  if (result.ok) {
    throw new Error(`${proposal.id}: a submission cannot have the result of another effect`);
  }
  const { error } = result;
  if (attempt.approvalId !== null) {
    // A callback told its id before this: it can be read, whatever became of the answer.
    return change({ problem: error.message }, {}, "approval.submitUnclear", {
      problem: error.message,
      status: error.status,
    });
  }
  const failures = approval.failures + 1;
  const leastMs = error.nothingDone ? error.retryAfterMs : RESUBMIT_PAUSE_MS;
  return change(
    { state: error.nothingDone ? "refused" : "unclear", problem: error.message },
    { nextSubmitAtMs: nowMs + pauseMs(proposal, failures, leastMs), failures },
    error.nothingDone ? "approval.submitRefused" : "approval.submitUnclear",
    { problem: error.message, status: error.status },
  );
}

function executed(
  proposal: Proposal,
  claimedAtMs: number,
  result: EffectResult,
  nowMs: number,
): Change {
  const { execution } = proposal;
  const isOurs = execution !== null && execution.claimedAtMs === claimedAtMs;
  const mayApply =
    isOurs &&
    proposal.outcome === null &&
    (execution.state === "claimed" || execution.state === "uncertain");
  if (!isOurs || !mayApply) {
    const invocationId = result.ok && result.kind === "execute" ? result.invocationId : null;
    return {
      next: { ...withChanges(proposal, nowMs, {}), dueAtMs: proposal.dueAtMs },
      facts: [
        {
          type: "execution.lateResult",
          data: result.ok ? { ...result } : { problem: result.error.message },
        },
      ],
      // What PagerDuty reports of it is this proposal's, unless another run is: then it ran twice.
      ...(invocationId === null || (execution?.invocationId ?? invocationId) !== invocationId
        ? {}
        : { options: { links: [`invocation/${invocationId}`] } }),
    };
  }
  const change = (
    changed: Partial<Execution>,
    type: string,
    data: Record<string, unknown>,
  ): Change => ({
    next: withChanges(proposal, nowMs, { execution: { ...execution, ...changed } }),
    facts: [{ type, data }],
  });
  if (result.ok && result.kind === "execute") {
    const { invocationId, state, agentId } = result;
    const links = [
      ...(invocationId === null ? [] : [`invocation/${invocationId}`]),
      ...(agentId === null ? [] : [OWN_AGENT, ownAgent(agentId)]),
    ];
    return {
      ...change(
        {
          state: "accepted",
          invocationId,
          reported: state,
          acceptedAtMs: nowMs,
          nextReadAtMs: nowMs,
          failures: 0,
        },
        "execution.accepted",
        { invocationId, state, digest: execution.digest },
      ),
      options: { links, ...(invocationId === null ? {} : { letGo: letStartGo(proposal) }) },
    };
  }
  if (result.ok) {
    throw new Error(`${proposal.id}: an execution cannot have the result of another effect`);
  }
  const { error } = result;
  if (!error.nothingDone) {
    return change(
      { state: "uncertain", problem: error.message, nextReadAtMs: nowMs },
      "execution.uncertain",
      { problem: error.message, status: error.status },
    );
  }
  if (error.retryable) {
    const againAtMs = nowMs + pauseMs(proposal, execution.claims, error.retryAfterMs);
    return change(
      { state: "notSent", problem: error.message, nextReadAtMs: againAtMs },
      "execution.notSent",
      { problem: error.message, status: error.status },
    );
  }
  const { kind: _kind, ...refused } = end(
    proposal,
    { nowMs },
    {
      kind: "failed",
      reason: "refusedByPagerDuty",
      text: `PagerDuty refused it, nothing ran: ${error.message}`,
    },
    {
      changes: { execution: { ...execution, state: "notSent", problem: error.message } },
      facts: [
        { type: "execution.refused", data: { problem: error.message, status: error.status } },
      ],
    },
  );
  return refused;
}

function dutyDone(
  proposal: Proposal,
  effect: Extract<Effect, { duty: DutyName }>,
  result: EffectResult,
  nowMs: number,
): Change {
  const name = effect.duty;
  const duty = proposal.duties[name];
  if (duty === undefined) {
    throw new Error(`${proposal.id}: no duty ${name} in the record`);
  }
  const isOwn = duty.state === "claimed" && duty.claimedAtMs === effect.claimedAtMs;
  const isMade = result.ok && result.kind === "duty";
  if (!isOwn && (!isMade || duty.state === "done")) {
    // It was taken for cut off and claimed anew: how that ends is not for this one to say.
    const data = isMade ? { ref: result.ref } : { problem: failureOf(result).problem };
    return {
      next: { ...withChanges(proposal, nowMs, {}), dueAtMs: proposal.dueAtMs },
      facts: [{ type: `${name}.lateResult`, data }],
    };
  }
  const change = isMade
    ? done(proposal, { nowMs }, name, duty, result.ref)
    : failed(proposal, { nowMs }, name, duty, failureOf(result));
  const { kind: _kind, next, ...rest } = change;
  return {
    ...rest,
    // After the end only the note on a late yes is still owed.
    next:
      proposal.closedAtMs === null || name === "noteLate"
        ? next
        : { ...next, dueAtMs: proposal.dueAtMs },
  };
}

function failureOf(result: EffectResult): Failure {
  if (result.ok) {
    return { problem: "the effect had another result", nothingDone: false, retryable: false };
  }
  const { message, nothingDone, retryable } = result.error;
  return { problem: message, nothingDone, retryable };
}
