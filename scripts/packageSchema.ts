/** Writes `plugin/schema.json`, what programs in other languages see; with `--check` it only tells whether it is up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer.js";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema.js";
import { format } from "prettier";
import ts from "typescript";
import { z } from "zod";
import { gatingObjects } from "./gatingModel.ts";
import type { FieldType, GatingField } from "./gatingModel.ts";

const root = join(import.meta.dirname, "..");
const NAME = "pagerduty-approval-gate";
const COMPONENTS = ["ApprovalGate", "ServiceGating"];
export const schemaFile = join(root, "plugin/schema.json");

/** Inputs and outputs that are secret in every language. */
const SECRETS: Readonly<Record<string, readonly string[]>> = {
  ApprovalGate: [
    "cheqpointConnectionKey",
    "pagerdutyToken",
    "proposerTokens",
    "operatorTokens",
    "callbackSecret",
  ],
  ServiceGating: ["manualTaskKey"],
  CallbackSigning: ["secret"],
};

interface Property {
  type?: string;
  $ref?: string;
  oneOf?: Property[];
  items?: Property;
  additionalProperties?: Property;
  optional?: boolean;
  plain?: boolean;
  secret?: boolean;
  description?: string;
}
type Properties = Record<string, Property>;
interface TypeDefinition {
  type: string;
  description?: string;
  properties?: Properties;
  required?: string[];
}

/** The schema without its version, which the package's manifest tells. */
export async function packageSchema(): Promise<string> {
  const manifest = manifestShape.parse(
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as unknown,
  );
  const analyzer = new Analyzer(
    root,
    NAME,
    { ...manifest, main: "components/index.ts" },
    new Set(COMPONENTS),
  );
  const descriptions = teach(analyzer);
  const { components, typeDefinitions, dependencies } = analyzer.analyze();
  const { version: _, ...schema } = generateSchema(
    NAME,
    manifest.version,
    manifest.description,
    components,
    typeDefinitions,
    dependencies,
  );
  const types: Record<string, TypeDefinition> = { ...schema.types, ...gatingTypes() };
  for (const [token, type] of Object.entries(types)) {
    const name = nameOf(token);
    type.description ??=
      typeDefinitions[name]?.description ?? descriptions.get(name) ?? undescribed(token);
    mark(name, type.properties ?? {});
  }
  for (const [token, resource] of Object.entries(schema.resources)) {
    mark(nameOf(token), resource.inputProperties ?? {});
    mark(nameOf(token), resource.properties ?? {});
  }
  const { description, homepage, license, keywords, repository } = manifest;
  const about = {
    name: NAME,
    displayName: "PagerDuty approval gate",
    description,
    homepage,
    license,
    keywords,
    repository: repository.url.replace(/^git\+|\.git$/g, ""),
  };
  return format(JSON.stringify({ ...about, ...schema, types: sorted(types) }), {
    parser: "json",
    printWidth: 100,
  });
}

const manifestShape = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  homepage: z.string(),
  license: z.string(),
  keywords: z.array(z.string()),
  repository: z.object({ url: z.string() }),
});

/** What of the SDK's analyser is used beyond what it offers; a change there shows in the recorded schema. */
interface Teachable {
  checker: ts.TypeChecker;
  analyzeType: (
    this: Teachable,
    context: { inputOutput: number },
    type: ts.Type,
    location: ts.Node,
    optional?: boolean,
    description?: string,
  ) => Property;
}

/**
 * Teaches the analyser the two kinds of types that it refuses: the gating, which has unions, and arguments of AWS's
 * resources, of which other languages are told that they are a mapping. Returns what the types that it meets say of themselves.
 */
function teach(analyzer: Analyzer): Map<string, string> {
  const descriptions = new Map<string, string>();
  const gating = new Set(gatingObjects().map(({ name }) => name));
  const teachable = analyzer as unknown as Teachable;
  const { analyzeType } = teachable;
  teachable.analyzeType = function (context, type, location, optional, description) {
    const property = (of: Property): Property => ({
      ...of,
      ...(optional === true ? { optional } : {}),
      ...(context.inputOutput === NEITHER ? { plain: true } : {}),
      ...(description === undefined ? {} : { description }),
    });
    const symbol = type.getSymbol();
    if (symbol !== undefined && type.isClassOrInterface()) {
      const text = ts.displayPartsToString(symbol.getDocumentationComment(this.checker));
      descriptions.set(symbol.name, text);
      if (gating.has(symbol.name)) {
        return property(reference(symbol.name));
      }
    }
    const [partial] = type.aliasSymbol?.name === "Partial" ? (type.aliasTypeArguments ?? []) : [];
    if (partial?.getSymbol()?.declarations?.some(isOfAws) === true) {
      return property({ type: "object", additionalProperties: { $ref: "pulumi.json#/Any" } });
    }
    return analyzeType.call(this, context, type, location, optional, description);
  };
  return descriptions;
}

/** The analyser's word for what is neither an Input nor an Output. */
const NEITHER = 0;

function isOfAws(declaration: ts.Declaration): boolean {
  return declaration.getSourceFile().fileName.includes("/node_modules/@pulumi/aws/");
}

function gatingTypes(): Record<string, TypeDefinition> {
  return Object.fromEntries(
    gatingObjects().map(({ name, description, fields }) => [
      `${NAME}:index:${name}`,
      {
        type: "object",
        description,
        properties: Object.fromEntries(
          fields.map((field) => [field.name, gatingProperty(name, field)]),
        ),
        required: fields
          .filter(({ required }) => required)
          .map((field) => field.name)
          .sort(),
      },
    ]),
  );
}

function gatingProperty(owner: string, { name, type, description }: GatingField): Property {
  const words = wordsOf(type);
  return {
    ...typeOf(type),
    // Which services there are decides which resources there are.
    ...(owner === "Gating" && name === "services" ? { plain: true } : {}),
    description:
      words.length === 0
        ? description
        : `${description} One of ${words.map((word) => `"${word}"`).join(", ")}.`,
  };
}

function typeOf(type: FieldType): Property {
  switch (type.kind) {
    case "string":
    case "words":
      return { type: "string" };
    case "number":
    case "integer":
    case "boolean":
      return { type: type.kind };
    case "scalar":
      return { oneOf: [{ type: "string" }, { type: "number" }, { type: "boolean" }] };
    case "oneOrMany":
      return { oneOf: [typeOf(type.of), { type: "array", items: typeOf(type.of) }] };
    case "list":
      return { type: "array", items: typeOf(type.of) };
    case "map":
      return { type: "object", additionalProperties: typeOf(type.of) };
    case "object":
      return reference(type.name);
  }
}

function wordsOf(type: FieldType): string[] {
  if (type.kind === "words") {
    return type.words;
  }
  return "of" in type ? wordsOf(type.of) : [];
}

function reference(name: string): Property {
  return { $ref: `#/types/${NAME}:index:${name}` };
}

function mark(name: string, properties: Properties): void {
  for (const [key, property] of Object.entries(properties)) {
    if (SECRETS[name]?.includes(key) === true) {
      property.secret = true;
    }
  }
}

function nameOf(token: string): string {
  return token.slice(token.lastIndexOf(":") + 1);
}

function undescribed(token: string): never {
  throw new Error(`${token} says nothing of itself`);
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function main(): Promise<void> {
  const text = await packageSchema();
  if (process.argv.includes("--check")) {
    if (readFileSync(schemaFile, "utf8") !== text) {
      console.error("plugin/schema.json is stale: run node scripts/packageSchema.ts");
      process.exitCode = 1;
    }
    return;
  }
  writeFileSync(schemaFile, text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
