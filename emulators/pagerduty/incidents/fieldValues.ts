import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { CustomField, Incident } from "../account/documents.ts";
import { invalidInput } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { BASE_TYPE } from "./customFields.ts";
import { incidentById } from "./find.ts";
import { addLogEntry, by, emitForIncident, saveIncident } from "./record.ts";

const Values = z.object({
  custom_fields: z
    .array(
      z
        .object({ id: z.string().optional(), name: z.string().optional(), value: z.unknown() })
        .refine(({ id, name }) => id !== undefined || name !== undefined, {
          message: "`id` or `name` is needed",
        }),
    )
    .min(1),
});

/** The values of an incident's custom fields. */
export function fieldValueRoutes(account: Account): Route[] {
  return [
    {
      method: "GET",
      path: "/incidents/:id/custom_fields/values",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        return { status: 200, body: { custom_fields: renderFieldValues(account, incident) } };
      },
    },
    {
      method: "PUT",
      path: "/incidents/:id/custom_fields/values",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        const wanted = parseBody(call, Values).custom_fields.map(({ id, name, value }) => {
          const field = fieldOf(account, incident, id, name);
          return { field: field.id, value: checkedValue(field, value) };
        });
        const before = valuesOf(account, incident);
        const changedIds = new Set(wanted.map(({ field }) => field));
        const kept = incident.fieldValues.filter(({ field }) => !changedIds.has(field));
        const changed = saveIncident(account, incident, { fieldValues: [...kept, ...wanted] });
        const agent = userReference(account, call.user);
        addLogEntry(account, changed, {
          type: "field_value_change",
          summary: `Custom fields changed${by(agent)}`,
          agent,
        });
        emitForIncident(account, changed, "custom_field_values.updated", agent, {
          type: "incident_field_values",
          incident: referenceTo(account, "incident", incident.id),
          custom_fields: valuesOf(account, changed).map(webhookValue),
          // The values as they were.
          changed_custom_fields: before
            .filter(({ field }) => changedIds.has(field.id))
            .map(webhookValue),
        });
        return { status: 201, body: { custom_fields: renderFieldValues(account, changed) } };
      },
    },
  ];
}

export function renderFieldValues(account: Account, incident: Incident): Record<string, unknown>[] {
  return valuesOf(account, incident).map(({ field, value }) => ({
    ...webhookValue({ field, value }),
    display_name: field.displayName,
    description: field.description,
  }));
}

/** The values by the fields' names, as a runbook would read them. */
export function namedValues(account: Account, incident: Incident): Record<string, unknown> {
  return Object.fromEntries(
    valuesOf(account, incident).map(({ field, value }) => [field.name, value]),
  );
}

interface Valued {
  field: CustomField;
  value: unknown;
}

/** Every field of the incident's type, with its value, its default or null. */
function valuesOf(account: Account, incident: Incident): Valued[] {
  return fieldsOf(account, incident).map((field) => {
    const set = incident.fieldValues.find((value) => value.field === field.id);
    return { field, value: set === undefined ? (field.defaultValue ?? null) : set.value };
  });
}

function fieldsOf({ store }: Account, { incidentType }: Incident): CustomField[] {
  const base = store.list("customFields", BASE_TYPE);
  return incidentType === BASE_TYPE ? base : [...base, ...store.list("customFields", incidentType)];
}

function fieldOf(
  account: Account,
  incident: Incident,
  id: string | undefined,
  name: string | undefined,
): CustomField {
  const field = fieldsOf(account, incident).find((candidate) =>
    id === undefined ? candidate.name === name : candidate.id === id,
  );
  if (!field) {
    throw invalidInput(`\`custom_fields\`: no field has the id or name "${id ?? name}"`);
  }
  return field;
}

function webhookValue({ field, value }: Valued): Record<string, unknown> {
  return {
    data_type: field.dataType,
    field_type: field.fieldType,
    id: field.id,
    name: field.name,
    namespace: "incidents",
    type: "field_value",
    value,
  };
}

const CHECKS: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  url: (value) => typeof value === "string" && URL.canParse(value),
  datetime: (value) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
  integer: (value) => Number.isInteger(value),
  float: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
};

function checkedValue(field: CustomField, value: unknown): unknown {
  if (value === null || value === undefined) {
    return null;
  }
  const check = CHECKS[field.dataType] ?? (() => true);
  const multi = field.fieldType.startsWith("multi_value");
  const good = multi ? Array.isArray(value) && value.every(check) : check(value);
  if (!good) {
    throw invalidInput(
      `\`custom_fields\`: "${field.name}" must be ${multi ? "a list of " : "of the type "}${field.dataType}`,
    );
  }
  return value;
}
