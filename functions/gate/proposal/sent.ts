import type { Runbook } from "../gating/index.ts";
import { canonicalJson, sha256 } from "../text/canonical.ts";
import type { Parameters, Scalar } from "./proposal.ts";

/**
 * The name under which a human's no is kept: what PagerDuty would be asked to do on which incident. However a proposal
 * calls its runbook and action, and whatever else it tells people, it is the same thing.
 */
export function sentName(incidentId: string, runbook: Runbook, parameters: Parameters): string {
  const fields: Record<string, Scalar> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const field = runbook.parameters[name]?.customField ?? null;
    if (field !== null) {
      fields[field] = value;
    }
  }
  return `${incidentId} ${sha256(canonicalJson({ target: runbook.target, fields }))}`;
}

/** The parameters that have no way to PagerDuty: they tell people something, and change nothing. */
export function notSent(runbook: Runbook, parameters: Parameters): string[] {
  return Object.keys(parameters).filter(
    (name) => (runbook.parameters[name]?.customField ?? null) === null,
  );
}
