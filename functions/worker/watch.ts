import { raiseAlarm } from "../gate/alarms.ts";
import { RemoteError } from "../gate/ports.ts";
import type { WorkerPorts } from "./ports.ts";

const DAY_MS = 86_400_000;
/** The last reading of a decision is tried for a minute, and a sweep comes once a minute. */
const GRACE_MS = 5 * 60_000;
/** Of 200 proposals: more open ones than that are an alarm of their own. */
const MAX_PAGES = 5;

/**
 * Notices that the gate hears nothing any more: PagerDuty switches a subscription off for 24 hours after three dropped
 * deliveries, and tells nobody. It is switched on again, and people are told that events were lost meanwhile.
 */
export async function watchSubscriptions(ports: WorkerPorts): Promise<void> {
  const { pagerDuty, clock, log } = ports;
  const url = `${ports.publicUrl}/pagerduty/webhook`;
  try {
    for (const { id, active, temporarilyDisabled } of await pagerDuty.subscriptions(url)) {
      if (active && !temporarilyDisabled) {
        continue;
      }
      const nowMs = clock.now();
      const isNew = await raiseAlarm(ports, {
        // One a day: a subscription may be switched off again.
        key: `subscriptionDisabled/${id}/${Math.floor(nowMs / DAY_MS)}`,
        kind: "subscriptionDisabled",
        atMs: nowMs,
        text: active
          ? `PagerDuty switched webhook subscription ${id} off after dropped deliveries; the gate switches it on again. Events of the time between are lost: look for bypasses and resolved incidents by hand.`
          : `Webhook subscription ${id} is inactive: the gate hears of nothing until somebody activates it.`,
        proposalId: null,
        incidentId: null,
      });
      if (isNew) {
        log.error("subscription disabled", { subscriptionId: id, active });
      }
      if (temporarilyDisabled) {
        await pagerDuty.enableSubscription(id);
        log.info("subscription enabled", { subscriptionId: id });
      }
    }
  } catch (error) {
    if (!(error instanceof RemoteError)) {
      throw error;
    }
    log.warn("subscriptions not checked", { problem: error.message });
  }
}

/** How many open proposals are past their own deadline by more than a sweep can explain. */
export async function countPastSla(ports: WorkerPorts): Promise<number> {
  const { ledger, clock, metrics } = ports;
  const nowMs = clock.now();
  let past = 0;
  let cursor: string | null = null;
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await ledger.list({
      open: true,
      limit: 200,
      ...(cursor === null ? {} : { cursor }),
    });
    past += page.proposals.filter(
      ({ decideByMs, decision, outcome }) =>
        decision === null &&
        outcome === null &&
        decideByMs !== null &&
        nowMs > decideByMs + GRACE_MS,
    ).length;
    ({ cursor } = page);
    if (cursor === null) {
      break;
    }
  }
  if (past > 0) {
    metrics.count("OpenPastSla", past);
  }
  return past;
}
