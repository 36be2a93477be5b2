import assert from "node:assert/strict";
import { withCredential } from "../../functions/credential.ts";
import { RemoteError } from "../../functions/gate/ports/index.ts";
import type { Order } from "../../functions/gate/ports/index.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import { startWireServer } from "./wireServer.ts";
import type { WireServer } from "./wireServer.ts";

const order: Order = {
  target: { kind: "automationAction", actionId: "01ACTION" },
  incidentId: "PINC001",
  customFields: {},
  mark: "prop_1",
};
const DONE = { status: 201, body: { invocation: { id: "01INVOCATION", state: "created" } } };
const REFUSED = { status: 401, body: { error: { message: "Auth failed", code: 2006 } } };

describe("PagerDuty with a token that was renewed", () => {
  let server: WireServer;
  /** What the store of secrets has now; null: it does not answer. */
  let stored: string | null;
  let refreshes: number;

  beforeEach(async () => {
    server = await startWireServer();
    stored = "renewed";
    refreshes = 0;
  });
  afterEach(async () => {
    assert.equal(server.left(), 0, "not every scripted answer was asked for");
    await server.close();
  });

  const client = () =>
    createPagerDuty({
      baseUrl: server.url,
      token: (refresh = false) => {
        refreshes += refresh ? 1 : 0;
        return !refresh
          ? Promise.resolve("known")
          : stored === null
            ? Promise.reject(new RangeError("down"))
            : Promise.resolve(stored);
      },
      from: "gate@example.com",
      clock: { now: () => Date.UTC(2026, 10, 23, 12) },
      wait: () => Promise.resolve(),
      timeoutMs: 20_000,
    });
  const sent = () =>
    server.seen.map(({ headers }) => headers.authorization?.replace("Token token=", ""));

  it("sends once more after a 401, for then nothing was done", async () => {
    server.will(REFUSED, DONE);
    const { invocationId } = await client().execute(order);
    assert.equal(invocationId, "01INVOCATION");
    assert.deepEqual(sent(), ["known", "renewed"]);
    assert.equal(server.seen[1]?.body, server.seen[0]?.body);
  });

  it("reads once more after a 401", async () => {
    server.will(REFUSED, { status: 200, body: { incidents: [], more: false } });
    assert.deepEqual(await client().incidentsByKey("key"), { found: [], unreadable: [] });
    assert.deepEqual(sent(), ["known", "renewed"]);
  });

  it("sends nothing again when the token is still the same", async () => {
    stored = "known";
    server.will(REFUSED);
    await assert.rejects(client().execute(order), { status: 401, retryable: false });
    assert.equal(refreshes, 1);
  });

  it("gives up when the renewed one is refused too", async () => {
    server.will(REFUSED, REFUSED);
    await assert.rejects(client().execute(order), { status: 401, nothingDone: true });
    assert.equal(refreshes, 1);
  });

  it("never sends a third time, whatever becomes of the second", async () => {
    server.will(REFUSED, "resetMidAnswer");
    await assert.rejects(client().execute(order), { status: null, nothingDone: false });
    assert.deepEqual(sent(), ["known", "renewed"]);
  });

  it("tries later when it cannot learn whether there is another", async () => {
    stored = null;
    server.will(REFUSED);
    await assert.rejects(client().execute(order), {
      message: "the PagerDuty API token could not be read (RangeError)",
      nothingDone: true,
      retryable: true,
    });
  });

  it("sends nothing when the time was over before the renewed one was known", async () => {
    const time = new AbortController();
    const refused = new RemoteError("refused", {
      nothingDone: true,
      retryable: false,
      status: 401,
    });
    const used: string[] = [];
    const read = (refresh = false) => {
      if (refresh) time.abort();
      return Promise.resolve(refresh ? "renewed" : "known");
    };
    const work = withCredential(
      { what: "token", setting: "TOKEN", read },
      { ms: 1, signal: time.signal },
      (token) => {
        used.push(token);
        return Promise.reject(refused);
      },
    );
    await assert.rejects(work, refused);
    assert.deepEqual(used, ["known"]);
  });

  it("has it read again after a 403, which may be about the action, and sends nothing again", async () => {
    for (const now of ["renewed", null]) {
      stored = now;
      server.will({ status: 403 });
      await assert.rejects(client().execute(order), { status: 403, retryable: false });
    }
    assert.equal(refreshes, 2);
    assert.deepEqual(sent(), ["known", "known"]);
  });

  it("asks for no other token after anything else", async () => {
    for (const status of [400, 404, 429, 500]) {
      server.will({ status });
      await assert.rejects(client().execute(order), { status });
    }
    assert.equal(refreshes, 0);
  });
});
