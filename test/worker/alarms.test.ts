// What people must hear of is counted whatever is cut off, refused or unreadable meanwhile.
import assert from "node:assert/strict";
import type { MetricName } from "../../functions/gate/ports.ts";
import { finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

describe("the worker's alarms", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}): Promise<Json> => {
    await world.begin({ gating: gatingOf({ decision: "allow", ...rule }) });
    return world.openIncident();
  };
  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);
  const counted = (name: MetricName): number => world.metrics.counts()[name] ?? 0;
  const kinds = async () => (await world.gate.ledger.alarms(50)).map(({ kind }) => kind);

  /** Starts the gated action with a token of somebody else. */
  const bypass = async (incident: Json): Promise<void> => {
    const { token } = (
      await world.onPagerDuty("POST", "/_emulator/tokens", {
        user_id: world.pagerDuty.seed.users.jo,
      })
    ).body;
    const started = await world.onPagerDuty(
      "POST",
      "/automation_actions/actions/01DBFAILOVER/invocations",
      { invocation: { metadata: { incident_id: incident.id } } },
      token,
    );
    assert.equal(started.status, 201);
  };

  it("a manual task that cannot be made is counted", async () => {
    const incident = await begin({ decision: "deny" });
    await fault({ call: "POST /incidents", status: 503, times: 8 });
    await propose(world, incident);
    await finish(world);
    assert.deepEqual(await kinds(), ["taskNotPossible"]);
    assert.ok(counted("TaskNotPossible") > 0);
  });

  it("an alarm is counted by itself, not once more as an uncertain outcome", async () => {
    const incident = await begin();
    await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", {
      outcome: "stuck",
    });
    await propose(world, incident);
    await finish(world);
    assert.deepEqual(await kinds(), ["neverRan"]);
    assert.equal(counted("NeverRan"), 1);
    assert.equal(counted("Uncertain"), 0);
  });

  for (const isWritten of [true, false]) {
    it(`a bypass is counted although its alarm was cut off ${isWritten ? "after" : "before"} its write`, async () => {
      const incident = await begin();
      let isCut = false;
      world.tap = async (call, _args, run) => {
        if (call !== "ledger.raise" || isCut) {
          return run();
        }
        isCut = true;
        if (isWritten) {
          await run();
        }
        throw new Error("cut off");
      };
      await bypass(incident);
      await finish(world);
      assert.ok(isCut);
      assert.deepEqual(await kinds(), ["bypass"]);
      assert.ok(counted("BypassDetected") > 0);
    });
  }
});
