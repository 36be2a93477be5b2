import { canonicalJson, sha256 } from "../text/canonical.ts";
import type { Target } from "../gating/index.ts";
import type { Parameters } from "./proposal.ts";

/** Hash of exactly what would be done: what the reviewer saw, what is claimed, what is sent. */
export function actionDigest(of: {
  action: string;
  target: Target;
  parameters: Parameters;
  incidentId: string;
  serviceId: string;
}): string {
  const { action, target, parameters, incidentId, serviceId } = of;
  return sha256(canonicalJson({ action, target, parameters, incidentId, serviceId }));
}

/**
 * Equal open proposals share this key. Made from what is known at intake, so that two channels that propose the same
 * meet before anything is read from PagerDuty.
 */
export function dedupeKey(of: {
  /** The gating's key of the service. */
  service: string;
  runbook: string;
  incident: { id: string } | { alertKey: string };
  parameters: Parameters;
}): string {
  const { service, runbook, incident, parameters } = of;
  return sha256(canonicalJson({ service, runbook, incident, parameters }));
}
