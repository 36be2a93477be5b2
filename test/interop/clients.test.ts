// Shows that clients which others wrote understand the emulators. Not shown: that the real services answer alike.
import assert from "node:assert/strict";
import { startCheqpointEmulator, type CheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { SEED, startPagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import type { PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { pythonWithClients, startPythonClients, type PythonClients } from "./python.ts";
import { startTlsProxy, type TlsProxy } from "./tlsProxy.ts";

/** What an answer of PagerDuty's REST API may hold, as far as it is looked at here. */
interface Answered {
  id: string;
  status: string | number;
  name: string;
  content: string;
  events: string[];
  delivery_method: { secret?: string | null };
  text: string;
  headers: Record<string, string>;
}

describe("the public Python clients against the emulators", function () {
  let pagerDuty: PagerDutyEmulator;
  let cheqpoint: CheqpointEmulator;
  let proxy: TlsProxy;
  let clients: PythonClients;

  before(async function () {
    this.timeout(240_000);
    const found = pythonWithClients();
    if ("missing" in found) {
      if (process.env["CI"] === "true") {
        throw new Error(`${found.missing}; in CI they must run`);
      }
      console.log(`    ${found.missing}`);
      this.skip();
    }
    pagerDuty = await startPagerDutyEmulator({ dataFile: ":memory:", port: 0, stepMs: 1 });
    cheqpoint = await startCheqpointEmulator({ dataFile: ":memory:", port: 0, loopWindowMs: 0 });
    proxy = await startTlsProxy(pagerDuty.port);
    clients = await startPythonClients(found.python, {
      CA_FILE: proxy.caFile,
      PAGERDUTY_URL: proxy.url,
      PAGERDUTY_TOKEN: pagerDuty.token,
      PAGERDUTY_FROM: pagerDuty.from,
      ROUTING_KEY: await routingKey(),
      CHEQPOINT_URL: cheqpoint.url,
      CHEQPOINT_KEY: cheqpoint.connectionKey,
    });
  });

  after(async () => {
    await clients?.stop();
    await proxy?.stop();
    await cheqpoint?.stop();
    await pagerDuty?.stop();
  });

  async function routingKey(): Promise<string> {
    const path = `/services/${SEED.services.paymentsDb}/integrations/${SEED.integrations.paymentsDb}`;
    const answer = await fetch(pagerDuty.url + path, {
      headers: { authorization: `Token token=${pagerDuty.token}` },
    });
    const { integration } = (await answer.json()) as { integration: { integration_key: string } };
    return integration.integration_key;
  }

  /** One of an emulator's own switches. */
  async function control<T = unknown>(base: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${base}/_emulator${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  const rest = async (method: string, args: unknown[] = [], named: object = {}) =>
    (await clients.call("rest", method, args, named)) as Answered;

  const listed = async (resource: string, named: object = {}) =>
    (await clients.call("rest", "list_all", [resource], named)) as Answered[];

  const requests = async () =>
    (await control<{ requests: unknown[] }>(pagerDuty.url, "/requests")).requests.length;

  const openIncident = (title: string) =>
    rest("rpost", ["/incidents"], {
      json: {
        type: "incident",
        title,
        service: { id: SEED.services.paymentsDb, type: "service_reference" },
        urgency: "high",
      },
    });

  describe("pagerduty 7.2", () => {
    it("knows whose token it has and what the account can do", async () => {
      assert.equal(await clients.call("rest", "api_key_access"), "user");
      assert.equal(await clients.call("rest", "account_has_ability", ["teams"]), true);
    });

    it("finds a service by its exact name, in any case", async () => {
      const found = await rest("find", ["services", "PAYMENTS-DB"]);
      assert.equal(found.id, SEED.services.paymentsDb);
      assert.equal(await clients.call("rest", "find", ["services", "payments"]), null);
    });

    it("creates, acknowledges, annotates and resolves an incident", async () => {
      const made = await openIncident("Primary unreachable");
      assert.equal(made.status, "triggered");
      const path = `/incidents/${made.id}`;
      const acknowledged = await rest("rput", [path], {
        json: { type: "incident_reference", status: "acknowledged" },
      });
      assert.equal(acknowledged.status, "acknowledged");
      const note = await rest("rpost", [`${path}/notes`], { json: { content: "Looked at it." } });
      assert.equal(note.content, "Looked at it.");
      const notes = (await clients.call("rest", "rget", [`${path}/notes`])) as Answered[];
      assert.deepEqual(
        notes.map(({ content }) => content),
        ["Looked at it."],
      );
      const resolved = await rest("rput", [path], {
        json: { type: "incident_reference", status: "resolved" },
      });
      assert.equal(resolved.status, "resolved");
      assert.equal((await rest("rget", [path])).status, "resolved");
    });

    it("reads the notes of an incident from its log entries", async () => {
      const { id } = await openIncident("With notes");
      for (const content of ["first", "second"]) {
        await rest("rpost", [`/incidents/${id}/notes`], { json: { content } });
      }
      const entries = await clients.call("rest", "iter_incident_notes", [], { incident_id: id });
      assert.equal((entries as unknown[]).length, 2);
    });

    it("goes through all pages of a list, each item once", async () => {
      const ids = new Set<string>();
      for (let index = 0; index < 7; index += 1) {
        ids.add((await openIncident(`Page ${index}`)).id);
      }
      const incidents = await listed("incidents", {
        params: { service_ids: [SEED.services.paymentsDb], date_range: "all" },
        page_size: 3,
      });
      const found = incidents.map(({ id }) => id);
      assert.equal(new Set(found).size, found.length);
      assert.ok([...ids].every((id) => found.includes(id)));
      const all = [["incidents"], { params: { date_range: "all" } }] as const;
      assert.equal(await clients.call("rest", "get_total", [...all[0]], all[1]), found.length);
    });

    it("reads PagerDuty's error codes", async () => {
      const gone = await clients.problem("rest", "rget", ["/incidents/Q0NOTHERE"]);
      assert.equal(gone.status, 404);
      assert.equal(gone.type, "HttpError");
      const wrong = await clients.problem("rest", "rpost", ["/incidents"], {
        json: { type: "incident", title: "" },
      });
      assert.equal(wrong.status, 400);
      assert.match(wrong.message, /Invalid Input Provided/);
      const stranger = await clients.problem("stranger", "rget", ["/users/me"]);
      assert.equal(stranger.status, 401);
      assert.match(stranger.message, /401 Unauthorized/);
    });

    it("waits and asks again when it is limited", async () => {
      await control(pagerDuty.url, "/faults", { call: "GET /priorities", status: 429, times: 2 });
      const before = await requests();
      const [first] = await listed("priorities");
      assert.equal(first?.name, "P1");
      assert.equal((await requests()) - before, 3);
    });

    it("tells the limit in the headers of an answer", async () => {
      const { headers } = await rest("get", ["/priorities"]);
      assert.equal(headers["ratelimit-limit"], "960");
      assert.ok(Number(headers["ratelimit-remaining"]) < 960);
    });

    it("takes a webhook subscription through its life, with the secret told once", async () => {
      const made = await rest("rpost", ["/webhook_subscriptions"], {
        json: {
          type: "webhook_subscription",
          description: "interop",
          delivery_method: { type: "http_delivery_method", url: "http://127.0.0.1:9/hook" },
          events: ["incident.triggered"],
          filter: { type: "service_reference", id: SEED.services.search },
        },
      });
      assert.equal(typeof made.delivery_method.secret, "string");
      const path = `/webhook_subscriptions/${made.id}`;
      const read = await rest("rget", [path]);
      assert.equal(read.delivery_method.secret ?? null, null);
      const changed = await rest("rput", [path], {
        json: { type: "webhook_subscription", events: ["incident.triggered", "incident.resolved"] },
      });
      assert.deepEqual([...changed.events].sort(), ["incident.resolved", "incident.triggered"]);
      assert.equal((await rest("post", [`${path}/ping`])).status, 202);
      const subscriptions = await listed("webhook_subscriptions");
      assert.ok(subscriptions.some(({ id }) => id === made.id));
      assert.equal((await rest("rdelete", [path])).status, 204);
      assert.equal((await clients.problem("rest", "rget", [path])).status, 404);
    });

    it("triggers, repeats and resolves an alert through the Events API", async () => {
      const key = "interop/primary";
      for (const summary of ["Primary unreachable", "Primary still unreachable"]) {
        assert.equal(
          await clients.call("events", "trigger", [summary, "db-1"], { dedup_key: key }),
          key,
        );
      }
      await pagerDuty.tick();
      const byKey = { params: { incident_key: key, date_range: "all" } };
      const open = await listed("incidents", byKey);
      assert.deepEqual(
        open.map(({ status }) => status),
        ["triggered"],
      );
      await clients.call("events", "resolve", [key]);
      await pagerDuty.tick();
      const [after] = await listed("incidents", byKey);
      assert.equal(after?.status, "resolved");
    });

    for (const [client, form] of [
      ["rest", "Token token="],
      ["restBearer", "Bearer"],
    ] as const) {
      it(`invokes an automation action with "${form}" and reads its end`, async () => {
        const call = async (method: string, args: unknown[], named: object = {}) =>
          (await clients.call(client, method, args, named)) as Answered;
        const { id } = await openIncident("To fail over");
        const path = `/automation_actions/actions/${SEED.actions.dbFailover}/invocations`;
        const answer = await call("post", [path], {
          json: { invocation: { metadata: { incident_id: id } } },
        });
        assert.equal(answer.status, 201, answer.text);
        const { invocation } = JSON.parse(answer.text) as { invocation: { id: string } };
        for (;;) {
          await pagerDuty.tick();
          const read = await call("get", [`/automation_actions/invocations/${invocation.id}`]);
          const { state } = (JSON.parse(read.text) as { invocation: { state: string } }).invocation;
          if (!["created", "sent", "queued", "running"].includes(state)) {
            assert.equal(state, "completed");
            break;
          }
        }
      });
    }
  });

  describe("cheqpoint 0.2", () => {
    const ask = {
      action: "run_auto_remediation_runbook",
      summary: "AI requests a database failover",
      details: { incident_id: "INC-4421", max_replicas: 3 },
      justification: "CPU at 98 % for 8 minutes",
    };

    const ofCheqpoint = async (method: string, args: unknown[] = [], named: object = {}) =>
      (await clients.call("cheqpoint", method, args, named)) as Record<string, unknown>;

    const decide = (id: string, decision: string, more: object = {}): Promise<unknown> =>
      control(cheqpoint.url, `/approvals/${id}/decide`, { decision, ...more });

    /** The newest request that waits; it appears when the client's call arrives. */
    async function waiting(summary: string): Promise<string> {
      for (;;) {
        const { approvals } = await control<{ approvals: { id: string; summary: string }[] }>(
          cheqpoint.url,
          "/approvals?status=pending",
        );
        const found = approvals.find((one) => one.summary === summary);
        if (found !== undefined) {
          return found.id;
        }
      }
    }

    it("submits, polls and reads the decision with its note", async () => {
      const { id } = (await clients.call("cheqpoint", "create_request", [], {
        ...ask,
        risk_score: 0.9,
      })) as { id: string };
      const pending = await ofCheqpoint("get_request", [id]);
      assert.equal(pending["status"], "PENDING");
      assert.deepEqual(pending["details"], ask.details);
      await decide(id, "approved", { note: "Run it." });
      const decided = await ofCheqpoint("get_request", [id]);
      assert.equal(decided["status"], "APPROVED");
      assert.equal(decided["decision_note"], "Run it.");
      assert.equal(decided["auto_decided"], false);
      assert.match(String(decided["decided_at"]), /^\d{4}-\d\d-\d\dT.*Z$/);
    });

    it("gets an open request back at once when a callback is named", async () => {
      const answer = await ofCheqpoint("request_async", [], {
        ...ask,
        summary: "with a callback",
        callback_url: "http://127.0.0.1:9/callback",
      });
      assert.equal(answer["status"], "pending");
      assert.match(String(answer["approvalId"]), /^req_/);
      assert.ok(String(answer["reviewUrl"]).startsWith(cheqpoint.url));
    });

    it("gets a rule's decision in the answer itself", async () => {
      await control(cheqpoint.url, "/rules", {
        name: "no-restarts",
        decision: "reject",
        action: "restart_service",
        note: "Not during the freeze.",
      });
      const answer = await ofCheqpoint("request_sync", [], {
        ...ask,
        action: "restart_service",
      });
      assert.equal(answer["status"], "rejected");
      assert.equal(answer["decisionNote"], "Not during the freeze.");
    });

    it("waits for a human where it asks to, and gets what was changed", async () => {
      const summary = "wait for a human";
      const [answer] = await Promise.all([
        clients.call("cheqpoint", "request_sync", [], { ...ask, summary, timeout_ms: 8_000 }),
        waiting(summary).then((id) =>
          decide(id, "approved", { modifiedDetails: { incident_id: "INC-4421", max_replicas: 2 } }),
        ),
      ]);
      const { status, modifiedDetails } = answer as { status: string; modifiedDetails: unknown };
      assert.equal(status, "approved");
      assert.deepEqual(modifiedDetails, { incident_id: "INC-4421", max_replicas: 2 });
    });

    const guard = (summary: string): [unknown[], object] => [
      [ask.action, ask.details],
      { summary, poll_interval: 0.02, timeout: 10 },
    ];

    it("runs a guarded action after a yes, with the reviewer's details", async () => {
      const [result] = await Promise.all([
        clients.call("cheqpoint", "guard", ...guard("guarded yes")),
        waiting("guarded yes").then((id) =>
          decide(id, "approved", { modifiedDetails: { max_replicas: 1 } }),
        ),
      ]);
      assert.deepEqual(result, { ran: true, details: { max_replicas: 1 } });
    });

    it("does not run a guarded action after a no", async () => {
      const [refused] = await Promise.all([
        clients.problem("cheqpoint", "guard", ...guard("guarded no")),
        waiting("guarded no").then((id) => decide(id, "rejected", { note: "Wait for the DBA." })),
      ]);
      assert.equal(refused.type, "RejectedError");
    });

    it("raises the error that the emulator words", async () => {
      const gone = await clients.problem("cheqpoint", "get_request", ["req_nothing"]);
      assert.deepEqual(gone, {
        type: "CheqpointError",
        message: "No approval request with this id.",
        status: 404,
      });
      const stranger = await clients.problem("cheqpointStranger", "get_request", ["req_nothing"]);
      assert.equal(stranger.status, 401);
    });
  });
});
