import assert from "node:assert/strict";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import type { CheqpointOptions } from "../../functions/cheqpoint/client.ts";
import type { ApprovalRequest, Cheqpoint } from "../../functions/gate/ports/index.ts";
import { closedPortUrl, startWireServer } from "../pagerduty/wireServer.ts";
import type { Misbehaviour, Reply, WireServer } from "../pagerduty/wireServer.ts";

// Shows what is put on the wire and what is made of documented answers; not that Cheqpoint answers so.

const KEY = "cq_live_test_key_0001";
const TOKEN = "OPAQUEcallbackTOKEN-0001";
const request: ApprovalRequest = {
  action: "run_auto_remediation_runbook",
  summary: "AI asks for a database failover on INC-4421",
  details: {
    incident_id: "INC-4421",
    service: "payments-db",
    runbook: "db_failover_primary_to_replica",
    severity: "P1",
    affected_regions: ["us-east-1"],
  },
  justification: "CPU at 98 % for 8 minutes",
  riskLevel: "high",
  priority: "urgent",
  callbackUrl: `https://gate.example.com/cheqpoint/callback/${TOKEN}`,
};

const approval = {
  id: "req_t1",
  status: "PENDING",
  details: { incident_id: "INC-4421" },
  modifiedDetails: null,
  responseNotes: null,
  decisionNote: null,
  decisionReasonCode: null,
  autoDecided: false,
  autoDecisionRuleName: null,
  decidedAt: null,
  retryable: false,
};

const pendingReading = {
  id: "req_t1",
  status: "PENDING",
  details: { incident_id: "INC-4421" },
  modifiedDetails: null,
  notes: [],
  reasonCode: null,
  autoDecided: false,
  autoDecisionRuleName: null,
  decidedAtMs: null,
  retryable: false,
};

