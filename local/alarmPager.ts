import type { Alarm, Clock, Ledger, Log } from "../functions/gate/ports/index.ts";
import { GATE_ALARM } from "../functions/gate/proposal/incidents.ts";
import { enqueueEvent } from "../functions/pagerduty/events.ts";

export interface AlarmPagerOptions {
  /** Root of the Events API. */
  eventsUrl: string;
  /** Integration key of the PagerDuty service that is paged when the gate itself has something to report. */
  routingKey: string;
  /** Shown as the alert's source. */
  source: string;
  clock: Clock;
  log: Log;
  timeoutMs?: number;
}

const SEVERITY: Readonly<Record<Alarm["kind"], "critical" | "error" | "warning">> = {
  bypass: "critical",
  ranTwice: "critical",
  fieldChanged: "critical",
  uncertain: "error",
  neverRan: "error",
  taskNotPossible: "critical",
  pageNotPossible: "critical",
  eventNotHandled: "critical",
  subscriptionDisabled: "critical",
  serviceMissing: "critical",
  unintelligible: "warning",
  proposalRefused: "warning",
};

/**
 * A ledger that also pages when a new alarm is raised. The alarm is in the ledger before anybody is paged, and a page
 * that fails does not undo it; the alarm's own key keeps PagerDuty from opening a second alert.
 */
export function withAlarmPager(ledger: Ledger, options: AlarmPagerOptions): Ledger {
  const { eventsUrl, clock, log } = options;
  return {
    ...ledger,
    async raise(alarm) {
      const isNew = await ledger.raise(alarm);
      if (isNew) {
        try {
          await enqueueEvent(
            {
              baseUrl: eventsUrl,
              clock,
              ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
            },
            {
              routingKey: options.routingKey,
              action: "trigger",
              dedupKey: `pagerduty-approval-gate/alarm/${alarm.key}`.slice(0, 255),
              summary: `${GATE_ALARM}${alarm.text}`,
              source: options.source,
              severity: SEVERITY[alarm.kind],
              customDetails: {
                kind: alarm.kind,
                proposal: alarm.proposalId,
                incident: alarm.incidentId,
              },
              links: [],
            },
          );
        } catch (error) {
          log.error("alarm not paged", { alarm: alarm.key, problem: String(error) });
        }
      }
      return isNew;
    },
  };
}
