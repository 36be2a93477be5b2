import type { Runbook } from "../gating/index.ts";
import { startedId } from "./incidents.ts";
import type { Parameters, Scalar } from "./proposal.ts";

/** Custom fields of the incident as a run must find them; null: without a value. */
export type FieldValues = Readonly<Record<string, Scalar | null>>;

/**
 * Every custom field that the runbook reads, with the value for this run. What is not set is cleared: a value that stands
 * there was meant for another run.
 */
export function fieldValues(runbook: Runbook, parameters: Parameters): FieldValues {
  const values: Record<string, Scalar | null> = {};
  for (const [name, { customField }] of Object.entries(runbook.parameters)) {
    if (customField !== null) {
      values[customField] = Object.hasOwn(parameters, name) ? (parameters[name] ?? null) : null;
    }
  }
  return values;
}

/** Something of an incident that runs share, so that one at a time has it. */
export interface Shared {
  /** In the ledger, see `SaveOptions.hold`. */
  key: string;
  /** "both … this incident", for people. */
  what: string;
}

export function fieldKey(incidentId: string, field: string): string {
  return `field/${incidentId}/${field}`;
}

/** The custom fields that the runbook reads. */
export function sharedFields(incidentId: string, runbook: Runbook): Shared[] {
  return Object.keys(fieldValues(runbook, {})).map((field) => ({
    key: fieldKey(incidentId, field),
    what: `use custom field ${field} of`,
  }));
}

/**
 * The start of that action or workflow: two requests whose answers are lost could not be told apart in what PagerDuty
 * lists. Empty where nothing is started.
 */
export function sharedStart(incidentId: string, { target }: Runbook): Shared[] {
  const id = startedId(target);
  const kind = target.kind === "incidentWorkflow" ? "incident workflow" : "automation action";
  return id === null ? [] : [{ key: `start/${incidentId}/${id}`, what: `start ${kind} ${id} on` }];
}
