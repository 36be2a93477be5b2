// Shows the emulator's own wire shapes against the fact sheet; it does not show what Cheqpoint's
// servers answer where its documentation is silent (status codes, error texts).
import assert from "node:assert/strict";
import { Bench, KEY, SAMPLE, field } from "./support.ts";

describe("Cheqpoint emulator: submit and read back", () => {
  const bench = new Bench();
  beforeEach(() => bench.start());
  afterEach(() => bench.stop());

  it("answers an inbound submit with lower case, the id and a review link", async () => {
    const { status, json } = await bench.inbound(SAMPLE);
    const id = field(json, "approvalId");
    assert.equal(status, 200);
    assert.match(id, /^req_[0-9a-f]{24}$/);
    assert.deepEqual(json, {
      status: "pending",
      approvalId: id,
      reviewUrl: `${bench.emulator.url}/r/${id}`,
    });
  });

  it("answers a request with upper case and `id` only", async () => {
    const { status, json } = await bench.request({ ...SAMPLE, riskScore: null });
    assert.equal(status, 200);
    assert.deepEqual(json, { id: field(json, "id"), status: "PENDING" });
  });

  it("reads a pending request back with every field, from either endpoint", async () => {
    for (const id of [
      field((await bench.inbound(SAMPLE)).json, "approvalId"),
      field((await bench.request({ ...SAMPLE, riskScore: 0.9 })).json, "id"),
    ]) {
      const { status, json } = await bench.readBack(id);
      assert.equal(status, 200);
      assert.deepEqual(json, {
        id,
        status: "PENDING",
        details: SAMPLE.details,
        modifiedDetails: null,
        responseNotes: null,
        decisionNote: null,
        decisionReasonCode: null,
        autoDecided: false,
        autoDecisionRuleName: null,
        decidedAt: null,
        retryable: false,
      });
    }
  });

  it("accepts what the official clients send", async () => {
    const sent = { ...SAMPLE, apiKey: KEY, riskScore: 0.5, trace: { steps: [] } };
    assert.equal((await bench.request(sent)).status, 200);
    const older = {
      ...SAMPLE,
      riskLevel: "high",
      priority: "urgent",
      agentName: "sre-agent",
      metadata: { run: 1 },
    };
    assert.equal((await bench.inbound(older)).status, 200);
  });

  it("answers a decision that falls while the connection is held", async () => {
    const held = bench.inbound({ ...SAMPLE, maxWaitMs: 10_000 });
    const id = await pendingId(bench);
    await bench.decide(id, {
      decision: "approved",
      note: "On-call confirmed.",
      modifiedDetails: { incident_id: "INC-4421" },
    });
    assert.deepEqual((await held).json, {
      status: "approved",
      approvalId: id,
      modifiedDetails: { incident_id: "INC-4421" },
      decisionNote: "On-call confirmed.",
    });
  });

  it("answers pending when the held time is over by the clock", async () => {
    const held = bench.inbound({ ...SAMPLE, maxWaitMs: 10_000 });
    await pendingId(bench);
    await bench.pass(10_000);
    assert.equal(field((await held).json, "status"), "pending");
  });

  it("waits by its setting when the caller names no wait", async () => {
    await bench.settings({ defaultWaitMs: 10_000 });
    const held = bench.inbound(SAMPLE);
    await bench.decide(await pendingId(bench), { decision: "rejected" });
    assert.equal(field((await held).json, "status"), "rejected");
  });

  it("ends held connections when it is stopped", async () => {
    const held = bench.inbound({ ...SAMPLE, maxWaitMs: 10_000 }).then(
      () => "ended",
      () => "ended",
    );
    await pendingId(bench);
    await bench.stop();
    assert.equal(await held, "ended");
  });

  const refused: [string, object | string, string][] = [
    ["no JSON", "{", "The body is not valid JSON."],
    ["a list", "[]", "The body must be a JSON object, got an array."],
    ["no action", { ...SAMPLE, action: undefined }, "`action` is required."],
    ["an empty summary", { ...SAMPLE, summary: "" }, "`summary` must not be empty."],
    ["details as text", { ...SAMPLE, details: "x" }, "`details` must be an object, got a string."],
    [
      "a list as details",
      { ...SAMPLE, details: [1] },
      "`details` must be an object, got an array.",
    ],
    [
      "a longer wait than 10 s",
      { ...SAMPLE, maxWaitMs: 10_001 },
      "`maxWaitMs` must be an integer from 0 to 10000, got 10001.",
    ],
    [
      "an unknown risk",
      { ...SAMPLE, riskLevel: "HUGE" },
      '`riskLevel` must be one of "low", "medium", "high", got a string.',
    ],
    [
      "a callback that is no address",
      { ...SAMPLE, callbackUrl: "ftp://x" },
      "`callbackUrl` must be an absolute http or https URL.",
    ],
    [
      "both names of the callback",
      { ...SAMPLE, callbackUrl: "http://a", webhookUrl: "http://a" },
      "`callbackUrl` and `webhookUrl` must not both be given.",
    ],
    [
      "a deadline without a zone",
      { ...SAMPLE, expiresAt: "2026-11-23T11:00:00" },
      "`expiresAt` must be an ISO-8601 date and time with a zone, got a string.",
    ],
    [
      "a deadline that is over",
      { ...SAMPLE, expiresAt: "2026-11-23T10:00:00Z" },
      "`expiresAt` must be in the future.",
    ],
  ];
  for (const [what, body, error] of refused) {
    it(`refuses ${what}`, async () => {
      const { status, json } = await bench.call("POST", "/api/webhooks/inbound", body);
      assert.deepEqual({ status, json }, { status: 400, json: { error } });
    });
  }

  it("refuses a risk score above 1", async () => {
    const { status, json } = await bench.request({ ...SAMPLE, riskScore: 1.5 });
    const error = "`riskScore` must be a number from 0 to 1, got 1.5.";
    assert.deepEqual({ status, json }, { status: 400, json: { error } });
  });

  it("refuses a missing and a wrong key alike on every endpoint", async () => {
    for (const [method, path] of [
      ["POST", "/api/webhooks/inbound"],
      ["POST", "/api/approvals/request"],
      ["GET", "/api/approvals/req_1"],
    ] as const) {
      const body = method === "POST" ? SAMPLE : undefined;
      const missing = await bench.call(method, path, body, {});
      assert.equal(missing.status, 401);
      assert.deepEqual(missing.json, { error: "The header `x-api-key` is missing." });
      const wrong = await bench.call(method, path, body, { "x-api-key": `${KEY}x` });
      assert.equal(wrong.status, 401);
      assert.deepEqual(wrong.json, { error: "The Connection Key in `x-api-key` is not valid." });
    }
  });

  it("tells unknown ids, unknown paths and wrong methods apart", async () => {
    const unknown = await bench.readBack("req_unknown");
    assert.equal(unknown.status, 404);
    assert.deepEqual(unknown.json, { error: "No approval request with this id." });
    const path = await bench.call("POST", "/api/approvals", {});
    assert.equal(path.status, 404);
    assert.deepEqual(path.json, { error: "No such endpoint." });
    const method = await bench.call("GET", "/api/webhooks/inbound");
    assert.equal(method.status, 405);
    assert.equal(method.headers.get("allow"), "POST");
    assert.deepEqual(method.json, { error: "Use POST here." });
  });

  it("refuses a body over one mebibyte", async () => {
    const { status, json } = await bench.inbound({ ...SAMPLE, summary: "x".repeat(1024 * 1024) });
    assert.equal(status, 413);
    assert.deepEqual(json, { error: "The body is larger than 1048576 bytes." });
  });

  it("remembers what it received, and never a key", async () => {
    await bench.request({ ...SAMPLE, apiKey: KEY, summary: `leaked ${KEY}` });
    await bench.call("POST", "/api/approvals/request", { apiKey: "wrong" }, { "x-api-key": "bad" });
    const { json } = await bench.call("GET", "/_emulator/requests");
    assert.deepEqual(json, {
      requests: [
        {
          at: "2026-11-23T10:00:00.000Z",
          method: "POST",
          path: "/api/approvals/request",
          hasKey: true,
          userAgent: "node",
          contentType: "application/json",
          body: { ...SAMPLE, summary: "leaked [Connection Key]" },
          answered: 200,
        },
        {
          at: "2026-11-23T10:00:00.000Z",
          method: "POST",
          path: "/api/approvals/request",
          hasKey: true,
          userAgent: "node",
          contentType: "application/json",
          body: {},
          answered: 401,
        },
      ],
    });
    await bench.call("DELETE", "/_emulator/requests");
    assert.deepEqual((await bench.call("GET", "/_emulator/requests")).json, { requests: [] });
  });
});

/** The id of the one pending request; a held submit does not tell it. */
async function pendingId(bench: Bench): Promise<string> {
  for (;;) {
    const { json } = await bench.call("GET", "/_emulator/approvals?status=pending");
    const id = /"id":"(req_[0-9a-f]+)"/.exec(JSON.stringify(json))?.[1];
    if (id !== undefined) return id;
  }
}
