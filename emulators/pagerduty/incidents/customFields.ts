import { z } from "zod";
import { selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { CustomField } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { restTime } from "../account/time.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";

/** Fields of this type belong to incidents of every type. */
export const BASE_TYPE = "base_incident";

const NewField = z.object({
  field: z.object({
    name: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]*$/, "must be letters, digits and _"),
    display_name: z.string().min(1),
    data_type: z.enum(["boolean", "integer", "float", "string", "datetime", "url"]),
    field_type: z
      .enum(["single_value", "single_value_fixed", "multi_value", "multi_value_fixed"])
      .default("single_value"),
    description: z.string().nullish(),
    enabled: z.boolean().default(true),
    default_value: z.unknown().optional(),
  }),
});

/** Definitions of custom fields, under the path of an incident type and the older one. */
export function customFieldRoutes(account: Account): Route[] {
  return [
    ...definitions(account, "/incidents/types/:type/custom_fields"),
    ...definitions(account, "/incidents/custom_fields"),
  ];
}

function definitions(account: Account, path: string): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path,
      handle: (call) => ({
        status: 200,
        body: {
          fields: store.list("customFields", typeOf(call)).map((field) => render(account, field)),
        },
      }),
    },
    {
      method: "POST",
      path,
      handle: (call) => {
        const wanted = parseBody(call, NewField).field;
        const incidentType = typeOf(call);
        if (store.list("customFields", incidentType).some(({ name }) => name === wanted.name)) {
          throw invalidInput(`\`field.name\`: "${wanted.name}" is taken already`);
        }
        const atMs = account.now();
        const field: CustomField = {
          id: objectId(),
          incidentType,
          name: wanted.name,
          displayName: wanted.display_name,
          dataType: wanted.data_type,
          fieldType: wanted.field_type,
          description: wanted.description ?? "",
          enabled: wanted.enabled,
          defaultValue: wanted.default_value ?? null,
          createdAtMs: atMs,
          updatedAtMs: atMs,
        };
        store.put("customFields", field);
        return { status: 201, body: { field: render(account, field) } };
      },
    },
    {
      method: "GET",
      path: `${path}/:field`,
      handle: (call) => ({
        status: 200,
        body: { field: render(account, fieldOf(account, call)) },
      }),
    },
    {
      method: "DELETE",
      path: `${path}/:field`,
      handle: (call) => {
        store.delete("customFields", fieldOf(account, call).id);
        return { status: 204 };
      },
    },
  ];
}

function typeOf({ params }: Call): string {
  return params["type"] ?? BASE_TYPE;
}

function fieldOf({ store }: Account, call: Call): CustomField {
  const field = store.get("customFields", param(call, "field"));
  if (field?.incidentType !== typeOf(call)) {
    throw notFound();
  }
  return field;
}

function render(account: Account, field: CustomField): Record<string, unknown> {
  return {
    id: field.id,
    type: "field",
    summary: field.displayName,
    self: selfUrl(account, `/incidents/types/${field.incidentType}/custom_fields/${field.id}`),
    namespace: "incidents",
    name: field.name,
    display_name: field.displayName,
    data_type: field.dataType,
    field_type: field.fieldType,
    description: field.description,
    enabled: field.enabled,
    default_value: field.defaultValue,
    field_options: [],
    incident_type: field.incidentType,
    created_at: restTime(field.createdAtMs),
    updated_at: restTime(field.updatedAtMs),
  };
}
