/** Writes the JSON Schemas of the gating and its types for Pulumi programs; with `--check` it only tells whether they are up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import {
  casesJsonSchema,
  gatingJsonSchema,
  stackJsonSchema,
} from "../functions/gate/gating/index.ts";
import { gatingTypesSource } from "./gatingTypes.ts";

/** The generated files, by their path in the repository, with what they should hold. */
export const schemaFiles: ReadonlyMap<string, string> = new Map([
  ["gating.schema.json", `${JSON.stringify(gatingJsonSchema(), null, 2)}\n`],
  ["gating.test.schema.json", `${JSON.stringify(casesJsonSchema(), null, 2)}\n`],
  ["stack.schema.json", `${JSON.stringify(stackJsonSchema("gating.schema.json"), null, 2)}\n`],
  [
    "components/gatingTypes.ts",
    await format(gatingTypesSource(), { parser: "typescript", printWidth: 100 }),
  ],
]);

const root = new URL("../", import.meta.url);

/** The files that are missing or differ from what they should hold. */
export function staleSchemaFiles(): string[] {
  return [...schemaFiles].flatMap(([file, text]) => (readOrEmpty(file) === text ? [] : [file]));
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(new URL(file, root), "utf8");
  } catch {
    return "";
  }
}

function main(): void {
  const stale = staleSchemaFiles();
  if (process.argv.includes("--check")) {
    for (const file of stale) console.error(`${file} is stale: run node scripts/gatingSchema.ts`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const file of stale) {
    writeFileSync(new URL(file, root), schemaFiles.get(file) ?? "");
    console.log(`wrote ${file}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
