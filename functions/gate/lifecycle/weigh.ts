import { inLine } from "../text/quotation.ts";
import { dedupeKey, actionDigest } from "../proposal/digest.ts";
import { checkParameters, evaluate, findRunbook } from "../gating/index.ts";
import type { Evaluation, Runbook, Subject } from "../gating/index.ts";
import { incidentLabel, isGateIncident, isServiceOf, serviceOf } from "../proposal/incidents.ts";
import { sentName } from "../proposal/sent.ts";
import type { Known, Step } from "./known.ts";
import { executionBrakes, fullBrake, openBrakes, placeWhileOpen } from "../ledger/brakes.ts";
import type { SaveOptions, StoredGating } from "../ports/index.ts";
import type { AuditFact } from "../proposal/audit.ts";
import type {
  Brake,
  Decision,
  Incident,
  OutcomeReason,
  Parameters,
  Proposal,
} from "../proposal/proposal.ts";
import { decisionFact, end, lookAgain, waitUntil, withChanges } from "./common.ts";
import { unwatchedSince } from "./unwatched.ts";
import { findIncident } from "./findIncident.ts";
import { whenOver } from "./over.ts";
import { placesLook, withoutPlaceLater } from "./place.ts";
import { time } from "./texts.ts";

const KEY_POLL_MS = 1_000;

/** Finds the incident and the gating, and applies the rules. */
export function weigh(proposal: Proposal, known: Known): Step {
  const found = findIncident(proposal, known);
  if ("kind" in found) {
    return found;
  }
  const { incident } = found;
  // By the incident's own service: whatever the proposer calls it, it has one gating.
  if (known.gating === undefined) {
    return { kind: "look", look: { at: "gating", service: serviceOf(incident) } };
  }
  if (!known.gating.ok) {
    return lookAgain(proposal, known);
  }
  const stored = known.gating.value;
  const suppress = (reason: OutcomeReason, text: string): Step =>
    end(
      proposal,
      known,
      { kind: "suppressed", reason, text },
      { changes: { incident, routing: stored.gating.manualTask } },
    );

  const label = incidentLabel(incident);
  if (isGateIncident(incident)) {
    return suppress(
      "gateIncident",
      `${label} was made by the gate itself; nothing is proposed for it.`,
    );
  }
  const isNamed =
    isServiceOf(incident, proposal.request.service) ||
    // Its key in the gating, which a service keeps when it is renamed.
    (stored.listed && stored.key === proposal.request.service);
  if (!isNamed) {
    return suppress(
      "serviceMismatch",
      `${label} belongs to service ${incident.serviceName}, but the proposal names ${inLine(proposal.request.service)}.`,
    );
  }
  if (incident.status === "resolved") {
    const over = whenOver(known, incident, "before it was looked at");
    return "look" in over
      ? { kind: "look", look: over.look }
      : end(proposal, known, over.outcome, {
          changes: { incident, routing: stored.gating.manualTask },
        });
  }
  const runbook = findRunbook(stored.gating, proposal.request.runbook);
  if (runbook === null || runbook === undefined) {
    return suppress(
      "unknownRunbook",
      `The gating of ${stored.key} has no runbook ${inLine(proposal.request.runbook)}.`,
    );
  }
  const parameters = checkParameters(runbook, proposal.request.parameters);
  if (!parameters.ok) {
    return suppress("invalidParameters", parameters.problems.join("; "));
  }
  const subject = subjectOf(proposal, incident, runbook, known.nowMs);
  return weighed(proposal, known, {
    stored,
    incident,
    runbook,
    parameters: parameters.value,
    subject,
    evaluation: evaluate(stored.gating, subject),
  });
}

/** What the rules are matched against. The incident's own priority outranks the severity that a proposer states. */
export function subjectOf(
  proposal: Proposal,
  incident: Incident,
  runbook: Runbook,
  atMs: number,
): Subject {
  return {
    event: proposal.source.kind === "event" ? proposal.source.eventType : null,
    action: runbook.action,
    runbook: runbook.name,
    proposer: proposal.proposer,
    priority: incident.priority,
    severity: proposal.request.severity,
    urgency: incident.urgency,
    regions: proposal.request.regions,
    title: incident.title,
    atMs,
  };
}

