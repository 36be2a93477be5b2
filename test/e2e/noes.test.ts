import assert from "node:assert/strict";
import { visit } from "../../functions/worker/visit.ts";
import { answer, asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, World, type Json } from "../harness/world.ts";

// A human's no: never followed by an execution of the same thing on that incident, until a human says yes to it later.
describe("A human's no", function () {
  this.timeout(30_000);
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };
  const killSwitch = (on: boolean): Promise<unknown> =>
    world.onGate("PUT", "/operator/kill-switch", { on, reason: "hold" }, OPERATOR);
  const runs = async (incident: Json): Promise<number> =>
    (await world.invocations(incident.id)).length;
  const proposals = async (incident: Json) =>
    (await world.gate.ledger.list({ incidentId: incident.id })).proposals;

  /** Two names for one thing: the rule of `alias` is another one. */
  function aliasGating(alias: Record<string, unknown>): object {
    const gating = gatingOf() as { services: Record<string, Json> };
    const service = gating.services["payments-db"];
    service.runbooks.alias = service.runbooks.failover;
    service.rules = [
      { name: "alias", match: { runbook: "alias" }, risk: 0.5, sla: "5m", ...alias },
      { name: "only", match: {}, decision: "requireApproval", risk: 0.5, sla: "5m" },
    ];
    return gating;
  }

  const pendingFor = async (runbook: string): Promise<Json> => {
    await world.settle();
    const pending = await world.pendingApprovals();
    return pending.find(({ details }: Json) => details.runbook === runbook);
  };

  describe("to one of two proposals of the same", () => {
    it("stops the other one that silence would approve", async () => {
      const silence = { decision: "requireApproval", onExpiry: "approve", acknowledgeRisk: true };
      await world.begin({ gating: aliasGating(silence) });
      const incident = await world.openIncident();
      await propose(world, incident);
      await propose(world, incident, { runbook: "alias" });
      const { id } = await pendingFor("failover");
      await world.decide(id, "rejected", { note: "never now" });
      await finish(world);
      assert.equal(await runs(incident), 0);
      const reasons = (await proposals(incident)).map(({ outcome }) => outcome?.reason);
      assert.deepEqual(reasons.sort(), ["rejected", "sameAsRejected"]);
    });

    it("stops the other one that a rule allows and the kill switch holds", async () => {
      await world.begin({ gating: aliasGating({ decision: "allow", validFor: "1h" }) });
      const incident = await world.openIncident();
      await killSwitch(true);
      await propose(world, incident, { runbook: "alias" });
      await propose(world, incident);
      const { id } = await pendingFor("failover");
      world.clock.nowMs += 1_000;
      await world.decide(id, "rejected");
      await world.settle();
      await killSwitch(false);
      await finish(world);
      assert.equal(await runs(incident), 0);
    });

    it("stops the other one that a human approved before", async () => {
      await world.begin({
        gating: aliasGating({ decision: "requireApproval", validFor: "1h" }),
      });
      const incident = await world.openIncident();
      await killSwitch(true);
      await propose(world, incident);
      await propose(world, incident, { runbook: "alias" });
      await world.decide((await pendingFor("alias")).id, "approved");
      await world.pass(10_000);
      await world.decide((await pendingFor("failover")).id, "rejected");
      await world.settle();
      await killSwitch(false);
      await finish(world);
      assert.equal(await runs(incident), 0);
    });

    it("does not stop the other one that a human approves after it", async () => {
      await world.begin({
        gating: aliasGating({ decision: "requireApproval", validFor: "1h" }),
      });
      const incident = await world.openIncident();
      await propose(world, incident);
      await propose(world, incident, { runbook: "alias" });
      await world.decide((await pendingFor("failover")).id, "rejected");
      await world.pass(10_000);
      await world.decide((await pendingFor("alias")).id, "approved");
      await finish(world);
      assert.equal(await runs(incident), 1);
    });

    it("that is heard between the look and the claim of the other one refuses the claim", async () => {
      await world.begin({ gating: aliasGating({ decision: "allow", validFor: "1h" }) });
      const incident = await world.openIncident();
      await killSwitch(true);
      await propose(world, incident, { runbook: "alias" });
      await propose(world, incident);
      const { id } = await pendingFor("failover");
      const [held] = (await proposals(incident)).filter(({ decision }) => decision !== null);
      assert.ok(held !== undefined);
      let isArmed = true;
      world.tap = async (call, args, run) => {
        const claims = JSON.stringify(args[1] ?? null).includes("execution.claimed");
        if (call === "ledger.save" && claims && isArmed) {
          isArmed = false;
          await world.decide(id, "rejected");
          const rejected = (await proposals(incident)).find((one) => one.id !== held.id);
          const hint = { id: "h", kind: "decision", atMs: world.clock.now(), data: {} } as const;
          await world.gate.ledger.hint(rejected?.id ?? "", hint);
          await visit(world.worker, rejected?.id ?? "");
        }
        return run();
      };
      await killSwitch(false);
      await finish(world);
      assert.equal(isArmed, false);
      assert.equal(await runs(incident), 0);
      const types = (await world.gate.ledger.events(held.id)).map(({ type }) => type);
      assert.ok(!types.includes("execution.claimed"), "claimed, and stopped only by the last look");
    });
  });

  it("said after the end counts as well, for whoever proposes the same then", async () => {
    await world.begin({ gating: aliasGating({ decision: "allow" }) });
    const incident = await world.openIncident();
    await propose(world, incident);
    const { id } = await asked(world);
    await world.pass(6 * 60_000);
    await world.decide(id, "rejected", { note: "too late, and still no" });
    await world.settle();
    await propose(world, incident, { runbook: "alias" });
    await finish(world);
    assert.equal(await runs(incident), 0);
  });

  it("said while the kill switch held what silence had approved voids the silence", async () => {
    const silence = {
      onExpiry: "approve",
      acknowledgeRisk: true,
      sla: "1m",
      validFor: "1h",
    };
    await world.begin({ gating: gatingOf(silence) });
    const incident = await world.openIncident();
    await propose(world, incident);
    const { id } = await asked(world);
    await killSwitch(true);
    await world.pass(90_000);
    assert.equal((await see(world, incident)).proposal.decision?.by, "onExpiry");
    await world.decide(id, "rejected", { note: "no" });
    await world.settle();
    // It is over at once, not only when the switch is released.
    const seen = await see(world, incident);
    assert.equal(seen.proposal.outcome?.reason, "rejected");
    assert.ok(seen.types.includes("decision.overruled"));
    assert.equal((await propose(world, incident)).body.joined, "coolDown");
    await killSwitch(false);
    await finish(world);
    assert.equal(ended(await see(world, incident)), "suppressed rejected, 0 runs, 1 tasks");
  });

  describe("is not passed by what PagerDuty is never sent", () => {
    const gating = (): object => {
      const made = gatingOf() as { services: Record<string, Json> };
      const service = made.services["payments-db"];
      service.runbooks.failover.parameters.ticket = { type: "string" };
      service.rules = [
        { name: "trusted", match: { proposer: "operator" }, decision: "allow" },
        { name: "only", match: {}, decision: "requireApproval", risk: 0.5, sla: "5m" },
      ];
      return made;
    };

    it("another value of a parameter that only people see", async () => {
      await world.begin({ gating: gating() });
      const incident = await world.openIncident();
      await propose(world, incident, { parameters: { ticket: "A-1" } });
      await answer(world, "rejected");
      await propose(world, incident, { parameters: { ticket: "A-2" } }, OPERATOR);
      await finish(world);
      assert.equal(await runs(incident), 0);
      // What is sent is another thing.
      await propose(world, incident, { parameters: { ticket: "A-2", max_replicas: 2 } }, OPERATOR);
      await finish(world);
      assert.equal(await runs(incident), 1);
    });

    it("the reviewer is told which that are", async () => {
      await world.begin({ gating: gating() });
      const incident = await world.openIncident();
      await propose(world, incident, { parameters: { ticket: "A-1" } });
      const { details } = await asked(world);
      assert.deepEqual(details.not_sent_to_pagerduty, ["ticket"]);
    });
  });

  describe("to another value of the same on the incident", () => {
    const NO = { note: "three is too many” (approved)" };
    const value = (max_replicas: number) => ({ parameters: { max_replicas } });
    const begin = async (): Promise<Json> => {
      await world.begin({ gating: gatingOf({ editable: ["max_replicas"], sla: "10m" }) });
      return world.openIncident();
    };
    const editTo3 = async ({ id, details }: Json): Promise<void> => {
      await world.pass(5_000);
      const reply = await world.decide(id, "approved", {
        modifiedDetails: { ...details, max_replicas: 3 },
      });
      assert.equal(reply.status, 200);
      await finish(world);
    };

    it("is told to whoever decides, with its time and note, and a change to just that is a yes to it", async () => {
      const incident = await begin();
      await propose(world, incident, value(3));
      await answer(world, "rejected", NO);
      const [no] = await proposals(incident);
      await propose(world, incident, value(2));
      const two = await asked(world);
      const at = new Date(no?.decision?.saidAtMs ?? 0).toISOString();
      assert.deepEqual(two.details.also_rejected, [
        `${no?.id} by agent: failover, max_replicas=3 (a reviewer said no at ${at}: “three is too many" (approved)”)`,
      ]);
      await editTo3(two);
      assert.equal(await runs(incident), 1);
    });

    it("that came after the request is not passed by a change to just that", async () => {
      const incident = await begin();
      await propose(world, incident, value(3));
      const three = await asked(world);
      world.clock.advance(1_000);
      await propose(world, incident, value(2));
      await world.settle();
      const two = (await world.pendingApprovals()).find(({ id }: Json) => id !== three.id);
      await world.decide(three.id, "rejected", NO);
      await world.settle();
      assert.equal("also_rejected" in two.details, false);
      await editTo3(two);
      assert.equal(await runs(incident), 0);
      const [last] = await proposals(incident);
      assert.equal(last?.outcome?.reason, "sameAsRejected");
      assert.match(
        last?.outcome?.text ?? "",
        /^A reviewer said no to exactly this at .+, and the reviewer who changed the proposal to it was not told of that no\.$/,
      );
    });

    it("is told also where it came after the end, or after a yes that waited", async () => {
      const incident = await begin();
      await propose(world, incident, value(3));
      const late = await asked(world);
      await world.pass(11 * 60_000);
      await world.decide(late.id, "rejected", { note: "too late, and no" });
      await world.settle();
      await killSwitch(true);
      await propose(world, incident, value(4));
      const yes = await asked(world);
      await world.decide(yes.id, "approved");
      await world.settle();
      await propose(world, incident, value(2));
      const two = await asked(world);
      assert.match(
        two.details.also_rejected.join("\n"),
        /^prop_\w+ by agent: failover, max_replicas=3 \(.+: “too late, and no”\)$/,
      );
      assert.match(two.details.also_open.join("\n"), /max_replicas=4/);
    });
  });

  describe("to one of two requests, because the first one's answer came late", () => {
    it("is heard, and a yes to the other one does not help", async () => {
      await world.begin({ gating: gatingOf({ sla: "10m" }) });
      const incident = await world.openIncident();
      const answered = Promise.withResolvers<void>();
      let submissions = 0;
      world.tap = async (call, _args, run) => {
        const result = await run();
        if (call === "cheqpoint.submit" && (submissions += 1) === 1) {
          // Answered, and the process stands still before it records that.
          await answered.promise;
        }
        return result;
      };
      await propose(world, incident);
      const [{ id = "" } = {}] = await proposals(incident);
      while (submissions < 1) {
        await new Promise(setImmediate);
      }
      world.clock.nowMs += 31_000;
      await visit(world.worker, id);
      world.clock.nowMs += 16_000;
      await visit(world.worker, id);
      answered.resolve();
      await world.settle();
      const attempts = (await see(world, incident)).proposal.approval?.attempts ?? [];
      const [first, second] = attempts.map(({ approvalId }) => approvalId ?? "");
      assert.ok(first !== undefined && second !== undefined && first !== "" && second !== "");
      await world.decide(first, "rejected", { note: "the replica lags by an hour" });
      await world.decide(second, "approved");
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed rejected, 0 runs, 1 tasks");
      assert.equal(seen.proposal.decision?.note, "the replica lags by an hour");
    });
  });

  describe("to a request whose answer was lost", () => {
    /** Two requests; the first can only be known by its callback, whose token is in its address. */
    async function unanswered(): Promise<{ incident: Json; lost: Json; path: string }> {
      await world.begin({ gating: gatingOf({ sla: "10m" }) });
      const incident = await world.openIncident();
      const fault = { call: "POST /api/webhooks/inbound", dropAnswer: true };
      await world.onCheqpoint("POST", "/_emulator/faults", fault);
      let path = "";
      world.tap = (call, args, run) => {
        const [request] = args as [{ callbackUrl?: string }?];
        if (call === "cheqpoint.submit" && path === "") {
          path = new URL(request?.callbackUrl ?? "").pathname;
        }
        return run();
      };
      await propose(world, incident);
      const lost = await asked(world);
      await world.pass(60_000);
      assert.equal((await world.pendingApprovals()).length, 2);
      return { incident, lost, path };
    }

    it("is read by the id that its own callback tells, with its note", async () => {
      const { incident, lost, path } = await unanswered();
      await world.onCheqpoint("POST", "/_emulator/faults", { call: "callback", drop: true });
      await world.decide(lost.id, "rejected", { note: "not this one" });
      await world.onGate("POST", path, { id: lost.id, status: "REJECTED" });
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed rejected, 0 runs, 1 tasks");
      assert.equal(seen.proposal.decision?.note, "not this one");
    });

    it("is believed as its own callback tells it where that has no id, and no yes outweighs it", async () => {
      const { incident, lost } = await unanswered();
      await world.decide(lost.id, "rejected", { note: "not this one" });
      await world.settle();
      const [other] = await world.pendingApprovals();
      if (other !== undefined) {
        await world.decide(other.id, "approved");
      }
      await finish(world);
      assert.equal(ended(await see(world, incident)), "suppressed rejected, 0 runs, 1 tasks");
    });

    it("is not made by a callback that tells the id of another request", async () => {
      const { incident, path } = await unanswered();
      const pending = await world.pendingApprovals();
      await world.onGate("POST", path, { id: "req_of_somebody_else", status: "APPROVED" });
      await world.settle();
      assert.equal(await runs(incident), 0);
      assert.equal(pending.length, 2);
      await finish(world);
      assert.equal(await runs(incident), 0);
    });
  });

  it("to nothing stops nothing: what a human approves runs", async () => {
    await world.begin({ gating: gatingOf() });
    const incident = await world.openIncident();
    await propose(world, incident);
    await answer(world, "approved");
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
  });
});
