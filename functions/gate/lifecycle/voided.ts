import { incidentLabel } from "../proposal/incidents.ts";
import type { Known, Step } from "./known.ts";
import type { Proposal } from "../proposal/proposal.ts";
import { end, hintIds, withChanges } from "./common.ts";
import { whenOver } from "./over.ts";

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
    const over = whenOver(known, now, "before the action ran");
    return "look" in over
      ? { kind: "look", look: over.look }
      : end(proposal, known, over.outcome, { changes: { incident: now }, consume });
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

/** Looks at the incident when something was told of it: one that is resolved or has moved voids its open proposals. */
export function incidentChange(proposal: Proposal, known: Known): Step | null {
  const hints = hintIds(known, "incident");
  if (hints.length === 0 || proposal.incident === null) {
    return null;
  }
  if (known.incident === undefined) {
    return { kind: "look", look: { at: "incident", id: proposal.incident.id } };
  }
  if (!known.incident.ok) {
    // The hint stays, and the check before any execution does not depend on it.
    return null;
  }
  return (
    voidedBy(proposal, known, hints) ?? {
      kind: "save",
      next: withChanges(proposal, known.nowMs, {}),
      facts: [],
      options: { consume: hints },
    }
  );
}
