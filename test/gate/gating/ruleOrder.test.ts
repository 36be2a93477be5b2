import assert from "node:assert/strict";
import fc from "fast-check";
import {
  everyRuleByName,
  everyRuleInOrder,
  rulesByName,
  rulesInOrder,
} from "../../../functions/gate/gating/index.ts";

const rule = (name: string, decision = "allow") => ({ name, decision });
const runbooks = { restart: { automationAction: "01RESTART" } };

describe("rules by name", () => {
  it("are kept with a line each for their order", () => {
    assert.deepEqual(rulesByName({ runbooks, rules: [rule("b"), rule("a", "deny")] }), {
      runbooks,
      rules: { a: { decision: "deny" }, b: { decision: "allow" } },
      order: "b\na",
    });
  });

  it("are the list again, whatever their names and order", () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,9}$/), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(names, (all) => {
        const gating = { runbooks, rules: all.map((name) => rule(name)) };
        assert.deepEqual(rulesInOrder(JSON.parse(JSON.stringify(rulesByName(gating)))), gating);
      }),
    );
  });

  it("are those of every service, and the lists again", () => {
    const gating = {
      services: { db: { rules: [rule("b"), rule("a")] }, web: { runbooks } },
      defaults: { proposals: "deny" },
    };
    const kept = everyRuleByName(gating) as { services: { db: { order: string } } };
    assert.equal(kept.services.db.order, "b\na");
    assert.deepEqual(everyRuleInOrder(kept), gating);
    assert.deepEqual(everyRuleInOrder(gating), gating);
    assert.deepEqual(everyRuleByName({}), {});
  });

  it("leave a gating alone that has none, and one that an earlier release kept", () => {
    for (const gating of [{}, { rules: [] }, { rules: [rule("a")] }, null, "text"]) {
      assert.deepEqual(rulesInOrder(gating), gating);
    }
    assert.deepEqual(rulesByName({ runbooks }), { runbooks });
    assert.deepEqual(rulesByName({ rules: [] }), { rules: [] });
  });

  it("are refused where their order does not name each once", () => {
    const rules = { a: { decision: "deny" }, constructor: { decision: "allow" } };
    for (const order of [
      undefined,
      "",
      "a",
      "a\na",
      "a\nb",
      "a\nconstructor\na",
      "a\ntoString",
      ["a", "constructor"],
    ]) {
      assert.equal(rulesInOrder({ rules, order }), null, JSON.stringify(order));
    }
    assert.equal(rulesInOrder({ rules: { a: "deny" }, order: "a" }), null);
    assert.notEqual(rulesInOrder({ rules, order: "constructor\na" }), null);
  });
});
