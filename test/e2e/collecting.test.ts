import assert from "node:assert/strict";
import { answer, finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OTHER_TOKEN, World, type Json } from "../harness/world.ts";

const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };

describe("What nobody can act on", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const all = async () => (await world.gate.ledger.list({ limit: 200 })).proposals;
  const tasks = () => world.gateIncidents("task");
  const notesOf = async (id: string): Promise<string[]> => {
    const { body } = await world.onPagerDuty("GET", `/incidents/${id}/notes`);
    return body.notes.map(({ content }: Json) => content);
  };
  const nowhere = (count: number, headers = {}) =>
    propose(world, { id: `PNONE${count}` }, {}, headers);

  it("pages nobody: a loop with invented incidents makes one task of low urgency, which counts", async () => {
    await world.begin({ gating: gatingOf() });
    for (let count = 0; count < 40; count++) {
      assert.equal((await nowhere(count)).status, 202);
      if (count % 5 === 0) {
        await world.settle();
      }
    }
    await finish(world);
    const [task, ...others] = await tasks();
    assert.deepEqual(others, []);
    assert.equal(task.urgency, "low");
    assert.equal(task.title, "[Counted] agent on payments-db: incidentNotFound");
    const proposals = await all();
    assert.equal(proposals.length, 40);
    assert.ok(proposals.every(({ closedAtMs }) => closedAtMs !== null));
    assert.ok(proposals.every(({ duties }) => duties.manualTask?.ref === task.id));
    const numbers = proposals.map(({ handover }) =>
      handover?.kind === "collected" ? handover.number : null,
    );
    assert.deepEqual(
      numbers.sort((a, b) => (a ?? 0) - (b ?? 0)),
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    const notes = await notesOf(task.id);
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /Approval gate: 10 proposals of agent by now\. The last: /);
    assert.deepEqual(await world.gate.ledger.alarms(10), []);
  });

  it("is told anew once a human has resolved the task", async () => {
    await world.begin({ gating: gatingOf() });
    await nowhere(1);
    await finish(world);
    const [first] = await tasks();
    await world.updateIncident(first.id, { status: "resolved" });
    await nowhere(2);
    await nowhere(3);
    await finish(world);
    const [second, ...others] = (await tasks()).filter(({ status }) => status !== "resolved");
    assert.deepEqual(others, []);
    assert.notEqual(second.id, first.id);
    const refs = (await all()).map(({ duties }) => duties.manualTask?.ref);
    assert.deepEqual(refs.sort(), [first.id, second.id, second.id].sort());
  });

  it("is collected for each proposer and each reason", async () => {
    await world.begin({
      gating: gatingOf({ match: { runbook: "failover" } }, { otherwise: "deny" }),
    });
    await nowhere(1);
    await nowhere(2, OTHER);
    for (const runbook of ["workflow", "handover"]) {
      await propose(world, await world.openIncident(), { runbook });
    }
    await finish(world);
    assert.deepEqual((await tasks()).map(({ title }) => title).sort(), [
      "[Counted] agent on payments-db: deniedByPolicy",
      "[Counted] agent on payments-db: incidentNotFound",
      "[Counted] other on payments-db: incidentNotFound",
    ]);
  });

  it("leaves a task of its own to what a human said no to, and to what nobody answered", async () => {
    await world.begin({ gating: gatingOf({ sla: "1m" }) });
    await propose(world, await world.openIncident());
    await answer(world, "rejected");
    await propose(world, await world.openIncident());
    await finish(world);
    const found = await tasks();
    assert.equal(found.length, 2);
    assert.ok(found.every(({ urgency }) => urgency === "high"));
  });

  it("leaves a task of its own to what a human approved and the gating denies by then", async () => {
    await world.begin({ gating: gatingOf() });
    const incident = await world.openIncident();
    await propose(world, incident);
    await world.settle();
    world.setGating(gatingOf({ decision: "deny" }));
    await answer(world, "approved");
    await finish(world);
    const [proposal] = await all();
    assert.equal(proposal?.outcome?.reason, "deniedByPolicy");
    assert.equal((await tasks())[0].urgency, "high");
  });

  it("leaves room for people's notes on the incident", async () => {
    await world.begin({ gating: gatingOf({ decision: "deny", coolDown: "0s" }) });
    const incident = await world.openIncident();
    for (let count = 0; count < 15; count++) {
      await propose(world, incident);
      await world.settle();
    }
    await finish(world);
    assert.equal((await all()).length, 15);
    assert.equal((await notesOf(incident.id)).length, 10);
    assert.equal((await tasks()).length, 1);
  });

  it("raises one alarm a day for services that PagerDuty lacks, however many are invented", async () => {
    const failover = { automationAction: "01DBFAILOVER" };
    await world.begin({ gating: { services: {}, defaults: { runbooks: { failover } } } });
    for (let count = 0; count < 5; count++) {
      await propose(world, { id: `PNONE${count}` }, { service: `invented-${count}` });
    }
    await finish(world);
    assert.equal((await all()).filter(({ closedAtMs }) => closedAtMs !== null).length, 5);
    assert.deepEqual(
      (await world.gate.ledger.alarms(10)).map(({ kind }) => kind),
      ["taskNotPossible"],
    );
  });

  describe("a denial", () => {
    it("joins and cools down like a human's no", async () => {
      await world.begin({ gating: gatingOf({ decision: "deny" }) });
      const incident = await world.openIncident();
      const first = await propose(world, incident);
      await finish(world);
      for (let count = 0; count < 6; count++) {
        const again = await propose(world, incident);
        assert.equal(again.status, 200);
        assert.equal(again.body.joined, "coolDown");
        assert.equal(again.body.id, first.body.id);
      }
      assert.equal((await all()).length, 1);
      world.clock.advance(30 * 60_000);
      assert.equal((await propose(world, incident)).status, 202);
    });

    it("no longer answers once the gating has changed", async () => {
      await world.begin({ gating: gatingOf({ decision: "deny" }) });
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      world.setGating(gatingOf({ decision: "requireApproval" }));
      assert.equal((await propose(world, incident)).status, 202);
      await world.settle();
      assert.equal((await world.pendingApprovals()).length, 1);
    });

    it("is only noted with `onDeny: note`", async () => {
      await world.begin({ gating: gatingOf({ decision: "deny", onDeny: "note" }) });
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      assert.deepEqual(await tasks(), []);
      const [note, ...others] = await notesOf(incident.id);
      assert.deepEqual(others, []);
      assert.match(note ?? "", /Suppressed, nothing was run/);
      assert.doesNotMatch(note ?? "", /task/i);
      const [proposal] = await all();
      assert.notEqual(proposal?.closedAtMs, null);
    });

    it("has a task of its own with `onDeny: page`, of the incident's urgency", async () => {
      await world.begin({
        gating: gatingOf(
          { match: { runbook: "workflow" }, decision: "deny" },
          {
            otherwise: "deny",
            onDeny: "page",
          },
        ),
      });
      for (const runbook of ["failover", "handover"]) {
        await propose(world, await world.openIncident(), { runbook });
      }
      await finish(world);
      const found = await tasks();
      assert.equal(found.length, 2);
      assert.ok(found.every(({ urgency }) => urgency === "high"));
    });
  });
});
