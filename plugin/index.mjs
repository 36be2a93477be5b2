// Serves the components to programs in other languages: as a Pulumi plugin by itself, or run by a language host.
// Its schema is made beforehand (scripts/packageSchema.ts), so that nothing here needs the compiler or the sources.
import { existsSync, readFileSync } from "node:fs";
import { main } from "@pulumi/pulumi/provider/index.js";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
const sources = new URL("../components/index.ts", import.meta.url);
// A checkout may have a build too, but an outdated one.
const { ApprovalGate, ServiceGating } = await import(
  existsSync(sources) ? sources.href : new URL("../dist/components/index.js", import.meta.url).href
);

const { version } = read("../package.json");
const schema = { ...read("schema.json"), version };
const components = {
  "pagerduty-approval-gate:index:ApprovalGate": ApprovalGate,
  "pagerduty-approval-gate:index:ServiceGating": ServiceGating,
};

await main(
  {
    version,
    schema: JSON.stringify(schema),
    construct: async (name, type, inputs, options) => {
      if (!Object.hasOwn(components, type)) {
        throw new Error(`there is no ${type}; there are ${Object.keys(components).join(", ")}`);
      }
      const component = new components[type](name, inputs, options);
      const outputs = Object.keys(schema.resources[type].properties);
      return {
        urn: component.urn,
        state: Object.fromEntries(outputs.map((output) => [output, component[output]])),
      };
    },
  },
  process.argv.slice(2),
);