describe("createCheqpoint", () => {
  let server: WireServer;
  beforeEach(async () => {
    server = await startWireServer();
  });
  afterEach(async () => {
    assert.equal(server.left(), 0, "not every scripted answer was asked for");
    await server.close();
  });

  function client(options: Partial<CheqpointOptions> = {}): Cheqpoint {
    return createCheqpoint({
      baseUrl: server.url,
      connectionKey: () => Promise.resolve(KEY),
      clock: { now: () => Date.UTC(2026, 10, 23, 12) },
      ...options,
    });
  }

  const calls = () => server.seen.map(({ method, path }) => `${method} ${path}`);

  it("goes to the official client's host by default", async () => {
    const urls: string[] = [];
    const fetch = (url: string) => {
      urls.push(url);
      return Promise.resolve(new Response(JSON.stringify(approval)));
    };
    await createCheqpoint({
      connectionKey: () => Promise.resolve(KEY),
      clock: { now: () => 0 },
      fetch,
    }).read("req_t1");
    assert.deepEqual(urls, ["https://app.cheqpoint.co/api/approvals/req_t1"]);
  });

  it("refuses a base URL that is none, without repeating it", () => {
    for (const baseUrl of ["", "cheqpoint.co", "https://user:pass@cheqpoint.co"]) {
      assert.throws(() => client({ baseUrl }), {
        message:
          "`CHEQPOINT_API_URL` must be an http or https address without user name, password, query and fragment",
      });
    }
  });

  describe("submit", () => {
    it("sends the documented fields, the key only in its header", async () => {
      server.will({
        status: 200,
        body: { status: "pending", approvalId: "req_t1", reviewUrl: "https://cq.example/r/1" },
      });
      assert.deepEqual(await client().submit(request), {
        approvalId: "req_t1",
        reviewUrl: "https://cq.example/r/1",
        status: "pending",
      });
      assert.deepEqual(calls(), ["POST /api/webhooks/inbound"]);
      const { headers, body } = server.seen[0]!;
      assert.equal(headers["x-api-key"], KEY);
      assert.equal(headers["content-type"], "application/json");
      assert.match(headers["user-agent"] ?? "", /^pagerduty-approval-gate\/\d/);
      assert.equal(headers.authorization, undefined);
      assert.deepEqual(JSON.parse(body), request);
      assert.ok(!body.includes(KEY));
    });

    it("waits instead of being called back, at most as long as Cheqpoint does", async () => {
      const { callbackUrl: _, ...polled } = request;
      server.will({ status: 200, body: { status: "approved", approvalId: "req_t1" } });
      await client().submit({ ...polled, maxWaitMs: 60_000 });
      const body = JSON.parse(server.seen[0]!.body) as Record<string, unknown>;
      assert.equal(body["maxWaitMs"], 10_000);
      assert.equal("callbackUrl" in body, false);
    });

    it("waits for the answer longer than Cheqpoint holds it", async () => {
      const limits: number[] = [];
      const { timeout } = AbortSignal;
      const { callbackUrl: _, ...polled } = request;
      server.will({ status: 200, body: {} }, { status: 200, body: {} });
      try {
        AbortSignal.timeout = (ms) => {
          limits.push(ms);
          return timeout.call(AbortSignal, ms);
        };
        await client({ timeoutMs: 10_000 }).submit({ ...polled, maxWaitMs: 8_000 });
        await client({ timeoutMs: 10_000 }).submit(request);
      } finally {
        AbortSignal.timeout = timeout;
      }
      assert.deepEqual(limits, [13_000, 10_000]);
    });

    it("holds up nobody for longer than it may, and has Cheqpoint wait for a third of it", async () => {
      const limits: number[] = [];
      const { timeout } = AbortSignal;
      const { callbackUrl: _, ...polled } = request;
      server.will({ status: 200, body: {} }, { status: 200, body: {} }, { status: 404 });
      try {
        AbortSignal.timeout = (ms) => {
          limits.push(ms);
          return timeout.call(AbortSignal, ms);
        };
        const held = client({ heldMs: 3_000 });
        await held.submit({ ...polled, maxWaitMs: 2_000 });
        await held.submit(request);
        await held.read("req_t1");
      } finally {
        AbortSignal.timeout = timeout;
      }
      assert.deepEqual(limits, [3_000, 3_000, 3_000]);
      const body = JSON.parse(server.seen[0]!.body) as Record<string, unknown>;
      assert.equal(body["maxWaitMs"], 1_000);
    });

    const receipts: [string, unknown, { approvalId: string | null; status: string }][] = [
      [
        "approved inline",
        { status: "approved", approvalId: "r1" },
        { approvalId: "r1", status: "decided" },
      ],
      [
        "rejected inline",
        { status: "rejected", approvalId: "r1" },
        { approvalId: "r1", status: "decided" },
      ],
      ["decided without an id", { status: "approved" }, { approvalId: null, status: "decided" }],
      ["the older form", { id: "r1", status: "PENDING" }, { approvalId: "r1", status: "pending" }],
      [
        "both ids",
        { id: "r0", approvalId: "r1", status: "Pending" },
        { approvalId: "r1", status: "pending" },
      ],
      [
        "an empty id",
        { approvalId: "", id: "r1", status: "pending" },
        { approvalId: "r1", status: "pending" },
      ],
      ["no id", { status: "pending" }, { approvalId: null, status: "pending" }],
      [
        "an id that is no text",
        { approvalId: 7, status: "pending" },
        { approvalId: null, status: "pending" },
      ],
      [
        "an unknown status",
        { approvalId: "r1", status: "approved!" },
        { approvalId: "r1", status: "unknown" },
      ],
      ["no status", { approvalId: "r1" }, { approvalId: "r1", status: "unknown" }],
    ];
    for (const [name, body, expected] of receipts) {
      it(`understands ${name}`, async () => {
        server.will({ status: 201, body });
        assert.deepEqual(await client().submit(request), { ...expected, reviewUrl: null });
      });
    }

    it("takes nothing but a web address for the review link", async () => {
      server.will({
        status: 200,
        body: { status: "pending", approvalId: "r1", reviewUrl: "javascript:alert(1)" },
      });
      assert.equal((await client().submit(request)).reviewUrl, null);
    });

    const what = "POST /api/webhooks/inbound";
    const failures: [string, Reply | Misbehaviour, Record<string, unknown>][] = [
      [
        "a refused request",
        { status: 422, body: { error: "summary is too long" } },
        {
          message: `Cheqpoint answered 422 to ${what}: summary is too long`,
          nothingDone: true,
          retryable: false,
          status: 422,
        },
      ],
      ["a refused key", { status: 401 }, { nothingDone: true, retryable: false, status: 401 }],
      ["a used-up quota", { status: 402 }, { nothingDone: true, retryable: false, status: 402 }],
      ["a killed assistant", { status: 403 }, { nothingDone: true, retryable: false, status: 403 }],
      [
        "a limit",
        { status: 429, headers: { "retry-after": "30" } },
        { nothingDone: true, retryable: true, status: 429, retryAfterMs: 30_000 },
      ],
      [
        "a server error",
        { status: 500, body: "<html>" },
        { message: `Cheqpoint answered 500 to ${what}`, nothingDone: false, retryable: true },
      ],
      [
        "a cut connection",
        "reset",
        {
          message: `the connection to Cheqpoint broke during ${what}: ECONNRESET`,
          nothingDone: false,
          retryable: true,
        },
      ],
      ["a cut answer", "resetMidAnswer", { nothingDone: false, retryable: true }],
      [
        "an answer that is no JSON",
        { status: 200, body: "OK" },
        {
          message: `the answer of Cheqpoint to ${what} is not JSON`,
          nothingDone: false,
          retryable: true,
        },
      ],
      [
        "an answer that is no object",
        { status: 200, body: "[]" },
        {
          message: `the answer of Cheqpoint to ${what} cannot be used: \`body\`: Invalid input: expected object, received array`,
          nothingDone: false,
          retryable: true,
        },
      ],
    ];
    for (const [name, step, expected] of failures) {
      it(`tells what ${name} leaves open, and sends once`, async () => {
        server.will(step);
        await assert.rejects(client().submit(request), { name: "RemoteError", ...expected });
        assert.equal(server.seen.length, 1);
      });
    }

    it("leaves it open whether a request without an answer in time arrived", async () => {
      server.will("silence");
      await assert.rejects(client({ timeoutMs: 40 }).submit(request), {
        name: "RemoteError",
        message: `Cheqpoint did not answer ${what} within 0.04 s`,
        nothingDone: false,
        retryable: true,
      });
    });

    it("knows that nothing arrived where nobody listens", async () => {
      await assert.rejects(client({ baseUrl: await closedPortUrl() }).submit(request), {
        name: "RemoteError",
        message: `Cheqpoint could not be reached for ${what}: ECONNREFUSED`,
        nothingDone: true,
        retryable: true,
      });
    });

    for (const status of [301, 302, 307, 308]) {
      it(`does not follow a ${status} and names the setting and both hosts`, async () => {
        server.will({ status, headers: { location: "https://www.cheqpoint.co/api?key=x" } });
        await assert.rejects(client().submit(request), {
          name: "RemoteError",
          message:
            `\`CHEQPOINT_API_URL\` points to ${new URL(server.url).host}, which answered ${status} to ${what} ` +
            "and redirects to www.cheqpoint.co. Redirects are not followed: " +
            "set `CHEQPOINT_API_URL` to the address that answers itself",
          nothingDone: false,
          retryable: false,
          status,
        });
        assert.equal(server.seen.length, 1);
      });
    }

    for (const [name, secret] of [
      ["the key", KEY],
      ["a part of the key", KEY.slice(-9)],
      ["the callback token", TOKEN],
      ["the callback address", request.callbackUrl],
    ]) {
      it(`withholds a reason that repeats ${name}`, async () => {
        server.will({ status: 400, body: { error: `not allowed: ${secret}` } });
        await assert.rejects(client().submit(request), {
          message: `Cheqpoint answered 400 to ${what}: (the reason is withheld: it repeats a secret)`,
        });
      });
    }

    for (const key of ["", `${KEY}\n`]) {
      it(`does not send the key ${JSON.stringify(key)} and does not show it`, async () => {
        const connectionKey = () => Promise.resolve(key);
        await assert.rejects(client({ connectionKey }).submit(request), {
          name: "RemoteError",
          message:
            "`CHEQPOINT_CONNECTION_KEY` must be printable ASCII without spaces and line breaks, and not empty",
          nothingDone: true,
          retryable: false,
        });
      });
    }

    it("tells only the kind of failure when the key cannot be read", async () => {
      const connectionKey = () => Promise.reject(new RangeError(`store said ${KEY}`));
      await assert.rejects(client({ connectionKey }).submit(request), {
        name: "RemoteError",
        message: "the Cheqpoint Connection Key could not be read (RangeError)",
        nothingDone: true,
        retryable: true,
      });
    });
  });

  describe("with a key that was renewed", () => {
    const connectionKey = (refresh = false) => Promise.resolve(refresh ? "cq_renewed" : KEY);
    const sent = () => server.seen.map(({ headers }) => headers["x-api-key"]);

    it("submits once more after a 401, for then nothing was asked", async () => {
      server.will({ status: 401 }, { status: 200, body: { id: "req_t1", status: "PENDING" } });
      const { approvalId } = await client({ connectionKey }).submit(request);
      assert.equal(approvalId, "req_t1");
      assert.deepEqual(sent(), [KEY, "cq_renewed"]);
      assert.equal(server.seen[1]?.body, server.seen[0]?.body);
    });

    it("reads once more after a 401", async () => {
      server.will({ status: 401 }, { status: 200, body: approval });
      assert.deepEqual(await client({ connectionKey }).read("req_t1"), pendingReading);
      assert.deepEqual(sent(), [KEY, "cq_renewed"]);
    });

    it("submits nothing again after anything else", async () => {
      for (const status of [400, 403, 429, 500]) {
        server.will({ status });
        await assert.rejects(client({ connectionKey }).submit(request), { status });
      }
      assert.deepEqual(sent(), [KEY, KEY, KEY, KEY]);
    });
  });

  it("is called no more often than its rate lets it, and has room for a submission then", async () => {
    const cheqpoint = client({ perMinute: 10 });
    for (let reads = 0; reads < 4; reads += 1) {
      server.will({ status: 200, body: approval });
      await cheqpoint.read("req_t1");
    }
    await assert.rejects(cheqpoint.read("req_t1"), {
      message: "too many calls to Cheqpoint in this minute, so it was not called",
      nothingDone: true,
    });
    server.will({ status: 200, body: { id: "req_t1", status: "PENDING" } });
    assert.equal((await cheqpoint.submit(request)).approvalId, "req_t1");
    assert.equal(calls().length, 5);
  });

  describe("read", () => {
    it("reads a pending approval with the key in its header", async () => {
      server.will({ status: 200, body: approval });
      assert.deepEqual(await client().read("req_t1"), pendingReading);
      assert.deepEqual(calls(), ["GET /api/approvals/req_t1"]);
      assert.equal(server.seen[0]?.headers["x-api-key"], KEY);
    });

    it("reads an approval with changes and a note", async () => {
      server.will({
        status: 200,
        body: {
          ...approval,
          status: "APPROVED",
          details: { incident_id: "INC-4421", max_replicas: 3 },
          modifiedDetails: { incident_id: "INC-4421", max_replicas: 2 },
          decisionNote: "Run it, two replicas only.",
          decisionReasonCode: "OK",
          decidedAt: "2026-11-23T10:05:00.000Z",
        },
      });
      assert.deepEqual(await client().read("req_t1"), {
        ...pendingReading,
        status: "APPROVED",
        details: { incident_id: "INC-4421", max_replicas: 3 },
        modifiedDetails: { incident_id: "INC-4421", max_replicas: 2 },
        notes: ["Run it, two replicas only."],
        reasonCode: "OK",
        decidedAtMs: Date.UTC(2026, 10, 23, 10, 5),
      });
    });

    it("reads a rejection by the system", async () => {
      server.will({
        status: 200,
        body: {
          ...approval,
          status: "REJECTED",
          autoDecided: true,
          autoDecisionRuleName: "night",
          decidedAt: "2026-11-23T11:00:00.000Z",
          retryable: true,
        },
      });
      assert.deepEqual(await client().read("req_t1"), {
        ...pendingReading,
        status: "REJECTED",
        autoDecided: true,
        autoDecisionRuleName: "night",
        decidedAtMs: Date.UTC(2026, 10, 23, 11),
        retryable: true,
      });
    });

    it("does with the three required fields", async () => {
      server.will({ status: 200, body: { id: "req_t1", status: "pending", details: {} } });
      assert.deepEqual(await client().read("req_t1"), { ...pendingReading, details: {} });
    });

    const statuses: [string, string][] = [
      ["approved", "APPROVED"],
      ["Rejected", "REJECTED"],
      ["EXPIRED", "UNKNOWN"],
      ["APPROVED ", "UNKNOWN"],
      ["APPROVED\n", "UNKNOWN"],
      ["UNAPPROVED", "UNKNOWN"],
      ["", "UNKNOWN"],
    ];
    for (const [wire, status] of statuses) {
      it(`reads the status ${JSON.stringify(wire)} as ${status}`, async () => {
        server.will({ status: 200, body: { ...approval, status: wire } });
        assert.equal((await client().read("req_t1"))?.status, status);
      });
    }

    it("gives both notes, and the same one once", async () => {
      const notes = { responseNotes: "first", decisionNote: "second" };
      const same = { responseNotes: " same", decisionNote: "same\n" };
      const blank = { responseNotes: "", decisionNote: " " };
      server.will(
        { status: 200, body: { ...approval, ...notes } },
        { status: 200, body: { ...approval, ...same } },
        { status: 200, body: { ...approval, ...blank } },
      );
      assert.deepEqual((await client().read("req_t1"))?.notes, ["first", "second"]);
      assert.deepEqual((await client().read("req_t1"))?.notes, ["same"]);
      assert.deepEqual((await client().read("req_t1"))?.notes, []);
    });

    it("drops from a note what nobody sees, and cuts one that is longer than a record may hold", async () => {
      const hidden = { responseNotes: "Run\u200B it,\r\n\u202Enow.", decisionNote: null };
      const long = { responseNotes: "x".repeat(1_000_000), decisionNote: null };
      server.will(
        { status: 200, body: { ...approval, ...hidden } },
        { status: 200, body: { ...approval, ...long } },
      );
      assert.deepEqual((await client().read("req_t1"))?.notes, ["Run it,\nnow."]);
      const [note] = (await client().read("req_t1"))?.notes ?? [];
      assert.equal(note?.length, 4_000);
      assert.match(note, /^x+… \[cut\]$/);
    });

    it("reads a no whatever stands beside it, and no approval without the details that were submitted", async () => {
      for (const details of [null, "x", undefined]) {
        server.will({ status: 200, body: { ...approval, status: "REJECTED", details } });
        const read = await client().read("req_t1");
        assert.deepEqual([read?.status, read?.details], ["REJECTED", {}]);
      }
    });

    it("drops no detail, also none that objects lose: it would hide that the request was altered", async () => {
      const details = JSON.parse('{"service": "payments-db", "__proto__": {"service": "search"}}');
      server.will({ status: 200, body: { ...approval, details } });
      const read = await client().read("req_t1");
      assert.deepEqual(Object.keys(read?.details ?? {}), ["service", "__proto__"]);
    });

    it("keeps changes of any form for the gate to judge", async () => {
      for (const modifiedDetails of [{}, [], "x", 0, false]) {
        server.will({ status: 200, body: { ...approval, modifiedDetails } });
        assert.deepEqual((await client().read("req_t1"))?.modifiedDetails, modifiedDetails);
      }
    });

    it("takes the stricter reading where a flag has a strange form", async () => {
      server.will({ status: 200, body: { ...approval, autoDecided: "yes", retryable: "yes" } });
      const reading = await client().read("req_t1");
      assert.equal(reading?.autoDecided, true);
      assert.equal(reading?.retryable, false);
    });

    it("ignores optional fields of a strange form", async () => {
      const strange = { responseNotes: 1, decisionReasonCode: {}, decidedAt: "soon", extra: 1 };
      server.will({ status: 200, body: { ...approval, ...strange } });
      assert.deepEqual(await client().read("req_t1"), pendingReading);
    });

    it("is null when Cheqpoint answers 404", async () => {
      server.will({ status: 404, body: { error: "not found" } });
      assert.equal(await client().read("req_t1"), null);
    });

    it("puts the id into one part of the path", async () => {
      server.will({ status: 404 });
      await client().read("../a b?c");
      assert.deepEqual(calls(), ["GET /api/approvals/..%2Fa%20b%3Fc"]);
    });

    for (const id of ["", ".", "..", "\ud800"]) {
      it(`does not ask for ${JSON.stringify(id)}`, async () => {
        await assert.rejects(client().read(id), {
          name: "RemoteError",
          message: `\`approvalId\` must be an id that Cheqpoint gave, got ${JSON.stringify(id)}`,
          nothingDone: true,
          retryable: false,
        });
      });
    }

    const unusable: [string, unknown, string][] = [
      ["no id", { status: "APPROVED", details: {} }, '`id`: Invalid input: expected "req_t1"'],
      [
        "the id of another approval",
        { ...approval, id: "req_t2" },
        '`id`: Invalid input: expected "req_t1"',
      ],
      [
        "no status",
        { id: "req_t1", details: {} },
        "`status`: Invalid input: expected string, received undefined",
      ],
      [
        "no details",
        { id: "req_t1", status: "APPROVED" },
        "`details`: Invalid input: expected record, received undefined",
      ],
      [
        "a list as details",
        { id: "req_t1", status: "APPROVED", details: [] },
        "`details`: Invalid input: expected record, received array",
      ],
    ];
    for (const [name, body, problem] of unusable) {
      it(`refuses an answer with ${name}`, async () => {
        server.will({ status: 200, body });
        await assert.rejects(client().read("req_t1"), {
          name: "RemoteError",
          message: `the answer of Cheqpoint to GET /api/approvals/req_t1 cannot be used: ${problem}`,
          nothingDone: true,
          retryable: true,
          status: 200,
        });
      });
    }

    const failures: [string, Reply | Misbehaviour, boolean][] = [
      ["a refused key", { status: 401 }, false],
      ["a limit", { status: 429 }, true],
      ["a server error", { status: 503 }, true],
      ["a cut connection", "reset", true],
      ["a cut answer", "resetMidAnswer", true],
      ["an answer that is no JSON", { status: 200, body: "" }, true],
      ["a redirect", { status: 307, headers: { location: "/login" } }, false],
    ];
    for (const [name, step, retryable] of failures) {
      it(`fails on ${name} without having done anything, and asks once`, async () => {
        server.will(step);
        await assert.rejects(client().read("req_t1"), {
          name: "RemoteError",
          nothingDone: true,
          retryable,
        });
        assert.equal(server.seen.length, 1);
      });
    }
  });
});
