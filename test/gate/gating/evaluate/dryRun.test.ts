import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluate,
  gatingHash,
  gatingWarnings,
  parseServiceGating,
  proposedRunbook,
  wouldPropose,
} from "../../../../functions/gate/gating/index.ts";
import type { ServiceGating } from "../../../../functions/gate/gating/index.ts";
import { problemsOf, runbooks, unchecked, withRules } from "../check/problemsOf.ts";
import { anyMatch, anySubject, subject } from "../subjects.ts";

const dry = { dryRun: true };

function gatingOf(otherwise: string, ...rules: unknown[]): ServiceGating {
  return { ...unchecked(...rules), otherwise: otherwise === "allow" ? "allow" : "deny" };
}

/** The same rules without a dry run. */
function inForce(gating: ServiceGating): ServiceGating {
  return { ...gating, rules: gating.rules.map(({ dryRun: _dryRun, ...rule }) => rule) };
}

function withoutDry(gating: ServiceGating): ServiceGating {
  return { ...gating, rules: gating.rules.filter(({ dryRun }) => dryRun !== true) };
}

describe("a rule in a dry run", () => {
  it("is tried, traced and passed over, and what it would have said stands beside the answer", () => {
    const gating = gatingOf(
      "allow",
      { name: "freeze", decision: "deny", match: { runbook: "failover" }, ...dry },
      { name: "p1", decision: "requireApproval", match: { priority: "P1" }, sla: "5m" },
    );
    const { rule, decision, trace, wouldHave } = evaluate(gating, subject());
    assert.deepEqual([rule, decision], ["p1", "requireApproval"]);
    assert.deepEqual(trace, [
      {
        rule: "freeze",
        matched: true,
        because: "`runbook` holds; passed over in its dry run",
        dryRun: true,
      },
      { rule: "p1", matched: true, because: "`priority` holds" },
    ]);
    assert.deepEqual(wouldHave, { rule: "freeze", decision: "deny" });
    const other = evaluate(gating, subject({ runbook: "restart" }));
    assert.equal("wouldHave" in other, false);
    assert.deepEqual(other.trace[0], {
      rule: "freeze",
      matched: false,
      because: '`runbook` is "restart", not "failover"',
      dryRun: true,
    });
  });

  it("asks nobody because of a claim that is missing, and tells that it would have", () => {
    const gating = gatingOf("allow", {
      name: "critical",
      decision: "deny",
      match: { severity: "critical" },
      ...dry,
    });
    const { rule, decision, wouldHave } = evaluate(gating, subject({ severity: null }));
    assert.deepEqual([rule, decision], [null, "allow"]);
    assert.deepEqual(wouldHave, { rule: "critical", decision: "requireApproval" });
  });

  it("changes no answer, and tells what the same rules say in force", () => {
    const decision = fc.constantFrom("allow", "deny", "requireApproval");
    const rule = fc.record({
      match: anyMatch,
      decision,
      dryRun: fc.boolean(),
      propose: fc.constantFrom(undefined, "failover", "page"),
    });
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 6 }),
        fc.constantFrom("allow", "deny"),
        anySubject,
        (rules, otherwise, about) => {
          const named = rules.map((each, index) => ({ name: `r${index}`, ...each }));
          const gating = gatingOf(otherwise, ...named);
          const found = evaluate(gating, about);
          const plain = evaluate(withoutDry(gating), about);
          assert.deepEqual(
            [found.rule, found.decision, found.terms],
            [plain.rule, plain.decision, plain.terms],
          );
          assert.deepEqual(
            found.trace.filter((entry) => entry.dryRun !== true),
            plain.trace,
          );
          const whole = evaluate(inForce(gating), about);
          assert.deepEqual(found.wouldHave ?? { rule: found.rule, decision: found.decision }, {
            rule: whole.rule,
            decision: whole.decision,
          });
          const { action: _action, runbook: _runbook, ...event } = about;
          const now = proposedRunbook(gating, event);
          assert.equal(now?.rule, proposedRunbook(withoutDry(gating), event)?.rule);
          const then = proposedRunbook(inForce(gating), event);
          assert.deepEqual(
            wouldPropose(gating, event),
            then === null || then.rule === now?.rule
              ? null
              : { rule: then.rule, runbook: then.runbook },
          );
        },
      ),
    );
  });

  it("changes the hash, which is as before where no rule has one", () => {
    const hashOf = (more: object) =>
      gatingHash(
        parseServiceGating("db", { runbooks, rules: [{ name: "a", decision: "deny", ...more }] }),
      );
    assert.equal(hashOf({ dryRun: false }), hashOf({}));
    assert.notEqual(hashOf(dry), hashOf({}));
  });

  it("takes nothing from the rules after it, and may itself never match", () => {
    const every = { name: "all", decision: "deny" };
    const p1 = { name: "p1", decision: "requireApproval", match: { priority: "P1" } };
    assert.deepEqual(problemsOf(withRules({ ...every, ...dry }, p1)), []);
    assert.deepEqual(problemsOf(withRules(every, { ...p1, ...dry })), [
      "services.db.rules[1] (p1): can never match: everything it matches is taken by rules before it (all); move it above them, narrow them, or remove it",
    ]);
    const claimed = { name: "claimed", decision: "deny", match: { severity: "critical" } };
    const events = {
      name: "events",
      decision: "allow",
      match: { event: "incident.triggered" },
      propose: "page",
    };
    assert.deepEqual(problemsOf(withRules({ ...claimed, ...dry }, events)), []);
    assert.equal(problemsOf(withRules(claimed, events)).length, 1);
    const asking = { ...events, name: "asking", decision: "requireApproval" };
    assert.deepEqual(problemsOf(withRules({ ...events, ...dry }, asking)), []);
    assert.equal(problemsOf(withRules(events, asking)).length, 1);
  });

  it("uses up no brake, so that nothing is warned of", () => {
    const rules = [
      { name: "low", decision: "allow", match: { priority: "P2" } },
      {
        name: "night",
        decision: "requireApproval",
        match: { priority: "P3" },
        onExpiry: "approve",
      },
    ];
    const warned = (...flags: object[]) =>
      gatingWarnings("db", {
        ...unchecked(...rules.map((rule, index) => ({ ...rule, ...flags[index] }))),
        limits: { openProposals: null, executionsPerHour: 4 },
      }).length;
    assert.equal(warned(), 1);
    assert.equal(warned(dry), 0);
    assert.equal(warned({}, dry), 0);
  });
});
