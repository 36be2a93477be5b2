import assert from "node:assert/strict";
import { Bench, KEY, SAMPLE, field } from "./support.ts";

describe("Cheqpoint emulator: fault switch", () => {
  const bench = new Bench();
  beforeEach(() => bench.start());
  afterEach(() => bench.stop());

  async function taken(): Promise<number> {
    const { json } = await bench.call("GET", "/_emulator/approvals");
    return Object(json).approvals.length;
  }

  it("answers the status asked for without doing the call, as often as asked", async () => {
    await bench.fault({ call: "POST /api/webhooks/inbound", status: 503, times: 2 });
    for (let i = 0; i < 2; i++) {
      const { status, json } = await bench.inbound(SAMPLE);
      assert.equal(status, 503);
      assert.deepEqual(json, { error: "Status 503 by the fault switch." });
    }
    assert.equal(await taken(), 0);
    assert.equal((await bench.inbound(SAMPLE)).status, 200);
    assert.equal(await taken(), 1);
  });

  it("answers the body and headers asked for", async () => {
    await bench.fault({
      call: "GET /api/approvals/:id",
      status: 429,
      body: { error: "Slow down" },
      headers: { "retry-after": "7" },
    });
    const { status, json, headers } = await bench.readBack("req_1");
    assert.equal(status, 429);
    assert.deepEqual(json, { error: "Slow down" });
    assert.equal(headers.get("retry-after"), "7");
  });

  it("answers 200 with text that is no JSON when only a body is given", async () => {
    await bench.fault({ call: "POST /api/webhooks/inbound", body: "<html>" });
    const answer = await fetch(`${bench.emulator.url}/api/webhooks/inbound`, { method: "POST" });
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), "<html>");
  });

  it("does the call and then answers an error with afterDoing", async () => {
    await bench.fault({ call: "POST /api/webhooks/inbound", status: 500, afterDoing: true });
    assert.equal((await bench.inbound(SAMPLE)).status, 500);
    assert.equal(await taken(), 1);
  });

  it("does the call and cuts the connection with dropAnswer", async () => {
    await bench.fault({ call: "POST /api/webhooks/inbound", dropAnswer: true });
    await assert.rejects(bench.inbound(SAMPLE), { message: "fetch failed" });
    assert.equal(await taken(), 1);
    const { json } = await bench.call("GET", "/_emulator/requests");
    assert.deepEqual(
      Object(json).requests.map((call: object) => Reflect.get(call, "answered")),
      [null],
    );
  });

  it("cuts the connection before doing anything with afterDoing false", async () => {
    const fault = { dropAnswer: true, afterDoing: false };
    await bench.fault({ call: "POST /api/webhooks/inbound", ...fault });
    await assert.rejects(bench.inbound(SAMPLE), { message: "fetch failed" });
    assert.equal(await taken(), 0);
  });

  it("does the call twice with duplicate; the second meets loop protection", async () => {
    await bench.fault({ call: "POST /api/webhooks/inbound", duplicate: true });
    assert.equal(field((await bench.inbound(SAMPLE)).json, "status"), "pending");
    const { json } = await bench.call("GET", "/_emulator/approvals");
    assert.deepEqual(
      Object(json).approvals.map((approval: object) => [
        field(approval, "status"),
        Reflect.get(approval, "autoDecisionRuleName"),
      ]),
      [
        ["REJECTED", "loop-protection"],
        ["PENDING", null],
      ],
    );
  });

  for (const afterDoing of [false, true]) {
    it(`delays by the clock ${afterDoing ? "after" : "before"} doing the call`, async () => {
      await bench.fault({ call: "POST /api/webhooks/inbound", delayMs: 60_000, afterDoing });
      const held = bench.inbound(SAMPLE);
      while (Object((await bench.call("GET", "/_emulator/requests")).json).requests.length === 0);
      assert.equal(await taken(), afterDoing ? 1 : 0);
      await bench.pass(60_000);
      assert.equal((await held).status, 200);
      assert.equal(await taken(), 1);
    });
  }

  it("matches method and path: names one segment, a star one or all the rest", async () => {
    const cases: [string, string, string, boolean][] = [
      ["GET /api/approvals/:id", "GET", "/api/approvals/req_1", true],
      ["GET /api/approvals/*", "GET", "/api/approvals/req_1", true],
      ["* /api/*", "POST", "/api/approvals/request", true],
      ["* /api/*/request", "POST", "/api/approvals/request", true],
      ["POST /api/approvals/:id", "GET", "/api/approvals/req_1", false],
      ["GET /api/approvals/req_1", "GET", "/api/approvals/req_1", true],
      ["GET /api/approvals/req_2", "GET", "/api/approvals/req_1", false],
    ];
    for (const [call, method, path, hit] of cases) {
      await bench.call("DELETE", "/_emulator/faults");
      await bench.fault({ call, status: 418 });
      const body = method === "POST" ? SAMPLE : undefined;
      const { status } = await bench.call(method, path, body, { "x-api-key": KEY });
      assert.equal(status === 418, hit, `${call} on ${method} ${path}`);
    }
  });

  it("lists what is left", async () => {
    const call = "GET /api/approvals/:id";
    await bench.fault({ call, status: 500, times: 3 });
    await bench.readBack("req_1");
    const { json } = await bench.call("GET", "/_emulator/faults");
    assert.deepEqual(json, { faults: [{ call, status: 500, times: 2 }] });
  });

  const refused: [object, string][] = [
    [{}, "`call` is required."],
    [
      { call: "inbound" },
      '`call` must be "callback" or a method and a path like "GET /api/x/:id".',
    ],
    ...[
      "GET /api/approvals",
      "GET /api/approvals/:id/x",
      "GET /api/:x",
      "DELETE /api/approvals/:id",
      "POST /api/webhooks/outbound",
      "FETCH /api/approvals/:id",
    ].map((call): [object, string] => [
      { call, status: 500 },
      '`call` must mean a call that there is: "callback", POST /api/webhooks/inbound, POST /api/approvals/request, GET /api/approvals/:id.',
    ]),
    [
      { call: "GET /api/*", dropAnswer: false },
      "`call` needs an effect, one of status, body, delayMs, dropAnswer, duplicate.",
    ],
    [
      { call: "callback" },
      "`call` needs an effect, one of drop, duplicate, delayMs, reorder, body.",
    ],
    [{ call: "GET /api/*", drop: true }, "`drop` is not a known field."],
    [{ call: "callback", status: 500 }, "`status` is not a known field."],
    [{ call: "GET /api/*", status: 99 }, "`status` must be an integer from 200 to 599, got 99."],
    [{ call: "GET /api/*", times: 0 }, "`times` must be an integer of at least 1, got 0."],
    [{ call: "GET /api/*", afterDoing: 1 }, "`afterDoing` must be true or false, got 1."],
  ];
  for (const [fault, error] of refused) {
    it(`refuses ${JSON.stringify(fault)}`, async () => {
      const { status, json } = await bench.fault(fault);
      assert.deepEqual({ status, json }, { status: 400, json: { error } });
    });
  }
});
