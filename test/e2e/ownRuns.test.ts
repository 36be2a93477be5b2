import assert from "node:assert/strict";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import { ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { secondWorker } from "../harness/secondWorker.ts";
import { World, type Json } from "../harness/world.ts";

const ME = "GET /users/me";

describe("Whose run it is", () => {
  let world: World;
  let person = "";
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (events?: readonly string[]): Promise<Json> => {
    await world.begin({ gating: gatingOf({ decision: "allow" }), events });
    const body = { user_id: world.pagerDuty.seed.users.jo };
    person = (await world.onPagerDuty("POST", "/_emulator/tokens", body)).body.token;
    return world.openIncident();
  };
  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);
  const invoke = (incident: Json, token: string) =>
    world.onPagerDuty(
      "POST",
      "/automation_actions/actions/01DBFAILOVER/invocations",
      { invocation: { metadata: { incident_id: incident.id } } },
      token,
    );
  /** The gate's request comes to nothing, its answer is lost, and a person runs the same at that moment. */
  const loseFirst = (incident: Json) => {
    let isFirst = true;
    world.tap = async (call, _args, run) => {
      if (call === "pagerDuty.execute" && isFirst) {
        isFirst = false;
        await invoke(incident, person);
        throw new RemoteError("no answer", { nothingDone: false, retryable: true });
      }
      return run();
    };
  };

  it("is read from PagerDuty before any answer told it: a person's is not taken for the first one", async () => {
    const incident = await begin();
    loseFirst(incident);
    await propose(world, incident);
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "uncertain unclear, 1 runs, 1 tasks");
    assert.deepEqual(seen.alarms, ["bypass", "uncertain"]);
  });

  for (const status of [400, 503]) {
    it(`is nobody knows whose where PagerDuty answers ${status} to who the gate is: uncertain, and told`, async () => {
      const incident = await begin();
      await fault({ call: ME, status, times: 1_000 });
      loseFirst(incident);
      await propose(world, incident);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "uncertain unclear, 1 runs, 1 tasks");
      assert.match(
        seen.proposal.outcome?.text ?? "",
        /PagerDuty lists what may be this one, and does not tell that the gate started it: /,
      );
      assert.deepEqual(seen.alarms, ["bypass", "uncertain"]);
      const bypass = (await world.gate.ledger.alarms(9)).find(({ kind }) => kind === "bypass");
      assert.match(
        bypass?.text ?? "",
        new RegExp(` It may be the run of ${seen.proposal.id}, whose end is uncertain\\.$`),
      );
    });
  }

  it("is found although nobody can tell who the gate is, where its answer came", async () => {
    const incident = await begin();
    await fault({ call: ME, status: 400, times: 1_000 });
    await propose(world, incident);
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), EXECUTED);
    assert.deepEqual(seen.alarms, []);
  });

  it("is asked seldom, however many runs are reported", async () => {
    const incident = await begin();
    for (let i = 0; i < 5; i++) {
      await invoke(incident, person);
    }
    await finish(world);
    const { requests } = (await world.onPagerDuty("GET", "/_emulator/requests?call=GET /users/me"))
      .body;
    assert.equal(requests.length, 1);
  });

  it("is the gate's where its answer is recorded between two looks of the report", async () => {
    const incident = await begin(["incident.action_invocation.created"]);
    const sent = Promise.withResolvers<void>();
    const mayAnswer = Promise.withResolvers<void>();
    const recorded = Promise.withResolvers<void>();
    let looks = 0;
    let isTriedOnce = false;
    world.tap = async (call, args, run) => {
      const result = await run();
      if (call === "pagerDuty.execute") {
        sent.resolve();
        await mayAnswer.promise;
      }
      if (call === "ledger.save" && JSON.stringify(args[1]).includes("execution.accepted")) {
        recorded.resolve();
      }
      isTriedOnce ||= call === "ledger.saveDelivery";
      if (call === "ledger.link" && String(args[0]).startsWith("invocation/")) {
        looks += 1;
        if (looks === 2) {
          // The second try of the report has just seen that the run is nobody's.
          assert.equal(result, null);
          mayAnswer.resolve();
          await recorded.promise;
        }
      }
      return result;
    };
    await propose(world, incident);
    const first = world.settle();
    await sent.promise;
    await world.pagerDuty.tick();
    while (isTriedOnce === false) {
      await new Promise(setImmediate);
    }
    world.clock.advance(2_500);
    await Promise.all([first, world.settle()]);
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), EXECUTED);
    assert.ok(looks > 2, "the race was not met");
    assert.deepEqual(seen.alarms, []);
  });

  it("is its own proposal's where the answer comes after the end", async () => {
    const incident = await begin();
    let answer: (() => void) | null = null;
    const late = Promise.withResolvers<void>();
    world.tap = async (call, _args, run) => {
      const result = await run();
      if (call === "pagerDuty.execute") {
        answer = late.resolve;
        await late.promise;
      }
      return result;
    };
    // No event of it, and nothing listed, until the proposal has ended.
    await fault({ call: "GET /automation_actions/invocations", status: 500, times: 100_000 });
    await propose(world, incident);
    const working = world.settle();
    while (answer === null) {
      await new Promise(setImmediate);
    }
    world.clock.advance(40 * 60_000);
    const { proposals } = await world.gate.ledger.list({ incidentId: incident.id });
    const id = proposals[0]?.id ?? "";
    await secondWorker(world).handle({ kind: "proposal", id });
    late.resolve();
    await working;
    await world.onPagerDuty("DELETE", "/_emulator/faults");
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "uncertain unclear, 1 runs, 1 tasks");
    assert.ok(seen.types.includes("execution.lateResult"));
    const [run] = seen.invocations;
    assert.equal(await world.gate.ledger.link(`invocation/${run.id}`), id);
    assert.deepEqual(seen.alarms, ["uncertain"]);
  });
});
