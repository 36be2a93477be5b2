import assert from "node:assert/strict";
import { startWorld } from "./harness.ts";
import type { World } from "./harness.ts";

const RUNS = { pagerduty_automation_actions: [{ action_id: "01DIAGNOSE" }] };

describe("the emulator's event orchestrations", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.emulator.stop());

  const rules = (actions: unknown, id = "start") => ({
    orchestration_path: { sets: [{ id, rules: [{ label: "r", actions }] }] },
  });

  it("makes, lists, shows and changes them", async () => {
    const made = await world.call("POST", "/event_orchestrations", {
      orchestration: { name: "Monitoring", team: { id: "PTEAM01" } },
    });
    assert.equal(made.status, 201);
    const { id, integrations, team, routes } = made.body.orchestration;
    assert.match(integrations[0].parameters.routing_key, /^[0-9a-f]{32}$/);
    assert.equal(team.id, "PTEAM01");
    assert.equal(routes, 0);

    await world.call("PUT", `/event_orchestrations/${id}`, { orchestration: { name: "All" } });
    const one = await world.call("GET", `/event_orchestrations/${id}`);
    assert.equal(one.body.orchestration.name, "All");
    const list = await world.call("GET", "/event_orchestrations?total=true");
    assert.equal(list.body.total, 1);
    assert.equal(list.body.orchestrations[0].id, id);
    assert.equal((await world.call("GET", "/event_orchestrations/QNONE")).status, 404);
  });

  it("keeps the rules of an orchestration, and counts its routes", async () => {
    const made = await world.call("POST", "/event_orchestrations", {
      orchestration: { name: "M" },
    });
    const path = `/event_orchestrations/${made.body.orchestration.id}`;
    const router = await world.call("GET", `${path}/router`);
    assert.deepEqual(router.body.orchestration_path.sets, [{ id: "start", rules: [] }]);
    assert.deepEqual(router.body.orchestration_path.catch_all, {
      actions: { route_to: "unrouted" },
    });

    const put = await world.call("PUT", `${path}/router`, rules({ route_to: "PSVC001" }));
    assert.equal(put.status, 200);
    assert.deepEqual(put.body.warnings, []);
    assert.match(put.body.orchestration_path.sets[0].rules[0].id, /^[0-9a-f]{8}$/);
    assert.equal((await world.call("GET", path)).body.orchestration.routes, 1);

    await world.call("PUT", `${path}/global`, rules(RUNS));
    const global = (await world.call("GET", `${path}/global`)).body.orchestration_path;
    assert.equal(global.type, "global");
    assert.equal(global.parent.type, "event_orchestration_reference");
    assert.deepEqual(global.sets[0].rules[0].actions, RUNS);
    assert.equal((await world.call("GET", `${path}/unrouted`)).status, 200);
  });

  it("keeps the rules of a service, which do not count until they are switched on", async () => {
    const path = "/event_orchestrations/services/PSVC001";
    assert.deepEqual((await world.call("GET", `${path}/active`)).body, { active: false });
    assert.deepEqual((await world.call("PUT", `${path}/active`, { active: true })).body, {
      active: true,
    });
    const put = await world.call("PUT", path, rules(RUNS));
    assert.equal(put.body.orchestration_path.parent.id, "PSVC001");
    assert.deepEqual((await world.call("GET", `${path}/active`)).body, { active: true });
    assert.equal((await world.call("GET", `${path.slice(0, -1)}9`)).status, 404);
  });

  it("refuses what PagerDuty refuses", async () => {
    const made = await world.call("POST", "/event_orchestrations", {
      orchestration: { name: "M" },
    });
    const path = `/event_orchestrations/${made.body.orchestration.id}`;
    const twice = [...RUNS.pagerduty_automation_actions, ...RUNS.pagerduty_automation_actions];
    const refused = async (where: string, body: unknown) =>
      (await world.call("PUT", where, body)).body.error.errors[0];
    assert.equal(
      await refused(`${path}/router`, rules(RUNS)),
      "`orchestration_path`: rules of type router start no actions",
    );
    assert.equal(
      await refused(`${path}/global`, rules({}, "other")),
      '`orchestration_path.sets`: the first must have the id "start"',
    );
    assert.equal(
      await refused(`${path}/global`, rules({ pagerduty_automation_actions: twice })),
      "`orchestration_path.sets.0.rules.0.actions.pagerduty_automation_actions`: must hold at most one",
    );
  });
});

describe("the emulator's workflow triggers", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld();
  });
  afterEach(() => world.emulator.stop());

  it("tells which concern a service, a page at a time, until they are deleted", async () => {
    const trigger = (services: string[], everyService: boolean) =>
      world.call("POST", "/incident_workflows/triggers", {
        trigger: {
          trigger_type: "manual",
          workflow: { id: "PWF0001" },
          services: services.map((id) => ({ id, type: "service_reference" })),
          is_subscribed_to_all_services: everyService,
        },
      });
    const own = (await trigger(["PSVC001"], false)).body.trigger;
    const every = (await trigger([], true)).body.trigger;
    await trigger(["PSVC002"], false);
    const listed = async (query: string) => {
      const { body } = await world.call("GET", `/incident_workflows/triggers?${query}`);
      return [body.triggers.map(({ id }: { id: string }) => id), body.next_cursor];
    };
    assert.deepEqual(await listed("service_id=PSVC001"), [[own.id, every.id], null]);
    assert.deepEqual(await listed("service_id=PSVC001&limit=1"), [[own.id], "1"]);
    assert.deepEqual(await listed("service_id=PSVC001&limit=1&cursor=1"), [[every.id], null]);
    assert.equal(
      (await world.call("DELETE", `/incident_workflows/triggers/${own.id}`)).status,
      204,
    );
    assert.deepEqual(await listed("service_id=PSVC001"), [[every.id], null]);
  });
});
