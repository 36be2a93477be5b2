import { raiseAlarm } from "../gate/ledger/alarms.ts";
import type { Ledger } from "../gate/ports/index.ts";
import type { WorkerPorts } from "./ports.ts";

/** Keys only, so that reading far more than can be worked on is cheap. */
export const MOST_DUE = 10_000;
const DAY_MS = 86_400_000;
/** The last reading of a decision is tried for a minute, and a sweep comes once a minute. */
const GRACE_MS = 5 * 60_000;
/** So many records are read to see what they wait for, and so many at once. */
const MOST_LOOKED_AT = 1_000;
const AT_ONCE = 50;

/**
 * Notices that the gate hears nothing any more: PagerDuty switches a subscription off for 24 hours after three dropped
 * deliveries, and tells nobody; somebody deletes it. What was switched off is switched on again, and people are told
 * that events were lost meanwhile.
 */
export async function watchSubscriptions(ports: WorkerPorts): Promise<void> {
  const { pagerDuty, log } = ports;
  const url = `${ports.publicUrl}/pagerduty/webhook`;
  const found = await pagerDuty.subscriptions(url);
  if (found.length === 0) {
    await tell(
      ports,
      "none",
      `No webhook subscription delivers to ${url}: the gate hears of nothing, of no bypass and no resolved incident, until there is one. A gate that made its own makes it again now. Events of the time between are lost: look for bypasses and resolved incidents by hand.`,
    );
  }
  if ((await ports.healSubscriptions?.()) === true) {
    log.warn("webhook subscriptions mended", { url });
  }
  for (const { id, active, temporarilyDisabled } of found) {
    if (active && !temporarilyDisabled) {
      continue;
    }
    await tell(
      ports,
      id,
      active
        ? `PagerDuty switched webhook subscription ${id} off after dropped deliveries; the gate switches it on again. Events of the time between are lost: look for bypasses and resolved incidents by hand.`
        : `Webhook subscription ${id} is inactive: the gate hears of nothing until somebody activates it.`,
    );
    if (temporarilyDisabled) {
      await pagerDuty.enableSubscription(id);
      log.info("subscription enabled", { subscriptionId: id });
    }
  }
}

/**
 * Learns which service each key of the gating stands for, so that a service which is renamed keeps its gating, and
 * notices a key that PagerDuty has no service for: what it was meant for is not gated.
 */
export async function watchServices(ports: WorkerPorts): Promise<void> {
  const { gating, pagerDuty, clock, log } = ports;
  const { services } = await gating.inForce();
  const problems: unknown[] = [];
  for (const { key, listedAs, serviceId } of services) {
    try {
      const found = await pagerDuty.findService(serviceId ?? listedAs);
      if (found !== null && (serviceId === null || found.id === serviceId)) {
        if (await gating.learn(key, found)) {
          log.info("service of the gating", { key, serviceId: found.id, name: found.name });
        }
        continue;
      }
      const text =
        serviceId === null
          ? `The gating lists ${listedAs}, but PagerDuty has no service of that name or id: whatever it was meant for is not gated. Correct the key.`
          : `The gating lists ${listedAs}, which is service ${serviceId}, and PagerDuty has that service no more: one that took its place is not gated. List its id, or take the key out.`;
      const isNew = await raiseAlarm(ports, {
        // One a day, for as long as nobody corrects it.
        key: `serviceMissing/${key}/${Math.floor(clock.now() / DAY_MS)}`,
        kind: "serviceMissing",
        atMs: clock.now(),
        text,
        proposalId: null,
        incidentId: null,
      });
      if (isNew) {
        log.error("service missing", { key, serviceId, problem: text });
      }
    } catch (error) {
      // The others are looked at all the same.
      problems.push(error);
    }
  }
  if (problems.length > 0) {
    throw new AggregateError(
      problems,
      `${problems.length} services could not be looked for: ${String(problems[0])}`,
    );
  }
}

async function tell(ports: WorkerPorts, subscriptionId: string, text: string): Promise<void> {
  const nowMs = ports.clock.now();
  const isNew = await raiseAlarm(ports, {
    // One a day: a subscription may be switched off again.
    key: `subscriptionDisabled/${subscriptionId}/${Math.floor(nowMs / DAY_MS)}`,
    kind: "subscriptionDisabled",
    atMs: nowMs,
    text,
    proposalId: null,
    incidentId: null,
  });
  if (isNew) {
    ports.log.error("subscription disabled", { subscriptionId, problem: text });
  }
}

/**
 * How many open proposals nobody has decided although their time is over by more than a sweep can explain. Such a one
 * has been due since then, and what is due longest comes first. What cannot be looked at counts as well.
 */
export async function countPastSla(ports: WorkerPorts): Promise<number> {
  const { ledger, clock, metrics } = ports;
  const untilMs = clock.now() - GRACE_MS;
  const overdue = (await ledger.due(untilMs, MOST_DUE)).filter(({ kind }) => kind === "proposal");
  const looked = overdue.slice(0, MOST_LOOKED_AT);
  let past = overdue.length - looked.length;
  for (let from = 0; from < looked.length; from += AT_ONCE) {
    const some = looked.slice(from, from + AT_ONCE);
    const found = await Promise.all(some.map(({ id }) => isPastSla(ledger, id, untilMs)));
    past += found.filter(Boolean).length;
  }
  if (past > 0) {
    metrics.count("OpenPastSla", past);
  }
  return past;
}

/** One that could not even be weighed has no deadline yet; it counts from its first look on. */
async function isPastSla(
  ledger: Pick<Ledger, "get">,
  id: string,
  untilMs: number,
): Promise<boolean> {
  try {
    const proposal = (await ledger.get(id))?.proposal ?? null;
    return (
      proposal !== null &&
      proposal.decision === null &&
      proposal.outcome === null &&
      (proposal.decideByMs === null || proposal.decideByMs < untilMs)
    );
  } catch {
    return true;
  }
}
