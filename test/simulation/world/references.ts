export function mergeReason({ mergedInto }: { mergedInto: string | null }): object | null {
  return mergedInto === null
    ? null
    : { type: "merge_resolve_reason", incident: reference(mergedInto, "incident_reference", null) };
}

export function reference(id: string, type: string, summary: string | null): object {
  return { id, type, summary, self: null, html_url: null };
}

export function fieldDocument(name: string, value: unknown): object {
  return {
    id: `PFLD-${name}`,
    name,
    value: value ?? null,
    data_type: "string",
    field_type: "single_value",
    namespace: "incidents",
    type: "field_value",
    display_name: name,
    description: null,
  };
}
