import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { OTHER_TOKEN, World, type Json } from "../harness/world.ts";

const INVOKE = "POST /automation_actions/actions/:id/invocations";
const ALLOW = { name: "low-risk", match: { runbook: "handover" }, decision: "allow" };
const ASK = { name: "ask", match: {}, decision: "requireApproval", sla: "5m" };

/** Gating of payments-db with runbooks that run and ones that change nothing, and these rules. */
function gatingWith(rules: readonly object[], more: object = {}): object {
  return {
    services: {
      "payments-db": {
        runbooks: {
          failover: { automationAction: "01DBFAILOVER" },
          handover: { reassign: { escalationPolicy: "PEP0002" } },
        },
        rules,
        manualTask: { escalationPolicy: "PEP0001" },
        ...more,
      },
    },
  };
}

describe("Brakes", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const minutes = (count: number) => world.pass(count * 60_000);
  const all = async () => (await world.gate.ledger.list({ limit: 200 })).proposals;
  const reasons = async () => (await all()).map(({ outcome }) => outcome?.reason ?? "open").sort();
  const decide = async (decision: "approved" | "rejected" = "approved"): Promise<void> => {
    await world.settle();
    const pending = await world.pendingApprovals();
    assert.equal(pending.length, 1);
    await world.decide(pending[0].id, decision);
    await world.settle();
  };
  /** Proposes on an incident of its own. */
  const run = async (
    more: Record<string, unknown> = {},
    priority: "p1" | "p3" = "p1",
  ): Promise<Json> => {
    const { [priority]: id } = world.pagerDuty.seed.priorities;
    const incident = await world.openIncident({
      title: "CPU at 98 %",
      priority: { id, type: "priority_reference" },
    });
    assert.equal((await propose(world, incident, more)).status, 202);
    await world.settle();
    return incident;
  };

  describe("of the shipped stack", () => {
    it("leave a P1 its place, whatever ran by itself before", async () => {
      const file: Json = parse(readFileSync("Pulumi.dev.yaml", "utf8"));
      await world.begin({
        gating: { services: file.config["pagerduty-approval-gate:services"] },
      });
      for (let count = 0; count < 4; count++) {
        await run({ runbook: "diagnostics" });
        await minutes(2);
      }
      const incident = await run({ runbook: "db_failover_primary_to_replica" }, "p1");
      await decide();
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("take a P1, however many of another priority wait", async () => {
      const file: Json = parse(readFileSync("Pulumi.dev.yaml", "utf8"));
      await world.begin({
        gating: { services: file.config["pagerduty-approval-gate:services"] },
      });
      for (let count = 0; count < 6; count++) {
        await run({ runbook: "restart_primary" }, "p3");
      }
      await run({ runbook: "db_failover_primary_to_replica" }, "p1");
      assert.equal((await world.pendingApprovals()).length, 7);
    });
  });

  describe("on executions", () => {
    it("are each rule's own", async () => {
      const limits = { executionsPerHour: 1 };
      await world.begin({
        gating: gatingWith([
          { ...ALLOW, limits },
          { ...ASK, decision: "allow", limits },
        ]),
      });
      await run({ runbook: "handover" });
      const other = await run();
      const third = await run();
      await finish(world);
      assert.equal(ended(await see(world, other)), "executed completed, 1 runs, 1 tasks");
      assert.equal(ended(await see(world, third)), "suppressed executionsLimit, 0 runs, 1 tasks");
    });

    it("of the whole service stand beside those of its rules, and are written at the service", async () => {
      await world.begin({
        gating: gatingWith([ALLOW, { ...ASK, decision: "allow" }], {
          limits: { executionsPerHour: 2 },
        }),
      });
      await run({ runbook: "handover" });
      await run();
      const third = await run();
      await finish(world);
      const seen = await see(world, third);
      assert.equal(ended(seen), "suppressed executionsLimit, 0 runs, 1 tasks");
      assert.match(
        seen.proposal.outcome?.text ?? "",
        /^payments-db lets 2 run in an hour that no human approved, and as many did\. The next place is free at /,
      );
    });

    it("have places of their own for what a human approved", async () => {
      const limits = { executionsPerHour: 1 };
      await world.begin({
        gating: gatingWith([{ ...ALLOW, match: { priority: "P3" } }, ASK], { limits }),
      });
      await run({}, "p3");
      const incident = await run({}, "p1");
      await decide();
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("look back an hour from each moment, whatever the clock shows", async () => {
      await world.begin({ gating: gatingWith([{ ...ALLOW, limits: { executionsPerHour: 1 } }]) });
      await run({ runbook: "handover" });
      for (const pause of [44, 15]) {
        await minutes(pause);
        await run({ runbook: "handover" });
      }
      assert.deepEqual(await reasons(), ["completed", "executionsLimit", "open"]);
      await minutes(2);
      assert.deepEqual(await reasons(), ["completed", "completed", "executionsLimit"]);
    });

    it("are taken once by an execution, however often it has to be sent", async () => {
      await world.begin({
        gating: gatingWith([{ ...ASK, decision: "allow", limits: { executionsPerHour: 2 } }]),
      });
      await world.onPagerDuty("POST", "/_emulator/faults", {
        call: INVOKE,
        status: 429,
        times: 3,
      });
      const first = await run();
      await minutes(2);
      assert.equal((await see(world, first)).types.filter(isClaim).length, 4);
      const second = await run();
      await finish(world);
      assert.equal(ended(await see(world, second)), EXECUTED);
    });

    it("let an approved run wait for a place while its approval is good", async () => {
      await world.begin({
        gating: gatingWith([{ ...ASK, validFor: "2h", limits: { executionsPerHour: 1 } }]),
      });
      await run();
      await decide();
      await minutes(20);
      const incident = await run();
      const [request] = await world.pendingApprovals();
      assert.equal(request.details.runs_this_hour, "1 of 1");
      await decide();
      const waiting = await see(world, incident);
      assert.equal(waiting.proposal.outcome, null);
      assert.ok(waiting.types.includes("execution.waits"));
      assert.deepEqual(waiting.invocations, []);
      await minutes(38);
      assert.deepEqual(await world.invocations(incident.id), []);
      await minutes(3);
      await finish(world);
      assert.equal(ended(await see(world, incident)), EXECUTED);
    });

    it("are looked at before anybody is asked", async () => {
      await world.begin({ gating: gatingWith([{ ...ASK, limits: { executionsPerHour: 1 } }]) });
      await run();
      await decide();
      const incident = await run();
      assert.deepEqual(await world.pendingApprovals(), []);
      await finish(world);
      const seen = await see(world, incident);
      assert.equal(ended(seen), "suppressed executionsLimit, 0 runs, 1 tasks");
      assert.match(
        seen.proposal.outcome?.text ?? "",
        /^Rule ask of payments-db lets 1 run in an hour that a human approved, and as many did\. The next place is free at [^;]+ UTC; an approval would be good until .+ UTC at the latest, so that nobody was asked\.$/,
      );
    });

    it("are counted as the gating says at the run, also for what was weighed before", async () => {
      const of = (executionsPerHour: number) =>
        gatingWith([{ ...ASK, sla: "10m", limits: { executionsPerHour } }]);
      await world.begin({ gating: of(5) });
      await run();
      await decide();
      const incident = await run();
      const [request] = await world.pendingApprovals();
      assert.equal(request.details.runs_this_hour, "1 of 5");
      world.setGating(of(1));
      await decide();
      await finish(world);
      assert.equal(
        ended(await see(world, incident)),
        "suppressed executionsLimit, 0 runs, 1 tasks",
      );
    });
  });

  describe("on open proposals", () => {
    it("are each rule's own, and free again as soon as one ends", async () => {
      await world.begin({
        gating: gatingWith([
          { ...ASK, name: "p3", match: { priority: "P3" }, limits: { openProposals: 1 } },
          { ...ASK, limits: { openProposals: 1 } },
        ]),
      });
      await run({}, "p3");
      await run({}, "p1");
      const incident = await run({}, "p3");
      assert.equal(
        (await see(world, incident)).proposal.outcome?.text,
        "Rule p3 of payments-db lets 1 proposals be open at once, and as many are.",
      );
      const pending = await world.pendingApprovals();
      assert.equal(pending.length, 2);
      for (const { id } of pending) {
        await world.decide(id, "rejected");
      }
      await world.settle();
      await run({}, "p3");
      assert.equal((await world.pendingApprovals()).length, 1);
    });

    it("are a proposer's own where a rule names the proposer: it takes no other's places", async () => {
      const limits = { openProposals: 2 };
      await world.begin({
        gating: gatingWith([
          { ...ASK, name: "of-agent", match: { proposer: "agent" }, limits },
          { ...ASK, limits },
        ]),
      });
      for (let count = 0; count < 4; count++) {
        await run();
      }
      assert.deepEqual(await reasons(), ["open", "open", ...Array(2).fill("openProposalsLimit")]);
      const others = { authorization: `Bearer ${OTHER_TOKEN}` };
      await propose(world, await world.openIncident({ title: "another" }), {}, others);
      await world.settle();
      assert.equal((await world.pendingApprovals()).length, 3);
    });

    it("of the whole service count what is allowed apart from what waits for a human", async () => {
      await world.begin({
        gating: gatingWith([ALLOW, ASK], { limits: { openProposals: 1 } }),
      });
      await world.gate.ledger.setKillSwitch({ on: true, reason: "r", by: "b", atMs: 1 });
      await run({ runbook: "handover" });
      await run();
      assert.equal((await world.pendingApprovals()).length, 1);
      const third = await run({ runbook: "handover" });
      assert.equal(
        (await see(world, third)).proposal.outcome?.text,
        "payments-db lets 1 proposals be open at once, and as many are.",
      );
    });
  });
});

function isClaim(type: string): boolean {
  return type === "execution.claimed";
}
