import assert from "node:assert/strict";
import { answer, ended, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";

/** The same service as people may write it. */
const NAME = "payments-db";
const ID = "PSVC001";

describe("A service that is called by its name or its id", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const failover = { automationAction: "01DBFAILOVER" };
  const unlisted = { services: {}, defaults: { runbooks: { failover } } };

  it("has one gating, whatever a proposer calls it", async () => {
    await world.begin({
      gating: { ...gatingOf({ decision: "deny" }), defaults: { runbooks: { failover } } },
    });
    const incident = await world.openIncident();
    assert.equal((await propose(world, incident, { service: ID })).status, 202);
    await finish(world);
    assert.equal(ended(await see(world, incident)), "suppressed deniedByPolicy, 0 runs, 1 tasks");
  });

  it("shares one request and one run between equal proposals without a gating of its own", async () => {
    await world.begin({ gating: unlisted });
    const incident = await world.openIncident();
    await propose(world, incident, { service: NAME });
    await world.settle();
    await propose(world, incident, { service: ID });
    await answer(world, "approved");
    await finish(world);
    const { proposals } = await world.gate.ledger.list({ incidentId: incident.id });
    assert.deepEqual(proposals.map(({ outcome }) => outcome?.reason).sort(), [
      "completed",
      "sameAsOpen",
    ]);
    assert.equal((await world.invocations(incident.id)).length, 1);
  });

  for (const [limit, reason, decision] of [
    ["openProposals", "openProposalsLimit", "requireApproval"],
    ["executionsPerHour", "executionsLimit", "allow"],
  ] as const) {
    it(`has one number of ${limit}`, async () => {
      const workflow = { incidentWorkflow: "PWF0001" };
      await world.begin({
        gating: {
          ...gatingOf({ decision, limits: { [limit]: 1 } }),
          defaults: { runbooks: { failover, workflow } },
        },
      });
      const first = await world.openIncident();
      await propose(world, first, { service: ID });
      await world.settle();
      assert.equal((await see(world, first)).proposal.request.service, NAME);
      const other = await world.openIncident();
      for (const [service, runbook] of [
        [NAME, "workflow"],
        [ID, "failover"],
      ]) {
        await propose(world, other, { service, runbook });
        await world.settle();
      }
      const { proposals } = await world.gate.ledger.list({ incidentId: other.id });
      assert.deepEqual(
        proposals.map(({ outcome }) => outcome?.reason),
        [reason, reason],
      );
    });
  }
});
