import assert from "node:assert/strict";
import { enqueueEvent } from "../../functions/pagerduty/events.ts";
import type { AlertEvent } from "../../functions/pagerduty/events.ts";
import { startWireServer } from "./wireServer.ts";
import type { WireServer } from "./wireServer.ts";

const ROUTING_KEY = "0123456789abcdef0123456789abcdef";
const event: AlertEvent = {
  routingKey: ROUTING_KEY,
  action: "trigger",
  dedupKey: "gate-p1",
  summary: "Do it by hand",
  source: "payments-db",
  severity: "critical",
  customDetails: { why: "rejected" },
  links: [{ href: "https://acme.pagerduty.com/incidents/PINC001", text: "Incident" }],
};

describe("enqueueEvent", () => {
  let server: WireServer;
  beforeEach(async () => {
    server = await startWireServer();
  });
  afterEach(async () => {
    assert.equal(server.left(), 0, "not every scripted answer was asked for");
    await server.close();
  });

  const send = (changed: Partial<AlertEvent> = {}) =>
    enqueueEvent({ baseUrl: server.url, clock: { now: () => 0 } }, { ...event, ...changed });

  const accepted = {
    status: 202,
    body: { status: "success", message: "Event processed", dedup_key: "gate-p1" },
  };

  it("sends an alert in the documented form", async () => {
    server.will(accepted);
    assert.deepEqual(await send(), { dedupKey: "gate-p1" });
    const [seen] = server.seen;
    assert.equal(`${seen?.method} ${seen?.path}`, "POST /v2/enqueue");
    assert.equal(seen?.headers["content-type"], "application/json");
    assert.equal(seen?.headers.authorization, undefined);
    assert.deepEqual(JSON.parse(seen?.body ?? ""), {
      routing_key: ROUTING_KEY,
      event_action: "trigger",
      dedup_key: "gate-p1",
      payload: {
        summary: "Do it by hand",
        source: "payments-db",
        severity: "critical",
        custom_details: { why: "rejected" },
      },
      links: [{ href: "https://acme.pagerduty.com/incidents/PINC001", text: "Incident" }],
      client: "pagerduty-approval-gate",
    });
  });

  it("sends nothing but the key to resolve", async () => {
    server.will(accepted);
    await send({ action: "resolve" });
    assert.deepEqual(JSON.parse(server.seen[0]?.body ?? ""), {
      routing_key: ROUTING_KEY,
      event_action: "resolve",
      dedup_key: "gate-p1",
    });
  });

  it("cuts a summary that is too long", async () => {
    server.will(accepted);
    await send({ summary: "x".repeat(2000) });
    const { payload } = JSON.parse(server.seen[0]?.body ?? "") as { payload: { summary: string } };
    assert.equal(payload.summary.length, 1024);
    assert.ok(payload.summary.endsWith("x… [cut]"));
  });

  for (const dedupKey of ["", "x".repeat(256)]) {
    it(`refuses a key of ${dedupKey.length} characters`, async () => {
      await assert.rejects(send({ dedupKey }), {
        name: "RemoteError",
        message: `\`dedupKey\` must have 1 to 255 characters, got ${dedupKey.length}`,
        nothingDone: true,
        retryable: false,
      });
    });
  }

  it("tells why an event was refused", async () => {
    server.will({
      status: 400,
      body: { status: "invalid event", message: "Event object is invalid", errors: ["no source"] },
    });
    await assert.rejects(send(), {
      message:
        "PagerDuty's Events API answered 400 to POST /v2/enqueue: Event object is invalid: no source",
      nothingDone: true,
      retryable: false,
    });
  });

  it("withholds a reason that repeats the routing key", async () => {
    server.will({ status: 400, body: { message: `unknown key ${ROUTING_KEY}` } });
    await assert.rejects(send(), {
      message:
        "PagerDuty's Events API answered 400 to POST /v2/enqueue: (the reason is withheld: it repeats a secret)",
    });
  });

  it("may be repeated after a limit, and leaves a server error open", async () => {
    server.will({ status: 429 }, { status: 500 });
    await assert.rejects(send(), { nothingDone: true, retryable: true, status: 429 });
    await assert.rejects(send(), { nothingDone: false, retryable: true, status: 500 });
  });

  it("does not take an answer without success for one", async () => {
    server.will({ status: 202, body: { status: "maybe" } });
    await assert.rejects(send(), {
      message:
        "the answer of PagerDuty's Events API to POST /v2/enqueue cannot be used: " +
        '`status`: Invalid input: expected "success"',
      nothingDone: false,
      retryable: true,
    });
  });

  it("names its own setting", async () => {
    server.will({ status: 302, headers: { location: "https://events.eu.pagerduty.com/" } });
    await assert.rejects(send(), /set `PAGERDUTY_EVENTS_URL` to the address that answers itself$/);
    await assert.rejects(
      enqueueEvent({ baseUrl: "nowhere", clock: { now: () => 0 } }, event),
      /^Error: `PAGERDUTY_EVENTS_URL` must be an http or https address/,
    );
  });
});
