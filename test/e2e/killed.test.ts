import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { assertSafe, FLOWS, play } from "../harness/flows.ts";
import { MortalWorld } from "./fixtures/mortalWorld.ts";

const STRUCK = ["paged, then approved", "rejected"];

describe("A gate that is killed", () => {
  let world: MortalWorld;
  let folder = "";
  let kills = 0;

  before(async function () {
    folder = mkdtempSync(join(tmpdir(), "gate-killed-"));
    const script = join(folder, "mortalGate.mjs");
    // One file starts in a third of the time.
    await build({
      entryPoints: [fileURLToPath(new URL("./fixtures/mortalGate.ts", import.meta.url))],
      outfile: script,
      bundle: true,
      platform: "node",
      format: "esm",
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
      logLevel: "error",
    });
    world = await MortalWorld.startWith(script);
  });

  after(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
    console.log(`      ${kills} processes killed`);
  });

  for (const flow of FLOWS.filter(({ name }) => STRUCK.includes(name))) {
    for (const isDone of [false, true]) {
      it(`${isDone ? "after" : "before"} each effect runs it once or hands it over: ${flow.name}`, async function () {
        for (let index = 0; ; index++) {
          const fault = world.dieAt(index, isDone);
          const ending = await play(world, flow, fault);
          const hit = fault.hit();
          try {
            assertSafe(world, flow, ending);
            const kind = ending.proposal.outcome?.kind;
            const wasCutOff = hit === "pagerDuty.execute" && kind === "uncertain";
            assert.ok(kind === flow.ends || wasCutOff, `ended as ${kind}`);
          } catch (error) {
            throw new Error(`killed at ${index}, ${hit ?? "none"}`, { cause: error });
          }
          if (hit === null) {
            assert.ok(index >= 4, `only ${index} effects`);
            return;
          }
          kills += 1;
        }
      });
    }
  }
});
