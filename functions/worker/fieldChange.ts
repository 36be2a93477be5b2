import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { FIELDS_KEPT_MS } from "../gate/lifecycle/shared.ts";
import { incidentLabel } from "../gate/proposal/incidents.ts";
import type { Delivery } from "../gate/ports/index.ts";
import type { Execution, Proposal, Scalar } from "../gate/proposal/proposal.ts";
import { fieldKey, fieldValues } from "../gate/proposal/shared.ts";
import { flat } from "../gate/text/quotation.ts";
import type { WebhookData, WebhookEvent } from "../pagerduty/event.ts";
import { isSameValue } from "../pagerduty/fieldValue.ts";
import { agentText, tellOnIncident } from "./foreign.ts";
import { proposalsOf } from "./look.ts";
import { isByGate } from "./ownUser.ts";
import type { WorkerPorts } from "./ports.ts";

type Fields = Extract<WebhookData, { kind: "fields" }>;

/** PagerDuty's clock and ours may differ by this much. */
const SKEW_MS = 5_000;
/** What the gate sets is set by then. */
const SET_WITHIN_MS = 60_000;

/**
 * Raises an alarm where somebody else wrote a field that a run had alone: it may have found another value than the one
 * that was approved. True: it was the gate that wrote, of which nothing is to be proposed.
 */
export async function isOwnFieldChange(
  ports: WorkerPorts,
  event: WebhookEvent,
  { incidentId, values, changed }: Fields,
  delivery: Delivery,
): Promise<boolean> {
  const byGate = await isByGate(ports, event.agentId);
  if (byGate === true) {
    return true;
  }
  const atMs = event.occurredAtMs ?? delivery.receivedAtMs;
  const written = values.filter(({ id }) => changed.length === 0 || changed.includes(id));
  const runs = await runsOf(ports, incidentId, written);
  // Where the gate's token has no user, its own writes are known by what they set, and when.
  if (byGate === null && written.every((field) => runs.some((run) => isSetBy(run, field, atMs)))) {
    return true;
  }
  for (const run of runs) {
    for (const { name, value } of written) {
      const wanted = run.values[name];
      if (
        wanted === undefined ||
        isSameValue(value, wanted) ||
        !hadItThen(run, atMs) ||
        (byGate === null && runs.some((other) => isSetBy(other, { name, value }, atMs)))
      ) {
        continue;
      }
      const { proposal } = run;
      const label = proposal.incident === null ? incidentId : incidentLabel(proposal.incident);
      const text = `${agentText(event.agentId, event.agentName)} set custom field ${name} on ${label} to ${shown(value)} while the run of ${proposal.id} was not over, for which ${shown(wanted)} is permitted: it may have found the other value.`;
      const isNew = await raiseAlarm(ports, {
        key: `fieldChanged/${proposal.id}/${name}`,
        kind: "fieldChanged",
        atMs: ports.clock.now(),
        text,
        proposalId: proposal.id,
        incidentId,
      });
      if (isNew) {
        ports.log.error("fieldChanged", { proposalId: proposal.id, incidentId, field: name });
        await tellOnIncident(ports, incidentId, text);
      }
    }
  }
  return false;
}

interface Run {
  proposal: Proposal;
  execution: Execution;
  /** What was set for it. */
  values: Readonly<Record<string, Scalar | null>>;
}

/** What was executed on the incident and reads one of these fields; whoever has one now is there however lists lag. */
async function runsOf(
  ports: WorkerPorts,
  incidentId: string,
  fields: readonly { name: string }[],
): Promise<Run[]> {
  const found = new Map<string, Proposal>();
  for await (const proposal of proposalsOf(ports, { incidentId })) {
    found.set(proposal.id, proposal);
  }
  for (const { name } of fields) {
    const holder = await ports.ledger.holder(fieldKey(incidentId, name));
    const loaded = holder === null ? null : await ports.ledger.get(holder.proposalId);
    if (loaded !== null) {
      found.set(loaded.proposal.id, loaded.proposal);
    }
  }
  return [...found.values()].flatMap((proposal): Run[] => {
    const { execution, weighing, decision } = proposal;
    return execution === null || weighing === null || decision === null
      ? []
      : [{ proposal, execution, values: fieldValues(weighing.runbook, decision.parameters) }];
  });
}

/** Between the claim and the end of the run. */
function hadItThen({ proposal: { outcome }, execution }: Run, atMs: number): boolean {
  if (execution.state === "notSent" || atMs < execution.claimedAtMs - SKEW_MS) {
    return false;
  }
  const isOver = outcome !== null && outcome.kind !== "uncertain" && outcome.reason !== "accepted";
  return outcome === null || atMs <= outcome.atMs + (isOver ? SKEW_MS : FIELDS_KEPT_MS);
}

function isSetBy(
  { execution, values }: Run,
  { name, value }: { name: string; value: unknown },
  atMs: number,
): boolean {
  const wanted = values[name];
  return (
    wanted !== undefined &&
    isSameValue(value, wanted) &&
    Math.abs(atMs - execution.claimedAtMs) <= SET_WITHIN_MS
  );
}

function shown(value: unknown): string {
  return flat(JSON.stringify(value ?? null).slice(0, 100));
}
