import assert from "node:assert/strict";
import { unchecked } from "../gate/gating/check/problemsOf.ts";
import { Bench, INCIDENT } from "../gate/lifecycle/bench.ts";
import { EventBench } from "./eventBench.ts";

describe("a custom field that somebody else writes", () => {
  for (const state of ["accepted", "claimed", "uncertain", "notSent"] as const) {
    it(`raises ${state === "notSent" ? "no" : "an"} alarm where the run is ${state}`, async () => {
      const bench = new EventBench(unchecked());
      bench.incident = INCIDENT;
      const made = new Bench().approved();
      made.claim();
      assert.ok(made.proposal.execution !== null);
      const execution = { ...made.proposal.execution, state };
      await bench.ledger.create({ ...made.proposal, execution }, []);
      bench.nowMs = execution.claimedAtMs;
      await bench.tell({
        type: "incident.custom_field_values.updated",
        agentId: "PELSE01",
        occurredAtMs: bench.nowMs,
        data: {
          type: "incident_field_values",
          incident: { id: INCIDENT.id },
          custom_fields: [{ id: "F1", name: "max_replicas", value: 5 }],
          changed_custom_fields: [{ id: "F1" }],
        },
      });
      const keys = (await bench.ledger.alarms(5)).map(({ key }) => key);
      bench.ledger.close();
      assert.deepEqual(keys, state === "notSent" ? [] : ["fieldChanged/prop_1/max_replicas"]);
    });
  }
});
