import assert from "node:assert/strict";
import { finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { secondWorker } from "../harness/secondWorker.ts";
import { World, type Json } from "../harness/world.ts";

describe("A worker that stands still after a claim, while another goes on", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  /** Stands still after that claim was written, for so long, and meanwhile the other worker does what is due. */
  const standStill = (claim: string, ms: number, meanwhile: () => Promise<unknown>) => {
    let isFirst = true;
    world.tap = async (call, args, run) => {
      const answer = await run();
      if (isFirst && call === "ledger.save" && JSON.stringify(args[1]).includes(claim)) {
        isFirst = false;
        const { id } = args[0] as { id: string };
        world.clock.advance(ms);
        await secondWorker(world).handle({ kind: "proposal", id });
        await meanwhile();
      }
      return answer;
    };
    return () => assert.equal(isFirst, false, "it did not stand still");
  };
  const noteMarks = async (incident: Json): Promise<string[]> => {
    const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
    return notes.map(({ content }: Json) => content.split("\n")[0]);
  };

  it("makes no second manual task, although the first is resolved by now", async () => {
    await world.begin({ gating: gatingOf({ sla: "1m" }) });
    const incident = await world.openIncident();
    const done = standStill("manualTask.claimed", 31_000, async () => {
      const [task] = await world.gateIncidents("task");
      await world.updateIncident(task.id, { status: "resolved" });
    });
    await propose(world, incident);
    await finish(world);
    done();
    const seen = await see(world, incident);
    assert.equal(seen.tasks.length, 1);
    assert.equal(seen.proposal.duties.manualTask?.tries, 2);
    // What became of the first try is told, and changes nothing that the second one did.
    assert.deepEqual(
      seen.types.filter((type) => type.startsWith("manualTask")),
      ["manualTask.claimed", "manualTask.claimed", "manualTask.done", "manualTask.lateResult"],
    );
  });

  it("makes none either after half its lease: its request could come after the other's look", async () => {
    await world.begin({ gating: gatingOf({ sla: "1m" }) });
    const incident = await world.openIncident();
    const done = standStill("manualTask.claimed", 15_000, () => Promise.resolve());
    await propose(world, incident);
    await finish(world);
    done();
    const seen = await see(world, incident);
    assert.equal(seen.tasks.length, 1);
    assert.deepEqual(
      seen.types.filter((type) => type.startsWith("manualTask")),
      ["manualTask.claimed", "manualTask.failed", "manualTask.claimed", "manualTask.done"],
    );
  });

  it("writes no second note", async () => {
    await world.begin({ gating: gatingOf({ sla: "1m" }) });
    const incident = await world.openIncident();
    const done = standStill("noteEnded.claimed", 31_000, () => Promise.resolve());
    await propose(world, incident);
    await finish(world);
    done();
    const marks = (await noteMarks(incident)).filter((mark) => mark.includes("ended"));
    assert.equal(marks.length, 1, marks.join());
  });

  it("asks no second reviewer", async () => {
    await world.begin({ gating: gatingOf({ sla: "5m" }) });
    const incident = await world.openIncident();
    const done = standStill("approval.submitting", 46_000, async () => {
      world.clock.advance(20_000);
      const { proposals } = await world.gate.ledger.list({ incidentId: incident.id });
      await secondWorker(world).handle({ kind: "proposal", id: proposals[0]?.id ?? "" });
    });
    await propose(world, incident);
    await world.settle();
    done();
    assert.equal((await world.pendingApprovals()).length, 1);
  });
});
