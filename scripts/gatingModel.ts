import { z } from "zod";
import { gatingJsonSchema } from "../functions/gate/gating/index.ts";
import { duration } from "../functions/gate/gating/schema/fields.ts";

/*
 * The gating's JSON Schema as named objects: what TypeScript programs see of it (gatingTypes.ts) and what programs in
 * other languages see (packageSchema.ts).
 */

export type FieldType =
  | { kind: "string" | "number" | "integer" | "boolean" | "scalar" }
  | { kind: "words"; words: string[] }
  | { kind: "oneOrMany" | "list" | "map"; of: FieldType }
  | { kind: "object"; name: string };

export interface GatingField {
  name: string;
  type: FieldType;
  required: boolean;
  /** One sentence or more, with the default. */
  description: string;
}

export interface GatingObject {
  name: string;
  description: string;
  fields: GatingField[];
}

/** What an object is called and is, by the path to it; `*` is a key or an item of a list. */
const OBJECTS: Readonly<Record<string, readonly [name: string, description: string]>> = {
  "": ["Gating", "The gating of services, and what applies to all others."],
  "services.*": ["GatingService", "One service's runbooks, rules and manual-task routing."],
  defaults: ["GatingDefaults", "What applies to services that are not listed."],
  "runbooks.*": [
    "GatingRunbook",
    "One action that can be proposed: exactly one of `automationAction`, `incidentWorkflow`, `reassign` and `escalate`.",
  ],
  "runbooks.*.parameters.*": [
    "GatingParameter",
    "What a proposer may pass to a runbook under one name.",
  ],
  "runbooks.*.reassign": ["GatingPeople", "People to turn to: an escalation policy or users."],
  "runbooks.*.escalate": ["GatingEscalation", "How far an incident is escalated."],
  manualTask: ["GatingManualTask", "Where manual tasks go."],
  limits: ["GatingServiceLimits", "Brakes for all rules of a service together."],
  "rules.*": [
    "GatingRule",
    "What happens to proposals that it matches. The first rule that matches decides.",
  ],
  "rules.*.match": [
    "GatingMatch",
    "What a rule is about; every field must hold, and one of a list is enough.",
  ],
  "rules.*.match.during": [
    "GatingWindow",
    "A time window: weekly (`days`, `from`, `to`) or a single stretch (`start`, `end`).",
  ],
  "rules.*.escalateTo": ["GatingPeople", "People to turn to: an escalation policy or users."],
  "rules.*.limits": ["GatingRuleLimits", "Brakes for one rule."],
};

const nodeSchema = z.object({
  /** A list of types is that of a value that may be text, a number or a yes or no. */
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.string()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  required: z.array(z.string()).optional(),
});
type Node = z.infer<typeof nodeSchema>;

const DURATION = nodeSchema.parse(z.toJSONSchema(duration("1s", "1m"))).pattern;

/** All objects of the gating, the outermost first. */
export function gatingObjects(): GatingObject[] {
  const found = new Map<string, GatingObject>();
  objectAt("", nodeSchema.parse(gatingJsonSchema()), found);
  return [...found.values()];
}

function objectAt(path: string, node: Node, found: Map<string, GatingObject>): FieldType {
  const [name, description] = OBJECTS[path] ?? unnamed(path);
  const fields: GatingField[] = [];
  const object = { name, description, fields };
  const before = found.get(name);
  found.set(name, before ?? object);
  for (const [key, value] of Object.entries(node.properties ?? {})) {
    const field = nodeSchema.parse(value);
    fields.push({
      name: key,
      type: typeAt(within(path, key), field, found),
      required: node.required?.includes(key) ?? false,
      description: described(field),
    });
  }
  if (before !== undefined && JSON.stringify(before) !== JSON.stringify(object)) {
    throw new Error(`two different objects of the gating are called ${name}`);
  }
  return { kind: "object", name };
}

/** What a service and the defaults have in common is named once. */
function within(path: string, key: string): string {
  return path === "" || path === "services.*" || path === "defaults" ? key : `${path}.${key}`;
}

function typeAt(path: string, node: Node, found: Map<string, GatingObject>): FieldType {
  if (node.enum !== undefined) {
    return { kind: "words", words: node.enum };
  }
  if (node.anyOf !== undefined) {
    return anyOf(path, node, found);
  }
  if (Array.isArray(node.type)) {
    return { kind: "scalar" };
  }
  switch (node.type) {
    case "string":
    case "number":
    case "integer":
    case "boolean":
      return { kind: node.type };
    case "array":
      return { kind: "list", of: itemAt(path, node.items, found) };
    case "object":
      return node.properties === undefined
        ? {
            kind: "map",
            of: typeAt(`${path}.*`, nodeSchema.parse(node.additionalProperties), found),
          }
        : objectAt(path, node, found);
    default:
      throw new Error(`\`${path}\` of the gating has no type that is known here`);
  }
}

function itemAt(path: string, items: unknown, found: Map<string, GatingObject>): FieldType {
  const item = nodeSchema.parse(items);
  return typeAt(item.type === "object" ? `${path}.*` : path, item, found);
}

function anyOf(path: string, node: Node, found: Map<string, GatingObject>): FieldType {
  const parts = (node.anyOf ?? []).map((part) => nodeSchema.parse(part));
  if (parts.length === 2 && parts[1]?.type === "array") {
    const [one] = parts;
    return { kind: "oneOrMany", of: typeAt(path, one ?? {}, found) };
  }
  // A text that is one of several kinds of text.
  return node.type === "string" ? { kind: "string" } : unnamed(path);
}

/** What the field means, then what may be written and what it is when left out. */
function described({ description = "", default: value, ...limits }: Node): string {
  const sentences = [description];
  if (limits.pattern === DURATION) {
    sentences.push('Written as "5m" or "1h30m".');
  }
  if (limits.minimum !== undefined && limits.maximum !== undefined) {
    sentences.push(`From ${limits.minimum} to ${limits.maximum}.`);
  }
  if (value !== undefined) {
    sentences.push(`Default: ${shownDefault(value)}.`);
  }
  return sentences.join(" ");
}

function shownDefault(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

function unnamed(path: string): never {
  throw new Error(`the object at \`${path}\` of the gating has no name in scripts/gatingModel.ts`);
}
