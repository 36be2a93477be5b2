import assert from "node:assert/strict";
import { answer, ended, EXECUTED, fieldsFound, finish, propose, see } from "../harness/case.ts";
import { instantText } from "../../functions/gate/text/instant.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

// The emulator tells what each run found when it began; when a real runbook reads its fields is its own affair.

const INVOKE = "POST /automation_actions/actions/:id/invocations";
const VALUES = "/custom_fields/values";

describe("Custom fields that carry parameters to a run", () => {
  let world: World;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (
    rule: Record<string, unknown> = {},
    edit: (service: Json) => void = () => {},
  ) => {
    const gating: Json = gatingOf(rule);
    edit(gating.services["payments-db"]);
    await world.begin({ gating });
    return world.openIncident();
  };
  const fault = (body: object) => world.onPagerDuty("POST", "/_emulator/faults", body);
  const proposals = async (incident: Json) =>
    (await world.gate.ledger.list({ incidentId: incident.id })).proposals.toReversed();
  const outcomes = async (incident: Json) =>
    (await proposals(incident)).map(({ outcome }) => `${outcome?.kind} ${outcome?.reason}`);
  /** Proposes each, and approves them in this order. */
  const both = async (incident: Json, ...each: Record<string, unknown>[]) => {
    for (const more of each) {
      assert.equal((await propose(world, incident, more)).status, 202);
      world.clock.nowMs += 1_000;
    }
    await world.settle();
    for (const { approval } of await proposals(incident)) {
      await world.decide(approval?.attempts[0]?.approvalId ?? "", "approved");
      await world.settle();
    }
  };
  const replicas = (max_replicas: number) => ({ parameters: { max_replicas } });
  /** What was sent that sets or uses the fields, in order. */
  const sent = async (): Promise<string[]> => {
    const { requests } = (await world.onPagerDuty("GET", "/_emulator/requests")).body;
    return requests.flatMap(({ method, path, body }: Json) =>
      method === "PUT" && path.endsWith(VALUES)
        ? [`set ${body.custom_fields.map(({ value }: Json) => value).join()}`]
        : method === "POST" && path.endsWith("/invocations")
          ? ["start"]
          : [],
    );
  };

  for (const runbook of ["failover", "alias"]) {
    it(`belong to one run at a time: the second, of runbook ${runbook}, waits and says why`, async () => {
      const incident = await begin({}, ({ runbooks }) => {
        runbooks.alias = { ...runbooks.failover, automationAction: "01RESTARTAPI" };
      });
      const given = [replicas(3), { runbook, ...replicas(2) }];
      await both(incident, ...given);
      await world.settle();
      const [first, second] = await proposals(incident);
      assert.equal(first?.execution?.state, "accepted", first?.outcome?.text);
      assert.equal(second?.execution, null);
      assert.equal(
        second?.waitsForRun?.text,
        `It waits until proposal ${first?.id} is over: both use custom field max_replicas of this incident.`,
      );
      const { body } = await world.onGate("GET", `/proposals/${second?.id}`);
      assert.equal(body.status, "approved");
      assert.equal(body.waits_for_run.text, second?.waitsForRun?.text);
      await finish(world);
      assert.deepEqual(await outcomes(incident), ["executed completed", "executed completed"]);
      assert.deepEqual(await sent(), ["set 3", "start", "set 2", "start"]);
      assert.deepEqual(
        (await fieldsFound(world)).map(({ found }) => found.max_replicas),
        [3, 2],
      );
    });
  }

  it("of different runs of one incident do not wait for each other where they share nothing", async () => {
    const incident = await begin({}, ({ runbooks }) => {
      runbooks.other = { automationAction: "01RESTARTAPI" };
    });
    await both(incident, {}, { runbook: "other" });
    await world.settle();
    const states = (await proposals(incident)).map(({ execution }) => execution?.state);
    assert.deepEqual(states, ["accepted", "accepted"]);
  });

  it("are waited for no longer than the approval is good", async () => {
    const incident = await begin({ validFor: "2m" });
    await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", {
      outcome: "stuck",
    });
    const given = [replicas(3), replicas(2)];
    await both(incident, ...given);
    await finish(world);
    assert.deepEqual(await outcomes(incident), ["uncertain neverRan", "suppressed approvalLapsed"]);
    const [first, second] = await proposals(incident);
    assert.match(
      second?.outcome?.text ?? "",
      new RegExp(`and was not used\\. It waits until proposal ${first?.id} is over: both use`),
    );
  });

  it("stay with a run that nobody can tell the end of for a day, or until it is reported", async () => {
    const incident = await begin({ decision: "allow", validFor: "1h" });
    await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", {
      outcome: "stuck",
    });
    await propose(world, incident, { parameters: { max_replicas: 3 } });
    await finish(world);
    assert.deepEqual(await outcomes(incident), ["uncertain neverRan"]);
    await propose(world, incident, { parameters: { max_replicas: 2 } });
    await world.pass(10 * 60_000);
    const [first, waiting] = await proposals(incident);
    assert.equal(waiting?.execution, null);
    const untilMs = (first?.outcome?.atMs ?? 0) + 24 * 3_600_000;
    assert.equal(
      waiting?.waitsForRun?.text,
      `It waits until ${instantText(untilMs, waiting?.incident?.timeZone)}: nobody can tell whether the run of proposal ${first?.id} is over, and both use custom field max_replicas of this incident.`,
    );
    // Its runner is back: the old run finds its own value, and only then comes the other.
    await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", {
      outcome: "completed",
    });
    await finish(world);
    assert.deepEqual(await outcomes(incident), ["uncertain neverRan", "executed completed"]);
    assert.deepEqual(
      (await fieldsFound(world)).map(({ found }) => found.max_replicas),
      [3, 2],
    );
  });

  it("that several proposals want are told to whoever decides on the later one", async () => {
    const incident = await begin({}, ({ runbooks }) => {
      runbooks.alias = runbooks.failover;
      runbooks.other = { automationAction: "01RESTARTAPI" };
    });
    for (const more of [replicas(3), { runbook: "other" }, { runbook: "alias", ...replicas(2) }]) {
      await propose(world, incident, more);
      await world.settle();
      world.clock.advance(1_000);
    }
    const [first] = await proposals(incident);
    const asked = (await world.pendingApprovals()).map(({ details }) => [
      details.runbook,
      details.also_open ?? null,
    ]);
    assert.deepEqual(Object.fromEntries(asked), {
      failover: null,
      other: null,
      alias: [`${first?.id} by agent: failover, max_replicas=3 (waits for a decision)`],
    });
  });

  it("are cleared where this proposal sets nothing", async () => {
    const incident = await begin({ decision: "allow" }, ({ runbooks }) => {
      delete runbooks.failover.parameters.max_replicas.default;
    });
    for (const parameters of [{ max_replicas: 5 }, {}]) {
      await propose(world, incident, { parameters });
      await finish(world);
    }
    assert.deepEqual(
      (await fieldsFound(world)).map(({ found }) => found),
      [{ max_replicas: 5 }, { max_replicas: null }],
    );
  });

  it("are read back: what somebody else wrote in between is set again before anything starts", async () => {
    const incident = await begin({ decision: "allow" });
    await fault({ call: `PUT /incidents/:id${VALUES}`, status: 201 });
    await propose(world, incident, { parameters: { max_replicas: 4 } });
    await finish(world);
    const seen = await see(world, incident);
    assert.equal(ended(seen), EXECUTED);
    assert.ok(seen.types.includes("execution.notSent"));
    assert.deepEqual(await sent(), ["set 4", "set 4", "start"]);
    assert.deepEqual((await fieldsFound(world))[0]?.found, { max_replicas: 4 });
  });

  describe("that somebody else writes while a run has them", () => {
    const tokenOf = async (user_id: string): Promise<string> =>
      (await world.onPagerDuty("POST", "/_emulator/tokens", { user_id })).body.token;
    const write = (incident: Json, name: string, value: unknown, token: string) =>
      world.onPagerDuty(
        "PUT",
        `/incidents/${incident.id}${VALUES}`,
        { custom_fields: [{ name, value }] },
        token,
      );
    const alarms = async () =>
      (await world.gate.ledger.alarms(9)).map(({ kind, text }) => `${kind}: ${text}`);
    /** A run that has been accepted and goes on. */
    const running = async () => {
      const incident = await begin({ decision: "allow" });
      await propose(world, incident, replicas(1));
      await world.settle();
      const [proposal] = await proposals(incident);
      assert.equal(proposal?.execution?.state, "accepted");
      world.clock.advance(1_000);
      return { incident, id: proposal.id };
    };

    it("are an alarm that names who, what and for whom, once", async () => {
      const { incident, id } = await running();
      const token = await tokenOf(world.pagerDuty.seed.users.agent);
      await write(incident, "max_replicas", 4, token);
      await write(incident, "max_replicas", 5, token);
      await finish(world);
      assert.deepEqual(await alarms(), [
        `fieldChanged: “AI agent” (PAIUSR1) set custom field max_replicas on INC-${incident.incident_number} to 4 while the run of ${id} was not over, for which 1 is permitted: it may have found the other value.`,
      ]);
      assert.equal(world.metrics.counts()["FieldChanged"], 2);
      const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
      assert.equal(notes.filter(({ content }: Json) => content.includes("ALARM")).length, 1);
    });

    it("are none where the value is the same, the field another or the run over", async () => {
      const { incident } = await running();
      const token = await tokenOf(world.pagerDuty.seed.users.agent);
      await write(incident, "max_replicas", 1, token);
      await write(incident, "proposed_action", "x", token);
      await finish(world);
      world.clock.advance(60_000);
      await write(incident, "max_replicas", 4, token);
      await finish(world);
      assert.deepEqual(await alarms(), []);
    });

    it("are none where the gate itself writes, whoever it is", async () => {
      for (const status of [200, 400]) {
        const incident = await begin({ decision: "allow" });
        if (status === 400) {
          await fault({ call: "GET /users/me", status, times: 1_000 });
        }
        for (const value of [1, 2]) {
          await propose(world, incident, replicas(value));
          world.clock.advance(1_000);
        }
        await finish(world);
        assert.deepEqual(await outcomes(incident), ["executed completed", "executed completed"]);
        assert.deepEqual(await alarms(), []);
      }
    });

    it("are an alarm also where nobody can tell who the gate is", async () => {
      const { incident, id } = await running();
      await world.restart();
      await fault({ call: "GET /users/me", status: 400, times: 1_000 });
      await write(incident, "max_replicas", 4, await tokenOf(world.pagerDuty.seed.users.agent));
      await finish(world);
      assert.match((await alarms()).join(), new RegExp(`^fieldChanged: .* run of ${id} `));
    });

    it("are an alarm for a run of which nobody can tell whether it is over", async () => {
      const incident = await begin({ decision: "allow" });
      const stuck = { outcome: "stuck" };
      await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", stuck);
      await propose(world, incident, replicas(1));
      await finish(world);
      world.clock.advance(3_600_000);
      await write(incident, "max_replicas", 4, await tokenOf(world.pagerDuty.seed.users.agent));
      await finish(world);
      assert.deepEqual((await world.gate.ledger.alarms(9)).map(({ kind }) => kind).sort(), [
        "fieldChanged",
        "neverRan",
      ]);
    });
  });

  it("of a run whose answer is lost stay its own until it is found", async () => {
    const incident = await begin();
    const given = [replicas(1), replicas(5)];
    await fault({ call: INVOKE, status: 500 });
    await both(incident, ...given);
    await finish(world);
    const [one, other] = await proposals(incident);
    assert.equal(one?.outcome?.reason, "unclear");
    assert.equal(one?.execution?.invocationId, null);
    assert.notEqual(other?.outcome?.kind, "executed", "the field was given to it too early");
  });

  it("are the other's at once when the first is certain not to run", async () => {
    const incident = await begin();
    const given = [replicas(1), replicas(5)];
    await fault({ call: INVOKE, status: 400 });
    await both(incident, ...given);
    await finish(world);
    assert.deepEqual(await outcomes(incident), ["failed refusedByPagerDuty", "executed completed"]);
  });

  it("are asked for again where the first request was refused for now, in the order of the claims", async () => {
    const incident = await begin();
    const given = [replicas(1), replicas(5)];
    await fault({ call: INVOKE, status: 429 });
    await both(incident, ...given);
    await finish(world);
    assert.deepEqual(await sent(), ["set 1", "start", "set 1", "start", "set 5", "start"]);
    const fields = await fieldsFound(world);
    assert.equal(fields.length, 2);
    for (const { found, claimed } of fields) {
      assert.deepEqual(found, claimed);
    }
  });

  it("are found as they were claimed, however a reviewer answers and whatever fails", async () => {
    const incident = await begin({ editable: ["max_replicas"] });
    for (const parameters of [{ max_replicas: 1 }, { max_replicas: 5 }]) {
      await propose(world, incident, { parameters });
      await answer(world, "approved", { modifiedDetails: { max_replicas: 2 } });
      await finish(world);
    }
    assert.deepEqual(
      (await fieldsFound(world)).map(({ found, claimed }) => [found, claimed]),
      [
        [{ max_replicas: 2 }, { max_replicas: 2 }],
        [{ max_replicas: 2 }, { max_replicas: 2 }],
      ],
    );
  });
});
