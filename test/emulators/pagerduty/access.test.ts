import assert from "node:assert/strict";
import { get } from "node:http";
import { startWorld } from "./harness.ts";
import type { World } from "./harness.ts";

describe("access to the emulator's REST API", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld({ token: "main-token", rateLimitPerMinute: 5 });
  });

  afterEach(() => world.emulator.stop());

  const AUTHORIZATIONS: [header: string, status: number][] = [
    ["Token token=main-token", 200],
    ['Token token="main-token"', 200],
    ["Bearer main-token", 200],
    ["bearer main-token", 200],
    ["Token token=other", 401],
    ["Token main-token", 401],
    ["Basic bWFpbi10b2tlbg==", 401],
    ["main-token", 401],
    ["Bearer main-token-and-more", 401],
  ];

  for (const [authorization, status] of AUTHORIZATIONS) {
    it(`answers ${status} to "${authorization}"`, async () => {
      const reply = await world.call("GET", "/users/me", undefined, {
        token: null,
        headers: { authorization },
      });
      assert.equal(reply.status, status);
    });
  }

  it("answers 401 with code 2006 when there is no token", async () => {
    const { status, body } = await world.call("GET", "/incidents", undefined, { token: null });
    assert.equal(status, 401);
    assert.deepEqual(body, { error: { message: "Authentication failed", code: 2006 } });
  });

  it("answers 404 with code 2100 to what does not exist", async () => {
    for (const path of ["/nowhere", "/incidents/PNONE", "/services/PNONE/integrations"]) {
      const { status, body } = await world.call("GET", path);
      assert.equal(status, 404, path);
      assert.deepEqual(body, { error: { message: "Not Found", code: 2100 } });
    }
  });

  it("takes any Accept header and a body on GET", async () => {
    const { status } = await world.call("GET", "/abilities", undefined, {
      headers: { accept: "text/plain" },
    });
    assert.equal(status, 200);
  });

  it("makes a random token that the data file keeps", async () => {
    const other = await startWorld();
    assert.match(other.emulator.token, /^[A-Za-z0-9]{20}$/);
    assert.equal((await other.call("GET", "/users/me")).body.user.id, "PGATE01");
    await other.emulator.stop();
  });

  it("tells the rate limit on every answer and refuses what is over it until the minute ends", async () => {
    const first = await world.call("GET", "/abilities");
    assert.equal(first.headers.get("ratelimit-limit"), "5");
    assert.equal(first.headers.get("ratelimit-remaining"), "4");
    assert.equal(first.headers.get("ratelimit-reset"), "60");
    for (let count = 0; count < 4; count++) {
      await world.call("GET", "/incidents/PNONE");
    }
    world.clock.advance(20_000);
    const refused = await world.call("GET", "/abilities");
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body, { error: { message: "Rate Limit Exceeded", code: 2020 } });
    assert.equal(refused.headers.get("ratelimit-remaining"), "0");
    assert.equal(refused.headers.get("ratelimit-reset"), "40");
    world.clock.advance(40_000);
    assert.equal((await world.call("GET", "/abilities")).status, 200);
  });

  it("allows 960 calls a minute unless told otherwise", async () => {
    const other = await startWorld();
    const reply = await other.call("GET", "/abilities");
    assert.equal(reply.headers.get("ratelimit-limit"), "960");
    await other.emulator.stop();
  });

  describe("From", () => {
    const incident = {
      type: "incident",
      title: "t",
      service: { id: "PSVC001", type: "service_reference" },
    };

    const NEEDED: [method: string, path: string][] = [
      ["POST", "/incidents"],
      ["PUT", "/incidents"],
      ["PUT", "/incidents/PANY"],
      ["POST", "/incidents/PANY/notes"],
      ["PUT", "/incidents/PANY/notes/PNOTE"],
      ["POST", "/incidents/PANY/status_updates"],
      ["POST", "/incidents/PANY/snooze"],
      ["PUT", "/incidents/PANY/merge"],
    ];

    beforeEach(async () => {
      await world.emulator.stop();
      world = await startWorld();
    });

    for (const [method, path] of NEEDED) {
      it(`is required on ${method} ${path}`, async () => {
        const { status, body } = await world.call(method, path, {}, { from: null });
        assert.equal(status, 400);
        assert.deepEqual(body, {
          error: {
            message:
              'You must specify a user\'s email address in the "From" header to perform this action',
            code: 2016,
          },
        });
      });
    }

    it("must be the email of a user", async () => {
      const { status, body } = await world.call(
        "POST",
        "/incidents",
        { incident },
        { from: "nobody@example.com" },
      );
      assert.equal(status, 400);
      assert.deepEqual(body, { error: { message: "Requester User Not Found", code: 1008 } });
    });

    it("names who acts", async () => {
      const { body } = await world.call(
        "POST",
        "/incidents",
        { incident },
        { from: "Jo@Example.com" },
      );
      assert.equal(body.incident.last_status_change_by.id, "PUSER01");
    });

    it("is implied by a user's own token, which cannot act for anybody else", async () => {
      const { body } = await world.call("POST", "/_emulator/tokens", { user_id: "PAIUSR1" });
      for (const from of [null, "jo@example.com"]) {
        const reply = await world.call(
          "POST",
          "/incidents",
          { incident },
          { token: body.token, from },
        );
        assert.equal(reply.status, 201);
        assert.equal(reply.body.incident.last_status_change_by.id, "PAIUSR1");
      }
    });

    it("is ignored where PagerDuty does not want it", async () => {
      const { id } = await world.openIncident();
      const { body } = await world.call(
        "POST",
        "/automation_actions/actions/01DIAGNOSE/invocations",
        { invocation: { metadata: { incident_id: id } } },
        { from: "jo@example.com" },
      );
      assert.equal(body.invocation.metadata.agent.id, "PGATE01");
    });

    it("is not needed on invocations, workflows, responder requests and custom fields", async () => {
      const created = await world.openIncident();
      const target = { responder_request_target: { id: "PUSER02", type: "user_reference" } };
      const calls: [string, string, unknown][] = [
        [
          "POST",
          "/automation_actions/actions/01DIAGNOSE/invocations",
          { invocation: { metadata: { incident_id: created.id } } },
        ],
        [
          "POST",
          "/incident_workflows/PWF0001/instances",
          {
            incident_workflow_instance: {
              incident: { id: created.id, type: "incident_reference" },
            },
          },
        ],
        [
          "POST",
          `/incidents/${created.id}/responder_requests`,
          { requester_id: "PGATE01", message: "help", responder_request_targets: [target] },
        ],
        [
          "PUT",
          `/incidents/${created.id}/custom_fields/values`,
          { custom_fields: [{ name: "max_replicas", value: 3 }] },
        ],
      ];
      for (const [method, path, body] of calls) {
        const { status } = await world.call(method, path, body, { from: null });
        assert.ok(status < 300, `${method} ${path} answered ${status}`);
      }
    });
  });

  it("names what is wrong with a body", async () => {
    const { status, body } = await world.call("POST", "/incidents", {
      incident: { title: "", service: { id: "PSVC001", type: "service" }, urgency: "medium" },
    });
    assert.equal(status, 400);
    assert.equal(body.error.message, "Invalid Input Provided");
    assert.equal(body.error.code, 2001);
    assert.deepEqual(body.error.errors, [
      '`incident.type`: Invalid input: expected "incident"',
      "`incident.title`: Too small: expected string to have >=1 characters",
      '`incident.urgency`: Invalid option: expected one of "high"|"low"',
    ]);
  });

  it("answers 400 to what is not JSON", async () => {
    const { status, body } = await world.call("POST", "/incidents", "{not json");
    assert.equal(status, 400);
    assert.deepEqual(body.error.errors, ["the body is not JSON"]);
  });

  const SITES: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ origin: "https://evil.example.com" }, 403],
    [{ origin: "null" }, 403],
  ];

  for (const [headers, expected] of SITES) {
    it(`answers ${expected} on its switches to ${JSON.stringify(headers)}`, async () => {
      const { status } = await world.call("GET", "/_emulator/faults", undefined, { headers });
      assert.equal(status, expected);
    });
  }

  it("refuses its switches under another host name", async () => {
    const { hostname, port } = new URL(world.emulator.url);
    const answered = Promise.withResolvers<number | undefined>();
    get(
      { hostname, port, path: "/_emulator/faults", headers: { host: "rebound.example.com" } },
      (response) => {
        response.resume();
        answered.resolve(response.statusCode);
      },
    ).on("error", answered.reject);
    assert.equal(await answered.promise, 403);
  });

  it("says on / what it is, without a token", async () => {
    const { status, body } = await world.call("GET", "/", undefined, { token: null });
    assert.equal(status, 200);
    assert.match(body, /It is not PagerDuty/);
    assert.match(body, /\/automation_actions\/actions\/:id\/invocations/);
    assert.ok(!body.includes("main-token"));
  });
});
