// The TypeScript example is deployed by the engine tests. A language host for YAML is not there, so the YAML example is
// held to the package's schema and to what a gating may say.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseServiceGating } from "../../functions/gate/gating/index.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const program = z.object({
  packages: z.record(z.string(), z.string()),
  resources: z.record(
    z.string(),
    z.object({ type: z.string(), properties: z.record(z.string(), z.unknown()) }),
  ),
  outputs: z.record(z.string(), z.string()),
});
const schema = z.object({
  resources: z.record(
    z.string(),
    z.object({
      inputProperties: z.record(z.string(), z.unknown()),
      requiredInputs: z.array(z.string()).default([]),
      properties: z.record(z.string(), z.unknown()),
    }),
  ),
});

describe("The YAML example", () => {
  // As the engine would fill it in.
  const text = read("examples/team-stack-yaml/Pulumi.yaml").replaceAll(
    "${escalationPolicy}",
    "PEP0003",
  );
  const { packages, resources, outputs } = program.parse(parse(text));
  const known = schema.parse(JSON.parse(read("plugin/schema.json"))).resources;
  const gatings = Object.entries(resources).filter(([, { type }]) =>
    type.startsWith("pagerduty-approval-gate:"),
  );

  it("takes the package from where it can be served", () => {
    const source = packages["pagerduty-approval-gate"];
    assert.ok(source !== undefined);
    // The CLI takes anything else for a name to download.
    assert.match(source, /^\.\.?\//);
    const plugin = join("examples/team-stack-yaml", source);
    assert.deepEqual(
      Object.keys(z.looseObject({}).parse(parse(read(`${plugin}/PulumiPlugin.yaml`)))),
      ["runtime"],
    );
  });

  it("uses a component of the package with arguments and outputs that it has", () => {
    assert.deepEqual(
      gatings.map(([name, { type }]) => [name, type]),
      [["searchGating", "pagerduty-approval-gate:ServiceGating"]],
    );
    const component = known["pagerduty-approval-gate:index:ServiceGating"];
    assert.ok(component !== undefined);
    const given = Object.keys(gatings[0]?.[1].properties ?? {});
    const taken = Object.keys(component.inputProperties);
    assert.deepEqual(
      given.filter((name) => !taken.includes(name)),
      [],
    );
    assert.deepEqual(
      component.requiredInputs.filter((name) => !given.includes(name)),
      [],
    );
    assert.deepEqual(outputs, { serviceId: "${searchGating.serviceId}" });
    assert.ok("serviceId" in component.properties);
  });

  it("states a gating that is accepted", () => {
    const gating = parseServiceGating("search", gatings[0]?.[1].properties["gating"]);
    assert.deepEqual(
      gating.rules.map(({ name }) => name),
      ["hand-over", "purge"],
    );
  });
});
