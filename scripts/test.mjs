// `npm test`: everything but the engine tests. What measures time runs first and alone, the rest on two cores.
// Arguments go to mocha: `npm test -- --grep webhook`.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ALONE = "test/e2e/load.test.ts";
const RUNS = [
  [ALONE],
  [
    "--parallel",
    "--jobs",
    "2",
    "--ignore",
    "test/engine/**",
    "--ignore",
    ALONE,
    "test/**/*.test.ts",
  ],
];

let failed = false;
for (const args of RUNS) {
  const { status } = spawnSync(
    process.execPath,
    [
      "--import",
      "./test/tsNode.mjs",
      "node_modules/mocha/bin/mocha.js",
      ...args,
      ...process.argv.slice(2),
    ],
    { cwd: root, stdio: "inherit" },
  );
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
