import assert from "node:assert/strict";
import fc from "fast-check";
import type { Parameters } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { DETAILS, EDITABLE, PARAMETERS, tooDeep, verdictOf, weighed, without } from "./verdicts.ts";

/** What is to run after that change, or why nothing is. */
function changedTo(modifiedDetails: unknown, proposal = weighed()): Parameters | string {
  const verdict = verdictOf({ modifiedDetails }, [], START_MS + 60_000, {}, proposal);
  if (verdict.kind === "refused") {
    assert.equal(verdict.reason, "changeNotPossible");
    return verdict.text;
  }
  assert.equal(verdict.kind, "decided");
  return verdict.kind === "decided" ? verdict.decision.parameters : "";
}

describe("A reviewer's change, where details may be replaced or patched", () => {
  it("takes changed editable values alone as a patch", () => {
    assert.deepEqual(changedTo({ max_replicas: 2 }), { ...PARAMETERS, max_replicas: 2 });
  });

  it("takes all details with changed editable values", () => {
    assert.deepEqual(changedTo({ ...DETAILS, force: false }), { ...PARAMETERS, force: false });
  });

  it("takes details that leave out what only tells", () => {
    assert.deepEqual(
      changedTo({ ...without("incident_id", "affected_regions"), max_replicas: 2 }),
      { ...PARAMETERS, max_replicas: 2 },
    );
  });

  for (const [what, modified, removed] of [
    ["an editable value", { ...without("force"), max_replicas: 2 }, "force"],
    ["both editable values", without("max_replicas", "force"), "force, max_replicas"],
    ["what may not be changed", without("ticket"), "ticket"],
    ["all but what tells", { service: "payments-db" }, "force, max_replicas, ticket"],
  ] as const) {
    it(`runs nothing when repeated details leave out ${what}`, () => {
      assert.equal(
        changedTo(modified),
        `The reviewer's details leave out ${removed}, which the gate cannot take away; changeable here: max_replicas, force.`,
      );
    });
  }

  it("runs nothing by what is not a set of details, or says nothing", () => {
    for (const modified of [[], [2], "max_replicas", 2, true]) {
      assert.equal(changedTo(modified), "The reviewer's change is not a set of details.");
    }
    assert.equal(changedTo({}), "The reviewer's change removes every detail.");
  });

  it("runs nothing with a value that the proposal did not have, however editable", () => {
    const { max_replicas, ticket } = PARAMETERS;
    assert.ok(max_replicas !== undefined && ticket !== undefined);
    assert.equal(
      changedTo({ force: false }, weighed({ max_replicas, ticket })),
      "The reviewer changed force, which the gate cannot carry out; changeable here: max_replicas.",
    );
  });

  it("runs nothing with a changed value that has no way to PagerDuty, although the record calls it editable", () => {
    const proposal = weighed();
    const { weighing } = proposal;
    assert.ok(weighing !== null);
    const terms = { ...weighing.evaluation.terms, editable: [...EDITABLE, "ticket"] };
    const evaluation = { ...weighing.evaluation, terms };
    assert.equal(
      changedTo({ ticket: "CHG-2" }, { ...proposal, weighing: { ...weighing, evaluation } }),
      "The reviewer changed ticket, which has no way to reach the runbook.",
    );
  });

  it("runs nothing with a value that cannot be compared with the one that was asked for", () => {
    for (const name of ["max_replicas", "service"]) {
      assert.equal(
        changedTo({ ...DETAILS, [name]: tooDeep() }),
        `The reviewer changed ${name}, which the gate cannot carry out; changeable here: max_replicas, force.`,
      );
    }
  });

  it("runs what both readings allow, for every selection of repeated, changed and absent details", () => {
    const fates = fc.record(
      Object.fromEntries(
        Object.keys(DETAILS).map((key) => [key, fc.constantFrom("absent", "same", "changed")]),
      ),
    );
    const other: Record<string, unknown> = {
      max_replicas: 2,
      force: false,
      ticket: "CHG-2",
      incident_id: "INC-1",
      service: "search",
      affected_regions: [],
    };
    const submitted: Record<string, unknown> = DETAILS;
    fc.assert(
      fc.property(fates, (fate) => {
        const keys = Object.keys(DETAILS).filter((key) => fate[key] !== "absent");
        const modified = Object.fromEntries(
          keys.map((key) => [key, fate[key] === "same" ? submitted[key] : other[key]]),
        );
        const result = changedTo(modified);
        const parameters = keys.filter((key) => Object.hasOwn(PARAMETERS, key));
        const patched = {
          ...PARAMETERS,
          ...Object.fromEntries(parameters.map((key) => [key, modified[key]])),
        };
        const replaced = Object.fromEntries(
          Object.keys(PARAMETERS)
            .filter((key) => parameters.includes(key))
            .map((key) => [key, modified[key]]),
        );
        const isForbidden = keys.some((key) => fate[key] === "changed" && !EDITABLE.includes(key));
        const isPatch = keys.length > 0 && keys.every((key) => fate[key] === "changed");
        const isEqualInBoth = parameters.length === Object.keys(PARAMETERS).length;
        if (keys.length > 0 && !isForbidden && (isPatch || isEqualInBoth)) {
          assert.deepEqual(result, patched);
          if (!isPatch) {
            assert.deepEqual(result, replaced);
          }
        } else {
          assert.equal(typeof result, "string", `${JSON.stringify(modified)} runs`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
