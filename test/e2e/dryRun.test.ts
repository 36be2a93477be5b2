import assert from "node:assert/strict";
import { ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { OPERATOR_TOKEN, World } from "../harness/world.ts";

const RULES = [
  { name: "freeze", match: { priority: "P1" }, decision: "deny", dryRun: true },
  { name: "ask", match: { runbook: "failover" }, decision: "requireApproval", dryRun: true },
  {
    name: "on-alert",
    match: { event: "incident.triggered", titlePattern: "unreachable" },
    propose: "failover",
    decision: "requireApproval",
    dryRun: true,
  },
];

const gating = {
  services: {
    "payments-db": {
      runbooks: { failover: { automationAction: "01DBFAILOVER" } },
      rules: RULES,
      otherwise: "allow",
    },
  },
};

describe("Rules in a dry run", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const open = async (priority: "p1" | "p3", title: string) =>
    await world.openIncident({
      title,
      priority: { id: world.pagerDuty.seed.priorities[priority], type: "priority_reference" },
    });
  const listed = async (query: string) => {
    const answer = await world.onGate("GET", `/proposals${query}`, undefined, {
      authorization: `Bearer ${OPERATOR_TOKEN}`,
    });
    return answer;
  };

  it("hold nothing and ask nobody, and tell what they would have done", async () => {
    await world.begin({ gating });
    const denied = await open("p1", "CPU at 98 %");
    const asked = await open("p3", "Primary unreachable");
    assert.equal((await propose(world, denied)).status, 202);
    assert.equal((await propose(world, asked)).status, 202);
    await finish(world);
    assert.deepEqual(await world.pendingApprovals(), []);

    const first = await see(world, denied);
    assert.equal(ended(first), EXECUTED);
    assert.deepEqual(first.proposal.weighing?.evaluation.wouldHave, {
      rule: "freeze",
      decision: "deny",
    });
    const weighed = first.events.find(({ type }) => type === "proposal.weighed");
    assert.deepEqual(weighed?.data["wouldHave"], { rule: "freeze", decision: "deny" });
    const { facts } = { facts: null, ...weighed?.data };
    assert.deepEqual(facts, {
      event: null,
      action: "run_auto_remediation_runbook",
      runbook: "failover",
      proposer: "agent",
      priority: "P1",
      severity: null,
      urgency: "high",
      regions: [],
      title: "CPU at 98 %",
      atMs: first.proposal.weighing.atMs,
    });

    const second = await see(world, asked);
    assert.equal(ended(second), EXECUTED);
    const counts = world.metrics.counts();
    assert.deepEqual(
      [counts["WouldHaveDenied"], counts["WouldHaveAsked"], counts["WouldHaveProposed"]],
      [1, 1, 1],
    );

    const { body } = await listed("?would_have=denied");
    assert.deepEqual(
      body.proposals.map(({ id }: { id: string }) => id),
      [first.proposal.id],
    );
    assert.deepEqual(body.proposals[0].would_have, { rule: "freeze", decision: "deny" });
    assert.equal((await listed("?would_have=asked")).body.proposals.length, 1);
    assert.equal((await listed("?would_have=allowed")).body.proposals.length, 0);
    const refused = await listed("?would_have=maybe");
    assert.deepEqual(
      [refused.status, refused.body.error],
      [400, '`would_have` must be denied, asked or allowed, got "maybe"'],
    );
  });
});
