import assert from "node:assert/strict";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver, World } from "./harness.ts";

const FAILOVER = "/automation_actions/actions/01DBFAILOVER/invocations";

describe("the emulator's automation actions", () => {
  let world: World;
  let receiver: Receiver;

  beforeEach(async () => {
    world = await startWorld({ stepMs: 300 });
    receiver = await startReceiver();
    await world.subscribe(receiver.url, {
      events: [
        "incident.action_invocation.created",
        "incident.action_invocation.updated",
        "incident.action_invocation.terminated",
        "incident.workflow.started",
        "incident.workflow.completed",
      ],
    });
  });

  afterEach(async () => {
    await world.emulator.stop();
    await receiver.stop();
  });

  const invoke = async (incident: string, path = FAILOVER) => {
    const reply = await world.call(
      "POST",
      path,
      { invocation: { metadata: { incident_id: incident } } },
      { from: null },
    );
    assert.equal(reply.status, 201, JSON.stringify(reply.body));
    return reply.body.invocation;
  };

  const read = async (id: string) => {
    const { body } = await world.call("GET", `/automation_actions/invocations/${id}`);
    return body.invocation;
  };

  it("answers 201 with the documented shape", async () => {
    const incident = await world.openIncident();
    const invocation = await invoke(incident.id);
    assert.match(invocation.id, /^01[A-Z0-9]{24}$/);
    assert.deepEqual(
      { ...invocation, id: "" },
      {
        id: "",
        type: "invocation",
        action_id: "01DBFAILOVER",
        action_snapshot: {
          name: "DB failover primary to replica",
          action_type: "script",
          action_data_reference: {
            script: "failover --from primary --to replica",
            invocation_command: "/bin/sh",
          },
        },
        runner_id: "01RUNNER",
        timing: [{ timestamp: "2026-11-23T09:59:00.000Z", state: "created" }],
        duration: 0,
        state: "created",
        metadata: {
          agent: { id: "PGATE01", type: "user_reference" },
          incident: { id: incident.id, type: "incident_reference" },
        },
      },
    );
  });

  it("runs through every state, one step at a time, with a webhook for each", async () => {
    const { id } = await invoke((await world.openIncident()).id);
    for (const state of ["sent", "queued", "running", "completed"]) {
      await world.pass(300);
      assert.equal((await read(id)).state, state);
    }
    assert.deepEqual(
      receiver.received.map(({ event }) => [event.event_type, event.data.state]),
      [
        ["incident.action_invocation.created", "created"],
        ["incident.action_invocation.updated", "sent"],
        ["incident.action_invocation.updated", "queued"],
        ["incident.action_invocation.updated", "running"],
        ["incident.action_invocation.terminated", "completed"],
      ],
    );
  });

  it("catches up when the clock jumps", async () => {
    const { id } = await invoke((await world.openIncident()).id);
    await world.pass(60_000);
    const invocation = await read(id);
    assert.equal(invocation.state, "completed");
    assert.deepEqual(
      invocation.timing.map(({ state }: { state: string }) => state),
      ["created", "sent", "queued", "running", "completed"],
    );
  });

  it("names incident, action and agent in its webhooks", async () => {
    const incident = await world.openIncident();
    const invocation = await invoke(incident.id);
    await world.emulator.tick();
    const event = receiver.received[0]?.event;
    assert.equal(event.agent.id, "PGATE01");
    assert.deepEqual(event.data, {
      id: invocation.id,
      type: "incident_action_invocation",
      state: "created",
      self: `${world.emulator.url}/automation/invocations/${invocation.id}`,
      html_url: `${world.emulator.url}/web/rundeck-actions/actions/01DBFAILOVER/invocations/${invocation.id}/report`,
      incident: {
        id: incident.id,
        type: "incident_reference",
        summary: "payments-db CPU",
        self: `${world.emulator.url}/incidents/${incident.id}`,
        html_url: `${world.emulator.url}/web/incidents/${incident.id}`,
      },
      action: {
        id: "01DBFAILOVER",
        type: "action_reference",
        summary: "DB failover primary to replica",
        self: `${world.emulator.url}/automation/actions/01DBFAILOVER`,
        html_url: `${world.emulator.url}/web/rundeck-actions/actions/01DBFAILOVER`,
      },
    });
  });

  for (const outcome of ["error", "aborted"]) {
    it(`ends in ${outcome} when told to`, async () => {
      await world.call("POST", "/_emulator/actions/01DBFAILOVER/outcome", { outcome });
      const { id } = await invoke((await world.openIncident()).id);
      await world.pass(60_000);
      assert.equal((await read(id)).state, outcome);
      assert.equal(receiver.types().at(-1), "incident.action_invocation.terminated");
    });
  }

  it("waits while its runner is offline, and runs when it is back", async () => {
    await world.call("POST", "/_emulator/actions/01DBFAILOVER/outcome", { outcome: "stuck" });
    const { id } = await invoke((await world.openIncident()).id);
    await world.pass(24 * 3_600_000);
    assert.equal((await read(id)).state, "created");
    await world.call("POST", "/_emulator/actions/01DBFAILOVER/outcome", { outcome: "completed" });
    await world.pass(60_000);
    assert.equal((await read(id)).state, "completed");
  });

  it("is not idempotent: two calls are two invocations", async () => {
    const incident = await world.openIncident();
    const ids = [await invoke(incident.id), await invoke(incident.id)].map(({ id }) => id);
    assert.equal(new Set(ids).size, 2);
  });

  it("lists the newest 25, by incident, action and state", async () => {
    const first = await world.openIncident();
    const second = await world.openIncident();
    const restart = "/automation_actions/actions/01RESTARTAPI/invocations";
    for (let count = 0; count < 26; count++) {
      await invoke(first.id);
    }
    await world.pass(60_000);
    const other = await invoke(second.id, restart);
    const list = async (query: string): Promise<{ id: string }[]> => {
      const { body } = await world.call("GET", `/automation_actions/invocations?${query}`);
      return body.invocations;
    };
    assert.equal((await list("")).length, 25);
    assert.equal((await list(""))[0]?.id, other.id);
    assert.equal((await list(`incident_id=${first.id}&action_id=01DBFAILOVER`)).length, 25);
    assert.deepEqual(await list(`incident_id=${first.id}&action_id=01RESTARTAPI`), []);
    assert.deepEqual(
      (await list("invocation_state=created")).map(({ id }) => id),
      [other.id],
    );
    assert.deepEqual(
      (await list("not_invocation_state=completed")).map(({ id }) => id),
      [other.id],
    );
  });

  it("refuses an unknown action, an unknown incident and a body without one", async () => {
    const metadata = { incident_id: "PNONE" };
    const unknownAction = await world.call(
      "POST",
      "/automation_actions/actions/01NONE/invocations",
      { invocation: { metadata } },
    );
    assert.equal(unknownAction.status, 404);
    assert.deepEqual(unknownAction.body, { error: { message: "Not Found", code: 2100 } });
    const unknownIncident = await world.call("POST", FAILOVER, { invocation: { metadata } });
    assert.equal(unknownIncident.status, 400);
    assert.deepEqual(unknownIncident.body.error.errors, [
      '`metadata.incident_id`: no incident has the id "PNONE"',
    ]);
    const none = await world.call("POST", FAILOVER, { invocation: { metadata: {} } });
    assert.deepEqual(none.body.error, {
      message: "Invalid Input Provided",
      code: 2001,
      errors: [
        "`invocation.metadata.incident_id`: Invalid input: expected string, received undefined",
      ],
    });
  });

  it("lets only the action's team and administrators run it", async () => {
    const incident = await world.openIncident();
    const body = { invocation: { metadata: { incident_id: incident.id } } };
    const tokenOf = async (user: string): Promise<string> => {
      const reply = await world.call("POST", "/_emulator/tokens", { user_id: user });
      return reply.body.token;
    };
    const asAgent = { token: await tokenOf("PAIUSR1"), from: null };
    const refused = await world.call("POST", FAILOVER, body, asAgent);
    assert.equal(refused.status, 403);
    assert.equal(refused.body.error.code, 2010);
    const asJo = { token: await tokenOf("PUSER01"), from: null };
    const allowed = await world.call("POST", FAILOVER, body, asJo);
    assert.equal(allowed.status, 201);
    assert.equal(allowed.body.invocation.metadata.agent.id, "PUSER01");
  });

  it("starts a workflow and completes it", async () => {
    const incident = await world.openIncident();
    const { status, body } = await world.call("POST", "/incident_workflows/PWF0001/instances", {
      incident_workflow_instance: {
        id: "mine",
        type: "incident_workflow_instance",
        incident: { id: incident.id, type: "incident_reference" },
      },
    });
    assert.equal(status, 201);
    assert.equal(body.incident_workflow_instance.type, "incident_workflow_instance");
    await world.pass(300);
    assert.deepEqual(receiver.types(), [
      "incident.workflow.started",
      "incident.workflow.completed",
    ]);
    const data = receiver.received[0]?.event.data;
    assert.equal(data.incident_workflow.id, "PWF0001");
    assert.equal(data.incident.id, incident.id);
    assert.equal(data.service.id, "PSVC001");
  });

  it("refuses to start a workflow that is not enabled", async () => {
    const incident = await world.openIncident();
    await world.call("PUT", "/incident_workflows/PWF0001", {
      incident_workflow: { is_enabled: false },
    });
    const { status, body } = await world.call("POST", "/incident_workflows/PWF0001/instances", {
      incident_workflow_instance: { incident: { id: incident.id, type: "incident_reference" } },
    });
    assert.equal(status, 400);
    assert.deepEqual(body.error.errors, ["the workflow PWF0001 is not enabled"]);
  });

  it("does not start a workflow for whoever is no manager", async () => {
    const incident = await world.openIncident();
    const { body: made } = await world.call("POST", "/_emulator/tokens", { user_id: "PAIUSR1" });
    const { status, body } = await world.call(
      "POST",
      "/incident_workflows/PWF0001/instances",
      {
        incident_workflow_instance: { incident: { id: incident.id, type: "incident_reference" } },
      },
      { token: made.token },
    );
    assert.equal(status, 403);
    assert.deepEqual(body.error.errors, [
      "the user PAIUSR1 has the role limited_user; a manager, admin or owner may do this",
    ]);
    await world.pass(60_000);
    assert.deepEqual(receiver.types(), []);
  });

  it("answers 402 to an invocation when the account has no automation actions", async () => {
    const incident = await world.openIncident();
    await world.call("PUT", "/_emulator/abilities", { abilities: ["teams"] });
    const refused = await world.call("POST", FAILOVER, {
      invocation: { metadata: { incident_id: incident.id } },
    });
    assert.equal(refused.status, 402);
    assert.deepEqual(refused.body.error.errors, ["the ability automation_actions is required"]);
  });

  it("cannot tell the state for a while, and the invocation goes on", async () => {
    const outcome = (to: string) =>
      world.call("POST", "/_emulator/actions/01DBFAILOVER/outcome", { outcome: to });
    const { id } = await invoke((await world.openIncident()).id);
    await outcome("unknown");
    await world.pass(60_000);
    assert.equal((await read(id)).state, "unknown");
    const { body } = await world.call(
      "GET",
      "/automation_actions/invocations?invocation_state=unknown",
    );
    assert.deepEqual(
      body.invocations.map((one: { id: string }) => one.id),
      [id],
    );
    assert.equal(receiver.types().at(-1), "incident.action_invocation.terminated");
    await outcome("error");
    assert.equal((await read(id)).state, "completed");
  });

  it("takes a workflow's trigger through its life", async () => {
    const path = "/incident_workflows/triggers";
    const { body: made } = await world.call("POST", path, {
      trigger: {
        trigger_type: "conditional",
        workflow: { id: "PWF0001", type: "incident_workflow" },
        services: [{ id: "PSVC001", type: "service_reference" }],
        condition: "incident.priority matches 'P1'",
      },
    });
    const own = `${path}/${made.trigger.id}`;
    assert.deepEqual((await world.call("GET", own)).body, made);
    const { body: changed } = await world.call("PUT", own, {
      trigger: {
        services: [],
        is_subscribed_to_all_services: true,
        permissions: { restricted: true, team_id: "PTEAM03" },
      },
    });
    assert.deepEqual(changed.trigger, {
      ...made.trigger,
      services: [],
      is_subscribed_to_all_services: true,
      permissions: { restricted: true, team_id: "PTEAM03" },
    });
    assert.deepEqual((await world.call("GET", own)).body, changed);
    assert.equal((await world.call("DELETE", own)).status, 204);
    assert.equal((await world.call("GET", own)).status, 404);
  });
});
