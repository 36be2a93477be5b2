// OpenAPI 3.0 schemas as JSON Schema, which is what validators read.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Every schema of an OpenAPI 3.0 document, for one direction: what is read-only is required of answers alone. */
export function jsonSchemas(document: JsonObject, direction: "request" | "answer"): JsonObject {
  const convert = (name: string, value: Json): Json => {
    if (name === "$ref" && typeof value === "string") {
      return value.replaceAll("/oneOf/", "/anyOf/");
    }
    if (Array.isArray(value)) {
      return value.map((item: Json) => convert("", item));
    }
    return isObject(value) ? convertObject(value) : value;
  };
  const convertObject = (object: JsonObject): JsonObject => {
    const schema = direction === "request" ? withoutReadOnly(document, object) : object;
    const converted = Object.entries(exclusiveBounds(schema)).map(([name, value]) => [
      // The document's variants overlap: a bare `{id, type}` stands beside references of one type.
      name === "oneOf" ? "anyOf" : name,
      convert(name, value),
    ]);
    return withNull(Object.fromEntries(converted));
  };
  return convertObject(document);
}

/** In its place where the schema has a type, so that references into it still lead somewhere. */
function withNull({ nullable, ...schema }: JsonObject): JsonObject {
  if (nullable !== true) {
    return schema;
  }
  const { type, enum: values } = schema;
  if (typeof type !== "string") {
    return { anyOf: [{ type: "null" }, schema] };
  }
  return {
    ...schema,
    type: [type, "null"],
    ...(Array.isArray(values) ? { enum: [...values, null] } : {}),
  };
}

/** JSON Schema has the bound itself where OpenAPI 3.0 has a yes. */
function exclusiveBounds(schema: JsonObject): JsonObject {
  const { exclusiveMinimum, minimum, ...rest } = schema;
  return exclusiveMinimum === true && minimum !== undefined
    ? { ...rest, exclusiveMinimum: minimum }
    : schema;
}

function withoutReadOnly(document: JsonObject, schema: JsonObject): JsonObject {
  const { properties, required } = schema;
  if (!isObject(properties) || !Array.isArray(required)) {
    return schema;
  }
  const isReadOnly = (name: Json): boolean => {
    const property = typeof name === "string" ? properties[name] : undefined;
    return isObject(property) && resolved(document, property)["readOnly"] === true;
  };
  return { ...schema, required: required.filter((name: Json) => !isReadOnly(name)) };
}

/** What a reference leads to, or the object itself. */
export function resolved(document: JsonObject, object: JsonObject): JsonObject {
  const { $ref } = object;
  return typeof $ref === "string" ? resolved(document, at(document, $ref)) : object;
}

/** The object at a JSON pointer with its `#`. */
export function at(document: JsonObject, pointer: string): JsonObject {
  const names = pointer
    .replace(/^#\//, "")
    .split("/")
    .map((name) => decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~"));
  let found: Json | undefined = document;
  for (const name of names) {
    found = isObject(found) || Array.isArray(found) ? Reflect.get(found, name) : undefined;
  }
  if (!isObject(found)) {
    throw new Error(`PagerDuty's document has no object at ${pointer}`);
  }
  return found;
}

export function pointerTo(...names: readonly string[]): string {
  const escaped = names.map((name) =>
    encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1")),
  );
  return `#/${escaped.join("/")}`;
}
