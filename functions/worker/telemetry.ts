import type { AuditFact } from "../gate/audit.ts";
import type { MetricName, Metrics } from "../gate/ports.ts";

const METRICS: Readonly<Record<string, MetricName>> = {
  "decision.approved": "Decided",
  "decision.rejected": "Decided",
  "decision.expired": "Decided",
  "outcome.executed": "Executed",
  "outcome.suppressed": "Suppressed",
  "outcome.failed": "Failed",
  "outcome.uncertain": "Uncertain",
  "execution.held": "KillSwitchHeld",
};

export function countFacts(metrics: Metrics, facts: readonly AuditFact[]): void {
  for (const fact of facts) {
    const name = METRICS[fact.type];
    if (name !== undefined) {
      metrics.count(name);
    }
    if (fact.type === "outcome.uncertain" && fact.data["reason"] === "neverRan") {
      metrics.count("NeverRan");
    }
  }
}
