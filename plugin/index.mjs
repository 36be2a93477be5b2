// Plain JavaScript: the plugin host loads its entry point with `require`, which takes no TypeScript of a module package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  componentProviderHost,
  getPulumiComponents,
} from "@pulumi/pulumi/provider/experimental/provider.js";
import * as components from "../components/index.ts";

const root = join(import.meta.dirname, "..");
const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

componentProviderHost({
  name,
  version,
  dirname: root,
  components: getPulumiComponents(components),
});
