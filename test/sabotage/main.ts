import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SABOTAGES } from "./list/index.ts";
import type { Sabotage } from "./sabotage.ts";
import { Workshop } from "./workshop.ts";

/** Of 100 that are not explained and of those that are, so many must be noticed. */
const WANTED_PERCENT = 95;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    jobs: { type: "string" },
    /** Without the run that has no sabotage, while one is being written. */
    unchecked: { type: "boolean", default: false },
  },
});
const jobs = values.jobs === undefined ? availableParallelism() : Number(values.jobs);
const chosen = SABOTAGES.filter(({ file, breaks }) => `${file}: ${breaks}`.includes(values.only));
const cache = mkdtempSync(join(tmpdir(), "sabotage-cache-"));
const workshops = Array.from({ length: jobs }, () => new Workshop(cache));
const startedAtMs = Date.now();

try {
  process.exitCode = (values.unchecked || (await areTestsGreen())) && (await tryAll()) ? 0 : 1;
} finally {
  for (const workshop of workshops) {
    workshop.close();
  }
  rmSync(cache, { recursive: true, force: true });
}

/** What fails without any sabotage would notice everything. */
async function areTestsGreen(): Promise<boolean> {
  const files = [...new Set(chosen.flatMap(({ tests }) => tests))];
  let isGreen = true;
  await inTurn(files, async (file, workshop) => {
    const { failed, tookMs } = await workshop.test([file]);
    if (failed !== null) {
      isGreen = false;
      console.log(`${file} fails without any sabotage (${seconds(tookMs)}): ${failed}`);
    }
  });
  return isGreen;
}

async function tryAll(): Promise<boolean> {
  const problems: string[] = [];
  let caught = 0;
  await inTurn(chosen, async (sabotage, workshop) => {
    const { failed, tookMs } = await workshop.try(sabotage);
    const { equivalent } = sabotage;
    const took = seconds(tookMs).padStart(6);
    if (failed !== null) {
      caught += 1;
      console.log(`caught   ${took}  ${nameOf(sabotage)}\n                  by: ${failed}`);
    } else {
      console.log(`SURVIVED ${took}  ${nameOf(sabotage)}`);
    }
    if (failed === null && equivalent === undefined) {
      problems.push(`survived, and nobody says why: ${nameOf(sabotage)}`);
    }
    if (failed !== null && equivalent !== undefined) {
      problems.push(`is noticed, so that its \`equivalent\` is wrong: ${nameOf(sabotage)}`);
    }
  });
  const percent = (100 * caught) / chosen.length;
  const left = chosen.filter(({ equivalent }) => equivalent !== undefined);
  for (const sabotage of left) {
    console.log(`explained: ${nameOf(sabotage)}: ${sabotage.equivalent}`);
  }
  for (const problem of problems) {
    console.log(problem);
  }
  console.log(
    `${caught} of ${chosen.length} sabotages caught (${percent.toFixed(1)} %), ${left.length} explained, in ${seconds(Date.now() - startedAtMs)}`,
  );
  return problems.length === 0 && percent >= WANTED_PERCENT;
}

/** As many at once as there are workshops. */
async function inTurn<T>(
  all: readonly T[],
  work: (one: T, workshop: Workshop) => Promise<void>,
): Promise<void> {
  const left = [...all];
  await Promise.all(
    workshops.map(async (workshop) => {
      for (let one = left.shift(); one !== undefined; one = left.shift()) {
        await work(one, workshop);
      }
    }),
  );
}

function nameOf({ file, breaks }: Sabotage): string {
  return `${file}: ${breaks}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
