import assert from "node:assert/strict";
import { answer, asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, World } from "../harness/world.ts";

describe("Equal proposals", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}) => {
    await world.begin({ gating: gatingOf(rule) });
    return world.openIncident();
  };
  const all = async () => (await world.gate.ledger.list({ limit: 200 })).proposals;

  /** Urgency of a proposal's manual task, and what it asks of the on-call engineer. */
  const toDo = async (proposalId: string): Promise<string> => {
    const task = (await world.gate.ledger.get(proposalId))?.proposal.duties.manualTask;
    const tasks = (await world.gateIncidents("task")).filter(({ id }) => id === task?.ref);
    assert.equal(tasks.length, 1);
    const { body } = await world.onPagerDuty("GET", `/incidents/${tasks[0]?.id}?include[]=body`);
    const lines: string[] = body.incident.body.details.split("\n");
    return `${tasks[0]?.urgency}: ${lines.find((line) => line.startsWith("To do: "))}`;
  };

  it("from an agent and from an event share one request", async () => {
    const event = { match: {}, decision: "requireApproval" };
    await world.begin({
      gating: gatingOf(event, {
        rules: [
          {
            name: "event",
            match: { event: "incident.triggered" },
            propose: "failover",
            decision: "requireApproval",
          },
        ],
      }),
    });
    const incident = await world.openIncident();
    const first = await propose(world, incident);
    await world.settle();
    const second = await propose(world, incident);
    assert.equal(second.status, 200);
    assert.equal(second.body.joined, "open");
    assert.equal(second.body.id, first.body.id);
    assert.equal((await world.pendingApprovals()).length, 1);
    assert.equal((await all()).length, 1);
  });

  it("with the defaults left out and written out share one request", async () => {
    const incident = await begin();
    const first = await propose(world, incident);
    const second = await propose(world, incident, { parameters: { max_replicas: 3 } });
    assert.equal(second.body.joined, "open");
    assert.equal(second.body.id, first.body.id);
  });

  it("after a human's no the same is answered with it, and asked again after the cool-down", async () => {
    const incident = await begin({ coolDown: "30m" });
    await propose(world, incident);
    await answer(world, "rejected");
    await finish(world);
    const again = await propose(world, incident);
    assert.equal(again.status, 200);
    assert.equal(again.body.joined, "coolDown");
    assert.equal(again.body.outcome.reason, "rejected");
    const other = await propose(world, incident, { parameters: { max_replicas: 2 } });
    assert.equal(other.status, 202);
    await world.pass(31 * 60_000);
    assert.equal((await propose(world, incident)).status, 202);
  });

  it("that only know the alert meet when its incident appears", async () => {
    await begin();
    const incident = await world.alert("db-1");
    const first = await propose(world, incident);
    await world.settle();
    const byAlert = await world.onGate("POST", "/proposals", {
      alert_key: "db-1",
      service: "payments-db",
      runbook: "failover",
      justification: "CPU at 98 %",
    });
    assert.equal(byAlert.status, 202);
    await world.settle();
    assert.equal((await world.pendingApprovals()).length, 1);
    const loaded = await world.gate.ledger.get(byAlert.body.id);
    assert.equal(loaded?.proposal.outcome?.reason, "sameAsOpen");
    assert.equal(
      loaded?.proposal.outcome?.text,
      `Proposal ${first.body.id} asks for exactly this and is still open: it is decided there, and not asked twice.`,
    );
    assert.equal(
      await toDo(byAlert.body.id),
      "low: To do: Do not do it by hand: the proposal named above is being decided, and the gate runs it or hands it over. By hand it would be done twice.",
    );
    await answer(world, "approved");
    await finish(world);
    assert.equal((await world.invocations(incident.id)).length, 1);
    assert.equal((await world.gateIncidents("task")).length, 1);
  });

  it("that only know the alert do not get past a human's no either", async () => {
    await begin({ coolDown: "30m" });
    const incident = await world.alert("db-1");
    await propose(world, incident);
    await answer(world, "rejected");
    await finish(world);
    const byAlert = { incident_id: undefined, alert_key: "db-1" };
    const { body } = await propose(world, incident, byAlert);
    await finish(world);
    assert.deepEqual(await world.pendingApprovals(), []);
    const loaded = await world.gate.ledger.get(body.id);
    assert.equal(loaded?.proposal.outcome?.reason, "sameAsRejected");
    assert.equal(
      loaded?.proposal.outcome?.text,
      "A reviewer said no to exactly this, 23 Nov 2026, 10:00 UTC, and that no stands until 23 Nov 2026, 10:30 UTC.",
    );
    assert.equal(
      await toDo(body.id),
      "low: To do: Do not do it by hand: the reviewer's no stands. If things have changed since, settle it with the reviewers first.",
    );
    await world.pass(31 * 60_000);
    await propose(world, incident, byAlert);
    await asked(world);
  });

  it("do not run past a human's no where a rule allows another proposer to run them", async () => {
    const asks = { name: "agents", decision: "requireApproval", coolDown: "2h" };
    const allows = { name: "operator", match: { proposer: "operator" }, decision: "allow" };
    await world.begin({ gating: gatingOf({}, { rules: [allows, asks] }) });
    const incident = await world.alert("db-1");
    await propose(world, incident);
    await answer(world, "rejected");
    await finish(world);
    const byAlert = () =>
      propose(
        world,
        incident,
        { incident_id: undefined, alert_key: "db-1" },
        { authorization: `Bearer ${OPERATOR_TOKEN}` },
      );
    // Longer than the cool-down of the rule that allows it: what counts is the one under which the no was given.
    await world.pass(31 * 60_000);
    const { body } = await byAlert();
    await finish(world);
    const loaded = await world.gate.ledger.get(body.id);
    assert.equal(loaded?.proposal.outcome?.reason, "sameAsRejected");
    assert.equal((await world.invocations(incident.id)).length, 0);
    await world.pass(2 * 3_600_000);
    await byAlert();
    await finish(world);
    assert.equal((await world.invocations(incident.id)).length, 1);
  });

  it("storms of events with different ids make one proposal, also after it has run", async () => {
    const incident = await begin({
      match: { event: "incident.triggered" },
      propose: "failover",
      decision: "allow",
    });
    await finish(world);
    for (let count = 0; count < 5; count++) {
      await world.onPagerDuty("POST", "/_emulator/events", {
        event_type: "incident.triggered",
        incident_id: incident.id,
        data: incident,
      });
    }
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
  });
});
