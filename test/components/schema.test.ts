// The package's schema is what Python, Go, .NET, Java and YAML programs see. Not shown: construction over RPC, which
// the engine tests do.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  ComponentProvider,
  getPulumiComponents,
} from "@pulumi/pulumi/provider/experimental/provider.js";
import * as components from "../../components/index.ts";

const SNAPSHOT = join(import.meta.dirname, "schema.json");

const EXPECTED = ["ApprovalGate", "ServiceGating"];

interface Schema {
  version?: string;
  resources: Record<string, { description?: string; inputProperties: Properties }>;
  types: Record<string, { properties?: Properties; enum?: unknown[] }>;
}
type Properties = Record<string, { description?: string }>;

describe("package schema", function () {
  let schema: Schema;

  before(async () => {
    const provider = new ComponentProvider({
      components: getPulumiComponents(components),
      name: "pagerduty-approval-gate",
      dirname: resolve(import.meta.dirname, "../.."),
      version: "0.0.0",
    });
    schema = JSON.parse(await provider.getSchema()) as Schema;
  });

  it("has every component under its token", () => {
    assert.deepEqual(
      Object.keys(schema.resources).sort(),
      EXPECTED.map((name) => `pagerduty-approval-gate:index:${name}`),
    );
  });

  it("describes every component and every argument", () => {
    const silent = [
      ...Object.entries(schema.resources).flatMap(([token, resource]) => [
        ...(resource.description === undefined ? [token] : []),
        ...undescribed(token, resource.inputProperties),
      ]),
      ...Object.entries(schema.types).flatMap(([token, type]) =>
        undescribed(token, type.properties ?? {}),
      ),
    ];
    assert.deepEqual(silent, []);
  });

  it("is as recorded", () => {
    if (process.env["UPDATE_SNAPSHOTS"] === "1") {
      writeFileSync(SNAPSHOT, `${JSON.stringify(schema, null, 2)}\n`);
    }
    assert.deepEqual(
      schema,
      JSON.parse(readFileSync(SNAPSHOT, "utf8")),
      "the schema changed: UPDATE_SNAPSHOTS=1 records it",
    );
  });
});

function undescribed(token: string, properties: Properties): string[] {
  return Object.entries(properties)
    .filter(([, { description }]) => description === undefined)
    .map(([name]) => `${token}.${name}`);
}
