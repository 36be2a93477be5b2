import assert from "node:assert/strict";
import { ended, EXECUTED, finish, propose, see } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

describe("A run past the gate", () => {
  let world: World;
  let person = "";
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());

  const begin = async (
    gating: object = gatingOf({ decision: "allow" }),
    events?: readonly string[],
  ): Promise<void> => {
    await world.begin({ gating, events });
    const body = { user_id: world.pagerDuty.seed.users.jo };
    person = (await world.onPagerDuty("POST", "/_emulator/tokens", body)).body.token;
  };
  const elsewhere = (): Promise<Json> =>
    world.openIncident({
      service: { id: world.pagerDuty.seed.services.checkoutApi, type: "service_reference" },
    });
  const invoke = (incident: Json, action: string) =>
    world.onPagerDuty(
      "POST",
      `/automation_actions/actions/${action}/invocations`,
      { invocation: { metadata: { incident_id: incident.id } } },
      person,
    );
  const start = (incident: Json) =>
    world.onPagerDuty(
      "POST",
      "/incident_workflows/PWF0001/instances",
      { incident_workflow_instance: { incident: { id: incident.id, type: "incident_reference" } } },
      person,
    );
  const alarms = async () => (await world.gate.ledger.alarms(20)).toReversed();
  const kinds = async () => (await alarms()).map(({ kind }) => kind);
  /** An event as PagerDuty might send it, about that incident. */
  const send = async (incident: Json, type: string, data: object) => {
    const event = { event_type: `incident.${type}`, incident_id: incident.id, data };
    assert.equal((await world.onPagerDuty("POST", "/_emulator/events", event)).status, 202);
    await finish(world);
  };

  describe("on the incident of a service that is not gated", () => {
    it("is an alarm where any service gates the action", async () => {
      await begin();
      const incident = await elsewhere();
      await invoke(incident, "01DBFAILOVER");
      await finish(world);
      const [alarm, ...others] = await alarms();
      assert.equal(others.length, 0);
      assert.equal(alarm?.kind, "bypass");
      const [run] = await world.invocations(incident.id);
      assert.equal(
        alarm?.text,
        `Automation action 01DBFAILOVER was run on INC-${incident.incident_number} (checkout-api) by “Jo Keller” (PUSER01) without an approval of the gate (invocation ${run.id}).`,
      );
    });

    it("is an alarm where any service gates the workflow", async () => {
      await begin();
      await start(await elsewhere());
      await finish(world);
      assert.deepEqual(await kinds(), ["bypass"]);
    });

    it("is an alarm where the defaults gate the action", async () => {
      const failover = { automationAction: "01DBFAILOVER" };
      await begin({ services: {}, defaults: { runbooks: { failover } } });
      await invoke(await elsewhere(), "01DBFAILOVER");
      await finish(world);
      assert.deepEqual(await kinds(), ["bypass"]);
    });

    it("is nobody's business where no service gates the action", async () => {
      await begin();
      await invoke(await elsewhere(), "01RESTARTAPI");
      await finish(world);
      assert.deepEqual(await kinds(), []);
    });

    it("is an alarm soon after a change of the gating that gates the action", async () => {
      await begin();
      const incident = await elsewhere();
      await invoke(incident, "01RESTARTAPI");
      await finish(world);
      const gating: Json = gatingOf({ decision: "allow" });
      gating.services["payments-db"].runbooks.api = { automationAction: "01RESTARTAPI" };
      world.setGating(gating);
      world.clock.advance(5_000);
      await invoke(incident, "01RESTARTAPI");
      await finish(world);
      assert.deepEqual(await kinds(), ["bypass"]);
    });
  });

  describe("whose report cannot be read", () => {
    const invocation = (incident: Json, change: object) => ({
      id: "01STRANGERUN",
      type: "incident_action_invocation",
      state: "created",
      action: { id: "01DBFAILOVER", type: "action_reference" },
      incident: { id: incident.id, type: "incident_reference" },
      ...change,
    });
    const instance = (incident: Json, change: object) => ({
      id: "PSTRANGE1",
      type: "incident_workflow_instance",
      incident_workflow: { id: "PWF0001" },
      incident: { id: incident.id, type: "incident_reference" },
      ...change,
    });

    for (const [what, change, found] of [
      ["null as its incident", { incident: null }, ["bypass", "unintelligible"]],
      ["no incident", { incident: undefined }, ["bypass", "unintelligible"]],
      ["another type", { type: "invocation" }, ["bypass", "unintelligible"]],
      ["no id", { id: null }, ["bypass", "unintelligible"]],
      ["null as its action", { action: null }, ["unintelligible"]],
      ["no action", { action: undefined }, ["unintelligible"]],
      [
        "an action that nobody gates, and no incident",
        { action: { id: "01RESTARTAPI" }, incident: null },
        ["unintelligible"],
      ],
    ] as const) {
      it(`is an alarm: a run with ${what} (${found.join(" and ")})`, async () => {
        await begin();
        const incident = await world.openIncident();
        await send(incident, "action_invocation.created", invocation(incident, change));
        assert.deepEqual((await kinds()).sort(), found);
      });
    }

    for (const [what, change, found] of [
      ["null as its incident", { incident: null }, ["bypass", "unintelligible"]],
      ["no incident", { incident: undefined }, ["bypass", "unintelligible"]],
      ["null as its workflow", { incident_workflow: null }, ["unintelligible"]],
    ] as const) {
      it(`is an alarm: a workflow with ${what} (${found.join(" and ")})`, async () => {
        await begin();
        const incident = await world.openIncident();
        await send(incident, "workflow.started", instance(incident, change));
        assert.deepEqual((await kinds()).sort(), found);
      });
    }

    it("is told with what is left of it", async () => {
      await begin();
      const incident = await world.openIncident();
      const { action } = invocation(incident, {});
      await send(incident, "action_invocation.created", invocation(incident, { incident: null }));
      const texts = (await alarms()).map(({ text }) =>
        text.replace(/delivery \S+\)/, "delivery D)"),
      );
      assert.deepEqual(texts.sort(), [
        `A run of automation action ${action.id} on an incident that it does not name (invocation 01STRANGERUN) was reported, in a form that does not show whether the gate permitted it: it counts as run past the gate.`,
        `PagerDuty reported a run of automation action ${action.id} on an incident that it does not name (invocation 01STRANGERUN), and the report cannot be read (\`event.data.incident\`: Invalid input: expected object, received null; delivery D). Look in PagerDuty what ran there, and by whom.`,
      ]);
    });

    it("is judged by what PagerDuty itself tells of the run", async () => {
      await begin(undefined, ["incident.action_invocation.terminated"]);
      const incident = await world.openIncident();
      const stuck = { outcome: "stuck" };
      await world.onPagerDuty("POST", "/_emulator/actions/01DBFAILOVER/outcome", stuck);
      const { id } = (await invoke(incident, "01DBFAILOVER")).body.invocation;
      const data = invocation(incident, { id, action: null });
      await send(incident, "action_invocation.terminated", data);
      assert.deepEqual((await kinds()).sort(), ["bypass", "unintelligible"]);
    });

    it("is judged by an earlier report that could be read", async () => {
      await begin();
      const incident = await world.openIncident();
      const made = await invoke(incident, "01DBFAILOVER");
      const { id } = made.body.invocation;
      await finish(world);
      await send(incident, "action_invocation.created", invocation(incident, { id, action: null }));
      const found = await alarms();
      assert.deepEqual(found.map(({ kind }) => kind).sort(), ["bypass"]);
    });

    it("is no alarm where it is of the gate's own run", async () => {
      await begin();
      const incident = await world.openIncident();
      await propose(world, incident);
      await finish(world);
      const [{ id }] = await world.invocations(incident.id);
      for (const change of [{ incident: null }, { action: null }]) {
        const data = invocation(incident, { id, state: "completed", ...change });
        await send(incident, "action_invocation.terminated", data);
      }
      const seen = await see(world, incident);
      assert.equal(ended(seen), EXECUTED);
      assert.deepEqual(seen.alarms, []);
    });

    it("is no alarm of a run where the event is about something else, and one where nobody knows about what", async () => {
      await begin();
      const incident = await world.openIncident();
      await send(incident, "resolved", { type: "incident", id: incident.id, status: "resolved" });
      assert.deepEqual(await kinds(), []);
      await send(incident, "resolved", { type: "incident" });
      const [alarm, ...others] = await alarms();
      assert.equal(others.length, 0);
      assert.equal(alarm?.kind, "unintelligible");
      assert.match(
        alarm?.text ?? "",
        /^A PagerDuty event \(incident\.resolved\) cannot be read \(`event\.data\.id`: /,
      );
    });
  });
});
