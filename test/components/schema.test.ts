// The package's schema is what Python, Go, .NET, Java and YAML programs see. Not shown: construction over RPC, which
// the engine tests do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { packageSchema, schemaFile } from "../../scripts/packageSchema.ts";

const NAME = "pagerduty-approval-gate:index:";

interface Schema {
  resources: Record<
    string,
    { description?: string; inputProperties: Properties; properties: Properties }
  >;
  types: Record<string, { description?: string; properties?: Properties; enum?: unknown[] }>;
}
type Properties = Record<string, Property>;
interface Property {
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
  description?: string;
  secret?: boolean;
  plain?: boolean;
}

describe("package schema", function () {
  this.timeout(120_000);

  let text: string;
  let schema: Schema;

  before(async () => {
    text = await packageSchema();
    schema = JSON.parse(text) as Schema;
  });

  it("is as recorded, which the plugin serves (run node scripts/packageSchema.ts)", () => {
    assert.equal(readFileSync(schemaFile, "utf8"), text);
  });

  it("has every component under its token", () => {
    assert.deepEqual(Object.keys(schema.resources).sort(), [
      `${NAME}ApprovalGate`,
      `${NAME}ServiceGating`,
    ]);
  });

  it("describes every component, type, argument and output", () => {
    const silent = [
      ...Object.entries(schema.resources).flatMap(([token, resource]) => [
        ...(resource.description === undefined ? [token] : []),
        ...undescribed(token, resource.inputProperties),
        ...undescribed(token, resource.properties),
      ]),
      ...Object.entries(schema.types).flatMap(([token, type]) => [
        ...(type.description === undefined ? [token] : []),
        ...undescribed(token, type.properties ?? {}),
      ]),
    ];
    assert.deepEqual(silent, []);
  });

  it("types everything but the arguments of AWS's resources", () => {
    const anything = places().filter(([, property]) => holdsAnything(property));
    assert.deepEqual(
      anything.map(([place]) => place).filter((place) => !/Transform\.\w+$/.test(place)),
      [],
    );
    assert.equal(inputs("ApprovalGate")["gating"]?.$ref, `#/types/${NAME}Gating`);
    assert.equal(inputs("ServiceGating")["gating"]?.$ref, `#/types/${NAME}GatingService`);
  });

  it("marks as secret what is", () => {
    assert.deepEqual(
      places()
        .filter(([, { secret }]) => secret === true)
        .map(([place]) => place)
        .sort(),
      [
        "ApprovalGate.callbackSecret",
        "ApprovalGate.cheqpointConnectionKey",
        "ApprovalGate.operatorTokens",
        "ApprovalGate.pagerdutyToken",
        "ApprovalGate.proposerTokens",
        "CallbackSigning.secret",
        "ServiceGating.manualTaskKey",
      ],
    );
    const said = places().filter(([, { description = "" }]) => /; secret\b/.test(description));
    assert.deepEqual(
      said.filter(([, { secret }]) => secret !== true).map(([place]) => place),
      [],
    );
  });

  it("takes plain values where they decide which resources there are", () => {
    const plain = places()
      .filter(([, { plain }]) => plain === true)
      .map(([place]) => place);
    for (const place of [
      "ApprovalGate.gating",
      "Gating.services",
      "ApprovalGate.proposers",
      "WebhookSettings.enabled",
      "RetentionSettings.deletionProtection",
      "ServiceGating.manualTaskIntegration",
    ]) {
      assert.ok(plain.includes(place), place);
    }
    for (const place of ["GatingRunbook.automationAction", "Gating.defaults"]) {
      assert.ok(!plain.includes(place), place);
    }
  });

  const inputs = (component: string): Properties =>
    schema.resources[NAME + component]?.inputProperties ?? {};

  const places = (): [place: string, property: Property][] =>
    [
      ...Object.entries(schema.resources).map(
        ([token, of]) => [token, { ...of.properties, ...of.inputProperties }] as const,
      ),
      ...Object.entries(schema.types).map(([token, of]) => [token, of.properties ?? {}] as const),
    ].flatMap(([token, properties]) =>
      Object.entries(properties).map(([name, property]): [string, Property] => [
        `${token.slice(NAME.length)}.${name}`,
        property,
      ]),
    );
});

function holdsAnything({ $ref, items, additionalProperties }: Property): boolean {
  return (
    $ref === "pulumi.json#/Any" ||
    [items, additionalProperties].some((inner) => inner !== undefined && holdsAnything(inner))
  );
}

function undescribed(token: string, properties: Properties): string[] {
  return Object.entries(properties)
    .filter(([, { description }]) => description === undefined)
    .map(([name]) => `${token}.${name}`);
}