function weighed(
  proposal: Proposal,
  known: Known,
  by: {
    stored: StoredGating;
    incident: Incident;
    runbook: Runbook;
    parameters: Parameters;
    subject: Subject;
    evaluation: Evaluation;
  },
): Step {
  const { nowMs } = known;
  const { stored, incident, runbook, parameters, evaluation } = by;
  const { terms, rule, wouldHave } = evaluation;
  // Nobody can be asked before the incident is there: the time until then is not the reviewer's.
  const decideByMs =
    (proposal.request.incidentId === null ? nowMs : proposal.receivedAtMs) + terms.slaMs;
  const runs = executionBrakes(stored.key, stored.gating, evaluation, "approved");
  const digest = actionDigest({
    action: runbook.action,
    target: runbook.target,
    parameters,
    incidentId: incident.id,
    serviceId: incident.serviceId,
  });
  const base: Partial<Proposal> = {
    incident,
    // One service, one key: for what is equal, for its limits, and for whoever looks for its proposals.
    request: { ...proposal.request, service: stored.key },
    routing: stored.gating.manualTask,
    weighing: {
      gatingHash: stored.hash,
      listed: stored.listed,
      evaluation,
      runbook,
      parameters,
      brakes: runs,
      atMs: nowMs,
    },
    digest,
    decideByMs,
  };
  const fact = {
    type: "proposal.weighed",
    data: {
      gatingHash: stored.hash,
      service: stored.key,
      serviceName: incident.serviceName,
      // What the rules were compared with: another gating can be tried on it later.
      facts: by.subject,
      rule,
      decision: evaluation.decision,
      trace: evaluation.trace,
      ...(wouldHave === undefined ? {} : { wouldHave }),
      incidentId: incident.id,
      serviceId: incident.serviceId,
      target: runbook.target,
      parameters,
      digest,
    },
  };
  const policy = (outcome: Decision["outcome"]): Decision => ({
    outcome,
    by: "policy",
    rule: rule ?? "otherwise",
    note: null,
    atMs: nowMs,
    validUntilMs: outcome === "approved" ? nowMs + terms.validForMs : null,
    parameters,
    changed: [],
    digest,
  });
  if (evaluation.decision === "deny") {
    const decision = policy("rejected");
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "deniedByPolicy",
        text: `Rule ${decision.rule} of ${stored.key} denies it.`,
      },
      { decision, changes: base, facts: [fact, decisionFact(decision)] },
    );
  }
  // An alert's proposal learns its incident only now, and another may call the service by another name: from here on
  // it holds the key that others would use.
  const key = dedupeKey({
    service: stored.key,
    runbook: runbook.name,
    incident: { id: incident.id },
    parameters,
  });
  const moved = key === proposal.dedupeKey ? null : key;
  if (moved !== null && known.refused === "dedupe") {
    if (known.equalOpen === undefined) {
      return { kind: "look", look: { at: "equalOpen", incidentId: incident.id, dedupeKey: moved } };
    }
    if (known.equalOpen === null) {
      // It has ended in this moment, or a list lags behind: the next try finds the key free or its holder.
      return waitUntil(nowMs + KEY_POLL_MS);
    }
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "sameAsOpen",
        text: `Proposal ${known.equalOpen.id} asks for exactly this and is still open: it is decided there, and not asked twice.`,
      },
      { changes: base, facts: [fact] },
    );
  }
  // The ledger's key answers what is equal as it was asked; this is equal in what it does. A rule that would let this
  // proposer run it without asking does not outweigh the reviewer who was asked and said no.
  if (known.lastNo === undefined) {
    const name = sentName(incident.id, runbook, parameters);
    return { kind: "look", look: { at: "lastNo", name, incidentId: incident.id } };
  }
  const { no } = known.lastNo;
  if (no !== null) {
    const { atMs } = no;
    const untilMs = Math.max(no.untilMs, atMs + terms.coolDownMs);
    if (nowMs < untilMs) {
      return end(
        proposal,
        known,
        {
          kind: "suppressed",
          reason: "sameAsRejected",
          text: `A reviewer said no to exactly this, ${time({ incident }, atMs)}, and that no stands until ${time({ incident }, untilMs)}.`,
        },
        { changes: base, facts: [fact] },
      );
    }
  }
  const open = openBrakes(stored.key, stored.gating, evaluation);
  if (known.refused === "limit") {
    return tooManyOpen(proposal, known, open, { changes: base, facts: [fact] });
  }
  if (evaluation.decision === "requireApproval") {
    const look = placesLook(runs, known);
    if (look !== null) {
      return look;
    }
    const untilMs = decideByMs + terms.validForMs;
    const never = withoutPlaceLater({ ...proposal, ...base }, known, runs, untilMs);
    if (never !== null) {
      return end(
        proposal,
        known,
        { kind: "suppressed", reason: "executionsLimit", text: never.text },
        { changes: base, facts: [fact] },
      );
    }
  }
  const options: SaveOptions = {
    reserve: open.map((brake) => placeWhileOpen(brake, nowMs)),
    ...(moved === null ? {} : { dedupe: { kind: "move", to: moved } }),
  };
  const held: Partial<Proposal> = {
    places: open.map(({ key: brake }) => brake),
    ...(moved === null ? {} : { dedupeKey: moved }),
  };
  if (evaluation.decision === "allow") {
    const decision = policy("approved");
    return {
      kind: "save",
      next: withChanges(proposal, nowMs, { ...base, ...held, decision }),
      facts: [fact, decisionFact(decision)],
      options,
    };
  }
  // For an alert's proposal the time to decide begins now.
  const ms =
    terms.onExpiry === "approve" && proposal.request.incidentId !== null
      ? unwatchedSince(proposal, nowMs)
      : 0;
  const asked = { attempts: [], nextSubmitAtMs: nowMs, nextReadAtMs: null, reads: 0, failures: 0 };
  return {
    kind: "save",
    next: withChanges(proposal, nowMs, {
      ...base,
      ...held,
      approval: ms === 0 ? asked : { ...asked, unwatchedMs: ms },
    }),
    facts: ms === 0 ? [fact] : [fact, { type: "approval.unwatched", data: { ms } }],
    options,
  };
}

/** As many are open as the rule, or the service, lets be open at once. */
function tooManyOpen(
  proposal: Proposal,
  known: Known,
  brakes: readonly Brake[],
  more: { changes: Partial<Proposal>; facts: AuditFact[] },
): Step {
  const look = placesLook(brakes, known);
  if (look !== null) {
    return look;
  }
  const full = fullBrake(brakes, known.places ?? {}, known.nowMs);
  if (full === null) {
    return waitUntil(known.nowMs + KEY_POLL_MS);
  }
  const { of, limit } = full.brake;
  const { service } = more.changes.request ?? proposal.request;
  const rule = more.changes.weighing?.evaluation.rule ?? "otherwise";
  return end(
    proposal,
    known,
    {
      kind: "suppressed",
      reason: "openProposalsLimit",
      text: `${of === "rule" ? `Rule ${rule} of ${service}` : service} lets ${limit} proposals be open at once, and as many are.`,
    },
    more,
  );
}
