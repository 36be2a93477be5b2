/** Makes `dist/`, what the package for npm holds: Node strips no types below node_modules. */
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { licences, makeBundle } from "../components/bundle.ts";

const root = join(import.meta.dirname, "..");
/** The oldest that `engines` names. */
const OLDEST_NODE = "node20.11";
const functionNames = ["middleware", "callback", "worker", "subscription"];

/** The components as JavaScript, the functions' bundles and the command, without types: a second or two. */
export function buildCode(dist: string): void {
  rmSync(dist, { recursive: true, force: true });
  buildComponents(dist);
  for (const name of functionNames) {
    for (const [file, text] of Object.entries(makeBundle(join(root, "functions", name)))) {
      write(join(dist, "functions", name, file), text);
    }
  }
  buildCommand(dist);
}

/** The components for `import` and for `require`; beside the folder with the functions' bundles, which they look for there. */
function buildComponents(dist: string): void {
  for (const [format, extension] of [
    ["esm", "js"],
    ["cjs", "cjs"],
  ] as const) {
    buildSync({
      entryPoints: ["components/index.ts"],
      absWorkingDir: root,
      outfile: join(dist, `components/index.${extension}`),
      bundle: true,
      packages: "external",
      platform: "node",
      target: OLDEST_NODE,
      format,
      define: format === "cjs" ? { "import.meta.dirname": "__dirname" } : {},
      logLevel: "error",
    });
  }
}

/** The `gate` command in one file, so that a Pulumi program need not install what only the command uses. */
function buildCommand(dist: string): void {
  const outfile = join(dist, "gate.mjs");
  const { metafile } = buildSync({
    entryPoints: ["cli/main.ts"],
    absWorkingDir: root,
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    keepNames: true,
    mainFields: ["module", "main"],
    legalComments: "none",
    metafile: true,
    banner: {
      js: 'import{createRequire as __c}from"node:module";const require=__c(import.meta.url);',
    },
    logLevel: "silent",
  });
  const inputs = Object.keys(metafile.inputs).map((input) => join(root, input));
  write(join(dist, "LICENSES.txt"), licences(inputs));
}

/** One declaration for each of both, the same; checks the components' types on the way. */
export async function buildTypes(dist: string): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
    stdio: "inherit",
  });
  const bundle = await rollup({
    input: join(root, "components/index.ts"),
    external: (id) => !/^[./]/.test(id),
    plugins: [dts({ tsconfig: join(root, "tsconfig.build.json") })],
  });
  const { output } = await bundle.generate({ format: "es" });
  await bundle.close();
  for (const name of ["index.d.ts", "index.d.cts"]) {
    write(join(dist, "components", name), output[0].code);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const dist = join(root, "dist");
  buildCode(dist);
  await buildTypes(dist);
}
