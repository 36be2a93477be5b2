import { cut } from "../gate/text/cut.ts";
import { inLine } from "../gate/text/quotation.ts";
import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { incidentLabel } from "../gate/proposal/incidents.ts";
import { RemoteError, type Delivery, type ReportedInvocation } from "../gate/ports/index.ts";
import type { Incident, Proposal } from "../gate/proposal/proposal.ts";
import { isGatedAnywhere } from "./gatedTargets.ts";
import type { DeliveryResult } from "./deliveryResult.ts";
import type { WorkerPorts } from "./ports.ts";

/** A second invocation this soon after ours, by the same user, is ours run twice; later it is somebody's doing. */
export const TWICE_WITHIN_MS = 10 * 60_000;
/** So often an incident may fail to be read for a passing reason before its run is judged without it. */
const MAX_UNREAD = 3;

/** Nobody's execution: run past the gate, or run twice. */
export async function foreign(
  ports: WorkerPorts,
  delivery: Delivery,
  seen: ReportedInvocation,
  {
    matches,
    agentName,
    perhapsOf,
  }: {
    /** What was executed of the same thing on the same incident. */
    matches: readonly Proposal[];
    agentName: string | null;
    /** The proposal of which nobody can tell whether it ran, and whether this is its run. */
    perhapsOf: Proposal | null;
  },
): Promise<DeliveryResult> {
  const { ledger, clock, log } = ports;
  const incident = await readIncident(ports, delivery, seen.incidentId);
  const twice = await ranTwice(ports, seen, matches);
  const isGated = twice !== null || (await isGatedTarget(ports, seen, incident));
  if (!isGated) {
    await ledger.putInvocation({ ...seen, verdict: "notGated" });
    return { result: "an invocation that is not gated" };
  }
  const kind = twice === null ? "bypass" : "ranTwice";
  const what = `${seen.kind === "automationAction" ? "Automation action" : "Incident workflow"} ${seen.targetId}`;
  const where =
    incident === null
      ? `${seen.incidentId} (an incident that PagerDuty does not show)`
      : `${incidentLabel(incident)} (${incident.serviceName})`;
  const who = agentText(seen.agentId, agentName);
  const text =
    twice === null
      ? `${what} was run on ${where} by ${who} without an approval of the gate (invocation ${seen.id}).${perhapsOf === null ? "" : ` It may be the run of ${perhapsOf.id}, whose end is uncertain.`}`
      : `${what} ran twice on ${where}: invocation ${seen.id} besides ${twice.first} of ${twice.proposal.id}.`;
  const isNew = await raiseAlarm(ports, {
    // Reports of one proposal's runs may find each other at the same moment: that is one alarm.
    key: `${kind}/${twice?.proposal.id ?? seen.id}`,
    kind,
    atMs: clock.now(),
    text,
    proposalId: twice?.proposal.id ?? null,
    incidentId: seen.incidentId,
  });
  if (isNew) {
    log.error(kind, { invocationId: seen.id, incidentId: seen.incidentId, text });
    await tellOnIncident(ports, seen.incidentId, text);
  }
  await ledger.putInvocation({ ...seen, verdict: kind, proposalId: twice?.proposal.id ?? null });
  return { result: `${kind}: ${text}` };
}

/**
 * Null: there is none, or it cannot be read. An alarm must not wait for a PagerDuty that refuses or stays away; a run of
 * which nobody can tell where it was counts as gated.
 */
async function readIncident(
  { pagerDuty, log }: WorkerPorts,
  delivery: Delivery,
  id: string,
): Promise<Incident | null> {
  try {
    return await pagerDuty.incident(id);
  } catch (error) {
    const mayPass = !(error instanceof RemoteError) || error.retryable;
    if (mayPass && delivery.tries < MAX_UNREAD) {
      throw error;
    }
    log.warn("a run is judged without its incident", { incidentId: id, problem: String(error) });
    return null;
  }
}

/** Who did it, for people. */
export function agentText(agentId: string | null, name: string | null): string {
  return agentId === null
    ? "an unknown agent"
    : name === null
      ? `agent ${agentId}`
      : `${inLine(cut(name, 100))} (${agentId})`;
}

/** An alarm is in the ledger by now: a note that cannot be written does not hold it up. */
export async function tellOnIncident(
  ports: WorkerPorts,
  incidentId: string,
  text: string,
): Promise<void> {
  try {
    await ports.pagerDuty.addNote(
      incidentId,
      `[gate prop_none alarm]\nApproval gate ALARM: ${text}`,
    );
  } catch (error) {
    ports.log.warn("alarm note not written", { incidentId, problem: String(error) });
  }
}

/** The proposal whose execution this is a second run of, and the first one's id. */
async function ranTwice(
  ports: WorkerPorts,
  seen: ReportedInvocation,
  matches: readonly Proposal[],
): Promise<{ proposal: Proposal; first: string } | null> {
  const others = await ports.ledger.invocations(seen.incidentId, seen.targetId);
  for (const proposal of matches) {
    const { execution } = proposal;
    const first = others.find(
      ({ id, verdict, proposalId }) =>
        id !== seen.id &&
        (id === execution?.invocationId || (verdict === "executed" && proposalId === proposal.id)),
    );
    if (
      execution !== null &&
      first !== undefined &&
      first.agentId === seen.agentId &&
      Math.abs(seen.firstSeenAtMs - execution.claimedAtMs) <= TWICE_WITHIN_MS
    ) {
      return { proposal, first: first.id };
    }
  }
  return null;
}

/** On a listed service every automation action counts; anything that a runbook starts counts wherever it runs. */
async function isGatedTarget(
  ports: WorkerPorts,
  seen: ReportedInvocation,
  incident: Incident | null,
): Promise<boolean> {
  if (incident === null) {
    return true;
  }
  if (seen.kind === "automationAction") {
    const { serviceId, serviceName } = incident;
    const { listed } = await ports.gating.find({ id: serviceId, name: serviceName });
    if (listed) {
      return true;
    }
  }
  return isGatedAnywhere(ports, seen.targetId);
}
