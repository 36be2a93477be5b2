import assert from "node:assert/strict";
import { actionDigest, dedupeKey } from "../../../functions/gate/proposal/digest.ts";

const ACTION: Parameters<typeof actionDigest>[0] = {
  action: "run_automation",
  target: { kind: "automationAction", actionId: "01FAILOVER" },
  parameters: { max_replicas: 3 },
  incidentId: "PINC1",
  serviceId: "PSVC001",
};
const REQUEST: Parameters<typeof dedupeKey>[0] = {
  service: "payments-db",
  runbook: "failover",
  incident: { id: "PINC1" },
  parameters: { max_replicas: 3 },
};

describe("the digest of an action", () => {
  const others: { [what: string]: Partial<typeof ACTION> } = {
    action: { action: "other" },
    target: { target: { kind: "automationAction", actionId: "01OTHER" } },
    "kind of target": { target: { kind: "incidentWorkflow", workflowId: "01FAILOVER" } },
    "value of a parameter": { parameters: { max_replicas: 2 } },
    "type of a value": { parameters: { max_replicas: "3" } },
    parameter: { parameters: {} },
    incident: { incidentId: "PINC2" },
    service: { serviceId: "PSVC002" },
  };
  for (const [what, other] of Object.entries(others)) {
    it(`is another one for another ${what}`, () => {
      assert.notEqual(actionDigest({ ...ACTION, ...other }), actionDigest(ACTION));
    });
  }

  it("is the same for the same, in whatever order it is written", () => {
    const turned = Object.fromEntries(Object.entries(ACTION).reverse()) as typeof ACTION;
    assert.equal(actionDigest(turned), actionDigest(ACTION));
  });
});

describe("the key of equal proposals", () => {
  const others: { [what: string]: Partial<typeof REQUEST> } = {
    service: { service: "search" },
    runbook: { runbook: "other" },
    incident: { incident: { id: "PINC2" } },
    "alert of an incident's name": { incident: { alertKey: "PINC1" } },
    "value of a parameter": { parameters: { max_replicas: 2 } },
  };
  for (const [what, other] of Object.entries(others)) {
    it(`is another one for another ${what}`, () => {
      assert.notEqual(dedupeKey({ ...REQUEST, ...other }), dedupeKey(REQUEST));
    });
  }
});
