import assert from "node:assert/strict";
import { compareServices, witnesses } from "../../../../functions/gate/gating/compare/index.ts";
import type { Witness } from "../../../../functions/gate/gating/compare/index.ts";
import { evaluate, proposedRunbook } from "../../../../functions/gate/gating/index.ts";
import { normaliseService } from "../../../../functions/gate/gating/schema/normalise.ts";
import { serviceSchema } from "../../../../functions/gate/gating/schema/schema.ts";
import type { ServiceGating } from "../../../../functions/gate/gating/index.ts";
import { largeGating, manySided } from "./large.ts";

const fromMs = Date.parse("2026-11-24T10:00:00Z");

describe("a comparison of large gatings", () => {
  const { runbooks, rules } = largeGating();
  const cases: readonly (readonly [string, unknown])[] = [
    ["the same hundred in the opposite order", { runbooks, rules: rules.toReversed() }],
    [
      "others in half of the places",
      {
        runbooks,
        rules: rules.map((rule, index) => (index % 2 === 0 ? rule : { ...rule, decision: "deny" })),
      },
    ],
    ["a third of them", { runbooks, rules: rules.filter((_, index) => index % 3 > 0) }],
    [
      "a rule that denies on top",
      {
        runbooks,
        rules: [{ name: "top", decision: "deny", match: { priority: "P1" } }, ...rules.slice(1)],
      },
    ],
    ["another answer for all that no rule matches", { runbooks, rules, otherwise: "deny" }],
  ];
  for (const [what, other] of cases) {
    it(`tells a hundred rules from ${what} in less than two seconds`, () => {
      const began = process.cpuUsage();
      const { groups, unproven } = compareServices(parsed({ runbooks, rules }), parsed(other), {
        fromMs,
      });
      const { user, system } = process.cpuUsage(began);
      assert.equal(unproven, null);
      assert(groups.length > 0);
      // A twentieth of it on a machine that is free.
      assert(user + system < 2_000_000, `${(user + system) / 1_000} ms`);
    });
  }

  it("are not proven to be the same where they are too many-sided, in bounded time", () => {
    for (const [before, after] of [
      [manySided(40, {}), manySided(40, { otherwise: "deny" })],
      [manySided(40, { otherwise: "deny" }), manySided(40, {})],
    ]) {
      const began = process.cpuUsage();
      const { groups, unproven } = compareServices(parsed(before), parsed(after), { fromMs });
      const { user, system } = process.cpuUsage(began);
      assert.equal(unproven, "tooManySided");
      // What was found is told all the same, and is true.
      assert(groups.length > 0);
      assert(user + system < 20_000_000, `${(user + system) / 1_000} ms`);
    }
  });

  it("are not proven either where the bound is reached before a difference is", () => {
    const found = compareServices(
      parsed({ runbooks, rules }),
      parsed({ runbooks, rules: rules.toReversed() }),
      { fromMs, maxLooks: 100 },
    );
    assert.deepEqual(found, { groups: [], unproven: "tooManySided" });
  });
});

describe("a proposal for each rule", () => {
  it("is one that the rule decides, of every rule of a large gating that decides any", () => {
    const gating = parsed(largeGating());
    const found = witnesses(gating, { fromMs });
    assert.deepEqual(
      [...found.keys()],
      gating.rules.map(({ name }) => name),
    );
    let some = 0;
    for (const [rule, witness] of found) {
      if (witness === null) continue;
      some++;
      assert.equal(decidedBy(gating, witness), rule);
    }
    assert(some > 40, `only ${some}`);
  });

  it("is an event where only what an event proposes gets to it, and none where nothing does", () => {
    const gating = parsed({
      runbooks: { page: { escalate: { level: 2 } } },
      rules: [
        {
          name: "heal",
          match: { event: "incident.triggered" },
          propose: "page",
          decision: "allow",
        },
        { name: "all", decision: "deny" },
        { name: "late", match: { priority: "P1" }, decision: "allow" },
        { name: "dry", decision: "allow", dryRun: true },
      ],
    });
    const found = witnesses(gating, { fromMs });
    assert.deepEqual([...found.keys()], ["heal", "all", "late"]);
    assert.equal(found.get("heal")?.event, "incident.triggered");
    assert.equal(found.get("heal")?.runbook, null);
    assert.equal(found.get("all")?.runbook, "page");
    assert.equal(found.get("late"), null);
  });
});

function parsed(written: unknown): ServiceGating {
  return normaliseService(serviceSchema.parse(written));
}

function decidedBy(gating: ServiceGating, witness: Witness): string | null {
  const { runbook, ...rest } = witness;
  const name = runbook ?? proposedRunbook(gating, rest)?.runbook ?? "";
  const action = gating.runbooks[name]?.action ?? "";
  return evaluate(gating, { ...rest, runbook: name, action }).rule;
}
