import assert from "node:assert/strict";
import { answer, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

const INVOKE = "POST /automation_actions/actions/:id/invocations";

describe("Executions and what PagerDuty reports of them", () => {
  let world: World;
  /** A token of somebody else than the gate's user. */
  let person = "";

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}, runbook = "failover") => {
    await world.begin({ gating: gatingOf({ decision: "allow", ...rule }) });
    const incident = await world.openIncident();
    person = (
      await world.onPagerDuty("POST", "/_emulator/tokens", {
        user_id: world.pagerDuty.seed.users.jo,
      })
    ).body.token;
    return {
      incident,
      go: async () => {
        assert.equal((await propose(world, incident, { runbook })).status, 202);
        await finish(world);
        return see(world, incident);
      },
    };
  };
  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);
  const invoke = (incident: Json, token: string) =>
    world.onPagerDuty(
      "POST",
      "/automation_actions/actions/01DBFAILOVER/invocations",
      { invocation: { metadata: { incident_id: incident.id } } },
      token,
    );

  /** As a person does it, past the gate. */
  const startWorkflow = (incident: Json) =>
    world.onPagerDuty(
      "POST",
      "/incident_workflows/PWF0001/instances",
      { incident_workflow_instance: { incident: { id: incident.id, type: "incident_reference" } } },
      person,
    );

  describe("when PagerDuty's answer is not what happened", () => {
    it("500 after doing it: found and followed, not sent again", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, status: 500, afterDoing: true });
      const seen = await go();
      assert.equal(ended(seen), EXECUTED);
      assert.ok(seen.types.includes("execution.found"), seen.types.join());
    });

    it("500 without doing it: uncertain, with a manual task and an alarm", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, status: 500 });
      const seen = await go();
      assert.equal(ended(seen), "uncertain unclear, 0 runs, 1 tasks");
      assert.deepEqual(seen.alarms, ["uncertain"]);
      assert.match(seen.tasks[0].title, /^\[CHECK\] failover on INC-/);
    });

    it("a dropped answer: found and followed", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, dropAnswer: true });
      assert.equal(ended(await go()), EXECUTED);
    });

    it("no answer in time: found and followed", async () => {
      await world.begin({ gating: gatingOf({ decision: "allow" }), callTimeoutMs: 150 });
      const incident = await world.openIncident();
      await fault({ call: INVOKE, delayMs: 60_000, afterDoing: true, status: 201 });
      await propose(world, incident);
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("429: nothing was done, so it is sent when PagerDuty lets it", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, status: 429, times: 2 });
      const seen = await go();
      assert.equal(ended(seen), EXECUTED);
      assert.equal(seen.types.filter((type) => type === "execution.claimed").length, 3);
    });

    it("429 for longer than the approval is good: it lapses", async () => {
      const { go } = await begin({ validFor: "1m" });
      await fault({ call: INVOKE, status: 429, times: 1000 });
      const seen = await go();
      assert.equal(ended(seen), "suppressed approvalLapsed, 0 runs, 1 tasks");
    });

    it("a process that stands still after its claim sends nothing that is not allowed any more", async () => {
      await world.begin({ gating: gatingOf({ decision: "allow", validFor: "1m" }) });
      const incident = await world.openIncident();
      let isFirst = true;
      world.tap = async (call, args, run) => {
        const answer = await run();
        const isClaim = JSON.stringify(args[1] ?? "").includes("execution.claimed");
        if (call === "ledger.save" && isClaim && isFirst) {
          isFirst = false;
          world.clock.advance(120_000);
        }
        return answer;
      };
      await propose(world, incident);
      await finish(world);
      assert.equal(isFirst, false);
      assert.equal(ended(await see(world, incident)), "suppressed approvalLapsed, 0 runs, 1 tasks");
    });

    it("400: it failed, and a person is told", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, status: 400 });
      assert.equal(ended(await go()), "failed refusedByPagerDuty, 0 runs, 1 tasks");
    });

    it("the custom fields cannot be set: nothing is started until they can", async () => {
      const { go } = await begin();
      await fault({ call: "PUT /incidents/:id/custom_fields/values", status: 500, times: 2 });
      assert.equal(ended(await go()), EXECUTED);
    });

    it("one request that runs twice is an alarm", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, duplicate: true });
      const seen = await go();
      assert.equal(seen.invocations.length, 2);
      assert.deepEqual(seen.alarms, ["ranTwice"]);
    });

    it("one request that runs twice and a lost answer: uncertain, and both alarms", async () => {
      const { go } = await begin();
      await fault({ call: INVOKE, duplicate: true, status: 500, afterDoing: true });
      const seen = await go();
      assert.equal(ended(seen), "uncertain unclear, 2 runs, 1 tasks");
      assert.deepEqual(seen.alarms, ["ranTwice", "uncertain"]);
    });
  });

  describe("when the run does not end well", () => {
    for (const outcome of ["error", "aborted"]) {
      it(`${outcome}: failed, with a manual task`, async () => {
        const { go } = await begin();
        await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", { outcome });
        assert.equal(ended(await go()), "failed runFailed, 1 runs, 1 tasks");
      });
    }

    it("an offline runner: never ran, with a manual task, and its late run is recorded", async () => {
      const { go, incident } = await begin();
      const runner = "/_emulator/actions/01DBFAILOVER/outcome";
      await world.onPagerDuty("POST", runner, { outcome: "stuck" });
      const seen = await go();
      assert.equal(ended(seen), "uncertain neverRan, 1 runs, 1 tasks");
      assert.deepEqual(seen.alarms, ["neverRan"]);
      await world.onPagerDuty("POST", runner, { outcome: "completed" });
      await finish(world);
      const later = await see(world, incident);
      assert.equal(ended(later), "uncertain neverRan, 1 runs, 1 tasks");
      assert.ok(later.types.includes("execution.seenLate"));
      assert.deepEqual(later.alarms, ["neverRan"]);
    });
  });

  describe("what nobody approved", () => {
    const alarms = () => world.gate.ledger.alarms(10);

    it("a run past the gate is an alarm that names what, where and who", async () => {
      const { incident } = await begin();
      assert.equal((await invoke(incident, person)).status, 201);
      await finish(world);
      const [alarm, ...others] = await alarms();
      assert.equal(others.length, 0);
      assert.equal(alarm?.kind, "bypass");
      const [run] = await world.invocations(incident.id);
      assert.equal(
        alarm?.text,
        `Automation action 01DBFAILOVER was run on INC-${incident.incident_number} (payments-db) by “Jo Keller” (PUSER01) without an approval of the gate (invocation ${run.id}).`,
      );
      assert.equal(world.metrics.counts()["BypassDetected"], 1);
      const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
      assert.equal(notes.filter(({ content }: Json) => content.includes("ALARM")).length, 1);
    });

    it("a run past the gate beside an approved one is told apart from it", async () => {
      const { go, incident } = await begin();
      await go();
      await invoke(incident, person);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(seen.proposal.outcome?.reason, "completed");
      assert.deepEqual(seen.alarms, ["bypass"]);
    });

    it("a person's run is not taken for the one whose answer was lost", async () => {
      const { go, incident } = await begin();
      // An answer of PagerDuty's tells whom the gate acts as.
      assert.equal(ended(await go()), EXECUTED);
      const other = await world.openIncident();
      let isFirst = true;
      world.tap = async (call, _args, run) => {
        if (call === "pagerDuty.execute" && isFirst) {
          isFirst = false;
          await fault({ call: INVOKE, status: 500 });
          const sent = run();
          await sent.catch(() => undefined);
          await invoke(other, person);
          return sent;
        }
        return run();
      };
      assert.equal((await propose(world, other)).status, 202);
      await finish(world);
      const seen = await see(world, other);
      assert.equal(ended(seen), "uncertain unclear, 1 runs, 1 tasks");
      assert.deepEqual(seen.alarms, ["bypass", "uncertain"]);
      assert.deepEqual((await see(world, incident)).types.includes("execution.found"), false);
    });

    it("a run days after one that stayed uncertain is not taken for it", async () => {
      const { go, incident } = await begin();
      await fault({ call: INVOKE, status: 500 });
      assert.equal(ended(await go()), "uncertain unclear, 0 runs, 1 tasks");
      world.clock.advance(5 * 24 * 3_600_000);
      await invoke(incident, person);
      await finish(world);
      assert.deepEqual((await see(world, incident)).alarms, ["bypass", "uncertain"]);
    });

    it("a run on a service that is not gated is nobody's business", async () => {
      await begin();
      const other = await world.openIncident({
        service: { id: world.pagerDuty.seed.services.search, type: "service_reference" },
      });
      await world.onPagerDuty(
        "POST",
        "/automation_actions/actions/01RESTARTAPI/invocations",
        { invocation: { metadata: { incident_id: other.id } } },
        person,
      );
      await finish(world);
      assert.deepEqual(await alarms(), []);
    });

    it("a workflow that somebody starts after ours is an alarm", async () => {
      const { go, incident } = await begin({}, "workflow");
      assert.equal((await go()).proposal.outcome?.reason, "completed");
      await startWorkflow(incident);
      await finish(world);
      assert.deepEqual(
        (await alarms()).map(({ kind }) => kind),
        ["bypass"],
      );
    });
  });

  describe("workflows, which cannot be read back", () => {
    it("a lost answer: the event of its start settles it, and that of its end ends it", async () => {
      const { go } = await begin({}, "workflow");
      await fault({
        call: "POST /incident_workflows/:id/instances",
        status: 500,
        afterDoing: true,
      });
      const seen = await go();
      assert.equal(seen.proposal.outcome?.reason, "completed");
      assert.equal(seen.tasks.length, 0);
    });

    it("an answer without an id: its end is still seen, and a later start is not taken for ours", async () => {
      const { go, incident } = await begin({}, "workflow");
      await fault({
        call: "POST /incident_workflows/:id/instances",
        status: 202,
        body: {},
        afterDoing: true,
      });
      const seen = await go();
      assert.equal(seen.proposal.outcome?.reason, "completed");
      await startWorkflow(incident);
      await finish(world);
      assert.deepEqual((await see(world, incident)).alarms, ["bypass"]);
    });

    it("a start days later is not taken for one whose answer and event were lost", async () => {
      const { go, incident } = await begin({}, "workflow");
      await fault({ call: "POST /incident_workflows/:id/instances", status: 500 });
      assert.equal(ended(await go()), "uncertain unclear, 0 runs, 1 tasks");
      world.clock.advance(5 * 24 * 3_600_000);
      await startWorkflow(incident);
      await finish(world);
      assert.deepEqual((await see(world, incident)).alarms, ["bypass", "uncertain"]);
    });

    it("no event at all: uncertain", async () => {
      const { go } = await begin({}, "workflow");
      await fault({ call: "POST /incident_workflows/:id/instances", status: 500 });
      const seen = await go();
      assert.equal(ended(seen), "uncertain unclear, 0 runs, 1 tasks");
    });
  });

  describe("what is owed to people", () => {
    const task = "POST /incidents";

    it("a manual task that was made although PagerDuty said 500 is not made twice", async () => {
      const { go } = await begin({ decision: "deny" });
      await fault({ call: task, status: 500, afterDoing: true });
      assert.equal(ended(await go()), "suppressed deniedByPolicy, 0 runs, 1 tasks");
    });

    it("a manual task is tried until PagerDuty takes it", async () => {
      const { go } = await begin({ decision: "deny" });
      await fault({ call: task, status: 503, times: 8 });
      const seen = await go();
      assert.equal(ended(seen), "suppressed deniedByPolicy, 0 runs, 1 tasks");
      assert.deepEqual(seen.alarms, ["taskNotPossible"]);
    });

    it("a manual task whose routing PagerDuty refuses goes to the incident's own policy", async () => {
      await world.begin({
        gating: gatingOf({ decision: "deny" }, { manualTask: { escalationPolicy: "PGONE01" } }),
      });
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed deniedByPolicy, 0 runs, 1 tasks");
    });

    it("notes that PagerDuty refuses hold nothing up", async () => {
      const { go } = await begin();
      await fault({ call: "POST /incidents/:id/notes", status: 400, times: 1000 });
      assert.equal(ended(await go()), EXECUTED);
    });

    it("a page that cannot be closed does not keep the proposal open for ever", async () => {
      const page = { escalateAfter: "1m", escalateTo: { escalationPolicy: "PEP0002" } };
      const { incident } = await begin({ decision: "requireApproval", ...page });
      await propose(world, incident);
      await world.pass(70_000);
      assert.equal((await world.gateIncidents("escalation")).length, 1);
      await fault({ call: "PUT /incidents/:id", status: 403, times: 1_000_000 });
      await answer(world, "rejected");
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed rejected, 0 runs, 1 tasks");
    });
  });
});
