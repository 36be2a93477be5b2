import assert from "node:assert/strict";
import fc from "fast-check";
import { compareServices } from "../../../../functions/gate/gating/compare/index.ts";
import { answered, anyPair, anySubject, fromMs } from "./pairs.ts";

const isMore = process.env["TEST_MORE"] === "1";
const numRuns = isMore ? 100_000 : 400;

describe("a comparison of gatings, over random pairs", () => {
  it("has a group for a proposal if and only if the two answer it differently, and its witness is one", () => {
    const seen = { same: 0, differing: 0, witnesses: 0 };
    fc.assert(
      fc.property(
        anyPair,
        fc.array(anySubject, { minLength: 6, maxLength: 6 }),
        ([before, after], subjects) => {
          const { groups, unproven } = compareServices(before, after, { fromMs });
          assert.equal(unproven, null);
          const answers = groups.filter(({ about }) => about !== "runbook");
          for (const one of subjects) {
            const subject = { ...one, action: "" };
            const differs = answered(before, subject) !== answered(after, subject);
            const having = answers.filter((group) => group.has(subject));
            assert.equal(having.length, differs ? 1 : 0);
            seen[differs ? "differing" : "same"]++;
          }
          for (const { witness, has, possibly } of groups) {
            if (possibly || witness === null) continue;
            const subject = { ...witness, runbook: witness.runbook ?? "", action: "" };
            assert(has(subject));
            seen.witnesses++;
          }
          for (const { witness } of answers) {
            if (witness === null) continue;
            const subject = { ...witness, runbook: witness.runbook ?? "" };
            assert.notEqual(answered(before, subject), answered(after, subject));
          }
        },
      ),
      { numRuns, ...(isMore ? {} : { seed: 7121 }) },
    );
    assert(
      seen.differing > numRuns / 10 && seen.same > numRuns && seen.witnesses > numRuns / 2,
      JSON.stringify(seen),
    );
  }).timeout(600_000);
});
