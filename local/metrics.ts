import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";
import type { Ledger, MetricName, Metrics } from "../functions/gate/ports/index.ts";

/** Counters that may also be read as Prometheus does; without `scrape`, nobody can. */
export interface LocalMetrics extends Metrics {
  scrape?(ledger: Pick<Ledger, "killSwitch" | "narrowerSwitches">): Promise<Scrape>;
}

interface Scrape {
  contentType: string;
  text: string;
}

/** All of them, so that each is there from the start: what first appears with 1 has no increase. */
const NAMES: Readonly<Record<MetricName, true>> = {
  WebhookAccepted: true,
  WebhookDuplicate: true,
  WebhookUnknownEvent: true,
  WebhookUnintelligible: true,
  SignatureRefused: true,
  ProposalCreated: true,
  ProposalJoined: true,
  ProposalBraked: true,
  ProposalRefused: true,
  OrchestrationRefused: true,
  CallbackAccepted: true,
  CallbackRefused: true,
  Decided: true,
  WouldHaveDenied: true,
  WouldHaveAsked: true,
  WouldHaveAllowed: true,
  WouldHaveProposed: true,
  Executed: true,
  Suppressed: true,
  Failed: true,
  Uncertain: true,
  BypassDetected: true,
  RanTwice: true,
  FieldChanged: true,
  NeverRan: true,
  TaskNotPossible: true,
  PageNotPossible: true,
  EventNotHandled: true,
  KillSwitchHeld: true,
  OpenPastSla: true,
  SubscriptionDisabled: true,
  ServiceMissing: true,
  SweepCompleted: true,
  SweepFailed: true,
  RemoteFailure: true,
};

/** @param ofProcess Also what the process uses: memory, processor, event loop. */
export function createMetrics({ ofProcess }: { ofProcess: boolean }): Required<LocalMetrics> {
  const registry = new Registry();
  if (ofProcess) {
    collectDefaultMetrics({ register: registry });
  }
  const events = new Counter({
    name: "approval_gate_events_total",
    help: "What happened since the start, by the names that docs/operations.md explains.",
    labelNames: ["event"],
    registers: [registry],
  });
  for (const event of Object.keys(NAMES)) {
    events.inc({ event }, 0);
  }
  const held = new Gauge({
    name: "approval_gate_kill_switch",
    help: "1 while a kill switch is on: that for everything has neither service nor runbook.",
    labelNames: ["service", "runbook"],
    registers: [registry],
  });
  return {
    count: (event, value = 1) => events.inc({ event }, value),
    async scrape(ledger) {
      const [all, narrower] = await Promise.all([ledger.killSwitch(), ledger.narrowerSwitches()]);
      held.reset();
      held.set({ service: "", runbook: "" }, all.on ? 1 : 0);
      for (const { service = "", runbook = "" } of narrower) {
        held.set({ service, runbook }, 1);
      }
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
