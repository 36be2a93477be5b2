import { gatingObjects } from "./gatingModel.ts";
import type { FieldType, GatingField, GatingObject } from "./gatingModel.ts";

/** The source of `components/gatingTypes.ts`: the gating as interfaces, documented field by field. */
export function gatingTypesSource(): string {
  return [
    "// Made by scripts/gatingSchema.ts from the schema that the gate reads with; run `npm run schema` after a change there.",
    'import type * as pulumi from "@pulumi/pulumi";',
    "",
    gatingObjects().map(interfaceOf).join("\n\n"),
    "",
  ].join("\n");
}

function interfaceOf({ name, description, fields }: GatingObject): string {
  const lines = fields.map((field) => `${docOf(field)}\n  ${declaration(name, field)}`);
  return `/** ${description} */\nexport interface ${name} {\n${lines.join("\n")}\n}`;
}

function docOf({ description }: GatingField): string {
  return description.length <= 110
    ? `  /** ${description} */`
    : `  /**\n${wrapped(description, 110)
        .map((line) => `   * ${line}`)
        .join("\n")}\n   */`;
}

function declaration(owner: string, { name, type, required }: GatingField): string {
  // Which services there are decides which resources there are: the map itself is plain.
  const written = owner === "Gating" && name === "services" ? plainMap(type) : input(type);
  return required ? `${name}: ${written};` : `${name}?: ${written} | undefined;`;
}

function plainMap(type: FieldType): string {
  return type.kind === "map" ? `{ [service: string]: ${input(type.of)} }` : input(type);
}

function input(type: FieldType): string {
  return `pulumi.Input<${inner(type)}>`;
}

function inner(type: FieldType): string {
  switch (type.kind) {
    case "string":
    case "boolean":
    case "number":
      return type.kind;
    case "integer":
      return "number";
    case "scalar":
      return "string | number | boolean";
    case "words":
      return type.words.map((word) => JSON.stringify(word)).join(" | ");
    case "oneOrMany":
      return `${inner(type.of)} | ${input(type.of)}[]`;
    case "list":
      return `${input(type.of)}[]`;
    case "map":
      return `{ [name: string]: ${input(type.of)} }`;
    case "object":
      return type.name;
  }
}

function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1] ?? "";
    if (line !== "" && line.length + word.length + 1 > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    }
  }
  return lines;
}
