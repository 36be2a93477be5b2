// Records the state that a version of the stack program leaves, from which test/engine/upgrade.test.ts then upgrades:
//   node scripts/recordState.ts v0.1.0
// Takes the program as that commit has it, and needs what the engine tests need. Its secrets are those of a test.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM, configureStack } from "../test/engine/deployedGate.ts";
import { Project, repository } from "../test/engine/engine.ts";
import { RECORDED_ADDRESSES, statesFolder } from "../test/engine/recordedStates.ts";
import { startWorld } from "../test/engine/world.ts";

const [revision = "HEAD"] = process.argv.slice(2);
const version = (
  JSON.parse(git("show", `${revision}:package.json`).toString()) as { version: string }
).version;
const world = await startWorld();
const project = new Project({}, { PAGERDUTY_TOKEN: "" });
try {
  execFileSync("tar", ["-x"], {
    cwd: project.dir,
    input: git("archive", revision, ...PROGRAM, "Pulumi.dev.yaml"),
  });
  const addresses = {
    pagerduty: world.doors.pagerduty.url,
    cheqpoint: world.doors.cheqpoint.url,
    from: world.pagerduty.from,
  };
  await project.pulumi(["stack", "init", "dev"]);
  await configureStack(project, addresses);
  await project.up();
  const exported = JSON.parse(await project.pulumi(["stack", "export"]), withoutCode) as object;
  const state = `${JSON.stringify(exported, null, 1)}\n`
    .replaceAll(addresses.pagerduty, RECORDED_ADDRESSES.pagerduty)
    .replaceAll(addresses.cheqpoint, RECORDED_ADDRESSES.cheqpoint);
  const file = join(statesFolder, `${version}.state`);
  writeFileSync(file, state);
  console.log(`${file}: ${state.length} characters`);
} finally {
  await project.destroy();
  project.remove();
  await world.stop();
}

/** Versions may have kept code as text, of which the hash counts; where the program lay does not matter. */
function withoutCode(key: string, value: unknown): unknown {
  if (key === "sourcePosition" || key === "stackTrace") {
    return undefined;
  }
  return key === "text" && typeof value === "string" ? "left out" : value;
}

function git(...args: string[]): Buffer {
  return execFileSync("git", args, { cwd: repository, maxBuffer: 100_000_000 });
}
