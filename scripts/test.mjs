// `npm test`: everything but the engine tests. What measures time runs first and alone, the rest on two cores.
// Arguments go to mocha: `npm test -- --grep webhook`.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ALONE = "test/e2e/load.test.ts";
/** The longest begin first, so that no core waits for the other one at the end. */
const LONG = [
  "test/e2e/crashPoints.test.ts",
  "test/pages/inbox.test.ts",
  "test/pages/timeline.test.ts",
  "test/pages/case.test.ts",
  "test/e2e/killed.test.ts",
  "test/gate/lifecycle/enumeration.test.ts",
  "test/cli/proposals.test.ts",
  "test/local/main.test.ts",
];

const others = globSync("test/**/*.test.ts", { cwd: root })
  .filter((file) => !file.startsWith("test/engine/") && file !== ALONE && !LONG.includes(file))
  .sort();

// Halves the time in which each process of the tests loads its code. Coverage would be told less exactly with it.
const env =
  process.env.NODE_V8_COVERAGE === undefined
    ? { ...process.env, NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled") }
    : process.env;

let failed = false;
for (const args of [[ALONE], ["--parallel", "--jobs", "2", ...LONG, ...others]]) {
  const { status } = spawnSync(
    process.execPath,
    [
      "--import",
      "./test/tsNode.mjs",
      "node_modules/mocha/bin/mocha.js",
      ...process.argv.slice(2),
      ...args,
    ],
    { cwd: root, env, stdio: "inherit" },
  );
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
