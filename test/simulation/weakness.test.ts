import assert from "node:assert/strict";
import { play } from "./history.ts";
import { planOf } from "./draw.ts";
import type { Plan } from "./plan.ts";
import type { SimGating, SimRule } from "./world/gatings.ts";
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

  // Few histories have somebody who needs no decision while only Cheqpoint hangs: this is one.
  it("asks Cheqpoint before everything", async () => {
    const rules: SimRule[] = [{ name: "trusted", match: {}, decision: "allow", validFor: "5m" }];
    const gating: SimGating = { rules, actionId: "01FAILOVER", defaultReplicas: null };
    const incident = "PINC001";
    const plan: Plan = {
      seed: 1,
      ledger: "sqlite",
      skewsMs: [0],
      sweepEveryMs: 20_000,
      gatings: { PSVC001: gating, PSVC002: gating },
      acts: [
        { id: "o", when: { afterMs: 0 }, deed: { kind: "open", incident, service: "PSVC001" } },
        {
          id: "p",
          when: { afterMs: 3_000 },
          deed: {
            kind: "propose",
            proposer: "trusted",
            channel: "api",
            service: "PSVC001",
            runbook: "workflow",
            incident,
            parameters: {},
            idempotencyKey: null,
          },
        },
      ],
      rates: {},
      mostFaults: 0,
      outages: [{ remote: "cheqpoint", fromMs: 0, toMs: 100_000, hangs: true }],
      leftOut: [],
    };
    const rulesBroken = async (weakness: Weakness | null): Promise<string[]> =>
      (await play(plan, { weakness })).violations.map(({ rule }) => rule);
    assert.deepEqual(await rulesBroken(null), []);
    assert.deepEqual(await rulesBroken("asks Cheqpoint before everything"), ["14 delayed"]);
  });
});
