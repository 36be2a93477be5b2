import { canonicalJson } from "../text/canonical.ts";
import { actionDigest } from "../proposal/digest.ts";
import { checkParameters, evaluate, findRunbook } from "../gating/index.ts";
import type { Evaluation } from "../gating/index.ts";
import { laneOf, placeForAnHour } from "../ledger/brakes.ts";
import { runLink, serviceOf, startedId } from "../proposal/incidents.ts";
import { sentName } from "../proposal/sent.ts";
import type { Known, Step } from "./known.ts";
import type { Order } from "../ports/index.ts";
import { fieldValues } from "../proposal/shared.ts";
import type {
  Brake,
  Decision,
  Execution,
  Incident,
  Proposal,
  Weighing,
} from "../proposal/proposal.ts";
import { end, lookAgain, waitUntil, withChanges } from "./common.ts";
import { clockWentBack, isOld, lookOutside, standingNo } from "./beforeClaim.ts";
import { confirm, overruledMeanwhile } from "./confirm.ts";
import { brakesOnRun, withoutPlace } from "./place.ts";
import { holdAll } from "./shared.ts";
import { tellDecided } from "./tellDecided.ts";
import { incidentChange, voidedBy } from "./voided.ts";
import { time } from "./texts.ts";
import { waitForShared } from "./waiting.ts";
import { subjectOf } from "./weigh.ts";

/** How often an execution that the kill switch holds is looked at again. */
const HELD_POLL_MS = 15_000;

/**
 * Looks at the world once more and claims the one execution. Everything that was true when the decision was made has
 * to be true again: kill switch, validity, incident, gating, digest, limit.
 */
export function run(proposal: Proposal, known: Known): Step {
  const { weighing, decision, execution, incident: before } = proposal;
  if (weighing === null || decision === null || decision.validUntilMs === null || before === null) {
    throw new Error(`${proposal.id}: cannot run without an approval`);
  }
  const { nowMs } = known;
  // Before the kill switch, which would hold it open until it lapses.
  const told = incidentChange(proposal, known);
  if (told !== null) {
    return told;
  }
  const overruled = overruledMeanwhile(proposal, known, decision);
  if (overruled !== null) {
    return overruled;
  }
  const back = clockWentBack(proposal, known);
  if (back !== null) {
    return back;
  }
  if (nowMs > decision.validUntilMs) {
    return lapsed(proposal, known, decision.validUntilMs);
  }
  if (execution !== null && execution.nextReadAtMs !== null && nowMs < execution.nextReadAtMs) {
    return waitUntil(Math.min(execution.nextReadAtMs, decision.validUntilMs + 1));
  }
  if (known.killSwitch === undefined) {
    return { kind: "look", look: { at: "killSwitch" } };
  }
  if (known.killSwitch.on || known.refused === "killSwitch") {
    return held(proposal, known, decision, before.id, decision.validUntilMs);
  }
  const waits = waitForShared(proposal, known, decision.validUntilMs);
  if (waits !== null) {
    return waits;
  }
  const look = lookOutside(proposal, known, before.id);
  if (look !== null) {
    return { kind: "look", look };
  }
  if (known.incident?.ok !== true) {
    return lookAgain(proposal, known, decision.validUntilMs + 1);
  }
  const voided = voidedBy(proposal, known, []);
  if (voided !== null) {
    return voided;
  }
  const incident = known.incident.value;
  if (incident === null) {
    throw new Error(`${proposal.id}: a missing incident must have voided the proposal`);
  }
  const unconfirmed = confirm(proposal, known, decision, decision.validUntilMs);
  if (unconfirmed !== null) {
    return unconfirmed;
  }
  if (known.lastNo === undefined) {
    const name = sentName(incident.id, weighing.runbook, decision.parameters);
    return { kind: "look", look: { at: "lastNo", name, incidentId: null } };
  }
  const refused = standingNo(proposal, known, weighing, decision);
  if (refused !== null) {
    return refused;
  }
  // Last of all, so that what a team has just written counts.
  if (known.gating === undefined) {
    return { kind: "look", look: { at: "gating", service: serviceOf(before) } };
  }
  if (!known.gating.ok || isOld(known)) {
    return lookAgain(proposal, known, decision.validUntilMs + 1);
  }
  const changed = gatingChange(proposal, known, weighing, decision, incident);
  if (changed !== null) {
    return changed;
  }
  const { value: stored } = known.gating;
  const now = evaluate(stored.gating, subjectOf(proposal, incident, weighing.runbook, nowMs));
  const brakes = brakesOnRun(stored, now, decision);
  return known.refused === "limit"
    ? withoutPlace(proposal, known, brakes, laneOf(decision), decision.validUntilMs)
    : claim(proposal, known, weighing, decision, incident, brakes);
}

function lapsed(proposal: Proposal, known: Known, validUntilMs: number): Step {
  const why =
    proposal.heldSinceMs !== null
      ? " The kill switch held it."
      : proposal.waitsForPlace !== undefined && proposal.waitsForPlace !== null
        ? ` It waited for a place: ${proposal.waitsForPlace.text}`
        : typeof proposal.waitsForRun?.text === "string"
          ? ` ${proposal.waitsForRun.text}`
          : typeof proposal.unconfirmed === "string"
            ? ` It could not be confirmed: ${proposal.unconfirmed}.`
            : proposal.execution?.problem === null || proposal.execution?.problem === undefined
              ? ""
              : ` Last problem: ${proposal.execution.problem}`;
  return end(proposal, known, {
    kind: "suppressed",
    reason: "approvalLapsed",
    text: `The approval was good until ${time(proposal, validUntilMs)} and was not used.${why}`,
  });
}

