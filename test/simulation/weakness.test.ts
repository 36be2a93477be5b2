import assert from "node:assert/strict";
import { play } from "./history.ts";
import { planOf } from "./draw.ts";
import { WEAKNESSES, type Weakness } from "./world/weakness.ts";

/** Each is found far sooner; what takes longer is a sign that histories no longer reach it. */
const MOST_HISTORIES = 400;

describe("simulation: a gate that is careless on purpose is found out when it", function () {
  this.timeout(120_000);
  for (const [weakness, { breaks, from }] of Object.entries(WEAKNESSES)) {
    it(weakness, async () => {
      for (let seed = from; seed < from + MOST_HISTORIES; seed++) {
        const { violations } = await play(planOf(seed), { weakness: weakness as Weakness });
        if (violations.some(({ rule }) => rule === breaks)) {
          return;
        }
      }
      assert.fail(`${MOST_HISTORIES} histories did not break "${breaks}"`);
    });
  }
});
