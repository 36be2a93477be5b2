// `npm test`: what a developer waits for, on a machine that may be busy with other things.
// `npm run test:more`: what is left to CI. What measures time runs there first and alone, where nothing else runs; and what is
// slow for the little that it can find beside the others.
// Other arguments go to mocha: `npm test -- --grep webhook`.
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CRASH_POINTS = "test/e2e/crashPoints.test.ts";
const SIMULATION = "test/simulation/simulation.test.ts";
const ENUMERATION = "test/gate/lifecycle/enumeration.test.ts";
/** Plays a few of its pairs in `npm test`, and all of them here. */
const PAIRS = "test/gate/gating/compare/properties.test.ts";
const ALONE = "test/e2e/load.test.ts";
const MORE = [
  "test/bench/main.test.ts",
  "test/components/schema.test.ts",
  "test/simulation/grants.test.ts",
  "test/fuzz/fuzz.test.ts",
  "test/vendor/deviations.test.ts",
];
/** The longest begin first, so that no core waits for the other one at the end. */
const LONG = [
  CRASH_POINTS,
  "test/pages/timeline.test.ts",
  "test/e2e/killed.test.ts",
  ENUMERATION,
  SIMULATION,
  "test/pages/inbox.test.ts",
  "test/local/main.test.ts",
  "test/pages/case.test.ts",
  "test/cli/proposals.test.ts",
];
const given = process.argv.slice(2);
const isMore = given.includes("--more");
const options = given.filter((argument) => argument !== "--more");

const listed = [ALONE, ...LONG, ...MORE];
const others = globSync("test/**/*.test.ts", { cwd: root })
  .filter((file) => !/^test\/(engine|consumers)\//.test(file) && !listed.includes(file))
  .sort();
const runs = isMore
  ? [[ALONE], ["--parallel", "--jobs", "2", CRASH_POINTS, SIMULATION, ENUMERATION, PAIRS, ...MORE]]
  : [["--parallel", "--jobs", "2", ...LONG, ...others]];

const env = { ...process.env, TEST_MORE: isMore ? "1" : "" };
if (env.NODE_V8_COVERAGE === undefined) {
  // Halves the time in which each process of the tests loads its code. Coverage would be told less exactly with it.
  env.NODE_COMPILE_CACHE = join(root, "node_modules/.cache/compiled");
}

let failed = false;
for (const run of runs) {
  const { status } = spawnSync(
    process.execPath,
    ["--import", "./test/tsNode.mjs", "node_modules/mocha/bin/mocha.js", ...options, ...run],
    { cwd: root, env, stdio: "inherit" },
  );
  failed ||= status !== 0;
}
process.exitCode = failed ? 1 : 0;
