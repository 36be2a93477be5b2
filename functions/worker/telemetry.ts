import type { AuditFact } from "../gate/proposal/audit.ts";
import type { MetricName, Metrics } from "../gate/ports/index.ts";

/** An uncertain outcome is counted with its alarm. */
const METRICS: Readonly<Record<string, MetricName>> = {
  "decision.approved": "Decided",
  "decision.rejected": "Decided",
  "decision.expired": "Decided",
  "outcome.executed": "Executed",
  "outcome.suppressed": "Suppressed",
  "outcome.failed": "Failed",
  "execution.held": "KillSwitchHeld",
};

export function countFacts(metrics: Metrics, facts: readonly AuditFact[]): void {
  for (const { type } of facts) {
    const name = METRICS[type];
    if (name !== undefined) {
      metrics.count(name);
    }
  }
}
