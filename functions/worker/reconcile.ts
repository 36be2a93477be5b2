import type { Delivery, ReportedInvocation } from "../gate/ports.ts";
import { incidentLabel } from "../gate/incidents.ts";
import type { Incident, Proposal } from "../gate/proposal.ts";
import type { WebhookData, WebhookEvent } from "../pagerduty/event.ts";
import type { DeliveryResult } from "./deliveries.ts";
import type { WorkerPorts } from "./ports.ts";

/** The event of our own invocation can come before its answer: so long is waited between looks. */
const UNDECIDED_PAUSE_MS = 5_000;
const MAX_UNDECIDED = 6;
/** A second invocation this soon after ours, by the same user, is ours run twice; later it is somebody's doing. */
const TWICE_WITHIN_MS = 10 * 60_000;

type InvocationData = Extract<WebhookData, { kind: "invocation" }>;
type WorkflowData = Extract<WebhookData, { kind: "workflow" }>;

interface Reported {
  id: string;
  kind: ReportedInvocation["kind"];
  incidentId: string;
  targetId: string;
  state: string;
}

/** Matches a reported run of an automation action to the one execution that permits it. */
export function reconcileInvocation(
  ports: WorkerPorts,
  event: WebhookEvent,
  data: InvocationData,
  delivery: Delivery,
): Promise<DeliveryResult> {
  const { id, incidentId, actionId, state } = data;
  return reconcile(ports, event, delivery, {
    id,
    kind: "automationAction",
    incidentId,
    targetId: actionId,
    state,
  });
}

/** The same for the start and the end of an incident workflow. */
export function reconcileWorkflow(
  ports: WorkerPorts,
  event: WebhookEvent,
  data: WorkflowData,
  delivery: Delivery,
): Promise<DeliveryResult> {
  const { id, incidentId, workflowId } = data;
  const state = event.type === "incident.workflow.completed" ? "completed" : "started";
  return reconcile(ports, event, delivery, {
    id,
    kind: "incidentWorkflow",
    incidentId,
    targetId: workflowId,
    state,
  });
}

async function reconcile(
  ports: WorkerPorts,
  event: WebhookEvent,
  delivery: Delivery,
  reported: Reported,
): Promise<DeliveryResult> {
  const { ledger, clock } = ports;
  const before = await ledger.getInvocation(reported.id);
  const seen: ReportedInvocation = before ?? {
    id: reported.id,
    kind: reported.kind,
    incidentId: reported.incidentId,
    targetId: reported.targetId,
    agentId: event.agentId,
    firstSeenAtMs: clock.now(),
    verdict: "pending",
    proposalId: null,
  };
  const linked = await ledger.link(`invocation/${reported.id}`);
  if (linked !== null) {
    return ours(ports, delivery, reported, seen, linked);
  }
  if (seen.verdict !== "pending") {
    return { result: `known as ${seen.verdict}` };
  }
  if (before === null) {
    await ledger.putInvocation(seen);
  }

  const matches = await executionsOf(ports, reported);
  const open = matches.filter(({ execution }) => execution.invocationId === null);
  if (reported.kind === "incidentWorkflow") {
    // Instances cannot be read, and the id that our request got need not be the event's: the first start is ours.
    const [first] = open;
    const [accepted] = first === undefined ? await unmatched(ports, matches) : [];
    const match = first ?? accepted;
    if (match !== undefined) {
      return ours(ports, delivery, reported, seen, match.proposal.id);
    }
  } else {
    const undecided = open.some(
      ({ proposal, execution }) =>
        proposal.outcome === null &&
        (execution.state === "claimed" || execution.state === "uncertain"),
    );
    if (undecided) {
      return { againAtMs: clock.now() + UNDECIDED_PAUSE_MS };
    }
    const late = open.find(({ proposal }) => proposal.outcome?.kind === "uncertain");
    if (late !== undefined) {
      return ours(ports, delivery, reported, seen, late.proposal.id);
    }
  }
  const isOursUnreported = await ownEventIsMissing(
    ports,
    matches.map(({ proposal }) => proposal),
  );
  if (isOursUnreported && delivery.tries < MAX_UNDECIDED) {
    return { againAtMs: clock.now() + UNDECIDED_PAUSE_MS };
  }
  return foreign(
    ports,
    reported,
    seen,
    matches.map(({ proposal }) => proposal),
  );
}

/** Whether an execution of ours has just been accepted and PagerDuty has not reported it yet: then nobody can tell a bypass from a second run. */
async function ownEventIsMissing(
  ports: WorkerPorts,
  matches: readonly Proposal[],
): Promise<boolean> {
  for (const { execution } of matches) {
    const invocationId = execution?.invocationId ?? null;
    if (
      execution !== null &&
      invocationId !== null &&
      ports.clock.now() - execution.claimedAtMs <= TWICE_WITHIN_MS &&
      (await ports.ledger.getInvocation(invocationId)) === null
    ) {
      return true;
    }
  }
  return false;
}

