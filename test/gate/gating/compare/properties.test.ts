import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { compareServices } from "../../../../functions/gate/gating/compare/index.ts";
import type { Group } from "../../../../functions/gate/gating/compare/index.ts";
import { defaultTerms } from "../../../../functions/gate/gating/schema/normalise.ts";
import {
  answered,
  anyGating,
  anyPair,
  anyRule,
  anySubject,
  ease,
  fromMs,
  hasMorePlaces,
  isLooser,
} from "./pairs.ts";

/** `npm run test:more` plays the whole of it, from a seed of its own each time; a failure names it. */
const isMore = process.env["TEST_MORE"] === "1";
const runs = (few: number, many: number) =>
  isMore ? { numRuns: many } : { numRuns: few, seed: 7121 };

describe("a comparison of gatings, over random pairs", () => {
  it("has a group for a proposal if and only if the two answer it differently, and every witness shows it", () => {
    const seen = { same: 0, differing: 0, witnesses: 0, loosened: 0 };
    const options = runs(400, Number(process.env["PAIRS"] ?? 100_000));
    fc.assert(
      fc.property(
        anyPair,
        fc.array(anySubject, { minLength: 6, maxLength: 6 }),
        ([before, after], subjects) => {
          const groups = answerGroups(compareServices(before, after, { fromMs }));
          for (const subject of subjects) {
            const [was, is] = [answered(before, subject), answered(after, subject)];
            const differs = !isDeepStrictEqual(was, is);
            const having = groups.filter((group) => group.has({ ...subject, action: "" }));
            assert.equal(having.length, differs ? 1 : 0);
            if (differs) {
              const looser = isLooser(was, is) || hasMorePlaces([before, after], was, is);
              assert.equal(having[0]?.verdict === "loosened", looser);
            }
            seen[differs ? "differing" : "same"]++;
          }
          for (const { witness, has, possibly, verdict } of groups) {
            assert.equal(witness === null, possibly);
            if (witness === null) continue;
            const subject = { ...witness, runbook: witness.runbook ?? "" };
            const [was, is] = [answered(before, subject), answered(after, subject)];
            assert.notDeepEqual(was, is);
            assert.equal(
              verdict === "loosened",
              isLooser(was, is) || hasMorePlaces([before, after], was, is),
            );
            assert(has({ ...subject, action: "" }));
            seen.witnesses++;
            if (verdict === "loosened") seen.loosened++;
          }
        },
      ),
      options,
    );
    const { numRuns } = options;
    assert(seen.differing > numRuns && seen.same > numRuns, JSON.stringify(seen));
    assert(seen.witnesses > numRuns / 2 && seen.loosened > numRuns / 4, JSON.stringify(seen));
  }).timeout(600_000);

  it("has none where both are the same gating", () => {
    fc.assert(
      fc.property(anyGating, (gating) => {
        const found = compareServices(gating, structuredClone(gating), { fromMs });
        assert.deepEqual(found, { groups: [], unproven: null });
      }),
      runs(100, 5_000),
    );
  }).timeout(600_000);

  it("loosens in neither direction if and only if nothing runs more easily with either", () => {
    let same = 0;
    const options = runs(300, 10_000);
    fc.assert(
      fc.property(
        anyPair,
        fc.array(anySubject, { minLength: 4, maxLength: 4 }),
        (pair, subjects) => {
          // With the same terms everywhere it is the decisions that are compared.
          const [before, after] = pair.map((gating) => ({
            ...gating,
            rules: gating.rules.map((rule) => ({ ...rule, ...defaultTerms() })),
          }));
          assert(before !== undefined && after !== undefined);
          const there = answerGroups(compareServices(before, after, { fromMs }));
          const back = answerGroups(compareServices(after, before, { fromMs }));
          // Nor what runs as easily, and more often.
          const loosened = [...there, ...back].filter(({ differs }) =>
            differs.some(({ field, verdict }) => verdict === "loosened" && field !== "limits"),
          );
          if (loosened.length === 0) same++;
          for (const subject of subjects) {
            const [was, is] = [answered(before, subject), answered(after, subject)];
            const isAlike =
              ease(was) === ease(is) && (ease(is) === 0 || was.proposes === is.proposes);
            if (loosened.length === 0)
              assert(isAlike, "a decision differs and nothing is loosened");
            if (!isAlike) {
              assert(loosened.some((group) => group.has({ ...subject, action: "" })));
            }
          }
          for (const { witness } of loosened) {
            if (witness === null) continue;
            const subject = { ...witness, runbook: witness.runbook ?? "" };
            const [was, is] = [answered(before, subject), answered(after, subject)];
            assert(ease(was) !== ease(is) || was.proposes !== is.proposes);
          }
        },
      ),
      options,
    );
    assert(same > options.numRuns / 20, `only ${same} pairs with the same decisions`);
  }).timeout(600_000);

  it("never loosens where a rule that denies is put on top", () => {
    let tightened = 0;
    const options = runs(200, 10_000);
    fc.assert(
      fc.property(anyGating, anyRule, (gating, rule) => {
        const { dryRun: _dryRun, ...denying } = {
          ...rule,
          name: "deny",
          decision: "deny" as const,
        };
        const after = { ...gating, rules: [{ ...denying, propose: null }, ...gating.rules] };
        const groups = answerGroups(compareServices(gating, after, { fromMs }));
        // Where it looks at a claim that is not made it asks, by the terms that it has itself: those may be wider.
        const looksAtClaims = rule.match.severity !== null || rule.match.region !== null;
        const loosened = groups
          .flatMap(({ differs }) => differs)
          .filter(({ verdict }) => verdict === "loosened");
        assert.deepEqual(
          loosened.filter(({ field }) =>
            looksAtClaims ? ["decision", "onExpiry", "proposes"].includes(field) : true,
          ),
          [],
        );
        if (groups.some(({ verdict }) => verdict === "tightened")) tightened++;
      }),
      options,
    );
    assert(tightened > options.numRuns / 4, `only ${tightened} tightened`);
  }).timeout(600_000);
});

/** Those about proposals and events; all is proven of so small gatings. */
function answerGroups({ groups, unproven }: ReturnType<typeof compareServices>): Group[] {
  assert.equal(unproven, null);
  return groups.filter(({ about }) => about === "proposals" || about === "events");
}
