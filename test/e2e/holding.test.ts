import assert from "node:assert/strict";
import {
  answer,
  asked,
  ended,
  EXECUTED,
  finish,
  propose,
  see,
  type Seen,
} from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, World, type Json } from "../harness/world.ts";

describe("What holds an action or lets it go", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
    await world.begin({ gating: gatingOf(rule, more) });
    return world.openIncident();
  };
  const killSwitch = (on: boolean) =>
    world.gate.ledger.setKillSwitch({
      on,
      reason: on ? "change freeze of the whole company" : null,
      by: "operator",
      atMs: world.clock.now(),
    });
  const loseResolved = () =>
    world.onPagerDuty("POST", "/_emulator/faults", {
      call: "webhook incident.resolved",
      status: 400,
    });
  const refusal = (seen: Seen): Json =>
    seen.events.find(({ type }) => type === "execution.refused")?.data;
  const all = async () => (await world.gate.ledger.list({ limit: 200 })).proposals;

  describe("the incident", () => {
    it("resolves while a reviewer is asked: voided, with a task of low urgency", async () => {
      const incident = await begin();
      await propose(world, incident);
      const { id } = await asked(world);
      await world.updateIncident(incident.id, { status: "resolved" });
      await world.settle();
      const seen = await see(world, incident);
      assert.equal(seen.proposal.outcome?.reason, "incidentResolved");
      await world.decide(id, "approved");
      await finish(world);
      const later = await see(world, incident);
      assert.equal(ended(later), "suppressed incidentResolved, 0 runs, 1 tasks");
      assert.equal(later.tasks[0].urgency, "low");
      assert.ok(later.types.includes("decision.late"));
    });

    it("resolves and the event is lost: the last look before the run sees it", async () => {
      const incident = await begin();
      await propose(world, incident);
      await asked(world);
      await loseResolved();
      await world.updateIncident(incident.id, { status: "resolved" });
      await answer(world, "approved");
      await finish(world);
      assert.equal(
        ended(await see(world, incident)),
        "suppressed incidentResolved, 0 runs, 1 tasks",
      );
    });

    it("resolves while the kill switch holds the run: voided at once", async () => {
      const incident = await begin();
      await propose(world, incident);
      await asked(world);
      await killSwitch(true);
      await answer(world, "approved");
      await world.updateIncident(incident.id, { status: "resolved" });
      await world.settle();
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed incidentResolved, 0 runs, 1 tasks");
      assert.equal(seen.tasks[0].urgency, "low");
    });

    it("moves to another service: voided", async () => {
      const incident = await begin();
      await propose(world, incident);
      await asked(world);
      await world.updateIncident(incident.id, {
        service: { id: world.pagerDuty.seed.services.search, type: "service_reference" },
      });
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed incidentMoved, 0 runs, 1 tasks");
    });

    it("cannot be read when it is to run: it runs when it can, or the approval lapses", async () => {
      const incident = await begin({ validFor: "1m" });
      await propose(world, incident);
      const { id } = await asked(world);
      await world.onPagerDuty("POST", "/_emulator/faults", {
        call: `GET /incidents/${incident.id}`,
        status: 503,
        times: 1000,
      });
      await world.decide(id, "approved");
      await world.pass(120_000);
      await world.onPagerDuty("DELETE", "/_emulator/faults");
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed approvalLapsed, 0 runs, 1 tasks");
    });

    it("is unknown: a person is told on the service that was named", async () => {
      await begin();
      await propose(world, { id: "QNOSUCH" });
      await finish(world);
      const seen = await see(world, { id: "QNOSUCH" });
      assert.equal(seen.proposal.outcome?.reason, "incidentNotFound");
      assert.equal(seen.tasks.length, 1);
    });

    it("is one of the gate's own: nothing is proposed for it, by event or by hand", async () => {
      const event = { match: { event: "incident.triggered" }, propose: "failover" };
      const incident = await begin({ ...event, decision: "deny" });
      await finish(world);
      const [task] = await world.gateIncidents("task");
      assert.ok(task !== undefined);
      assert.equal((await all()).length, 1);
      world.setGating(gatingOf({ decision: "allow" }));
      assert.equal((await propose(world, task)).status, 409);
      // By its alert key it is known only when it has been found.
      const byKey = { incident_id: undefined, alert_key: task.incident_key };
      assert.equal((await propose(world, task, byKey)).status, 202);
      await finish(world);
      const seen = (await world.gate.ledger.list({ incidentId: task.id })).proposals[0];
      assert.equal(seen?.outcome?.reason, "gateIncident");
      assert.equal((await world.invocations(incident.id)).length, 0);
    });
  });

  it("nothing is proposed for a page of the gate's own alarms, whose incident has no key", async () => {
    await begin({ match: { event: "incident.triggered" }, propose: "failover", decision: "allow" });
    await finish(world);
    const before = (await all()).length;
    const page = await world.openIncident({ title: "Approval gate: DB failover ran twice." });
    assert.equal(page.incident_key, null);
    await finish(world);
    assert.equal((await all()).length, before);
    world.setGating(gatingOf({ decision: "allow" }));
    await propose(world, page);
    await finish(world);
    assert.equal(ended(await see(world, page)), "suppressed gateIncident, 0 runs, 1 tasks");
  });

  describe("the kill switch", () => {
    it("holds an approved run and lets it go in time", async () => {
      const incident = await begin();
      await propose(world, incident);
      await asked(world);
      await killSwitch(true);
      await answer(world, "approved");
      await world.pass(60_000);
      const seen = await see(world, incident);
      assert.ok(seen.proposal.heldSinceMs !== null);
      assert.equal(seen.invocations.length, 0);
      assert.equal((await world.onGate("GET", "/healthz")).body.kill_switch.on, true);
      await killSwitch(false);
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("is told to the reviewer who is asked while it is on", async () => {
      const incident = await begin();
      await killSwitch(true);
      await propose(world, incident);
      await asked(world);
      const [request] = await world.pendingApprovals();
      assert.match(
        request.details.kill_switch,
        /^ON since .* by operator: an approved action waits until it is off \(“change freeze of the whole company”\)$/,
      );
    });

    it("holds it for longer than the approval is good: it lapses and says so", async () => {
      const incident = await begin({ validFor: "1m", decision: "allow" });
      await killSwitch(true);
      await propose(world, incident);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed approvalLapsed, 0 runs, 1 tasks");
      assert.match(seen.proposal.outcome?.text ?? "", /The kill switch held it\.$/);
    });

    it("turned on between the look and the write of the claim still holds it", async () => {
      const incident = await begin({ decision: "allow", validFor: "1m" });
      let isFirst = true;
      world.tap = async (call, _args, run) => {
        if (call === "pagerDuty.incident" && isFirst && (await all())[0]?.decision !== null) {
          isFirst = false;
          await killSwitch(true);
        }
        return run();
      };
      await propose(world, incident);
      await finish(world);
      assert.equal(isFirst, false);
      assert.equal(ended(await see(world, incident)), "suppressed approvalLapsed, 0 runs, 1 tasks");
    });
  });

  describe("the gating at the moment of the run", () => {
    const changes: readonly [string, () => object, string][] = [
      ["a freeze that began", () => gatingOf({ decision: "deny" }), "deniedByPolicy"],
      [
        "another target under the same name",
        () => {
          const gating = structuredClone(gatingOf()) as Json;
          gating.services["payments-db"].runbooks.failover.automationAction = "01RESTARTAPI";
          return gating;
        },
        "gatingChanged",
      ],
      ["no gating of the service any more", () => ({ services: {} }), "gatingChanged"],
    ];
    for (const [what, gating, reason] of changes) {
      it(`${what}: the approval is not used`, async () => {
        const incident = await begin();
        await propose(world, incident);
        const { id } = await asked(world);
        world.setGating(gating());
        await world.decide(id, "approved");
        await finish(world);
        assert.equal(ended(await see(world, incident)), `suppressed ${reason}, 0 runs, 1 tasks`);
      });
    }

    it("a value that a reviewer changed and may not change any more: the approval is not used", async () => {
      const incident = await begin({ editable: ["max_replicas"] });
      await propose(world, incident);
      const { id } = await asked(world);
      world.setGating(gatingOf());
      await world.decide(id, "approved", { modifiedDetails: { max_replicas: 2 } });
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed gatingChanged, 0 runs, 1 tasks");
      assert.equal(
        (await see(world, incident)).proposal.outcome?.text,
        "Rule only by now lets no reviewer change max_replicas.",
      );
    });

    it("allowed before, approval needed now: nothing runs without it", async () => {
      const incident = await begin({ decision: "allow" });
      await killSwitch(true);
      await propose(world, incident);
      await world.settle();
      world.setGating(gatingOf());
      await killSwitch(false);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed gatingChanged, 0 runs, 1 tasks");
      const { gatingHash, ...why } = refusal(seen);
      assert.notEqual(gatingHash, seen.proposal.weighing?.gatingHash);
      assert.deepEqual(why, {
        reason: "gatingChanged",
        rule: "only",
        decision: "requireApproval",
        trace: [{ rule: "only", matched: true, because: "it matches everything" }],
      });
    });

    it("a rule that begins to match: the ledger tells which, and why not the ones before", async () => {
      const incident = await begin();
      await propose(world, incident);
      const { id } = await asked(world);
      const low = { name: "low", match: { priority: "P3" }, decision: "allow" };
      const freeze = { name: "freeze", match: { priority: "P1" }, decision: "deny" };
      world.setGating(gatingOf({}, { rules: [low, freeze] }));
      await world.decide(id, "approved");
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed deniedByPolicy, 0 runs, 1 tasks");
      assert.deepEqual(refusal(seen).trace, [
        { rule: "low", matched: false, because: '`priority` is "P1", not "P3"' },
        { rule: "freeze", matched: true, because: "`priority` holds" },
      ]);
    });
  });

  describe("limits", () => {
    it("of executions in an hour hold the rest", async () => {
      await world.begin({
        gating: gatingOf({ decision: "allow", limits: { executionsPerHour: 2 } }),
      });
      const incidents = [];
      for (let count = 0; count < 3; count++) {
        incidents.push(await world.openIncident({ title: `number ${count}` }));
      }
      for (const incident of incidents) {
        await propose(world, incident);
        await finish(world);
      }
      const reasons = (await all()).map(({ outcome }) => outcome?.reason).sort();
      assert.deepEqual(reasons, ["completed", "completed", "executionsLimit"]);
      assert.equal((await world.gateIncidents("task")).length, 1);
    });

    it("of open proposals hold the rest", async () => {
      await world.begin({ gating: gatingOf({ limits: { openProposals: 2 } }) });
      for (let count = 0; count < 3; count++) {
        await propose(world, await world.openIncident({ title: `number ${count}` }));
        await world.settle();
      }
      assert.equal((await world.pendingApprovals()).length, 2);
      const closed = (await all()).filter(({ outcome }) => outcome !== null);
      assert.deepEqual(
        closed.map(({ outcome }) => outcome?.reason),
        ["openProposalsLimit"],
      );
    });
  });

  describe("a page", () => {
    it("goes out when nobody decides, and is closed with the decision", async () => {
      const incident = await begin({
        escalateAfter: "1m",
        escalateTo: { escalationPolicy: "PEP0002" },
      });
      await propose(world, incident);
      await world.pass(59_000);
      assert.deepEqual(await world.gateIncidents("escalation"), []);
      await world.pass(2_000);
      const [page, ...others] = await world.gateIncidents("escalation");
      assert.equal(others.length, 0);
      assert.equal(page.escalation_policy.id, "PEP0002");
      await answer(world, "approved");
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
      assert.equal((await world.gateIncidents("escalation"))[0].status, "resolved");
    });

    it("does not go out for an incident that was resolved although its event was lost", async () => {
      const incident = await begin({
        escalateAfter: "1m",
        escalateTo: { escalationPolicy: "PEP0002" },
      });
      await propose(world, incident);
      await asked(world);
      await loseResolved();
      await world.updateIncident(incident.id, { status: "resolved" });
      await finish(world);
      assert.deepEqual(await world.gateIncidents("escalation"), []);
      assert.equal(
        ended(await see(world, incident)),
        "suppressed incidentResolved, 0 runs, 1 tasks",
      );
    });

    it("goes out where PagerDuty does not tell about the incident", async () => {
      const incident = await begin({
        escalateAfter: "1m",
        escalateTo: { escalationPolicy: "PEP0002" },
      });
      await propose(world, incident);
      await asked(world);
      await world.onPagerDuty("POST", "/_emulator/faults", {
        call: `GET /incidents/${incident.id}`,
        status: 503,
        times: 1000,
      });
      await world.pass(61_000);
      assert.equal((await world.gateIncidents("escalation")).length, 1);
      await world.onPagerDuty("DELETE", "/_emulator/faults");
    });
  });

  describe("an idempotency key", () => {
    it("replays its answer, and conflicts with another request", async () => {
      const incident = await begin();
      const key = { "idempotency-key": "k-1" };
      const first = await propose(world, incident, {}, key);
      const replay = await propose(world, incident, {}, key);
      assert.equal(replay.status, 200);
      assert.equal(replay.body.id, first.body.id);
      assert.equal(replay.body.joined, "idempotencyKey");
      const conflict = await propose(world, incident, { justification: "another" }, key);
      assert.equal(conflict.status, 409);
      assert.equal(
        conflict.body.error,
        `\`Idempotency-Key\` was used for another request, which made ${first.body.id}`,
      );
      const operator = { ...key, authorization: `Bearer ${OPERATOR_TOKEN}` };
      const other = await propose(world, incident, { justification: "another" }, operator);
      assert.equal(other.body.joined, "open");
    });
  });
});
