import { raiseAlarm } from "../gate/ledger/alarms.ts";
import { startedId } from "../gate/proposal/incidents.ts";
import { RemoteError, type Delivery } from "../gate/ports/index.ts";
import type { UnreadableRun, WebhookEvent } from "../pagerduty/event.ts";
import type { DeliveryResult } from "./deliveryResult.ts";
import { isGatedAnywhere } from "./gatedTargets.ts";
import type { WorkerPorts } from "./ports.ts";
import { reconcile, type Reported } from "./reconcile.ts";

/** So often PagerDuty may fail to tell of a run for a passing reason before it is judged by what its report says. */
const MAX_UNREAD = 3;

/**
 * A report of a run that names not all it should. What is known of the run by its id fills it; where that does not
 * suffice people are told: nobody compares this run with what was permitted.
 */
export async function unreadableRun(
  ports: WorkerPorts,
  event: WebhookEvent,
  { run, problem }: { run: UnreadableRun; problem: string },
  delivery: Delivery,
): Promise<DeliveryResult> {
  const known = await knownRun(ports, run);
  if (known !== null) {
    return reconcile(ports, event, delivery, known);
  }
  await raiseAlarm(ports, {
    key: `unintelligible/run/${run.id ?? delivery.id}`,
    kind: "unintelligible",
    atMs: ports.clock.now(),
    text: `PagerDuty reported ${described(run)}, and the report cannot be read (${problem}; delivery ${delivery.id}). Look in PagerDuty what ran there, and by whom.`,
    proposalId: null,
    incidentId: run.incidentId,
  });
  const read = await readRun(ports, run, delivery);
  if (read !== null) {
    return reconcile(ports, event, delivery, read);
  }
  const { targetId } = run;
  if (targetId === null || !(await isGatedAnywhere(ports, targetId))) {
    return { result: `a run that cannot be read: ${problem}` };
  }
  const text = `${described(run, "A")} was reported, in a form that does not show whether the gate permitted it: it counts as run past the gate.`;
  await raiseAlarm(ports, {
    key: `bypass/${run.id ?? delivery.id}`,
    kind: "bypass",
    atMs: ports.clock.now(),
    text,
    proposalId: null,
    incidentId: run.incidentId,
  });
  ports.log.error("bypass", { deliveryId: delivery.id, text });
  return { result: `bypass: ${text}` };
}

/** From the gate's own records: whose run that is, or what an earlier report said. */
async function knownRun({ ledger }: WorkerPorts, run: UnreadableRun): Promise<Reported | null> {
  const { id, of: kind, state } = run;
  if (id === null) {
    return null;
  }
  const before = await ledger.getInvocation(id);
  if (before !== null) {
    const { incidentId, targetId } = before;
    return { id, kind, incidentId, targetId, state };
  }
  const linked = await ledger.link(`invocation/${id}`);
  const proposal = linked === null ? null : ((await ledger.get(linked))?.proposal ?? null);
  const target = proposal?.weighing?.runbook.target;
  const targetId = target === undefined ? null : startedId(target);
  const incidentId = proposal?.incident?.id ?? null;
  return targetId === null || incidentId === null
    ? null
    : { id, kind, incidentId, targetId, state };
}

/** As PagerDuty itself has it; instances of workflows cannot be read. */
async function readRun(
  { pagerDuty, log }: WorkerPorts,
  { id, of: kind, state }: UnreadableRun,
  delivery: Delivery,
): Promise<Reported | null> {
  if (id === null || kind !== "automationAction") {
    return null;
  }
  try {
    const found = await pagerDuty.invocation(id);
    return found === null || found.incidentId === null
      ? null
      : { id, kind, incidentId: found.incidentId, targetId: found.actionId, state };
  } catch (error) {
    const mayPass = !(error instanceof RemoteError) || error.retryable;
    if (mayPass && delivery.tries < MAX_UNREAD) {
      throw error;
    }
    log.warn("a reported run cannot be read", { invocationId: id, problem: String(error) });
    return null;
  }
}

function described({ of, id, targetId, incidentId }: UnreadableRun, article = "a"): string {
  const what = of === "automationAction" ? "automation action" : "incident workflow";
  return `${article} run of ${targetId === null ? `an ${what} that it does not name` : `${what} ${targetId}`} on ${incidentId === null ? "an incident that it does not name" : `incident ${incidentId}`}${id === null ? "" : ` (${of === "automationAction" ? "invocation" : "instance"} ${id})`}`;
}
