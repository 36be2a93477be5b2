import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isMore } from "../harness/more.ts";
import { Coverage } from "./engine/coverage.ts";
import { play, type Played } from "./history.ts";
import { planOf } from "./draw.ts";
import { STATES } from "./coverageText.ts";
import type { Plan } from "./plan.ts";

/** So many histories belong to one test; `npm test` plays a few, `npm run test:more` about two minutes of others. */
const CHUNK = { sqlite: 100, dynamo: 20 };
const CHUNKS = isMore() ? { sqlite: [1, 32], dynamo: [1, 12] } : { sqlite: [0, 1], dynamo: [0, 1] };
const FAILED = new URL("./failed/", import.meta.url);

describe("simulation", function () {
  this.timeout(120_000);
  const coverage = new Coverage();
  let histories = 0;
  let runs = 0;

  for (const ledger of ["sqlite", "dynamo"] as const) {
    it(`is one history for each seed, whatever was played before, over ${ledger}`, async () => {
      const first = await play(planOf(7, ledger), { isTold: true });
      await play(planOf(8, ledger));
      const second = await play(planOf(7, ledger), { isTold: true });
      assert.deepEqual(second.lines, first.lines);
      assert.ok(first.lines.length > 10);
    });

    const [first = 0, end = 0] = CHUNKS[ledger];
    for (let chunk = first; chunk < end; chunk++) {
      const from = chunk * CHUNK[ledger] + 1;
      const to = from + CHUNK[ledger] - 1;
      it(`breaks no promise in histories ${from} to ${to} over ${ledger}`, async () => {
        for (let seed = from; seed <= to; seed++) {
          const played = await play(planOf(seed, ledger), { coverage });
          histories += 1;
          runs += played.runs;
          assert.deepEqual(
            textsOf(played),
            [],
            `npm run simulate -- --ledger ${ledger} --seed ${seed}`,
          );
        }
      });
    }
  }

  for (const file of existsSync(FAILED) ? readdirSync(FAILED) : []) {
    it(`breaks no promise in a history that once did: ${file}`, async () => {
      const plan = JSON.parse(readFileSync(new URL(file, FAILED), "utf8")) as Plan;
      assert.deepEqual(textsOf(await play(plan, { coverage })), []);
    });
  }

  it("has run something in most histories: what never runs breaks no promise", () => {
    assert.ok(runs > histories / 2, `${runs} runs in ${histories} histories`);
  });

  it("has met every state with faults and with what people do", () => {
    const met = Object.keys(coverage.counts());
    for (const state of STATES) {
      const here = met.filter((key) => key.startsWith(`${state} × `));
      assert.ok(
        here.some((key) => !key.endsWith("× none")),
        `no fault in ${state}`,
      );
      assert.ok(
        here.some((key) => key.endsWith("× none")),
        `nobody did anything in ${state}`,
      );
    }
  });
});

function textsOf({ violations }: Played): string[] {
  return violations.map(({ rule, text }) => `${rule}: ${text}`);
}