/** Executions of the same thing on the same incident, whose result or id is known or not. */
async function executionsOf(
  ports: WorkerPorts,
  reported: Reported,
): Promise<{ proposal: Proposal; execution: NonNullable<Proposal["execution"]> }[]> {
  const found: { proposal: Proposal; execution: NonNullable<Proposal["execution"]> }[] = [];
  let cursor: string | null = null;
  do {
    const page = await ports.ledger.list({
      incidentId: reported.incidentId,
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const proposal of page.proposals) {
      const { execution, weighing } = proposal;
      const target = weighing?.runbook.target;
      const targetId =
        target?.kind === "automationAction"
          ? target.actionId
          : target?.kind === "incidentWorkflow"
            ? target.workflowId
            : null;
      if (execution !== null && execution.state !== "notSent" && targetId === reported.targetId) {
        found.push({ proposal, execution });
      }
    }
    ({ cursor } = page);
  } while (cursor !== null);
  return found;
}

/** Accepted workflow starts for which no event has been matched yet. */
async function unmatched<T extends { proposal: Proposal }>(
  ports: WorkerPorts,
  matches: readonly T[],
): Promise<T[]> {
  const reported = await Promise.all(
    matches.map(async (match) => {
      const { incident, weighing } = match.proposal;
      const target = weighing?.runbook.target;
      const seen =
        incident === null || target?.kind !== "incidentWorkflow"
          ? []
          : await ports.ledger.invocations(incident.id, target.workflowId);
      return seen.some((one) => one.proposalId === match.proposal.id) ? null : match;
    }),
  );
  return reported.filter((match) => match !== null);
}

async function ours(
  ports: WorkerPorts,
  delivery: Delivery,
  reported: Reported,
  seen: ReportedInvocation,
  proposalId: string,
): Promise<DeliveryResult> {
  const { ledger, clock, queue } = ports;
  await ledger.putInvocation({ ...seen, verdict: "executed", proposalId });
  await ledger.hint(proposalId, {
    id: delivery.id,
    kind: reported.kind === "automationAction" ? "invocation" : "workflow",
    atMs: clock.now(),
    data: { invocationId: reported.id, state: reported.state },
  });
  await queue.send([{ kind: "proposal", id: proposalId }]);
  return { result: `execution of ${proposalId}: ${reported.state}` };
}

/** Nobody's execution: run past the gate, or run twice. */
async function foreign(
  ports: WorkerPorts,
  reported: Reported,
  seen: ReportedInvocation,
  matches: readonly Proposal[],
): Promise<DeliveryResult> {
  const { ledger, clock, metrics, log } = ports;
  const incident = await ports.pagerDuty.incident(reported.incidentId);
  const twice = await ranTwice(ports, seen, matches);
  const isGated = twice !== null || (await isGatedTarget(ports, reported, incident));
  if (!isGated) {
    await ledger.putInvocation({ ...seen, verdict: "notGated" });
    return { result: "an invocation that is not gated" };
  }
  const kind = twice === null ? "bypass" : "ranTwice";
  const what = `${reported.kind === "automationAction" ? "Automation action" : "Incident workflow"} ${reported.targetId}`;
  const where =
    incident === null
      ? reported.incidentId
      : `${incidentLabel(incident)} (${incident.serviceName})`;
  const who = seen.agentId === null ? "an unknown agent" : `agent ${seen.agentId}`;
  const text =
    twice === null
      ? `${what} was run on ${where} by ${who} without an approval of the gate (invocation ${reported.id}).`
      : `${what} ran twice on ${where}: invocation ${reported.id} besides ${twice.execution?.invocationId ?? "the approved one"} of ${twice.id}.`;
  const isNew = await ledger.raise({
    key: `${kind}/${reported.id}`,
    kind,
    atMs: clock.now(),
    text,
    proposalId: twice?.id ?? null,
    incidentId: reported.incidentId,
  });
  if (isNew) {
    metrics.count(kind === "bypass" ? "BypassDetected" : "RanTwice");
    log.error(kind, { invocationId: reported.id, incidentId: reported.incidentId, text });
    await tell(ports, reported.incidentId, text);
  }
  await ledger.putInvocation({ ...seen, verdict: kind, proposalId: twice?.id ?? null });
  return { result: `${kind}: ${text}` };
}

/** An alarm is in the ledger by now: a note that cannot be written does not hold it up. */
async function tell(ports: WorkerPorts, incidentId: string, text: string): Promise<void> {
  try {
    await ports.pagerDuty.addNote(
      incidentId,
      `Approval gate ALARM: ${text}\n[gate prop_none alarm]`,
    );
  } catch (error) {
    ports.log.warn("alarm note not written", { incidentId, problem: String(error) });
  }
}

async function ranTwice(
  ports: WorkerPorts,
  seen: ReportedInvocation,
  matches: readonly Proposal[],
): Promise<Proposal | null> {
  for (const proposal of matches) {
    const { execution } = proposal;
    if (execution?.invocationId === null || execution?.invocationId === undefined) {
      continue;
    }
    const known = await ports.ledger.getInvocation(execution.invocationId);
    const isSameAgent = known !== null && known.agentId === seen.agentId;
    if (isSameAgent && Math.abs(seen.firstSeenAtMs - execution.claimedAtMs) <= TWICE_WITHIN_MS) {
      return proposal;
    }
  }
  return null;
}

/** On a listed service every automation action counts; a workflow only where it is one of the service's runbooks. */
async function isGatedTarget(
  ports: WorkerPorts,
  reported: Reported,
  incident: Incident | null,
): Promise<boolean> {
  if (incident === null) {
    return true;
  }
  const { serviceId, serviceName } = incident;
  const stored = await ports.gating.find({ id: serviceId, name: serviceName });
  if (!stored.listed) {
    return false;
  }
  return (
    reported.kind === "automationAction" ||
    Object.values(stored.gating.runbooks).some(
      ({ target }) => target.kind === "incidentWorkflow" && target.workflowId === reported.targetId,
    )
  );
}
