import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { PagerDutyOptions } from "../../functions/pagerduty/client.ts";
import type { NewIncident, Order, PagerDuty } from "../../functions/gate/ports/index.ts";
import { startWireServer } from "./wireServer.ts";
import type { WireServer } from "./wireServer.ts";

// Shows what is put on the wire and what is made of documented answers; not that PagerDuty answers so.

const TOKEN = "pd-test-token-0001";
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")));
const noon = Date.UTC(2026, 10, 23, 12);

const restIncident = {
  id: "PINC001",
  type: "incident",
  incident_number: 4421,
  title: "payments-db CPU",
  status: "acknowledged",
  html_url: "https://acme.pagerduty.com/incidents/PINC001",
  priority: { id: "PPRIO01", type: "priority", summary: "P1", name: "P1" },
  urgency: "low",
  service: { id: "PSVC001", type: "service_reference", summary: "payments-db" },
  escalation_policy: { id: "PEP0001", type: "escalation_policy_reference" },
  assignments: [{ at: "2026-11-23T10:00:00Z", assignee: { id: "PUSER01" } }],
  incident_key: "k-1",
  created_at: "2026-11-23T09:59:00Z",
  something_new: { nobody: "knows" },
};

const parsedIncident = {
  id: "PINC001",
  number: 4421,
  title: "payments-db CPU",
  status: "acknowledged",
  url: "https://acme.pagerduty.com/incidents/PINC001",
  priority: "P1",
  urgency: "low",
  serviceId: "PSVC001",
  serviceName: "payments-db",
  escalationPolicyId: "PEP0001",
  assigneeIds: ["PUSER01"],
  incidentKey: "k-1",
  createdAtMs: Date.UTC(2026, 10, 23, 9, 59),
};

const restInvocation = {
  id: "01INV1",
  type: "invocation",
  action_id: "01ACTION",
  runner_id: null,
  state: "running",
  duration: null,
  timing: [
    { creation_timestamp: "2026-11-23T10:00:05Z", state: "queued" },
    { creation_timestamp: "2026-11-23T10:00:00Z", state: "created" },
  ],
  metadata: {
    agent: { id: "PUSER01", type: "user_reference" },
    incident: { id: "PINC001", type: "incident_reference" },
  },
};

const parsedInvocation = {
  id: "01INV1",
  actionId: "01ACTION",
  incidentId: "PINC001",
  state: "running",
  agentId: "PUSER01",
  createdAtMs: Date.UTC(2026, 10, 23, 10),
};

const newIncident: NewIncident = {
  serviceId: "PSVC001",
  title: "Do it by hand",
  details: "The failover was rejected.",
  incidentKey: "gate-p1",
  urgency: "high",
  escalationPolicyId: "PEP0001",
  userIds: [],
};

