import { inLine } from "../text/quotation.ts";
import { incidentAppearsWithinMs } from "../gating/index.ts";
import { isServiceOf } from "../proposal/incidents.ts";
import type { Incident, OutcomeReason, Proposal } from "../proposal/proposal.ts";
import { formatDuration } from "../text/duration.ts";
import { end, lookAgain, waitUntil } from "./common.ts";
import type { Known, Step } from "./known.ts";

/** An alert's incident is looked for this often at first, and less often the longer it takes. */
const INCIDENT_POLL_MS = 15_000;
const SLOWEST_POLL_MS = 60_000;
/** After this long without an answer from PagerDuty a proposal is suppressed rather than kept for ever. */
const READABLE_WITHIN_MS = 30 * 60_000;

/** The incident that a proposal is about, by its id or by an alert's key; or what has to come first. */
export function findIncident(proposal: Proposal, known: Known): Step | { incident: Incident } {
  const { incidentId, alertKey, service } = proposal.request;
  const look: Step =
    incidentId !== null
      ? { kind: "look", look: { at: "incident", id: incidentId } }
      : { kind: "look", look: { at: "incidentsByAlert", key: alertKey ?? "" } };
  const looked = incidentId !== null ? known.incident : known.incidentsByAlert;
  if (looked === undefined) {
    return look;
  }
  if (!looked.ok) {
    return known.nowMs < proposal.receivedAtMs + READABLE_WITHIN_MS
      ? lookAgain(proposal, known)
      : withoutIncident(
          proposal,
          known,
          "incidentUnreadable",
          `PagerDuty did not tell about the incident for 30 minutes: ${looked.problem}`,
        );
  }
  if (Array.isArray(looked.value)) {
    const open = looked.value.filter((one) => one.status !== "resolved");
    const named = open.find((one) => isServiceOf(one, service));
    if (named !== undefined) {
      return { incident: named };
    }
    if (known.gating === undefined) {
      return { kind: "look", look: { at: "gating", service: { id: service, name: service } } };
    }
    // A service that was renamed is known by its id.
    const { serviceId } = known.gating.ok ? known.gating.value : {};
    const renamed = open.find((one) => serviceId !== undefined && one.serviceId === serviceId);
    return renamed === undefined ? notYetThere(proposal, known) : { incident: renamed };
  }
  const incident = looked.value;
  return incident === null
    ? withoutIncident(
        proposal,
        known,
        "incidentNotFound",
        `PagerDuty has no incident ${incidentId}.`,
      )
    : { incident };
}

/** PagerDuty holds an alert's incident back while auto-pause or a rule's `suspend` lasts. */
function notYetThere(proposal: Proposal, known: Known): Step {
  const { service, alertKey } = proposal.request;
  if (known.gating === undefined) {
    return { kind: "look", look: { at: "gating", service: { id: service, name: service } } };
  }
  if (!known.gating.ok) {
    return lookAgain(proposal, known);
  }
  const withinMs = incidentAppearsWithinMs(known.gating.value.gating);
  const untilMs = proposal.receivedAtMs + withinMs;
  if (known.nowMs < untilMs) {
    const waitedMs = known.nowMs - proposal.receivedAtMs;
    const pauseMs = Math.min(Math.max(INCIDENT_POLL_MS, waitedMs / 10), SLOWEST_POLL_MS);
    return waitUntil(Math.min(known.nowMs + Math.round(pauseMs), untilMs));
  }
  return withoutIncident(
    proposal,
    known,
    "incidentNotFound",
    `No open incident of ${inLine(service)} with a triggered alert of the key ${inLine(alertKey ?? "")} appeared within ${formatDuration(withinMs)}. PagerDuty holds one back for as long as auto-pause or a rule's \`suspend\` lasts; \`incidentAppearsWithin\` of the service has to be longer.`,
  );
}

/** The manual task goes where the gating of the service that was named says. */
function withoutIncident(
  proposal: Proposal,
  known: Known,
  reason: OutcomeReason,
  text: string,
): Step {
  const { service } = proposal.request;
  if (known.gating === undefined) {
    return { kind: "look", look: { at: "gating", service: { id: service, name: service } } };
  }
  return known.gating.ok
    ? end(
        proposal,
        known,
        { kind: "suppressed", reason, text },
        { changes: { routing: known.gating.value.gating.manualTask } },
      )
    : lookAgain(proposal, known);
}
