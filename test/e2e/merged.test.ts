import assert from "node:assert/strict";
import { answer, asked, ended, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

describe("An incident that is merged into another", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}) => {
    await world.begin({ gating: gatingOf(rule) });
    const source = await world.openIncident({ title: "primary unreachable" });
    const target = await world.openIncident({ title: "payments down" });
    return { source, target };
  };
  const merge = async (source: Json, target: Json) => {
    const { status } = await world.onPagerDuty("PUT", `/incidents/${target.id}/merge`, {
      source_incidents: [{ id: source.id, type: "incident_reference" }],
    });
    assert.equal(status, 200);
  };
  const loseResolved = () =>
    world.onPagerDuty("POST", "/_emulator/faults", {
      call: "webhook incident.resolved",
      status: 400,
      times: 5,
    });
  const notesOn = async (incident: Json): Promise<string[]> => {
    const { body } = await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`);
    return body.notes.map(({ content }: Json) => content);
  };
  const detailsOf = (task: Json): string[] => task.body.details.split("\n");

  it("while a reviewer is asked ends the proposal, names the target and leaves a note there", async () => {
    const { source, target } = await begin();
    await propose(world, source);
    const { id } = await asked(world);
    await merge(source, target);
    await world.settle();
    await world.decide(id, "approved");
    await finish(world);
    const seen = await see(world, source);
    assert.equal(ended(seen), "suppressed incidentMerged, 0 runs, 1 tasks");
    const name = `INC-${target.incident_number}`;
    assert.equal(
      seen.proposal.outcome?.text,
      `INC-${source.incident_number} was merged into ${name} before the action ran. Nothing is run there by itself.`,
    );
    assert.deepEqual(seen.proposal.outcome.mergedInto, {
      id: target.id,
      label: name,
      url: target.html_url,
      open: true,
    });
    assert.deepEqual(await world.invocations(target.id), []);

    const [task] = seen.tasks;
    assert.equal(task.urgency, "high");
    assert.ok(detailsOf(task).includes(`Merged into: ${name} ${target.html_url}`));
    assert.ok(
      detailsOf(task).includes(
        "To do: The problem goes on in the incident that this one was merged into. If it is still needed there, propose it for that incident, so that it is decided anew, or do it by hand; the gate runs nothing there by itself.",
      ),
    );
    const notes = await notesOn(target);
    assert.equal(notes.length, 1);
    assert.deepEqual(notes[0]?.split("\n").slice(0, 6), [
      `[gate ${seen.proposal.id} merged]`,
      "Approval gate: agent proposed to failover: run PagerDuty automation action 01DBFAILOVER. Nothing was run.",
      `It was proposed for an incident that was merged into this one: INC-${source.incident_number} ${source.html_url} “primary unreachable”`,
      "It is not run here by itself. If it is still needed, propose it for this incident.",
      `Manual task: incident ${task.id}.`,
      `Proposal: ${seen.proposal.id}`,
    ]);
  });

  it("whose event is lost is noticed by the last look before the run", async () => {
    const { source, target } = await begin();
    await propose(world, source);
    await asked(world);
    await loseResolved();
    await merge(source, target);
    await answer(world, "approved");
    await finish(world);
    const seen = await see(world, source);
    assert.equal(ended(seen), "suppressed incidentMerged, 0 runs, 1 tasks");
    assert.deepEqual(await world.invocations(target.id), []);
  });

  it("before the proposal is looked at is no solved one either", async () => {
    const { source, target } = await begin({ decision: "allow" });
    await merge(source, target);
    await propose(world, source);
    await finish(world);
    const seen = await see(world, source);
    assert.equal(ended(seen), "suppressed incidentMerged, 0 runs, 1 tasks");
    assert.deepEqual(await world.invocations(target.id), []);
  });

  it("is followed to where it was merged on, and is work for the day where that is resolved", async () => {
    const { source, target } = await begin();
    const last = await world.openIncident({ title: "everything down" });
    await propose(world, source);
    await asked(world);
    await loseResolved();
    await merge(source, target);
    await merge(target, last);
    await world.updateIncident(last.id, { status: "resolved" });
    await answer(world, "approved");
    await finish(world);
    const seen = await see(world, source);
    assert.equal(ended(seen), "suppressed incidentMerged, 0 runs, 1 tasks");
    assert.equal(
      seen.proposal.outcome?.text,
      `INC-${source.incident_number} was merged into INC-${last.incident_number} before the action ran, and that one is resolved as well. Nothing is run there by itself.`,
    );
    assert.equal(seen.tasks[0].urgency, "low");
    assert.ok(
      detailsOf(seen.tasks[0]).includes(
        "To do: Nothing has to be done unless the problem is back.",
      ),
    );
    assert.equal((await notesOn(last)).length, 1);
  });

  it("ends the proposal also where the target cannot be read, as of one that goes on", async () => {
    const { source, target } = await begin();
    await propose(world, source);
    await asked(world);
    await world.onPagerDuty("POST", "/_emulator/faults", {
      call: `GET /incidents/${target.id}`,
      status: 503,
      times: 1000,
    });
    await merge(source, target);
    await world.settle();
    const seen = await see(world, source);
    assert.equal(seen.proposal.outcome?.reason, "incidentMerged");
    assert.equal(
      seen.proposal.outcome.text,
      `INC-${source.incident_number} was merged into incident ${target.id} before the action ran. Nothing is run there by itself.`,
    );
    assert.equal(seen.tasks[0].urgency, "high");
  });
});
