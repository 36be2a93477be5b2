import { raiseAlarm } from "../gate/ledger/alarms.ts";
import {
  checkParameters,
  eventClaims,
  eventScope,
  findRunbook,
  proposedRunbook,
  wouldPropose,
} from "../gate/gating/index.ts";
import { newProposal } from "../gate/proposal/intake.ts";
import { gateIncidentLink, isGateIncident } from "../gate/proposal/incidents.ts";
import type { Alarm, Delivery, Hint } from "../gate/ports/index.ts";
import type { Incident } from "../gate/proposal/proposal.ts";
import { sha256 } from "../gate/text/canonical.ts";
import { fractionOf } from "../gate/text/fraction.ts";
import { parseWebhookEvent, type WebhookEvent } from "../pagerduty/event.ts";
import type { DeliveryResult } from "./deliveryResult.ts";
import type { WorkerPorts } from "./ports.ts";
import { isOwnFieldChange } from "./fieldChange.ts";
import { reconcileInvocation, reconcileWorkflow } from "./reconcile.ts";
import { unreadableRun } from "./unreadableRun.ts";

/** PagerDuty retries for 48 hours; a signed event that is older than this is a replay and is only kept. */
const MAX_EVENT_AGE_MS = 72 * 3_600_000;

/** Events after which an open proposal has to be looked at again. */
const CHANGES = ["incident.resolved", "incident.service_updated", "incident.reopened"];

const MAX_BACKOFF_MS = 5 * 60_000;

/** When an event has failed this often, about five minutes, somebody has to hear of it; it is tried on. */
const ALARM_TRIES = 8;
const HOUR_MS = 3_600_000;

/** Turns one kept event into what it means: a proposal, a hint, or a reconciled invocation. */
export async function deliver(ports: WorkerPorts, id: string): Promise<void> {
  const { ledger, clock, log } = ports;
  const delivery = await ledger.getDelivery(id);
  if (delivery === null || delivery.state !== "new") {
    return;
  }
  const tries = delivery.tries + 1;
  try {
    const made = await meaning(ports, delivery);
    if ("againAtMs" in made) {
      await ledger.saveDelivery({ ...delivery, tries, dueAtMs: made.againAtMs });
      return;
    }
    log.info("event handled", {
      deliveryId: id,
      eventType: delivery.eventType,
      result: made.result,
    });
    await ledger.saveDelivery({
      ...delivery,
      tries,
      state: "done",
      result: made.result,
      dueAtMs: null,
    });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    log.warn("event not handled yet", { deliveryId: id, eventType: delivery.eventType, problem });
    const mostMs = Math.min(MAX_BACKOFF_MS, 1_000 * 2 ** Math.min(tries, 10));
    const pauseMs = Math.round(mostMs * (1 - fractionOf(id, tries) / 2));
    await ledger.saveDelivery({ ...delivery, tries, dueAtMs: clock.now() + pauseMs });
    if (tries >= ALARM_TRIES) {
      await raiseAlarm(ports, notHandled(delivery, tries, problem, clock.now()));
    }
  }
}

/** One an hour: when PagerDuty is away, very many events fail for the same reason. */
function notHandled(
  { id, eventType }: Delivery,
  tries: number,
  problem: string,
  nowMs: number,
): Alarm {
  return {
    key: `eventNotHandled/${Math.floor(nowMs / HOUR_MS)}`,
    kind: "eventNotHandled",
    atMs: nowMs,
    text: `A PagerDuty event (${eventType ?? "of unknown type"}, delivery ${id}), and perhaps others, could not be handled in ${tries} tries: ${problem}. Until it is, what it tells of is not acted on: a run past the gate, or an incident that has changed. It is tried on every five minutes.`,
    proposalId: null,
    incidentId: null,
  };
}

