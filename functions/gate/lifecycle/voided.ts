import { incidentLabel } from "../incidents.ts";
import type { Known, Step } from "../known.ts";
import type { Proposal } from "../proposal.ts";
import { end } from "./common.ts";

/** Ends the proposal when the incident that was just read no longer fits it. */
export function voidedBy(proposal: Proposal, known: Known, consume: string[]): Step | null {
  const before = proposal.incident;
  if (before === null || known.incident?.ok !== true) {
    return null;
  }
  const now = known.incident.value;
  if (now === null) {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentNotFound",
        text: `PagerDuty no longer has incident ${before.id}.`,
      },
      { consume },
    );
  }
  if (now.status === "resolved") {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentResolved",
        text: `${incidentLabel(now)} was resolved before the action ran.`,
      },
      { changes: { incident: now }, consume },
    );
  }
  if (now.serviceId !== before.serviceId) {
    return end(
      proposal,
      known,
      {
        kind: "suppressed",
        reason: "incidentMoved",
        text: `${incidentLabel(now)} moved from service ${before.serviceName} to ${now.serviceName}.`,
      },
      { changes: { incident: now }, consume },
    );
  }
  return null;
}
