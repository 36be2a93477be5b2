// What people must hear of is counted whatever is cut off, refused or unreadable meanwhile.
import assert from "node:assert/strict";
import { RemoteError, type MetricName } from "../../functions/gate/ports/index.ts";
import { finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { throughTap } from "../harness/taps.ts";
import { World, type Json } from "../harness/world.ts";

describe("the worker's alarms", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (
    rule: Record<string, unknown> = {},
    events?: readonly string[],
  ): Promise<Json> => {
    await world.begin({ gating: gatingOf({ decision: "allow", ...rule }), events });
    return world.openIncident();
  };
  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);
  const counted = (name: MetricName): number => world.metrics.counts()[name] ?? 0;
  const kinds = async () => (await world.gate.ledger.alarms(50)).map(({ kind }) => kind);

  /** Starts the gated action with a token of somebody else. */
  const bypass = async (incident: Json, action = "01DBFAILOVER"): Promise<void> => {
    const { token } = (
      await world.onPagerDuty("POST", "/_emulator/tokens", {
        user_id: world.pagerDuty.seed.users.jo,
      })
    ).body;
    const started = await world.onPagerDuty(
      "POST",
      `/automation_actions/actions/${action}/invocations`,
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

  describe("when PagerDuty does not show the incident of a bypass", () => {
    /** One report of each run. */
    const events = ["incident.action_invocation.created"];
    const text = async () => (await world.gate.ledger.alarms(10))[0]?.text ?? "";

    it("because it refuses: the alarm is raised at once", async () => {
      const incident = await begin();
      await bypass(incident);
      await fault({ call: "GET /incidents/:id", status: 403, times: 10_000 });
      await world.settle();
      assert.deepEqual(await kinds(), ["bypass"]);
      assert.ok(counted("BypassDetected") > 0);
      assert.match(await text(), new RegExp(`on ${incident.id} \\(an incident that PagerDuty`));
    });

    it("because it is away: the alarm is raised after a few tries", async () => {
      const incident = await begin({}, events);
      await bypass(incident);
      let tries = 0;
      world.tap = async (call, _args, run) => {
        if (call !== "pagerDuty.incident") {
          return run();
        }
        tries += 1;
        throw new RemoteError("503", { nothingDone: true, retryable: true, status: 503 });
      };
      await finish(world);
      assert.deepEqual(await kinds(), ["bypass"]);
      // Three that throw, and the one that judges without it.
      assert.equal(tries, 4);
    });

    it("for a moment only: a run that is not gated raises nothing", async () => {
      await begin({}, events);
      const other = await world.openIncident({
        service: { id: world.pagerDuty.seed.services.search, type: "service_reference" },
      });
      await bypass(other, "01RESTARTAPI");
      let tries = 0;
      world.tap = async (call, _args, run) => {
        if (call === "pagerDuty.incident" && tries++ < 2) {
          throw new RemoteError("503", { nothingDone: true, retryable: true, status: 503 });
        }
        return run();
      };
      await finish(world);
      assert.deepEqual(await kinds(), []);
      assert.equal(tries, 3);
    });
  });

  it("an event that keeps failing raises one alarm an hour, and is handled in the end", async () => {
    const incident = await begin();
    let failures = 0;
    world.tap = async (call, _args, run) => {
      if (call !== "ledger.getInvocation") {
        return run();
      }
      failures += 1;
      throw new Error("the table is throttled");
    };
    await bypass(incident);
    const startMs = world.clock.now();
    while (world.clock.now() < startMs + 50 * 60_000) {
      world.clock.nowMs = Math.max((await world.nextDueMs()) ?? 0, world.clock.now() + 1_000);
      await world.settle();
    }
    assert.deepEqual(await kinds(), ["eventNotHandled"]);
    // Each event of the run fails eight times in silence.
    assert.ok(failures > 8);
    assert.ok(counted("EventNotHandled") > 1, "it is counted for as long as it goes on");
    world.tap = throughTap;
    await finish(world);
    assert.deepEqual((await kinds()).sort(), ["bypass", "eventNotHandled"]);
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
