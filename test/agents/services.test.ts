import assert from "node:assert/strict";
import { errorBody } from "../harness/errorBody.ts";
import { gatingOf } from "../harness/gating.ts";
import { OTHER_TOKEN, World, type Json } from "../harness/world.ts";

const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };

describe("What an agent may propose", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const rules = [
    { name: "tried", match: {}, decision: "deny", dryRun: true },
    { name: "other", match: { proposer: "somebody" }, decision: "deny" },
    {
      name: "event",
      match: { event: "incident.triggered" },
      propose: "raise",
      decision: "requireApproval",
      sla: "5m",
    },
    { name: "no-workflow", match: { runbook: "workflow" }, decision: "deny" },
    {
      name: "p1",
      match: { runbook: "failover", priority: ["P1", "P2"], region: "eu-west-1" },
      decision: "requireApproval",
      risk: 0.9,
      sla: "5m",
    },
    {
      name: "silence",
      match: { runbook: "handover" },
      decision: "requireApproval",
      sla: "10m",
      onExpiry: "approve",
      acknowledgeRisk: true,
    },
    { name: "rest", match: {}, decision: "allow" },
  ];

  beforeEach(async () => {
    await world.begin({ gating: gatingOf({}, { rules }) });
  });

  it("is every service with a runbook that some answer lets run", async () => {
    const { status, body } = await world.onGate("GET", "/services");
    assert.equal(status, 200);
    const [{ service, runbooks }] = body.services;
    assert.deepEqual([service, runbooks], ["payments-db", ["failover", "handover", "raise"]]);
    assert.equal(body.services.length, 1);
  });

  it("is told with parameters as JSON Schema and what would be said now", async () => {
    const { status, body } = await world.onGate("GET", "/services/payments-db");
    assert.equal(status, 200);
    const failover = body.runbooks.find(({ runbook }: Json) => runbook === "failover");
    assert.deepEqual(failover, {
      runbook: "failover",
      description: null,
      action: failover.action,
      target: "automationAction",
      parameters: {
        type: "object",
        additionalProperties: false,
        properties: { max_replicas: { type: "integer", minimum: 1, maximum: 5, default: 3 } },
      },
      answers: [
        {
          when: "the incident's priority is P1 or P2, and one of the proposal's `affected_regions` is eu-west-1",
          decision: "requireApproval",
          rule: "p1",
          text: "asks a human, who has 5m; does not run without an answer",
        },
        { when: null, decision: "allow", rule: "rest", text: "runs without asking anybody" },
      ],
    });
    const handover = body.runbooks.find(({ runbook }: Json) => runbook === "handover");
    assert.deepEqual(
      handover.answers.map(({ text }: Json) => text),
      ["asks a human, who has 10m; runs without an answer"],
    );
    const text = JSON.stringify(body);
    // Not whom it is handed to, not PagerDuty's ids of what runs, not what others may do.
    for (const secret of ["PEP0001", "PEP0002", "01DBFAILOVER", "somebody", "workflow"]) {
      assert.ok(!text.includes(secret), secret);
    }
  });

  it("differs from proposer to proposer", async () => {
    const only = [{ name: "mine", match: { proposer: "agent" }, decision: "allow" }];
    await world.begin({ gating: gatingOf({}, { rules: only, otherwise: "deny" }) });
    assert.equal((await world.onGate("GET", "/services/payments-db")).status, 200);
    assert.deepEqual((await world.onGate("GET", "/services", undefined, OTHER)).body, {
      services: [],
    });
    const none = await world.onGate("GET", "/services/payments-db", undefined, OTHER);
    assert.deepEqual([none.status, none.body["code"]], [404, "serviceUnknown"]);
  });

  it("is nothing for a service that the gating does not list, nor for nobody", async () => {
    const missing = await world.onGate("GET", "/services/search");
    assert.deepEqual(
      [missing.status, missing.body],
      [
        404,
        errorBody(
          "serviceUnknown",
          'there is no service "search" for which agent may propose anything',
          {
            field: "service",
          },
        ),
      ],
    );
    for (const path of ["/services", "/services/payments-db"]) {
      const { status, body } = await world.onGate("GET", path, undefined, { authorization: "" });
      assert.deepEqual([status, body["code"]], [401, "tokenUnknown"], path);
    }
  });
});