async function meaning(ports: WorkerPorts, delivery: Delivery): Promise<DeliveryResult> {
  const parsed = parseWebhookEvent(delivery.body);
  if (!parsed.ok) {
    return { result: `unintelligible: ${parsed.problem}` };
  }
  const { event } = parsed;
  const { receivedAtMs } = delivery;
  if (event.occurredAtMs !== null && receivedAtMs - event.occurredAtMs > MAX_EVENT_AGE_MS) {
    return { result: "older than 72 hours: kept, not acted on" };
  }
  switch (event.data.kind) {
    case "ping":
      return { result: "ping" };
    case "invocation":
      return reconcileInvocation(ports, event, event.data, delivery);
    case "workflow":
      return reconcileWorkflow(ports, event, event.data, delivery);
    case "incident":
      return aboutIncident(ports, event, event.data.incident, delivery);
    case "note":
      return /^\[gate prop_/.test(event.data.content)
        ? { result: "a note of the gate's own" }
        : aboutIncident(ports, event, null, delivery);
    case "unreadableRun":
      return unreadableRun(ports, event, event.data, delivery);
    case "fields":
      return (await isOwnFieldChange(ports, event, event.data, delivery))
        ? { result: "custom fields that the gate set" }
        : aboutIncident(ports, event, null, delivery);
    case "other":
      if (event.incidentId !== null) {
        return aboutIncident(ports, event, null, delivery);
      }
      if (event.data.problem !== null) {
        await raiseAlarm(ports, unreadable(event.type, event.data.problem, delivery));
      }
      return { result: event.data.problem ?? "nothing to do" };
  }
}

/** What the gate would react to, and cannot: it does not even tell of which incident. */
function unreadable(type: string, problem: string, { id, receivedAtMs }: Delivery): Alarm {
  return {
    key: `unintelligible/${id}`,
    kind: "unintelligible",
    atMs: receivedAtMs,
    text: `A PagerDuty event (${type}) cannot be read (${problem}); it is kept as delivery ${id}.`,
    proposalId: null,
    incidentId: null,
  };
}

async function aboutIncident(
  ports: WorkerPorts,
  event: WebhookEvent,
  told: Incident | null,
  delivery: Delivery,
): Promise<DeliveryResult> {
  const incidentId = told?.id ?? event.incidentId;
  if (incidentId === null || !event.type.startsWith("incident.")) {
    return { result: "nothing to do" };
  }
  const hinted = CHANGES.includes(event.type)
    ? await hintOpen(ports, incidentId, {
        id: delivery.id,
        kind: "incident",
        atMs: ports.clock.now(),
        data: {},
      })
    : 0;
  const made = await propose(ports, event, told ?? (await ports.pagerDuty.incident(incidentId)));
  return { result: hinted === 0 ? made : `${made}; ${hinted} open proposals look again` };
}

/** Lets every open proposal of an incident look at it again. */
async function hintOpen(ports: WorkerPorts, incidentId: string, hint: Hint): Promise<number> {
  let cursor: string | null = null;
  let count = 0;
  do {
    const page = await ports.ledger.list({
      open: true,
      incidentId,
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const { id } of page.proposals) {
      await ports.ledger.hint(id, hint);
    }
    await ports.queue.send(page.proposals.map(({ id }) => ({ kind: "proposal", id })));
    count += page.proposals.length;
    ({ cursor } = page);
  } while (cursor !== null);
  return count;
}

async function propose(
  ports: WorkerPorts,
  event: WebhookEvent,
  incident: Incident | null,
): Promise<string> {
  if (incident === null) {
    return "the incident is gone";
  }
  if (
    isGateIncident(incident) ||
    (await ports.ledger.link(gateIncidentLink(incident.id))) !== null
  ) {
    return "an incident of the gate's own";
  }
  const { serviceId, serviceName } = incident;
  const stored = await ports.gating.find({ id: serviceId, name: serviceName });
  if (!stored.listed) {
    return "the service is not gated";
  }
  const nowMs = ports.clock.now();
  const seen = {
    event: event.type,
    proposer: eventClaims.proposer,
    priority: incident.priority,
    severity: eventClaims.severity,
    urgency: incident.urgency,
    regions: [...eventClaims.regions],
    title: incident.title,
    atMs: nowMs,
  };
  const dry = wouldPropose(stored.gating, seen);
  if (dry !== null) {
    ports.metrics.count("WouldHaveProposed");
    ports.log.info("dry run would have proposed", { eventId: event.id, ...dry });
  }
  const proposed = proposedRunbook(stored.gating, seen);
  if (proposed === null) {
    return dry === null
      ? "no rule proposes anything"
      : `no rule proposes anything; ${dry.rule} in its dry run would have proposed ${dry.runbook}`;
  }
  const runbook = findRunbook(stored.gating, proposed.runbook);
  const filled = runbook === null ? null : checkParameters(runbook, {});
  const { proposal, events } = newProposal({
    id: ports.ids.proposalId(),
    source: {
      kind: "event",
      eventId: event.id,
      eventType: event.type,
      deliveryId: event.id,
      proposingRule: proposed.rule,
    },
    proposer: eventClaims.proposer,
    request: {
      runbook: proposed.runbook,
      service: stored.key,
      incidentId: incident.id,
      alertKey: null,
      parameters: {},
      justification: `Gating rule ${proposed.rule} proposes it for the event ${event.type}: ${incident.title}`,
      evidence: incident.url === null ? [] : [incident.url],
      severity: eventClaims.severity,
      regions: [...eventClaims.regions],
      summary: null,
    },
    ...(filled?.ok === true ? { filled: filled.value } : {}),
    trace: proposed.trace,
    nowMs,
  });
  const created = await ports.ledger.create(proposal, events, {
    gatingHash: stored.hash,
    idempotency: { scope: eventScope, key: event.id, requestHash: sha256(event.id) },
  });
  if (!created.created) {
    ports.metrics.count("ProposalJoined");
    const joiner = `pagerduty ${event.type}`;
    if (created.joined !== "idempotencyKey" && !created.proposal.joinedBy.includes(joiner)) {
      await ports.ledger.hint(created.proposal.id, {
        // One name for a storm of equal events.
        id: `joined/${event.type}`,
        kind: "joined",
        atMs: nowMs,
        data: { proposer: joiner },
      });
    }
    await ports.queue.send([{ kind: "proposal", id: created.proposal.id }]);
    return `joined proposal ${created.proposal.id} (${created.joined})`;
  }
  await ports.queue.send([{ kind: "proposal", id: proposal.id }]);
  ports.metrics.count("ProposalCreated");
  ports.log.info("proposal.received", { proposalId: proposal.id, source: proposal.source });
  return `proposal ${proposal.id}`;
}
