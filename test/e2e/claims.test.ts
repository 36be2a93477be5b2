import assert from "node:assert/strict";
import { chainFacts } from "../../functions/gate/proposal/audit.ts";
import { actionDigest } from "../../functions/gate/proposal/digest.ts";
import type { Decision, Proposal } from "../../functions/gate/proposal/proposal.ts";
import { asked, ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, World, type Json } from "../harness/world.ts";

// What runs is what was approved, under the rules and in the world of that moment.
describe("Before anything is sent", function () {
  this.timeout(30_000);
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (rule: Record<string, unknown> = {}): Promise<Json> => {
    await world.begin({ gating: gatingOf(rule) });
    const incident = await world.openIncident();
    await propose(world, incident);
    return incident;
  };
  /** Once, when that call has been made, or before it is. */
  const around = (
    name: string,
    when: "before" | "after",
    happens: () => Promise<unknown> | void,
    fits: (args: readonly unknown[]) => boolean = () => true,
  ): { isArmed: boolean } => {
    const armed = { isArmed: true };
    world.tap = async (call, args, run) => {
      const isIt = call === name && armed.isArmed && fits(args);
      armed.isArmed = armed.isArmed && !isIt;
      if (isIt && when === "before") await happens();
      const result = await run();
      if (isIt && when === "after") await happens();
      return result;
    };
    return armed;
  };
  const claims = (args: readonly unknown[]): boolean =>
    JSON.stringify(args[1] ?? null).includes("execution.claimed");

  it("a gating that turns to deny while PagerDuty answers is seen", async () => {
    const incident = await begin();
    const { id } = await asked(world);
    const armed = around("pagerDuty.incident", "after", () =>
      world.setGating(gatingOf({ decision: "deny" })),
    );
    await world.decide(id, "approved");
    await finish(world);
    assert.equal(armed.isArmed, false);
    assert.equal(ended(await see(world, incident)), "suppressed deniedByPolicy, 0 runs, 1 tasks");
  });

  it("a gating that turns to deny between the last look and the claim refuses the claim", async () => {
    const incident = await begin();
    const { id } = await asked(world);
    const deny = (): void => world.setGating(gatingOf({ decision: "deny" }));
    const armed = around("ledger.save", "before", deny, claims);
    await world.decide(id, "approved");
    await finish(world);
    assert.equal(armed.isArmed, false);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "suppressed deniedByPolicy, 0 runs, 1 tasks");
    assert.ok(!seen.types.includes("execution.claimed"));
  });

  it("a kill switch that is confirmed as on stops what was claimed, however long the process stood still", async () => {
    const incident = await begin();
    const { id } = await asked(world);
    const on = { on: true, reason: "stop everything" };
    const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    around("pagerDuty.execute", "before", async () => {
      const reply = await world.onGate("PUT", "/operator/kill-switch", on, operator);
      assert.equal(reply.status, 200);
      world.clock.advance(29_000);
    });
    await world.decide(id, "approved");
    await world.settle();
    assert.deepEqual(await world.invocations(incident.id), []);
    await world.onGate("PUT", "/operator/kill-switch", { on: false }, operator);
    await finish(world);
    assert.equal(ended(await see(world, incident)), EXECUTED);
  });

  describe("what the ledger says of an approval is held against Cheqpoint", () => {
    /** Writes into the ledger what no worker wrote. */
    async function forge(incident: Json, changes: (proposal: Proposal) => Partial<Proposal>) {
      const { proposal } = await see(world, incident);
      const changed = changes(proposal);
      const facts = [{ type: "decision.approved", data: { ...changed.decision } }];
      const events = chainFacts(proposal.id, proposal.audit, facts, world.clock.now());
      const last = events.at(-1);
      const next = {
        ...proposal,
        ...changed,
        version: proposal.version + 1,
        dueAtMs: world.clock.now(),
        audit: { seq: last?.seq ?? 0, head: last?.hash ?? "" },
      };
      assert.equal(await world.gate.ledger.save(next, events), "saved");
    }
    const yes = ({ weighing, digest }: Proposal, by: Decision["by"] = "human"): Decision => ({
      outcome: "approved",
      by,
      rule: null,
      note: null,
      atMs: world.clock.now(),
      validUntilMs: world.clock.now() + 900_000,
      parameters: weighing?.parameters ?? {},
      changed: [],
      digest: digest ?? "",
    });

    for (const by of ["human", "autoRule", "onExpiry", "policy"] as const) {
      it(`a forged decision by ${by} runs nothing while nobody has decided`, async () => {
        const rule = { acceptRuleApprovals: true, onExpiry: "approve", acknowledgeRisk: true };
        const incident = await begin(by === "onExpiry" ? { ...rule, sla: "1h" } : { sla: "1h" });
        await asked(world);
        await forge(incident, (proposal) => ({ decision: yes(proposal, by) }));
        await finish(world);
        const { proposal, invocations } = await see(world, incident);
        assert.deepEqual(invocations, []);
        assert.equal(proposal.outcome?.kind, "suppressed");
        if (by === "human") {
          assert.match(proposal.outcome.text, /could not be confirmed: Cheqpoint does not confirm/);
        }
      });
    }

    it("an approval of something harmless permits nothing else", async () => {
      const incident = await begin();
      const { id, details } = await asked(world);
      const other = await world.openIncident();
      await propose(world, other);
      await world.settle();
      const pending = await world.pendingApprovals();
      const harmless = pending.find(
        (one: Json) => one.details.action_digest !== details.action_digest,
      );
      await world.decide(harmless.id, "approved");
      await world.settle();
      // As if it had been asked for this one.
      await forge(incident, (proposal) => ({
        decision: yes(proposal),
        approval: {
          attempts: (proposal.approval?.attempts ?? []).map((attempt) => ({
            ...attempt,
            approvalId: harmless.id,
            details: harmless.details,
          })),
          nextSubmitAtMs: null,
          nextReadAtMs: null,
          reads: 0,
          failures: 0,
        },
      }));
      await finish(world);
      assert.deepEqual((await see(world, incident)).invocations, []);
      assert.ok(id !== harmless.id);
    });

    it("an approval of other values permits nothing else", async () => {
      const incident = await begin();
      const { id } = await asked(world);
      const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
      await world.onGate("PUT", "/operator/kill-switch", { on: true }, operator);
      await world.decide(id, "approved");
      await world.settle();
      await forge(incident, ({ weighing, decision, incident: where }) => {
        assert.ok(weighing !== null && decision !== null && where !== null);
        const parameters = { max_replicas: 5 };
        const { action, target } = weighing.runbook;
        const { id: incidentId, serviceId } = where;
        const digest = actionDigest({ action, target, parameters, incidentId, serviceId });
        return {
          digest,
          weighing: { ...weighing, parameters },
          decision: { ...decision, parameters, digest },
        };
      });
      await world.onGate("PUT", "/operator/kill-switch", { on: false }, operator);
      await finish(world);
      assert.deepEqual((await see(world, incident)).invocations, []);
    });

    it("it waits while Cheqpoint cannot be read, and runs when it can", async () => {
      const incident = await begin();
      const { id } = await asked(world);
      const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
      await world.onGate("PUT", "/operator/kill-switch", { on: true }, operator);
      await world.decide(id, "approved");
      await world.settle();
      const fault = { call: "GET /api/approvals/:id", status: 503, times: 3 };
      await world.onCheqpoint("POST", "/_emulator/faults", fault);
      await world.onGate("PUT", "/operator/kill-switch", { on: false }, operator);
      while (!(await see(world, incident)).types.includes("approval.unconfirmed")) {
        await world.pass(1_000);
      }
      assert.deepEqual(await world.invocations(incident.id), []);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.equal(seen.types.filter((type) => type === "approval.unconfirmed").length, 1);
    });

    it("it is read once for the decision and the claim together", async () => {
      await begin();
      const { id } = await asked(world);
      let reads = 0;
      world.tap = (call, _args, run) => {
        reads += call === "cheqpoint.read" ? 1 : 0;
        return run();
      };
      await world.decide(id, "approved");
      await finish(world);
      assert.equal(reads, 1);
    });
  });

  describe("silence is no yes where Cheqpoint cannot be asked what was said", () => {
    const silence = { sla: "1m", validFor: "10m", onExpiry: "approve", acknowledgeRisk: true };
    const answers: [string, object][] = [
      ["the request is gone", { status: 404 }],
      [
        "its status is one that nobody knows",
        { status: 200, body: { id: "ID", status: "ON_HOLD", details: {} } },
      ],
    ];
    for (const [what, answer] of answers) {
      for (const when of ["at the deadline", "after it, before the claim"]) {
        it(`${what}, ${when}`, async () => {
          const incident = await begin(silence);
          const { id } = await asked(world);
          const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
          const fault = JSON.parse(
            JSON.stringify({ call: "GET /api/approvals/:id", times: 1_000, ...answer }).replace(
              '"ID"',
              JSON.stringify(id),
            ),
          );
          if (when === "at the deadline") {
            await world.onCheqpoint("POST", "/_emulator/faults", fault);
            await finish(world);
          } else {
            await world.onGate("PUT", "/operator/kill-switch", { on: true }, operator);
            await world.pass(90_000);
            assert.equal((await see(world, incident)).proposal.decision?.by, "onExpiry");
            await world.onCheqpoint("POST", "/_emulator/faults", fault);
            await world.onGate("PUT", "/operator/kill-switch", { on: false }, operator);
            await finish(world);
          }
          await world.onCheqpoint("DELETE", "/_emulator/faults");
          assert.deepEqual((await see(world, incident)).invocations, []);
        });
      }
    }
  });

  it("a clock that has gone back ends an approval rather than lengthen it", async () => {
    const incident = await begin({ validFor: "5m" });
    const { id } = await asked(world);
    const operator = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    await world.onGate("PUT", "/operator/kill-switch", { on: true }, operator);
    await world.decide(id, "approved");
    await world.pass(120_000);
    world.clock.nowMs -= 3_600_000;
    await world.onGate("PUT", "/operator/kill-switch", { on: false }, operator);
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), "suppressed approvalLapsed, 0 runs, 1 tasks");
    assert.match(seen.proposal.outcome?.text ?? "", /^The gate's clock went back from /);
  });
});
