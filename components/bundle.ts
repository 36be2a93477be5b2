import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import type * as esbuild from "esbuild";

/** The files of one function's archive, by name. */
export type Bundle = Readonly<Record<string, string>>;

/** Where the functions' entry points are. Tests put their own folder here. */
export const functionSources = { folder: join(import.meta.dirname, "..", "functions") };

/** Only where the sources are: a published package brings its bundles ready made. */
const ENVIRONMENT_CREDENTIALS = join(
  import.meta.dirname,
  "../functions/aws/environmentCredentials.ts",
);

/** Where bundles that were made now lie as files. */
const CACHE = join(import.meta.dirname, "..", "node_modules", ".cache", "pagerduty-approval-gate");

/** Bundles that were made in this run: several gates in one program share them. */
const made = new Map<string, Bundle>();

/**
 * The code of one function: the ready-made bundle beside a published package, otherwise bundled now from its sources.
 * The same sources give the same bytes wherever the checkout lies, so that a function is only updated with its code.
 */
export function functionBundle(name: string): Bundle {
  const folder = join(functionSources.folder, name);
  const known = made.get(folder);
  if (known !== undefined) {
    return known;
  }
  const bundle = existsSync(join(folder, "index.mjs")) ? readBundle(folder) : makeBundle(folder);
  made.set(folder, bundle);
  return bundle;
}

/**
 * The paths of one function's files, by name. A stack's state would keep texts but keeps only the paths of files, and it
 * is written with each resource: megabytes of code in it would slow every update down.
 */
export function bundleFiles(name: string): Readonly<Record<string, string>> {
  const ready = join(functionSources.folder, name);
  const bundle = functionBundle(name);
  const folder = existsSync(join(ready, "index.mjs")) ? ready : cached(name, bundle);
  return Object.fromEntries(Object.keys(bundle).map((file) => [file, join(folder, file)]));
}

/** Puts a bundle into a folder named after its content, so that programs that run side by side do not disturb. */
function cached(name: string, bundle: Bundle): string {
  const digest = createHash("sha256").update(JSON.stringify(bundle)).digest("hex").slice(0, 16);
  const folder = join(CACHE, `${name}-${digest}`);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(bundle)) {
    const path = join(folder, file);
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
      const unfinished = `${path}.${process.pid}`;
      writeFileSync(unfinished, text);
      renameSync(unfinished, path);
    }
  }
  return folder;
}

function readBundle(folder: string): Bundle {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** Bundles `<folder>/index.ts` with everything that it uses. */
export function makeBundle(folder: string): Bundle {
  const entry = join(folder, "index.ts");
  if (!existsSync(entry)) {
    throw new Error(`there is no function at ${entry}`);
  }
  // Only loaded where bundles are made: a published package does not have it.
  const { buildSync } = createRequire(join(import.meta.dirname, "bundle.js"))(
    "esbuild",
  ) as typeof esbuild;
  const result = buildSync({
    entryPoints: [entry],
    // Paths in the source map are relative to this folder, so that they do not tell where the checkout lies.
    absWorkingDir: folder,
    outfile: join(folder, "index.mjs"),
    write: false,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    mainFields: ["module", "main"],
    alias: { "@aws-sdk/credential-provider-node": ENVIRONMENT_CREDENTIALS },
    sourcemap: "linked",
    sourcesContent: false,
    // The notices are in LICENSES.txt, for all packages and whole.
    legalComments: "none",
    metafile: true,
    banner: {
      js: 'import{createRequire as __c}from"node:module";const require=__c(import.meta.url);',
    },
    logLevel: "silent",
  });
  const files = result.outputFiles.map((file): [string, string] => [
    relative(folder, file.path),
    file.text,
  ]);
  const inputs = Object.keys(result.metafile.inputs).map((input) => join(folder, input));
  return Object.fromEntries(
    [...files, ["LICENSES.txt", licences(inputs)] as [string, string]].sort(byName),
  );
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** The licence texts of the packages that the bundled files come from. */
export function licences(inputs: readonly string[]): string {
  const packages = new Map<string, string>();
  for (const input of inputs) {
    const at = input.lastIndexOf(`${sep}node_modules${sep}`);
    if (at >= 0) {
      const [scope, name] = input.slice(at + "/node_modules/".length).split(sep);
      const folder = scope?.startsWith("@") === true ? join(scope, name ?? "") : (scope ?? "");
      packages.set(join(input.slice(0, at), "node_modules", folder), folder);
    }
  }
  const names = new Map<string, string[]>();
  for (const [folder, name] of [...packages].sort(byName)) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version?: string;
      license?: string;
    };
    const text = readdirSync(folder)
      .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file), "utf8").trim())
      .join("\n\n");
    const title = `${name} ${manifest.version ?? ""} (${manifest.license ?? "no licence stated"})`;
    names.set(text, [...(names.get(text) ?? []), title]);
  }
  // Packages of one family have the same text.
  const parts = [...names].map(([text, titles]) =>
    [[...new Set(titles)].sort().join("\n"), text].join("\n\n").trim(),
  );
  return `${parts.sort().join("\n\n---\n\n")}\n`;
}