function held(
  proposal: Proposal,
  known: Known,
  decision: Decision,
  incidentId: string,
  validUntilMs: number,
): Step {
  const untilMs = Math.min(known.nowMs + HELD_POLL_MS, validUntilMs + 1);
  if (proposal.heldSinceMs !== null) {
    // Whoever said yes may have been asked before the switch was thrown, and waits for the run.
    const note = tellDecided(proposal, known, decision, incidentId);
    return note.step ?? waitUntil(Math.min(note.untilMs ?? untilMs, untilMs));
  }
  const { reason, by } = known.killSwitch ?? { reason: null, by: null };
  return {
    kind: "save",
    next: withChanges(proposal, known.nowMs, { heldSinceMs: known.nowMs, dueAtMs: untilMs }),
    facts: [{ type: "execution.held", data: { by: "killSwitch", reason, setBy: by } }],
  };
}

/** Ends the proposal when today's gating would not let exactly this run. */
function gatingChange(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  decision: Decision,
  incident: Incident,
): Step | null {
  if (known.gating?.ok !== true) {
    return null;
  }
  const { value: stored } = known.gating;
  const suppress = (
    reason: "gatingChanged" | "deniedByPolicy",
    text: string,
    by?: Evaluation,
  ): Step =>
    end(
      proposal,
      known,
      { kind: "suppressed", reason, text },
      {
        ...(by === undefined ? {} : { onDeny: by.terms.onDeny ?? "task" }),
        facts: [
          {
            type: "execution.refused",
            data: {
              reason,
              gatingHash: stored.hash,
              ...(by === undefined
                ? {}
                : { rule: by.rule, decision: by.decision, trace: by.trace }),
            },
          },
        ],
      },
    );
  const runbook = findRunbook(stored.gating, proposal.request.runbook);
  if (runbook === null || canonicalJson(runbook) !== canonicalJson(weighing.runbook)) {
    return suppress(
      "gatingChanged",
      `Runbook ${proposal.request.runbook} was changed after it was approved.`,
    );
  }
  if (!checkParameters(runbook, decision.parameters).ok) {
    return suppress("gatingChanged", "The parameters no longer fit the runbook.");
  }
  const digest = actionDigest({
    action: runbook.action,
    target: runbook.target,
    parameters: decision.parameters,
    incidentId: incident.id,
    serviceId: incident.serviceId,
  });
  if (digest !== decision.digest) {
    return suppress("gatingChanged", "What would run is not what was approved.");
  }
  const now = evaluate(stored.gating, subjectOf(proposal, incident, runbook, known.nowMs));
  const rule = now.rule ?? "otherwise";
  if (now.decision === "deny") {
    return suppress("deniedByPolicy", `Rule ${rule} denies it by now.`, now);
  }
  const locked = decision.changed.filter((name) => !now.terms.editable.includes(name));
  if (locked.length > 0) {
    return suppress(
      "gatingChanged",
      `Rule ${rule} by now lets no reviewer change ${locked.join(", ")}.`,
      now,
    );
  }
  if (now.decision === "requireApproval" && decision.by === "policy") {
    return suppress(
      "gatingChanged",
      `Rule ${rule} by now requires an approval, which nobody gave.`,
      now,
    );
  }
  if (
    now.decision === "requireApproval" &&
    decision.by === "onExpiry" &&
    now.terms.onExpiry !== "approve"
  ) {
    return suppress("gatingChanged", `Rule ${rule} no longer approves on expiry.`, now);
  }
  if (
    now.decision === "requireApproval" &&
    decision.by === "autoRule" &&
    !now.terms.acceptRuleApprovals
  ) {
    return suppress(
      "gatingChanged",
      `Rule ${rule} no longer accepts approvals by a Cheqpoint rule.`,
      now,
    );
  }
  return null;
}

function claim(
  proposal: Proposal,
  known: Known,
  weighing: Weighing,
  decision: Decision,
  incident: Incident,
  brakes: readonly Brake[],
): Step {
  const { nowMs, settings } = known;
  const claims = (proposal.execution?.claims ?? 0) + 1;
  const order: Order = {
    target: weighing.runbook.target,
    incidentId: incident.id,
    customFields: fieldValues(weighing.runbook, decision.parameters),
    mark: proposal.id,
  };
  const execution: Execution = {
    state: "claimed",
    claims,
    claimedAtMs: nowMs,
    digest: decision.digest,
    invocationId: null,
    reported: null,
    acceptedAtMs: null,
    nextReadAtMs: null,
    problem: null,
    failures: 0,
  };
  const started = startedId(order.target);
  return {
    kind: "effect",
    effect: { kind: "execute", order, claimedAtMs: nowMs },
    next: withChanges(proposal, nowMs, {
      dueAtMs: nowMs + settings.leaseMs,
      incident,
      heldSinceMs: null,
      waitsForPlace: null,
      waitsForRun: null,
      unconfirmed: null,
      execution,
    }),
    facts: [
      {
        type: "execution.claimed",
        data: {
          claim: claims,
          digest: decision.digest,
          target: order.target,
          incidentId: order.incidentId,
          customFields: order.customFields,
          gatingHash: known.gating?.ok === true ? known.gating.value.hash : null,
        },
      },
    ],
    options: {
      requireKillSwitchOff: true,
      ...holdAll(proposal, nowMs),
      unchanged: [
        ...(known.gating?.ok === true ? known.gating.value.seen : []),
        ...(known.lastNo === undefined ? [] : [known.lastNo.seen]),
      ],
      // The place that the first claim took serves its repetitions: they are the same execution.
      reserve: brakes.map((brake) => placeForAnHour(brake, nowMs)),
      // Seen at once when its run is reported, also where lists lag behind.
      ...(started === null ? {} : { links: [runLink(incident.id, started)] }),
    },
  };
}
