import assert from "node:assert/strict";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { PagerDutyOptions } from "../../functions/pagerduty/client.ts";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import type { Order, PagerDuty } from "../../functions/gate/ports/index.ts";
import { closedPortUrl, startWireServer } from "./wireServer.ts";
import type { Misbehaviour, Reply, WireServer } from "./wireServer.ts";

const TOKEN = "pd-test-token-0001";
const noon = Date.UTC(2026, 10, 23, 12);
const order: Order = {
  target: { kind: "automationAction", actionId: "01ACTION" },
  incidentId: "PINC001",
  customFields: {},
  mark: "prop_1",
};
const INVOKE = "POST /automation_actions/actions/01ACTION/invocations";

interface Facts {
  message: string;
  nothingDone: boolean;
  retryable: boolean;
  status: number | null;
  retryAfterMs: number | null;
}

async function failureOf(work: Promise<unknown>): Promise<Facts> {
  const error: unknown = await work.then(
    () => assert.fail("it did not fail"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof RemoteError, String(error));
  const { message, nothingDone, retryable, status, retryAfterMs } = error;
  return { message, nothingDone, retryable, status, retryAfterMs };
}

describe("PagerDuty failures", () => {
  let server: WireServer;
  let waits: number[];
  beforeEach(async () => {
    server = await startWireServer();
    waits = [];
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
      wait: (ms) => Promise.resolve(waits.push(ms)),
      ...options,
    });
  }

  describe("of an invocation", () => {
    const scripted: [string, Reply | Misbehaviour, Partial<Facts>][] = [
      [
        "refused for its content",
        {
          status: 400,
          body: { error: { message: "Invalid Input", code: 2001, errors: ["a", "b"] } },
        },
        {
          message: `PagerDuty answered 400 to ${INVOKE}: Invalid Input (code 2001) a; b`,
          nothingDone: true,
          retryable: false,
          status: 400,
        },
      ],
      [
        "refused for its token",
        { status: 401, body: { error: { message: "Auth failed", code: 2006 } } },
        {
          message: `PagerDuty answered 401 to ${INVOKE}: Auth failed (code 2006)`,
          nothingDone: true,
          retryable: false,
        },
      ],
      [
        "refused for want of an ability",
        { status: 402, body: "" },
        {
          message: `PagerDuty answered 402 to ${INVOKE}`,
          nothingDone: true,
          retryable: false,
        },
      ],
      [
        "refused for want of a scope",
        {
          status: 403,
          body: { error: { message: "Access Denied", code: 2010, required_scopes: "a.write" } },
        },
        {
          message: `PagerDuty answered 403 to ${INVOKE}: Access Denied (code 2010) required scopes: a.write`,
          nothingDone: true,
          retryable: false,
        },
      ],
      [
        "not found",
        { status: 404, body: "<html>" },
        { message: `PagerDuty answered 404 to ${INVOKE}`, nothingDone: true, retryable: false },
      ],
      [
        "limited",
        {
          status: 429,
          headers: { "ratelimit-reset": "21" },
          body: { error: { message: "Rate Limit Exceeded", code: 2020 } },
        },
        {
          message: `PagerDuty answered 429 to ${INVOKE}: Rate Limit Exceeded (code 2020)`,
          nothingDone: true,
          retryable: true,
          status: 429,
          retryAfterMs: 21_000,
        },
      ],
      [
        "limited for days",
        { status: 429, headers: { "ratelimit-reset": "99999999999" } },
        { nothingDone: true, retryable: true, retryAfterMs: 300_000 },
      ],
      [
        "limited until a day in years",
        { status: 429, headers: { "retry-after": "Mon, 23 Nov 2036 12:00:04 GMT" } },
        { nothingDone: true, retryable: true, retryAfterMs: 300_000 },
      ],
      [
        "limited without a time",
        { status: 429 },
        { nothingDone: true, retryable: true, retryAfterMs: null },
      ],
      [
        "answered with a server error",
        { status: 500, body: { error: { message: "oops" } } },
        {
          message: `PagerDuty answered 500 to ${INVOKE}: oops`,
          nothingDone: false,
          retryable: true,
          status: 500,
        },
      ],
      [
        "answered by a broken gateway",
        { status: 502, body: "<html>" },
        { nothingDone: false, retryable: true, status: 502 },
      ],
      [
        "accepted in a form that is no JSON",
        { status: 201, body: "<html>" },
        {
          message: `the answer of PagerDuty to ${INVOKE} is not JSON`,
          nothingDone: false,
          retryable: true,
          status: 201,
        },
      ],
      [
        "accepted without an id",
        { status: 201, body: { invocation: { state: "created" } } },
        {
          message:
            `the answer of PagerDuty to ${INVOKE} cannot be used: ` +
            "`invocation.id`: Invalid input: expected string, received undefined",
          nothingDone: false,
          retryable: true,
        },
      ],
      [
        "cut off before the answer",
        "reset",
        {
          message: `the connection to PagerDuty broke during ${INVOKE}: ECONNRESET`,
          nothingDone: false,
          retryable: true,
          status: null,
        },
      ],
      [
        "cut off in the middle of the answer",
        "resetMidAnswer",
        {
          message: `the connection to PagerDuty broke during ${INVOKE}: ECONNRESET`,
          nothingDone: false,
          retryable: true,
        },
      ],
      [
        "refused in an answer that was cut off",
        "resetMidRefusal",
        {
          message: `PagerDuty answered 400 to ${INVOKE}`,
          nothingDone: true,
          retryable: false,
          status: 400,
        },
      ],
      [
        "answered in another protocol",
        "garbage",
        {
          message: `the connection to PagerDuty broke during ${INVOKE}`,
          nothingDone: false,
          retryable: true,
        },
      ],
    ];
    for (const [name, step, expected] of scripted) {
      it(`${name}: told once, sent once`, async () => {
        server.will(step);
        const facts = await failureOf(client().execute(order));
        assert.deepEqual({ ...facts, ...expected }, facts);
        assert.equal(server.seen.length, 1);
      });
    }

    it("without an answer in time leaves it open whether it was done", async () => {
      server.will("silence");
      const facts = await failureOf(client({ timeoutMs: 40 }).execute(order));
      assert.deepEqual(facts, {
        message: `PagerDuty did not answer ${INVOKE} within 0.04 s`,
        nothingDone: false,
        retryable: true,
        status: null,
        retryAfterMs: null,
      });
      assert.equal(server.seen.length, 1);
    });

    for (const status of [301, 302, 303, 307, 308]) {
      it(`redirected by ${status} is not followed and names the setting`, async () => {
        const own = new URL(server.url).host;
        server.will({ status, headers: { location: "https://elsewhere.example/x?secret=1" } });
        assert.deepEqual(await failureOf(client().execute(order)), {
          message:
            `\`PAGERDUTY_API_URL\` points to ${own}, which answered ${status} to ${INVOKE} and redirects to ` +
            "elsewhere.example. Redirects are not followed: set `PAGERDUTY_API_URL` to the address that answers itself",
          nothingDone: false,
          retryable: false,
          status,
          retryAfterMs: null,
        });
        assert.equal(server.seen.length, 1);
      });
    }

    it("answered 304 without an address leaves it open whether it was done", async () => {
      server.will({ status: 304 });
      const facts = await failureOf(client().execute(order));
      assert.equal(facts.nothingDone, false);
      assert.equal(facts.retryable, false);
      assert.match(facts.message, /redirects to no address\./);
    });

    it("counts as not done for the documented refusals only, of all failing statuses", async () => {
      const notDone: number[] = [];
      for (let status = 300; status < 600; status += 1) {
        server.will({ status });
        if ((await failureOf(client().execute(order))).nothingDone) notDone.push(status);
      }
      assert.deepEqual(notDone, [400, 401, 402, 403, 404, 405, 413, 415, 422, 429]);
    });

    it("to a port where nobody listens was never sent", async () => {
      const facts = await failureOf(client({ baseUrl: await closedPortUrl() }).execute(order));
      assert.deepEqual(facts, {
        message: `PagerDuty could not be reached for ${INVOKE}: ECONNREFUSED`,
        nothingDone: true,
        retryable: true,
        status: null,
        retryAfterMs: null,
      });
    });

    const never: [string, unknown][] = [
      ["ENOTFOUND", { code: "ENOTFOUND", syscall: "getaddrinfo" }],
      ["EAI_AGAIN", { code: "EAI_AGAIN", syscall: "getaddrinfo" }],
      ["EHOSTUNREACH", { code: "EHOSTUNREACH", syscall: "connect" }],
      ["UND_ERR_CONNECT_TIMEOUT", { code: "UND_ERR_CONNECT_TIMEOUT" }],
      ["CERT_HAS_EXPIRED", { code: "CERT_HAS_EXPIRED" }],
      ["SELF_SIGNED_CERT_IN_CHAIN", { code: "SELF_SIGNED_CERT_IN_CHAIN" }],
      ["ERR_TLS_CERT_ALTNAME_INVALID", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }],
      [
        "ECONNREFUSED",
        Object.assign(
          new AggregateError([
            { code: "ECONNREFUSED", syscall: "connect" },
            { code: "ETIMEDOUT", syscall: "connect" },
          ]),
          { code: "ECONNREFUSED" },
        ),
      ],
    ];
    for (const [code, cause] of never) {
      it(`failing with ${code} was never sent`, async () => {
        const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
        const facts = await failureOf(client({ fetch }).execute(order));
        assert.equal(facts.message, `PagerDuty could not be reached for ${INVOKE}: ${code}`);
        assert.equal(facts.nothingDone, true);
        assert.equal(facts.retryable, true);
      });
    }

    const unclear: [string, unknown][] = [
      ["ETIMEDOUT while reading", { code: "ETIMEDOUT", syscall: "read" }],
      ["EPIPE", { code: "EPIPE", syscall: "write" }],
      ["UND_ERR_SOCKET", { code: "UND_ERR_SOCKET" }],
      ["UND_ERR_HEADERS_TIMEOUT", { code: "UND_ERR_HEADERS_TIMEOUT" }],
      ["an error without a code", new Error(`authorization: ${TOKEN}`)],
      ["no cause", undefined],
      ["an aggregate of nothing", new AggregateError([])],
      [
        "an aggregate of which one was sent",
        new AggregateError([
          { code: "ECONNREFUSED", syscall: "connect" },
          { code: "ECONNRESET", syscall: "read" },
        ]),
      ],
    ];
    for (const [name, cause] of unclear) {
      it(`failing with ${name} leaves it open whether it was done`, async () => {
        const fetch = () => Promise.reject(new TypeError("fetch failed", { cause }));
        const facts = await failureOf(client({ fetch }).execute(order));
        assert.equal(facts.nothingDone, false);
        assert.equal(facts.retryable, true);
        assert.ok(facts.message.startsWith(`the connection to PagerDuty broke during ${INVOKE}`));
        assert.ok(!facts.message.includes(TOKEN));
      });
    }

    for (const step of [{ status: 500 }, { status: 400 }, "reset"] as const) {
      it(`whose custom fields failed (${JSON.stringify(step)}) never began`, async () => {
        server.will(step);
        const facts = await failureOf(
          client().execute({ ...order, customFields: { region: "eu" } }),
        );
        assert.equal(facts.nothingDone, true);
        assert.equal(facts.retryable, step === "reset" || step.status === 500);
        assert.ok(
          facts.message.startsWith("the custom fields were not set, so nothing was started: "),
        );
        assert.deepEqual(
          server.seen.map(({ path }) => path),
          ["/incidents/PINC001/custom_fields/values"],
        );
      });
    }

    for (const step of [{ status: 403 }, { status: 200, body: { fields: [] } }]) {
      it(`whose custom fields cannot be read back (${JSON.stringify(step)}) never began`, async () => {
        server.will({ status: 201 }, step);
        const facts = await failureOf(
          client().execute({ ...order, customFields: { region: "eu" } }),
        );
        assert.equal(facts.nothingDone, true);
        assert.ok(
          facts.message.startsWith(
            "the custom fields could not be read back, so nothing was started: ",
          ),
        );
        assert.ok(server.seen.every(({ path }) => path.endsWith("/custom_fields/values")));
      });
    }

    const strangeIds: [string, Order, string][] = [
      ["action", { ...order, target: { kind: "automationAction", actionId: "../x" } }, "actionId"],
      [
        "workflow",
        { ...order, target: { kind: "incidentWorkflow", workflowId: "" } },
        "workflowId",
      ],
      ["incident", { ...order, incidentId: "P/1" }, "incidentId"],
    ];
    for (const [name, strange, field] of strangeIds) {
      it(`whose ${name} id would lead elsewhere is not sent, nor are its custom fields`, async () => {
        const facts = await failureOf(client().execute({ ...strange, customFields: { a: 1 } }));
        assert.match(facts.message, new RegExp(`^\`${field}\` must be a PagerDuty id of letters`));
        assert.equal(facts.nothingDone, true);
        assert.equal(facts.retryable, false);
        assert.equal(server.seen.length, 0);
      });
    }

    it("that reassigns to nobody is not sent", async () => {
      const target: Order["target"] = { kind: "reassign", users: [], escalationPolicy: null };
      const facts = await failureOf(client().execute({ ...order, target }));
      assert.equal(
        facts.message,
        "`target` must name `users` or an `escalationPolicy` to reassign to",
      );
      assert.equal(facts.nothingDone, true);
      assert.equal(facts.retryable, false);
      assert.equal(server.seen.length, 0);
    });

    it("with a timeout in a change of assignment leaves it open as well", async () => {
      server.will("silence");
      const escalate: Order = { ...order, target: { kind: "escalate", level: 2 } };
      const facts = await failureOf(client({ timeoutMs: 40 }).execute(escalate));
      assert.equal(facts.nothingDone, false);
    });
  });

  describe("of a read", () => {
    const incident = {
      incident: {
        id: "PINC001",
        status: "triggered",
        service: { id: "PSVC001" },
        created_at: "2026-11-23T09:59:00Z",
      },
    };

    const repeated: [string, Reply | Misbehaviour, number][] = [
      ["a limit with its time", { status: 429, headers: { "ratelimit-reset": "3" } }, 3_000],
      ["a limit without a time", { status: 429 }, 1_000],
      ["a server error", { status: 503 }, 250],
      ["a server error with a time", { status: 503, headers: { "retry-after": "2" } }, 2_000],
      [
        "a server error with a date",
        { status: 503, headers: { "retry-after": "Mon, 23 Nov 2026 12:00:04 GMT" } },
        4_000,
      ],
      ["a cut connection", "reset", 250],
      ["a cut answer", "resetMidAnswer", 250],
    ];
    for (const [name, step, pauseMs] of repeated) {
      it(`is repeated once after ${name}`, async () => {
        server.will(step, { status: 200, body: incident });
        assert.equal((await client().incident("PINC001"))?.id, "PINC001");
        assert.deepEqual(waits, [pauseMs]);
      });
    }

    it("is repeated only once", async () => {
      server.will({ status: 500 }, { status: 502 });
      const facts = await failureOf(client().notes("PINC001"));
      assert.deepEqual(facts, {
        message: "PagerDuty answered 502 to GET /incidents/PINC001/notes",
        nothingDone: true,
        retryable: true,
        status: 502,
        retryAfterMs: null,
      });
    });

    it("is not repeated when the limit lasts longer than the time there is", async () => {
      server.will({ status: 429, headers: { "ratelimit-reset": "10" } });
      const facts = await failureOf(client({ timeoutMs: 10_000 }).notes("PINC001"));
      assert.equal(facts.retryAfterMs, 10_000);
      assert.deepEqual(waits, []);
    });

    it("is not repeated when the first attempt used the time up", async () => {
      const times = [noon, noon + 9_900];
      server.will({ status: 500 });
      await failureOf(client({ clock: { now: () => times.shift() ?? 0 } }).notes("PINC001"));
      assert.deepEqual(waits, []);
    });

    for (const status of [400, 401, 403, 404]) {
      it(`is not repeated after ${status}`, async () => {
        server.will({ status });
        const facts = await failureOf(client().notes("PINC001"));
        assert.equal(facts.retryable, false);
        assert.equal(facts.nothingDone, true);
      });
    }

    it("that was not answered in time did nothing, and is not repeated", async () => {
      server.will("silence");
      const facts = await failureOf(client({ timeoutMs: 40 }).notes("PINC001"));
      assert.equal(facts.nothingDone, true);
      assert.equal(facts.retryable, true);
      assert.equal(server.seen.length, 1);
    });

    it("that cannot be understood did nothing and is not repeated", async () => {
      server.will({ status: 200, body: { incident: { id: "PINC001" } } });
      assert.deepEqual(await failureOf(client().incident("PINC001")), {
        message:
          "the answer of PagerDuty to GET /incidents/PINC001 cannot be used: `incident.status`: " +
          'Invalid option: expected one of "triggered"|"acknowledged"|"resolved"',
        nothingDone: true,
        retryable: true,
        status: 200,
        retryAfterMs: null,
      });
    });

    it("fails as a whole when one of the listed invocations cannot be read", async () => {
      const fine = { id: "01INV1", action_id: "01ACTION", state: "created" };
      server.will({ status: 200, body: { invocations: [fine, { state: "created" }] } });
      const facts = await failureOf(client().invocations("PINC001", "01ACTION"));
      assert.match(facts.message, /`invocations\.1\.id`/);
    });

    it("tells no query", async () => {
      server.will({ status: 403 });
      const facts = await failureOf(client().incidentsByKey("some private key"));
      assert.equal(facts.message, "PagerDuty answered 403 to GET /incidents");
    });
  });

  describe("that could give the token away", () => {
    it("withholds a reason that repeats it", async () => {
      server.will({ status: 401, body: { error: { message: `bad key ${TOKEN}` } } });
      const facts = await failureOf(client().execute(order));
      assert.equal(
        facts.message,
        `PagerDuty answered 401 to ${INVOKE}: (the reason is withheld: it repeats a secret)`,
      );
    });

    it("withholds a reason that repeats a part of it", async () => {
      server.will({ status: 401, body: { error: { message: "bad key …token-0001" } } });
      const facts = await failureOf(client().execute(order));
      assert.match(facts.message, /: \(the reason is withheld: it repeats a secret\)$/);
    });

    it("shows a long reason only in part and on one line", async () => {
      server.will({ status: 400, body: { error: { message: `a\n\u0000b ${"x".repeat(999)}` } } });
      const facts = await failureOf(client().execute(order));
      assert.equal(facts.message, `PagerDuty answered 400 to ${INVOKE}: a b ${"x".repeat(296)}`);
    });

    for (const token of ["", `${TOKEN}\n`, ` ${TOKEN}`, "tökén"]) {
      it(`does not send ${JSON.stringify(token)} and does not show it`, async () => {
        const facts = await failureOf(
          client({ token: () => Promise.resolve(token) }).execute(order),
        );
        assert.deepEqual(facts, {
          message:
            "`PAGERDUTY_TOKEN` must be printable ASCII without spaces and line breaks, and not empty",
          nothingDone: true,
          retryable: false,
          status: null,
          retryAfterMs: null,
        });
        assert.equal(server.seen.length, 0);
      });
    }

    it("tells only the kind of failure when the token cannot be read", async () => {
      const broken = () => Promise.reject(new TypeError(`store said ${TOKEN}`));
      assert.deepEqual(await failureOf(client({ token: broken }).execute(order)), {
        message: "the PagerDuty API token could not be read (TypeError)",
        nothingDone: true,
        retryable: true,
        status: null,
        retryAfterMs: null,
      });
    });
  });
});
