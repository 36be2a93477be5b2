/** Makes `dist/`, what the package for npm holds: Node strips no types below node_modules. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildSync } from "esbuild";
import ts from "typescript";
import { licences, makeBundle } from "../components/bundle.ts";

const root = join(import.meta.dirname, "..");
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

/** File by file, as the components tell their provider's source and their own folder to others. */
function buildComponents(dist: string): void {
  const { compilerOptions } = ts.parseConfigFileTextToJson(
    "tsconfig.json",
    readFileSync(join(root, "tsconfig.json"), "utf8"),
  ).config as { compilerOptions: Record<string, unknown> };
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, root);
  for (const source of sourcesOf("components/index.ts")) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, source), "utf8"), {
      fileName: source,
      compilerOptions: {
        ...options,
        module: ts.ModuleKind.ESNext,
        noEmit: false,
        rewriteRelativeImportExtensions: true,
      },
    });
    write(join(dist, source.replace(/\.ts$/, ".js")), outputText);
  }
}

/** The files that the entry point needs when it runs. */
function sourcesOf(entry: string): string[] {
  const { metafile } = buildSync({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs);
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

/** Declarations beside the components; checks their types on the way. */
export function buildTypes(dist: string): void {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", dist], {
    stdio: "inherit",
  });
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".d.ts")) {
      const text = readFileSync(join(dist, file), "utf8");
      // The compiler leaves the extensions of the sources in declarations, and the sources are not in the package.
      write(join(dist, file), text.replace(/((?:from |import\()"\.[^"]*)\.ts"/g, '$1.js"'));
    }
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const dist = join(root, "dist");
  buildCode(dist);
  buildTypes(dist);
}
