import * as z from "zod";
import type { RuleDecision } from "../gate/gating/index.ts";
import type { AuditFact } from "../gate/proposal/audit.ts";
import type { MetricName, Metrics } from "../gate/ports/index.ts";

const wouldHave = z.object({
  wouldHave: z.object({ decision: z.enum(["allow", "deny", "requireApproval"]) }),
});

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

/** What a dry run would have said, where that is something else than what was said. */
const WOULD_HAVE: Readonly<Record<RuleDecision, MetricName>> = {
  deny: "WouldHaveDenied",
  requireApproval: "WouldHaveAsked",
  allow: "WouldHaveAllowed",
};

export function countFacts(metrics: Metrics, facts: readonly AuditFact[]): void {
  for (const { type, data } of facts) {
    const name = METRICS[type];
    if (name !== undefined) {
      metrics.count(name);
    }
    const dry = type === "proposal.weighed" ? wouldHave.safeParse(data) : null;
    if (dry?.success === true) {
      metrics.count(WOULD_HAVE[dry.data.wouldHave.decision]);
    }
  }
}
