/** Makes the gate for one machine a file of its own, `gate.mjs`, with its page and licences beside it: `[folder]`, default `build`. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { licences } from "../components/bundle.ts";

const root = join(import.meta.dirname, "..");

export function bundleGate(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { metafile } = buildSync({
    entryPoints: [join(root, "local/gateMain.ts")],
    absWorkingDir: root,
    outfile: join(folder, "gate.mjs"),
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"],
    // The notices are in LICENSES.txt, for all packages and whole.
    legalComments: "none",
    metafile: true,
    banner: {
      js: 'import { createRequire as __c } from "node:module"; const require = __c(import.meta.url);',
    },
    logLevel: "silent",
  });
  // The page is read from beside the code.
  cpSync(join(root, "local/timeline/page"), join(folder, "page"), { recursive: true });
  const inputs = Object.keys(metafile.inputs).map((input) => join(root, input));
  writeFileSync(join(folder, "LICENSES.txt"), licences(inputs));
}

if (import.meta.main) {
  bundleGate(resolve(process.argv[2] ?? "build"));
}
