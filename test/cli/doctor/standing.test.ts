import assert from "node:assert/strict";
import { standingOf, type Standing } from "../../../cli/doctor/standing.ts";
import { parseServiceGating } from "../../../functions/gate/gating/index.ts";

const RUNBOOKS = { restart: { automationAction: "01A" }, logs: { automationAction: "01B" } };
const ALLOW = { name: "allow", match: { runbook: ["restart", "logs"] }, decision: "allow" };
const ON_EVENT = {
  name: "on-event",
  match: { event: "incident.triggered", priority: "P1" },
  propose: "restart",
  decision: "requireApproval",
};

describe("gate doctor: what the gating says about an action", () => {
  for (const [what, rules, restart, logs] of [
    ["no rule at all", [], "held", "held"],
    ["a rule that allows it", [ALLOW], "free", "free"],
    ["a rule before that asks for an event that leads to it", [ON_EVENT, ALLOW], "held", "free"],
    ["one that allows it for an event alone", [{ ...ON_EVENT, decision: "allow" }], "held", "held"],
    [
      "one that allows it for one priority",
      [{ ...ALLOW, match: { priority: "P5" } }],
      "held",
      "held",
    ],
    [
      "one that denies some of its events",
      [
        { name: "deny", match: { event: "incident.triggered", priority: "P2" }, decision: "deny" },
        { ...ON_EVENT, match: { event: "incident.triggered" }, decision: "allow" },
        ALLOW,
      ],
      "held",
      "free",
    ],
  ] as [string, object[], Standing, Standing][]) {
    it(`counts ${what}`, () => {
      const gating = parseServiceGating("db", { runbooks: RUNBOOKS, rules });
      const of = (id: string) => standingOf({ kind: "action", id }, [{ key: "db", gating }]);
      assert.deepEqual([of("01A"), of("01B"), of("01C")], [restart, logs, "unlisted"]);
    });
  }
});
