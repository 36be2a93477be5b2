import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { errorKinds } from "../../functions/errorCodes.ts";
import { VERSION } from "../../functions/userAgent.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";
import { errorBody } from "../harness/errorBody.ts";

describe("Errors of the HTTP API", () => {
  let world: World;
  let incident: Json;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({ gating: gatingOf() });
    incident = await world.openIncident();
  });

  const good = () => ({
    incident_id: incident.id,
    service: "payments-db",
    runbook: "failover",
    justification: "CPU at 98 %",
  });

  it("are all in the table of docs/api.md, with status and whether to try again", () => {
    const rows = [
      ...readFileSync("docs/api.md", "utf8").matchAll(
        /^\| (\d{3}) +\| `(\w+)` +\| (yes|no) +\| (.+?) +\|$/gm,
      ),
    ].map(([, status, code, retryable, meaning]) => [
      code,
      { status: Number(status), retryable: retryable === "yes", meaning },
    ]);
    assert.deepEqual(Object.fromEntries(rows), errorKinds);
    assert.equal(rows.length, Object.keys(errorKinds).length);
  });

  it("tell of every problem by its text, and of the first by code and field", async () => {
    const { status, body } = await world.onGate("POST", "/proposals", {
      ...good(),
      service: 7,
      runbook: "",
    });
    assert.equal(status, 400);
    const texts = ["`service` must be a string, got a number", "`runbook` must not be empty"];
    assert.deepEqual(body, {
      ...errorBody("fieldInvalid", texts.join("; "), { field: "service" }),
      problems: texts,
    });
  });

  for (const [what, change, code, field] of [
    ["a body that is no JSON", () => "{", "bodyUnreadable", null],
    ["a key that is not known", () => ({ ...good(), nope: 1 }), "fieldInvalid", "nope"],
    [
      "a runbook that is not known",
      () => ({ ...good(), runbook: "x" }),
      "runbookUnknown",
      "runbook",
    ],
    [
      "a parameter out of range",
      () => ({ ...good(), parameters: { max_replicas: 6 } }),
      "parameterInvalid",
      "parameters.max_replicas",
    ],
  ] as const) {
    it(`name the field to blame: ${what}`, async () => {
      const { status, body } = await world.onGate("POST", "/proposals", change());
      assert.deepEqual(
        [status, body["code"], body["field"], body["retryable"]],
        [400, code, field, false],
      );
    });
  }

  it("have the same form where there is no such route, or not with this method", async () => {
    const missing = await world.onGate("GET", "/no/such/route");
    assert.deepEqual(
      [missing.status, missing.body],
      [404, errorBody("routeUnknown", "the gate has no route GET /no/such/route")],
    );
    const wrong = await world.onGate("PATCH", "/proposals", {});
    assert.deepEqual(
      [wrong.status, wrong.headers.get("allow"), wrong.body],
      [405, "GET, POST", errorBody("methodNotAllowed", "/proposals takes GET and POST, not PATCH")],
    );
  });

  it("and every other answer name the gate's version", async () => {
    for (const path of ["/healthz", "/no/such/route", "/proposals"]) {
      const { headers } = await world.onGate("GET", path);
      assert.equal(headers.get("gate-version"), VERSION, path);
    }
  });

  it("are not made by null where a field may be left out", async () => {
    const { status, body } = await world.onGate("POST", "/proposals", {
      ...good(),
      alert_key: null,
      parameters: { max_replicas: null },
      evidence: null,
      severity: null,
      affected_regions: null,
      summary: null,
    });
    assert.equal(status, 202, JSON.stringify(body));
    assert.deepEqual(
      [body["parameters"], body["evidence"], body["affected_regions"]],
      [{}, [], []],
    );
    const required = await world.onGate("POST", "/proposals", { ...good(), service: null });
    assert.equal(required.body["message"], "`service` must be a string, got null");
  });
});
