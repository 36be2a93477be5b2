import assert from "node:assert/strict";
import { fractionOf } from "../../../functions/gate/text/fraction.ts";
import { randomIds } from "../../../functions/ids.ts";

describe("fractionOf", () => {
  it("is the same for the same text and round, and another for every other", () => {
    assert.equal(fractionOf("prop_a", 3), fractionOf("prop_a", 3));
    const rounds = Array.from({ length: 1_000 }, (_, round) => fractionOf("prop_a", round));
    assert.equal(new Set(rounds).size, 1_000);
  });

  it("spreads ids evenly, in each round anew", () => {
    const ids = Array.from({ length: 10_000 }, () => randomIds.proposalId());
    for (const round of [0, 1, 12]) {
      const tenths = Array.from({ length: 10 }, () => 0);
      for (const id of ids) {
        const fraction = fractionOf(id, round);
        assert.ok(fraction >= 0 && fraction < 1);
        const tenth = Math.floor(fraction * 10);
        tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      }
      // 1,000 are expected in each; six standard deviations are 180.
      assert.ok(Math.min(...tenths) > 800 && Math.max(...tenths) < 1_200, tenths.join(" "));
    }
    // Two that meet in one round do not meet in the next.
    const [a = "", b = ""] = ids;
    const gaps = [1, 2, 3].map((round) => fractionOf(a, round) - fractionOf(b, round));
    assert.equal(new Set(gaps).size, 3);
  });
});
