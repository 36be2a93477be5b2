// An Event Orchestration rule knows an alert's key, never an incident's id: PagerDuty has the key on the alert alone.
import assert from "node:assert/strict";
import { ended, EXECUTED, finish, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { PROPOSER_TOKEN, World, type Json } from "../harness/world.ts";

const MINUTE_MS = 60_000;

describe("A proposal that knows only an alert's key", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = (rule: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
    world.begin({ gating: gatingOf({ decision: "allow", ...rule }, more) });
  const byAlert = async (key: string): Promise<string> => {
    const { status, body } = await world.onGate(
      "POST",
      "/proposals",
      {
        dedup_key: key,
        service: "payments-db",
        runbook: "failover",
      },
      { authorization: "", "x-gate-token": PROPOSER_TOKEN },
    );
    assert.equal(status, 202);
    return body.id;
  };
  const outcomeOf = async (id: string) => (await world.gate.ledger.get(id))?.proposal.outcome;
  const runsOn = async (incident: Json) => (await world.invocations(incident.id)).length;

  it("finds the incident of the alert, whose own key is null", async () => {
    await begin();
    const incident = await world.alert("db-7");
    assert.equal(incident.incident_key, null);
    await byAlert("db-7");
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
  });

  it("finds it by the key as it was sent, spaces and all", async () => {
    await begin();
    const incident = await world.alert(" db 7 ");
    const trimmed = await world.alert("db 7");
    await byAlert(" db 7 ");
    await finish(world);
    assert.deepEqual([await runsOn(incident), await runsOn(trimmed)], [1, 0]);
  });

  it("finds an incident that was made over REST with the key", async () => {
    await begin();
    const incident = await world.openIncident({ incident_key: "by-hand" });
    await byAlert("by-hand");
    await finish(world);
    assert.equal(await runsOn(incident), 1);
  });

  it("finds the incident that the alert was grouped into", async () => {
    await begin();
    const { services } = world.pagerDuty.seed;
    await world.onPagerDuty("PUT", `/services/${services.paymentsDb}`, {
      service: { alert_grouping_parameters: { type: "intelligent", config: {} } },
    });
    const incident = await world.alert("first");
    assert.equal((await world.alert("second")).id, incident.id);
    await byAlert("second");
    await finish(world);
    assert.equal(await runsOn(incident), 1);
  });

  it("finds the incident that the alert was merged into", async () => {
    await begin();
    const source = await world.alert("db-7");
    const target = await world.alert("db-8");
    await world.onPagerDuty("PUT", `/incidents/${target.id}/merge`, {
      source_incidents: [{ id: source.id, type: "incident_reference" }],
    });
    await byAlert("db-7");
    await finish(world);
    assert.deepEqual([await runsOn(source), await runsOn(target)], [0, 1]);
  });

  it("takes the incident on which the alert is triggered, not one on which it is over", async () => {
    await begin();
    const { services } = world.pagerDuty.seed;
    const grouping = (type: string | null) =>
      world.onPagerDuty("PUT", `/services/${services.paymentsDb}`, {
        service: { alert_grouping_parameters: { type } },
      });
    await grouping("intelligent");
    const before = await world.alert("other");
    await world.alert("db-7");
    await world.alert("db-7", "resolve");
    await byAlert("db-7");
    await world.pass(MINUTE_MS);
    assert.equal(await runsOn(before), 0);
    await grouping(null);
    const now = await world.alert("db-7");
    assert.notEqual(now.id, before.id);
    await finish(world);
    assert.deepEqual([await runsOn(before), await runsOn(now)], [0, 1]);
  });

  it("waits as long as auto-pause may last", async () => {
    await begin({ decision: "requireApproval", sla: "5m" });
    await byAlert("db-7");
    await world.pass(15 * MINUTE_MS);
    const incident = await world.alert("db-7");
    await world.pass(2 * MINUTE_MS);
    // The reviewer has the whole time of the rule, from when there is something to look at.
    assert.equal((await world.pendingApprovals()).length, 1);
    assert.equal((await see(world, incident)).proposal.outcome, null);
  });

  it("is given up after 20 minutes, and a person is told of the pause", async () => {
    await begin();
    const id = await byAlert("db-8");
    await world.pass(19 * MINUTE_MS);
    assert.equal(await outcomeOf(id), null);
    await finish(world);
    const outcome = await outcomeOf(id);
    assert.equal(outcome?.reason, "incidentNotFound");
    assert.equal(
      outcome.text,
      "No open incident of “payments-db” with a triggered alert of the key “db-8” appeared within 20m. PagerDuty holds one back for as long as auto-pause or a rule's `suspend` lasts; `incidentAppearsWithin` of the service has to be longer.",
    );
    assert.equal((await world.gateIncidents("task")).length, 1);
  });

  it("is not kept from its incident by another one that cannot be read, and people are told of that", async () => {
    await begin();
    const incident = await world.alert("db-7");
    const strange = { ...incident, id: "QSTRANGE", status: "mitigated" };
    await world.onPagerDuty("POST", "/_emulator/faults", {
      call: "GET /incidents",
      status: 200,
      body: { incidents: [strange, incident], limit: 100, offset: 0, more: false, total: null },
      times: 3,
    });
    await byAlert("db-7");
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), EXECUTED);
    assert.deepEqual(seen.alarms, ["unintelligible"]);
    const [alarm] = await world.gate.ledger.alarms(50);
    assert.equal(
      alarm?.text,
      'Incident QSTRANGE, which PagerDuty lists, cannot be read (`status`: Invalid option: expected one of "triggered"|"acknowledged"|"resolved"). The gate takes it neither for open nor for resolved, and runs nothing on it.',
    );
  });

  it("is given up when the service's own time is over", async () => {
    await begin({}, { incidentAppearsWithin: "1h" });
    const id = await byAlert("db-8");
    await world.pass(59 * MINUTE_MS);
    assert.equal(await outcomeOf(id), null);
    const incident = await world.alert("db-8");
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
  });
});
