import assert from "node:assert/strict";
import { ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";

describe("A service that is renamed in PagerDuty", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = (rule: Record<string, unknown> = {}) =>
    world.begin({ gating: gatingOf({ decision: "allow", ...rule }) });
  const rename = async (id: string, name: string) => {
    const { status } = await world.onPagerDuty("PUT", `/services/${id}`, { service: { name } });
    assert.equal(status, 200);
  };
  const { paymentsDb, search } = { paymentsDb: "PSVC001", search: "PSVC003" };

  it("is gated by its rules as before, by events too, and after a restart", async () => {
    await begin({ match: { event: "incident.triggered" }, propose: "failover" });
    assert.equal(world.pagerDuty.seed.services.paymentsDb, paymentsDb);
    await rename(paymentsDb, "payments database");
    for (const restarts of [false, true]) {
      if (restarts) {
        await world.restart();
      }
      const incident = await world.openIncident();
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.equal(seen.proposal.weighing?.listed, true);
      assert.equal(seen.proposal.request.service, "payments-db");
    }
  });

  for (const [as, service] of [
    ["the name that the gating lists", "payments-db"],
    ["its id", paymentsDb],
    ["the name that it has by now", "payments database"],
  ] as const) {
    it(`is proposed for by ${as}`, async () => {
      await begin();
      await rename(paymentsDb, "payments database");
      // It looks at its start, and every five minutes.
      await world.restart();
      const incident = await world.openIncident();
      assert.equal((await propose(world, incident, { service })).status, 202);
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it(`is proposed for by ${as} and an alert's key`, async () => {
      await begin();
      await rename(paymentsDb, "payments database");
      // It looks at its start, and every five minutes.
      await world.restart();
      const incident = await world.alert("db-7");
      const byAlert = { incident_id: undefined, alert_key: "db-7", service };
      assert.equal((await propose(world, incident, byAlert)).status, 202);
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });
  }

  it("leaves its rules to no other that takes over the name", async () => {
    await begin({ match: { event: "incident.triggered" }, propose: "failover" });
    await rename(paymentsDb, "payments database");
    await rename(search, "payments-db");
    const incident = await world.openIncident({
      service: { id: search, type: "service_reference" },
    });
    await finish(world);
    assert.deepEqual((await world.gate.ledger.list({ incidentId: incident.id })).proposals, []);
    await propose(world, incident);
    await finish(world);
    assert.equal((await world.invocations(incident.id)).length, 0);
  });
});
