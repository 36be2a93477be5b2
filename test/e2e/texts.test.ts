import assert from "node:assert/strict";
import { ended, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World } from "../harness/world.ts";

describe("What others write", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  describe("with characters that nobody sees", () => {
    it("gets past no rule on the title", async () => {
      await world.begin({
        gating: gatingOf({ match: { titlePattern: "ledger" }, decision: "deny" }),
      });
      const incident = await world.openIncident({ title: "le\u200Bd\u00ADger\uFEFF is slow" });
      assert.equal((await propose(world, incident)).status, 202);
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed deniedByPolicy, 0 runs, 1 tasks");
    });

    it("is refused in a parameter, with the code point", async () => {
      const parameters = { reason: { type: "string" } };
      const runbooks = { failover: { automationAction: "01DBFAILOVER", parameters } };
      await world.begin({ gating: gatingOf({}, { runbooks }) });
      const incident = await world.openIncident();
      const { status, body } = await propose(world, incident, {
        parameters: { reason: "dis\u200Bk" },
      });
      assert.equal(status, 400);
      assert.equal(
        body.error,
        '`parameters.reason` must be text of at most 200 characters without invisible and control characters, got "dis[U+200B]k"',
      );
    });
  });
});