describe("createPagerDuty", () => {
  let server: WireServer;
  beforeEach(async () => {
    server = await startWireServer();
  });
  afterEach(async () => {
    assert.equal(server.left(), 0, "not every scripted answer was asked for");
    await server.close();
  });

  function client(options: Partial<PagerDutyOptions> = {}): PagerDuty {
    return createPagerDuty({
      baseUrl: server.url,
      token: () => Promise.resolve(TOKEN),
      from: "gate@example.com",
      clock: { now: () => noon },
      wait: () => Promise.resolve(),
      ...options,
    });
  }

  function calls(): string[] {
    return server.seen.map(({ method, path }) => `${method} ${path}`);
  }

  function sent(index: number): unknown {
    return JSON.parse(server.seen[index]?.body ?? "null");
  }

  describe("every call", () => {
    it("is authenticated with an API key and versioned", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      await client().incident("PINC001");
      const { headers } = server.seen[0]!;
      assert.equal(headers.authorization, `Token token=${TOKEN}`);
      assert.equal(headers.accept, "application/vnd.pagerduty+json;version=2");
      assert.equal(headers["user-agent"], `pagerduty-approval-gate/${version}`);
      assert.equal(headers["content-type"], undefined);
      assert.equal(headers["from"], undefined);
    });

    it("is authenticated with an OAuth token where that is the form", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      await client({ tokenType: "bearer" }).incident("PINC001");
      assert.equal(server.seen[0]?.headers.authorization, `Bearer ${TOKEN}`);
    });

    it("asks for the token anew", async () => {
      const tokens = ["first", "second"];
      const pagerDuty = client({ token: () => Promise.resolve(tokens.shift() ?? "") });
      server.will({ status: 200, body: { notes: [] } }, { status: 200, body: { notes: [] } });
      await pagerDuty.notes("PINC001");
      await pagerDuty.notes("PINC001");
      assert.deepEqual(
        server.seen.map(({ headers }) => headers.authorization),
        ["Token token=first", "Token token=second"],
      );
    });

    it("has its own connection", async () => {
      server.will({ status: 200, body: { notes: [] } }, { status: 200, body: { notes: [] } });
      await client().notes("PINC001");
      await client().notes("PINC001");
      assert.equal(server.connections(), 2);
    });

    it("goes below a base URL with a path and a slash at its end", async () => {
      server.will({ status: 200, body: { notes: [] } });
      await client({ baseUrl: `${server.url}/proxy/` }).notes("PINC001");
      assert.deepEqual(calls(), ["GET /proxy/incidents/PINC001/notes"]);
    });
  });

  describe("incident", () => {
    it("reads one", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      assert.deepEqual(await client().incident("PINC001"), parsedIncident);
      assert.deepEqual(calls(), ["GET /incidents/PINC001?include[]=services&include[]=assignees"]);
    });

    const zoned = (service: string | null, ...assignees: string[]) => ({
      ...restIncident,
      service: { ...restIncident.service, support_hours: service && { time_zone: service } },
      assignments: assignees.map((zone) => ({ assignee: { id: "PUSER01", time_zone: zone } })),
    });
    for (const [what, wire, zone] of [
      ["the service's", zoned("Europe/Berlin", "America/Lima"), "Europe/Berlin"],
      ["the first assignee's", zoned(null, "America/Lima", "Asia/Tokyo"), "America/Lima"],
      [
        "one that the database has",
        zoned("Eastern Time (US & Canada)", "Asia/Tokyo"),
        "Asia/Tokyo",
      ],
      ["none besides UTC", zoned("Etc/UTC", "UTC"), undefined],
    ] as const) {
      it(`tells the time zone that its people read: ${what}`, async () => {
        server.will({ status: 200, body: { incident: wire } });
        assert.equal((await client().incident("PINC001"))?.timeZone, zone);
      });
    }

    it("is null when PagerDuty answers 404", async () => {
      server.will({ status: 404, body: { error: { message: "Not Found", code: 2100 } } });
      assert.equal(await client().incident("PNONE"), null);
    });

    for (const strange of ["", "..", "PINC001/notes", "PINC001?x", "P INC", "%2e%2e"]) {
      it(`is null for ${JSON.stringify(strange)} without asking`, async () => {
        assert.equal(await client().incident(strange), null);
        assert.deepEqual(calls(), []);
      });
    }
  });

  describe("incidentsByKey", () => {
    it("asks for every status and all time, and gives the newest first", async () => {
      const older = { ...restIncident, id: "POLD", status: "resolved" };
      const newer = { ...restIncident, id: "PNEW", created_at: "2026-11-23T11:00:00Z" };
      server.will({ status: 200, body: { incidents: [older, newer], more: false } });
      const { found } = await client().incidentsByKey("k-1");
      assert.deepEqual(
        found.map(({ id }) => id),
        ["PNEW", "POLD"],
      );
      const { pathname, searchParams } = new URL(server.seen[0]!.path, server.url);
      assert.equal(pathname, "/incidents");
      assert.deepEqual(
        [...searchParams],
        [
          ["incident_key", "k-1"],
          ["date_range", "all"],
          ["statuses[]", "triggered"],
          ["statuses[]", "acknowledged"],
          ["statuses[]", "resolved"],
          ["sort_by", "created_at:desc"],
          ["limit", "100"],
        ],
      );
    });

    it("leaves out incidents with another key or none", async () => {
      const others = [
        { ...restIncident, incident_key: "k-2" },
        { ...restIncident, incident_key: null },
      ];
      server.will({ status: 200, body: { incidents: others } });
      assert.deepEqual(await client().incidentsByKey("k-1"), { found: [], unreadable: [] });
    });
  });

  describe("incidentsByAlert", () => {
    const alerts = (...keys: (string | null)[]) => ({
      status: 200,
      body: {
        alerts: keys.map((alert_key) => ({ id: "PALERT", alert_key, status: "triggered" })),
        more: false,
      },
    });
    const withAlerts = { ...restIncident, incident_key: null };

    it("asks for open ones by the key, and each for its triggered alerts", async () => {
      server.will({ status: 200, body: { incidents: [withAlerts] } }, alerts("db 7 "));
      const { found } = await client().incidentsByAlert("db 7 ");
      assert.deepEqual(
        found.map(({ id }) => id),
        ["PINC001"],
      );
      assert.deepEqual(
        server.seen.map(({ path }) => path),
        [
          "/incidents?incident_key=db+7+&date_range=all&statuses%5B%5D=triggered&statuses%5B%5D=acknowledged&sort_by=created_at%3Adesc&limit=100",
          "/incidents/PINC001/alerts?alert_key=db+7+&statuses%5B%5D=triggered&limit=100&offset=0",
        ],
      );
    });

    it("leaves out one whose triggered alerts have other keys, or none that can be read", async () => {
      server.will({ status: 200, body: { incidents: [withAlerts] } }, alerts("db 7", null));
      assert.deepEqual((await client().incidentsByAlert("db 7 ")).found, []);
    });

    it("reads the alerts page by page", async () => {
      const first = alerts("db-1");
      server.will(
        { status: 200, body: { incidents: [withAlerts] } },
        { ...first, body: { ...first.body, more: true } },
        alerts("db-7"),
      );
      assert.equal((await client().incidentsByAlert("db-7")).found.length, 1);
    });

    it("fails when the alerts of one cannot be read: it may be the one", async () => {
      server.will(
        { status: 200, body: { incidents: [withAlerts] } },
        { status: 503 },
        { status: 503 },
      );
      await assert.rejects(client().incidentsByAlert("db-7"), { name: "RemoteError", status: 503 });
    });
  });

  describe("a list with an entry that cannot be read", () => {
    it("of incidents gives the others, and tells of it", async () => {
      const strange = { ...restIncident, id: "PNEW", status: "mitigated" };
      server.will({ status: 200, body: { incidents: [strange, 7, restIncident] } });
      const { found, unreadable } = await client().incidentsByKey("k-1");
      assert.deepEqual(
        found.map(({ id }) => id),
        ["PINC001"],
      );
      assert.deepEqual(unreadable, [
        {
          id: "PNEW",
          problem:
            '`status`: Invalid option: expected one of "triggered"|"acknowledged"|"resolved"',
        },
        { id: null, problem: "``: Invalid input: expected object, received number" },
      ]);
    });

    it("of notes, services or subscriptions gives the others", async () => {
      const note = { id: "PNOTE1", content: "looked at" };
      server.will({ status: 200, body: { notes: [{ id: "PNOTE0", content: null }, note] } });
      assert.deepEqual(await client().notes("PINC001"), [note]);
      const service = { id: "PSVC001", name: "payments-db" };
      server.will({ status: 200, body: { services: [{ id: "PSVC000", name: null }, service] } });
      assert.deepEqual(await client().findService("payments-db"), service);
      const subscription = { id: "PSUB1", delivery_method: { url: "https://gate.example.com" } };
      server.will({
        status: 200,
        body: { webhook_subscriptions: [{ id: "PSUB0", delivery_method: null }, subscription] },
      });
      assert.equal((await client().subscriptions("https://gate.example.com")).length, 1);
    });
  });

  describe("a resolve reason", () => {
    const mergedInto = async (more: Record<string, unknown>) => {
      server.will({ status: 200, body: { incident: { ...restIncident, ...more } } });
      return (await client().incident("PINC001"))?.mergedInto;
    };
    const reference = { id: "PINC002", type: "incident_reference", summary: "payments down" };
    const reason = { type: "merge_resolve_reason", incident: reference };

    it("of a merge names the incident that goes on", async () => {
      assert.deepEqual(await mergedInto({ status: "resolved", resolve_reason: reason }), {
        id: "PINC002",
      });
    });

    it("of a merge into something that cannot be read is a merge all the same", async () => {
      assert.deepEqual(
        await mergedInto({ status: "resolved", resolve_reason: { ...reason, incident: null } }),
        { id: null },
      );
    });

    it("of another kind, or of an incident that is open again, is none", async () => {
      const other = { type: "some_other_reason", incident: reference };
      assert.equal(await mergedInto({ status: "resolved", resolve_reason: other }), undefined);
      assert.equal(await mergedInto({ status: "resolved", resolve_reason: null }), undefined);
      assert.equal(await mergedInto({ status: "triggered", resolve_reason: reason }), undefined);
    });
  });

  it("takes no incident that PagerDuty finds by its number for the one that was asked for", async () => {
    server.will({ status: 200, body: { incident: restIncident } });
    assert.equal(await client().incident("4421"), null);
  });

  describe("findService", () => {
    it("finds by id", async () => {
      server.will({ status: 200, body: { service: { id: "PSVC001", name: "payments-db" } } });
      assert.deepEqual(await client().findService("PSVC001"), {
        id: "PSVC001",
        name: "payments-db",
      });
      assert.deepEqual(calls(), ["GET /services/PSVC001"]);
    });

    it("finds by exact name among those that contain it, page by page", async () => {
      server.will(
        { status: 200, body: { services: [{ id: "P1", name: "payments-db-2" }], more: true } },
        { status: 200, body: { services: [{ id: "P2", name: "payments-db" }], more: false } },
      );
      assert.deepEqual(await client().findService("payments-db"), {
        id: "P2",
        name: "payments-db",
      });
      assert.deepEqual(calls(), [
        "GET /services?query=payments-db&limit=100&offset=0",
        "GET /services?query=payments-db&limit=100&offset=100",
      ]);
    });

    it("takes for a name what is no id of a service, and is null when nothing has it", async () => {
      server.will(
        { status: 404, body: { error: { message: "Not Found", code: 2100 } } },
        { status: 200, body: { services: [], more: false } },
      );
      assert.equal(await client().findService("PAYMENTS"), null);
      assert.deepEqual(calls(), [
        "GET /services/PAYMENTS",
        "GET /services?query=PAYMENTS&limit=100&offset=0",
      ]);
    });
  });

  describe("execute", () => {
    const fieldsOf = (values: Record<string, unknown>) => ({
      custom_fields: Object.entries(values).map(([name, value]) => ({ name, value })),
    });
    const order = (target: Order["target"], customFields: Order["customFields"] = {}): Order => ({
      target,
      incidentId: "PINC001",
      customFields,
      mark: "prop_1",
    });

    it("invokes an automation action", async () => {
      server.will({ status: 201, body: { invocation: { ...restInvocation, state: "created" } } });
      const done = await client().execute(
        order({ kind: "automationAction", actionId: "01ACTION" }),
      );
      assert.deepEqual(done, { invocationId: "01INV1", state: "created", agentId: "PUSER01" });
      assert.deepEqual(calls(), ["POST /automation_actions/actions/01ACTION/invocations"]);
      assert.deepEqual(sent(0), { invocation: { metadata: { incident_id: "PINC001" } } });
      assert.equal(server.seen[0]?.headers["content-type"], "application/json");
      assert.equal(server.seen[0]?.headers["from"], undefined);
    });

    it("sets the custom fields before it invokes", async () => {
      const values = {
        gate_replicas: 3,
        gate_region: "us-east-1",
        gate_dry: false,
        gate_old: null,
      };
      server.will(
        { status: 201 },
        { status: 200, body: fieldsOf({ gate_other: "x", ...values }) },
        { status: 201, body: { invocation: restInvocation } },
      );
      await client().execute(order({ kind: "automationAction", actionId: "01ACTION" }, values));
      assert.deepEqual(calls(), [
        "PUT /incidents/PINC001/custom_fields/values",
        "GET /incidents/PINC001/custom_fields/values",
        "POST /automation_actions/actions/01ACTION/invocations",
      ]);
      assert.deepEqual(sent(0), {
        custom_fields: [
          { name: "gate_replicas", value: 3 },
          { name: "gate_region", value: "us-east-1" },
          { name: "gate_dry", value: false },
          { name: "gate_old", value: null },
        ],
      });
    });

    const action: Order["target"] = { kind: "automationAction", actionId: "01ACTION" };
    for (const [found, wanted] of [
      ["3", 3],
      [3, "3"],
      ["true", true],
      ["2026-11-02T09:00:00.000Z", "2026-11-02T10:00:00+01:00"],
      [undefined, null],
    ] as const) {
      it(`invokes where a field that was set to ${JSON.stringify(wanted)} reads ${JSON.stringify(found)}`, async () => {
        server.will(
          { status: 201 },
          { status: 200, body: fieldsOf({ gate_value: found }) },
          { status: 201, body: { invocation: restInvocation } },
        );
        await client().execute(order(action, { gate_value: wanted }));
        assert.equal(calls().length, 3);
      });
    }

    for (const [found, wanted, told] of [
      [2, 3, "2 instead of 3"],
      ["eu", null, '"eu" instead of null'],
      [null, 3, "null instead of 3"],
      [undefined, "", 'null instead of ""'],
      [["eu"], "eu", '["eu"] instead of "eu"'],
      [{}, "[object Object]", '{} instead of "[object Object]"'],
    ] as const) {
      it(`invokes nothing where a field that was set to ${JSON.stringify(wanted)} reads ${JSON.stringify(found)}`, async () => {
        server.will({ status: 201 }, { status: 200, body: fieldsOf({ gate_value: found }) });
        await assert.rejects(client().execute(order(action, { gate_value: wanted })), {
          name: "RemoteError",
          message: `custom field gate_value holds ${told} right after it was set, so nothing was started: somebody else writes it`,
          nothingDone: true,
          retryable: true,
        });
        assert.equal(calls().length, 2);
      });
    }

    it("starts an incident workflow under its own mark", async () => {
      const instance = { id: "PWFI001", type: "incident_workflow_instance" };
      server.will(
        { status: 200 },
        { status: 200, body: fieldsOf({ gate_region: "eu" }) },
        { status: 201, body: { incident_workflow_instance: instance } },
      );
      const done = await client().execute(
        order({ kind: "incidentWorkflow", workflowId: "PWF0001" }, { gate_region: "eu" }),
      );
      assert.deepEqual(done, { invocationId: "PWFI001", state: null, agentId: null });
      assert.deepEqual(calls(), [
        "PUT /incidents/PINC001/custom_fields/values",
        "GET /incidents/PINC001/custom_fields/values",
        "POST /incident_workflows/PWF0001/instances",
      ]);
      assert.deepEqual(sent(2), {
        incident_workflow_instance: {
          id: "prop_1",
          type: "incident_workflow_instance",
          incident: { id: "PINC001", type: "incident_reference" },
        },
      });
      assert.equal(server.seen[1]?.headers["from"], undefined);
    });

    it("takes a started workflow for started although no id came back", async () => {
      server.will({ status: 201, body: {} });
      assert.deepEqual(
        await client().execute(order({ kind: "incidentWorkflow", workflowId: "PWF0001" })),
        { invocationId: null, state: null, agentId: null },
      );
    });

    it("reassigns to users", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      const target: Order["target"] = {
        kind: "reassign",
        users: ["PUSER02", "PUSER03"],
        escalationPolicy: null,
      };
      assert.deepEqual(await client().execute(order(target)), {
        agentId: null,
        invocationId: null,
        state: "completed",
      });
      assert.deepEqual(calls(), ["PUT /incidents/PINC001"]);
      assert.deepEqual(sent(0), {
        incident: {
          type: "incident_reference",
          assignments: [
            { assignee: { id: "PUSER02", type: "user_reference" } },
            { assignee: { id: "PUSER03", type: "user_reference" } },
          ],
        },
      });
      assert.equal(server.seen[0]?.headers["from"], "gate@example.com");
    });

    it("reassigns to an escalation policy", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      await client().execute(order({ kind: "reassign", users: [], escalationPolicy: "PEP0002" }));
      assert.deepEqual(sent(0), {
        incident: {
          type: "incident_reference",
          escalation_policy: { id: "PEP0002", type: "escalation_policy_reference" },
        },
      });
    });

    it("escalates to a level", async () => {
      server.will({ status: 200, body: { incident: restIncident } });
      const done = await client().execute(order({ kind: "escalate", level: 2 }));
      assert.deepEqual(done, { invocationId: null, state: "completed", agentId: null });
      assert.deepEqual(calls(), ["PUT /incidents/PINC001"]);
      assert.deepEqual(sent(0), {
        incident: { type: "incident_reference", escalation_level: 2 },
      });
      assert.equal(server.seen[0]?.headers["from"], "gate@example.com");
    });
  });

  describe("invocation", () => {
    it("reads one, its earliest creation counting", async () => {
      server.will({ status: 200, body: { invocation: restInvocation } });
      assert.deepEqual(await client().invocation("01INV1"), parsedInvocation);
      assert.deepEqual(calls(), ["GET /automation_actions/invocations/01INV1"]);
    });

    it("accepts the other name of the timing and no created entry", async () => {
      const timing = [
        { timestamp: "2026-11-23T10:00:09Z", state: "running" },
        { timestamp: "2026-11-23T10:00:07Z", state: "queued" },
      ];
      server.will({ status: 200, body: { invocation: { ...restInvocation, timing } } });
      const read = await client().invocation("01INV1");
      assert.equal(read?.createdAtMs, Date.UTC(2026, 10, 23, 10, 0, 7));
    });

    it("does without agent, incident and timing", async () => {
      const bare = { id: "01INV1", action_id: "01ACTION", state: "melting", metadata: null };
      server.will({ status: 200, body: { invocation: bare } });
      assert.deepEqual(await client().invocation("01INV1"), {
        id: "01INV1",
        actionId: "01ACTION",
        incidentId: null,
        state: "unknown",
        agentId: null,
        createdAtMs: null,
      });
    });

    const zoned = (service: string | null, ...assignees: string[]) => ({
      ...restIncident,
      service: { ...restIncident.service, support_hours: service && { time_zone: service } },
      assignments: assignees.map((zone) => ({ assignee: { id: "PUSER01", time_zone: zone } })),
    });
    for (const [what, wire, zone] of [
      ["the service's", zoned("Europe/Berlin", "America/Lima"), "Europe/Berlin"],
      ["the first assignee's", zoned(null, "America/Lima", "Asia/Tokyo"), "America/Lima"],
      [
        "one that the database has",
        zoned("Eastern Time (US & Canada)", "Asia/Tokyo"),
        "Asia/Tokyo",
      ],
      ["none besides UTC", zoned("Etc/UTC", "UTC"), undefined],
    ] as const) {
      it(`tells the time zone that its people read: ${what}`, async () => {
        server.will({ status: 200, body: { incident: wire } });
        assert.equal((await client().incident("PINC001"))?.timeZone, zone);
      });
    }

    it("is null when PagerDuty answers 404", async () => {
      server.will({ status: 404 });
      assert.equal(await client().invocation("01NONE"), null);
    });
  });

  describe("invocations", () => {
    it("lists those of one action on one incident", async () => {
      const others = [
        { ...restInvocation, id: "01INV2", action_id: "01OTHER" },
        { ...restInvocation, id: "01INV3", metadata: { incident: { id: "PINC999" } } },
      ];
      server.will({ status: 200, body: { invocations: [restInvocation, ...others] } });
      assert.deepEqual(await client().invocations("PINC001", "01ACTION"), [parsedInvocation]);
      assert.deepEqual(calls(), [
        "GET /automation_actions/invocations?incident_id=PINC001&action_id=01ACTION",
      ]);
    });
  });

  describe("createIncident", () => {
    it("creates one under its key, on an escalation policy", async () => {
      server.will({ status: 201, body: { incident: restIncident } });
      assert.deepEqual(await client().createIncident(newIncident), {
        id: "PINC001",
        url: "https://acme.pagerduty.com/incidents/PINC001",
      });
      assert.deepEqual(calls(), ["POST /incidents"]);
      assert.equal(server.seen[0]?.headers["from"], "gate@example.com");
      assert.deepEqual(sent(0), {
        incident: {
          type: "incident",
          title: "Do it by hand",
          service: { id: "PSVC001", type: "service_reference" },
          urgency: "high",
          incident_key: "gate-p1",
          body: { type: "incident_body", details: "The failover was rejected." },
          escalation_policy: { id: "PEP0001", type: "escalation_policy_reference" },
        },
      });
    });

    it("assigns it to users rather than to a policy", async () => {
      server.will({ status: 201, body: { incident: { id: "PNEW" } } });
      const made = await client().createIncident({ ...newIncident, userIds: ["PUSER01"] });
      assert.deepEqual(made, { id: "PNEW", url: null });
      const { incident } = sent(0) as { incident: Record<string, unknown> };
      assert.deepEqual(incident["assignments"], [
        { assignee: { id: "PUSER01", type: "user_reference" } },
      ]);
      assert.equal("escalation_policy" in incident, false);
    });

    it("cuts a title that PagerDuty would not take", async () => {
      server.will({ status: 201, body: { incident: { id: "PNEW" } } });
      await client().createIncident({ ...newIncident, title: "x".repeat(2000) });
      const { incident } = sent(0) as { incident: { title: string } };
      assert.equal(incident.title.length, 1024);
      assert.ok(incident.title.endsWith("x… [cut]"));
    });

    const taken = {
      status: 400,
      body: {
        error: {
          message: "Arguments Caused Error",
          code: 2001,
          errors: ["Open incident with matching dedup key already exists on this service"],
        },
      },
    };
    const own = { ...restIncident, incident_key: "gate-p1" };

    it("gives the open incident that holds the key already", async () => {
      const elsewhere = { ...own, id: "PELSE", service: { id: "PSVC999" } };
      const over = { ...own, id: "POVER", status: "resolved", created_at: "2026-11-23T11:00:00Z" };
      server.will(taken, { status: 200, body: { incidents: [elsewhere, over, own] } });
      assert.deepEqual(await client().createIncident(newIncident), {
        id: "PINC001",
        url: "https://acme.pagerduty.com/incidents/PINC001",
      });
    });

    it("gives it although it was resolved meanwhile", async () => {
      server.will(taken, { status: 200, body: { incidents: [{ ...own, status: "resolved" }] } });
      assert.equal((await client().createIncident(newIncident)).id, "PINC001");
    });

    it("gives the open incident that PagerDuty finds by the key, into which alerts were merged", async () => {
      // With alerts it has no key of its own any more.
      const merged = { ...own, incident_key: null };
      const over = { ...merged, id: "POVER", status: "resolved" };
      server.will(taken, { status: 200, body: { incidents: [over, merged] } });
      assert.equal((await client().createIncident(newIncident)).id, "PINC001");
    });

    it("takes none of several without a key: the filter was not heeded", async () => {
      const merged = { ...own, incident_key: null };
      server.will(taken, {
        status: 200,
        body: { incidents: [merged, { ...merged, id: "POTHER" }] },
      });
      await assert.rejects(client().createIncident(newIncident), { status: 400 });
    });

    it("fails with PagerDuty's reason when no incident has the key", async () => {
      server.will(taken, { status: 200, body: { incidents: [] } });
      await assert.rejects(client().createIncident(newIncident), {
        name: "RemoteError",
        message:
          "PagerDuty answered 400 to POST /incidents: Arguments Caused Error (code 2001) " +
          "Open incident with matching dedup key already exists on this service",
        nothingDone: true,
        retryable: false,
        status: 400,
      });
    });

    it("may be tried again when it could not be seen who holds the key", async () => {
      server.will(taken, { status: 500 }, { status: 500 });
      await assert.rejects(client().createIncident(newIncident), {
        name: "RemoteError",
        message:
          "an incident may exist with this `incident_key`, but PagerDuty answered 500 to GET /incidents",
        nothingDone: true,
        retryable: true,
      });
    });
  });

  describe("resolveIncident", () => {
    it("resolves with a reason", async () => {
      server.will({ status: 200, body: { incident: { id: "PINC001" } } });
      await client().resolveIncident("PINC001", "Approved meanwhile");
      assert.deepEqual(calls(), ["PUT /incidents/PINC001"]);
      assert.equal(server.seen[0]?.headers["from"], "gate@example.com");
      assert.deepEqual(sent(0), {
        incident: {
          type: "incident_reference",
          status: "resolved",
          resolution: "Approved meanwhile",
        },
      });
    });

    const refused = { status: 400, body: { error: { message: "Incident Already Resolved" } } };

    it("is content with an incident that is resolved already", async () => {
      const now = { ...restIncident, status: "resolved" };
      server.will(refused, { status: 200, body: { incident: now } });
      await client().resolveIncident("PINC001", "x");
    });

    it("fails when the refused incident is still open", async () => {
      server.will(refused, { status: 200, body: { incident: restIncident } });
      await assert.rejects(client().resolveIncident("PINC001", "x"), {
        name: "RemoteError",
        message: "PagerDuty answered 400 to PUT /incidents/PINC001: Incident Already Resolved",
        nothingDone: true,
      });
    });
  });

  describe("notes", () => {
    it("are listed", async () => {
      const note = { id: "PNOTE01", user: null, content: "hello", created_at: "x" };
      server.will({ status: 200, body: { notes: [note] } });
      assert.deepEqual(await client().notes("PINC001"), [{ id: "PNOTE01", content: "hello" }]);
      assert.deepEqual(calls(), ["GET /incidents/PINC001/notes"]);
    });

    it("are added in the gate's name", async () => {
      server.will({ status: 200, body: { note: { id: "PNOTE01", content: "hello" } } });
      assert.deepEqual(await client().addNote("PINC001", "hello"), { id: "PNOTE01" });
      assert.deepEqual(calls(), ["POST /incidents/PINC001/notes"]);
      assert.deepEqual(sent(0), { note: { content: "hello" } });
      assert.equal(server.seen[0]?.headers["from"], "gate@example.com");
    });

    it("are cut with a mark, and never inside a character", async () => {
      server.will({ status: 200, body: { note: { id: "PNOTE01" } } });
      await client().addNote("PINC001", "🚀".repeat(9000));
      const { note } = sent(0) as { note: { content: string } };
      assert.equal(note.content, `${"🚀".repeat(4996)}… [cut]`);
      assert.ok(note.content.isWellFormed());
    });
  });

  describe("options", () => {
    it("refuses a base URL that is none, without repeating it", () => {
      const expected =
        "`PAGERDUTY_API_URL` must be an http or https address without user name, password, query and fragment";
      for (const baseUrl of [
        "",
        "api.pagerduty.com",
        "ftp://x",
        "https://u:pass@x",
        "https://x?y",
      ]) {
        assert.throws(() => client({ baseUrl }), { message: expected });
      }
    });

    it("refuses a From address that is none", () => {
      for (const from of ["", "gate", "gate@example.com\nx-evil: 1"]) {
        assert.throws(() => client({ from }), {
          message: "`PAGERDUTY_FROM` must be the email address of a PagerDuty user",
        });
      }
    });
  });
});
