import type { Delivery, ReportedInvocation } from "../gate/ports/index.ts";
import { runLink, startedId } from "../gate/proposal/incidents.ts";
import type { Execution, Proposal } from "../gate/proposal/proposal.ts";
import type { WebhookData, WebhookEvent } from "../pagerduty/event.ts";
import type { DeliveryResult } from "./deliveryResult.ts";
import { TWICE_WITHIN_MS, foreign } from "./foreign.ts";
import { isByGate } from "./ownUser.ts";
import type { WorkerPorts } from "./ports.ts";

/** The event of our own invocation can come before its answer: so long is waited between looks. */
const UNDECIDED_PAUSE_MS = 5_000;
const MAX_UNDECIDED = 6;
/** An index of the ledger is a moment behind what was written. */
const LIST_LAG_MS = 2_000;
/** A request that was sent starts its run by then, two clocks' difference included; later it is somebody's doing. */
const STARTED_WITHIN_MS = 5 * 60_000;

type InvocationData = Extract<WebhookData, { kind: "invocation" }>;
type WorkflowData = Extract<WebhookData, { kind: "workflow" }>;

/** A proposal whose execution may be what was reported. */
interface Match {
  proposal: Proposal;
  execution: Execution;
}

export interface Reported {
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

/** Matches a reported run to the one execution that permits it. */
export async function reconcile(
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
  // Without an id of its own in the record, an execution is known by the report that was matched to it.
  const linked =
    (await ledger.link(`invocation/${reported.id}`)) ??
    (seen.verdict === "executed" ? seen.proposalId : null);
  if (linked !== null) {
    return ours(ports, delivery, reported, seen, linked, true);
  }
  if (seen.verdict !== "pending") {
    return { result: `known as ${seen.verdict}` };
  }
  if (before === null) {
    await ledger.putInvocation(seen);
  }

  const isRun = (await ledger.link(runLink(reported.incidentId, reported.targetId))) !== null;
  if (isRun && delivery.tries === 0) {
    // Something was claimed here, and the list of proposals may not show it yet.
    return { againAtMs: clock.now() + LIST_LAG_MS };
  }
  const matches = await executionsOf(ports, reported);
  const isWorkflow = reported.kind === "incidentWorkflow";
  if (!isWorkflow && matches.some(isUndecided)) {
    return { againAtMs: clock.now() + UNDECIDED_PAUSE_MS };
  }
  const byGate = await isByGate(ports, seen.agentId);
  const free = (await unmatched(ports, reported, matches)).filter(
    ({ execution }) => byGate !== false && isInTime(event, execution),
  );
  const open = free.filter(({ execution }) => execution.invocationId === null);
  // Instances of workflows cannot be read, and the id that our request got need not be the event's: the first start is ours.
  const uncertain = open.find(({ proposal }) => proposal.outcome?.kind === "uncertain");
  const match = isWorkflow ? (open[0] ?? free[0]) : byGate === true ? uncertain : undefined;
  if (match !== undefined) {
    const { id: proposalId } = match.proposal;
    await ledger.putInvocation({ ...seen, verdict: "executed", proposalId });
    // Another report may have been matched to it at the same moment: then it ran twice.
    if ((await unmatched(ports, reported, [match])).length === 1) {
      return ours(ports, delivery, reported, seen, proposalId, byGate);
    }
  }
  const isOursUnreported = await ownEventIsMissing(
    ports,
    matches.map(({ proposal }) => proposal),
  );
  if (isOursUnreported && delivery.tries < MAX_UNDECIDED) {
    return { againAtMs: clock.now() + UNDECIDED_PAUSE_MS };
  }
  // Our own answer may have been recorded since the first look.
  const linkedNow = await ledger.link(`invocation/${reported.id}`);
  if (linkedNow !== null) {
    return ours(ports, delivery, reported, seen, linkedNow, true);
  }
  return foreign(ports, delivery, seen, {
    matches: matches.map(({ proposal }) => proposal),
    agentName: event.agentId === seen.agentId ? event.agentName : null,
    perhapsOf: isWorkflow ? null : (uncertain?.proposal ?? null),
  });
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
async function executionsOf(ports: WorkerPorts, reported: Reported): Promise<Match[]> {
  const found: Match[] = [];
  let cursor: string | null = null;
  do {
    const page = await ports.ledger.list({
      incidentId: reported.incidentId,
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    for (const proposal of page.proposals) {
      const { execution, weighing } = proposal;
      const targetId = weighing === null ? null : startedId(weighing.runbook.target);
      if (execution !== null && execution.state !== "notSent" && targetId === reported.targetId) {
        found.push({ proposal, execution });
      }
    }
    ({ cursor } = page);
  } while (cursor !== null);
  return found;
}

function isUndecided({ proposal, execution }: Match): boolean {
  const { state, invocationId } = execution;
  return (
    invocationId === null &&
    proposal.outcome === null &&
    (state === "claimed" || state === "uncertain")
  );
}

/** Whether the reported start can be of what was sent then. Later reports of a run tell no start. */
function isInTime(event: WebhookEvent, { claimedAtMs }: Execution): boolean {
  const { type, occurredAtMs } = event;
  const isStart = type.endsWith(".created") || type.endsWith(".started");
  return (
    !isStart || occurredAtMs === null || Math.abs(occurredAtMs - claimedAtMs) <= STARTED_WITHIN_MS
  );
}

/** Executions to which no other report has been matched. */
async function unmatched(
  ports: WorkerPorts,
  reported: Reported,
  matches: readonly Match[],
): Promise<Match[]> {
  const seen = await ports.ledger.invocations(reported.incidentId, reported.targetId);
  return matches.filter(
    ({ proposal }) =>
      !seen.some(
        ({ id, verdict, proposalId }) =>
          id !== reported.id && verdict === "executed" && proposalId === proposal.id,
      ),
  );
}

async function ours(
  ports: WorkerPorts,
  delivery: Delivery,
  reported: Reported,
  seen: ReportedInvocation,
  proposalId: string,
  byGate: boolean | null,
): Promise<DeliveryResult> {
  const { ledger, clock, queue } = ports;
  await ledger.putInvocation({ ...seen, verdict: "executed", proposalId });
  await ledger.hint(proposalId, {
    id: delivery.id,
    kind: reported.kind === "automationAction" ? "invocation" : "workflow",
    atMs: clock.now(),
    data: {
      invocationId: reported.id,
      state: reported.state,
      ...(byGate === null ? {} : { byGate }),
    },
  });
  await queue.send([{ kind: "proposal", id: proposalId }]);
  return { result: `execution of ${proposalId}: ${reported.state}` };
}
