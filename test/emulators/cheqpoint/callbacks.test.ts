import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { sign } from "../../../emulators/cheqpoint/callbacks.ts";
import { Bench, SAMPLE, field } from "./support.ts";

// The vector of the fact sheet: computed there with node:crypto, not taken from Cheqpoint.
const SECRET = "cheqpoint-test-secret-0001";
const VECTOR_BODY =
  '{"status":"APPROVED","modifiedDetails":null,"details":{"incident_id":"INC-4421",' +
  '"runbook":"db_failover_primary_to_replica"},"decisionNote":"On-call confirmed."}';
const VECTOR_HEX = "b12193f8a9b626ce48b17e4c1f8ef4f7666d5d4eeebb96a365420f8345cbf332";

describe("Cheqpoint emulator: callbacks", () => {
  const bench = new Bench();
  beforeEach(() => bench.start());
  afterEach(() => bench.stop());

  async function decided(url: string, extra: object = {}): Promise<string> {
    const { json } = await bench.inbound({ ...SAMPLE, callbackUrl: url, ...extra });
    const id = field(json, "approvalId");
    await bench.decide(id, { decision: "approved", note: "On-call confirmed." });
    await bench.emulator.tick();
    return id;
  }

  async function states(): Promise<unknown> {
    const { json } = await bench.call("GET", "/_emulator/callbacks");
    const { callbacks } = Object(json);
    return callbacks.map(({ state, attempts }: Record<string, unknown>) => [state, attempts]);
  }

  it("posts status, details, changes and note, in upper case, without an id", async () => {
    const receiver = await bench.receiver();
    const id = await decided(receiver.url);
    const [callback, ...more] = receiver.received;
    assert.deepEqual(more, []);
    assert.equal(
      callback?.raw,
      JSON.stringify({
        status: "APPROVED",
        details: SAMPLE.details,
        modifiedDetails: null,
        decisionNote: "On-call confirmed.",
      }),
    );
    assert.ok(!callback.raw.includes(id));
    assert.equal(callback.headers["content-type"], "application/json");
    assert.equal(callback.headers["x-cheqpoint-signature"], undefined);
    assert.equal(callback.headers["x-api-key"], undefined);
  });

  it("posts the decision on a request with `webhookUrl`, and on an expiry", async () => {
    const receiver = await bench.receiver();
    const { json } = await bench.request({ ...SAMPLE, webhookUrl: receiver.url });
    await bench.decide(field(json, "id"), { decision: "rejected" });
    await bench.emulator.tick();
    await bench.inbound({ ...SAMPLE, callbackUrl: receiver.url });
    await bench.pass(24 * 60 * 60 * 1000);
    assert.deepEqual(
      receiver.received.map(({ raw }) => field(JSON.parse(raw), "status")),
      ["REJECTED", "REJECTED"],
    );
  });

  it("answers at once when a callback is asked for, even with a wait", async () => {
    const receiver = await bench.receiver();
    const { json } = await bench.inbound({
      ...SAMPLE,
      callbackUrl: receiver.url,
      maxWaitMs: 10_000,
    });
    assert.equal(field(json, "status"), "pending");
  });

  it("signs exactly as the vector says", () => {
    assert.equal(Buffer.byteLength(VECTOR_BODY), 160);
    assert.equal(sign(SECRET, VECTOR_BODY), VECTOR_HEX);
    assert.notEqual(sign(SECRET, `${VECTOR_BODY}\n`), VECTOR_HEX);
  });

  it("signs the raw body while a secret is set, and not when it is switched off", async () => {
    const receiver = await bench.receiver();
    await bench.settings({ webhookSecret: SECRET });
    await decided(receiver.url, { summary: "signed" });
    await bench.settings({ signCallbacks: false });
    await decided(receiver.url, { summary: "off" });
    const { json } = await bench.settings({ signCallbacks: true, webhookSecret: null });
    assert.equal(Object(json).signsCallbacks, false);
    await decided(receiver.url, { summary: "no secret" });
    const [signed, off, none] = receiver.received;
    const expected = createHmac("sha256", SECRET)
      .update(signed?.raw ?? "")
      .digest("hex");
    assert.deepEqual(
      [signed, off, none].map((callback) => callback?.headers["x-cheqpoint-signature"]),
      [expected, undefined, undefined],
    );
  });

  it("never shows the webhook secret", async () => {
    const changed = await bench.settings({ webhookSecret: SECRET });
    const read = await bench.call("GET", "/_emulator/settings");
    assert.ok(!JSON.stringify([changed.json, read.json]).includes(SECRET));
    assert.equal(Object(read.json).signsCallbacks, true);
  });

  it("tries again with growing pauses until a 2xx", async () => {
    const receiver = await bench.receiver((n) => (n < 3 ? 500 : 204));
    await decided(receiver.url);
    await bench.pass(999);
    assert.equal(receiver.received.length, 1);
    await bench.pass(1);
    assert.equal(receiver.received.length, 2);
    await bench.pass(4_999);
    assert.equal(receiver.received.length, 2);
    await bench.pass(1);
    assert.equal(receiver.received.length, 3);
    await bench.pass(1_000_000);
    assert.equal(receiver.received.length, 3);
    assert.equal(new Set(receiver.received.map(({ raw }) => raw)).size, 1);
    const at = Date.parse("2026-11-23T10:00:00.000Z");
    assert.deepEqual(await states(), [
      [
        "delivered",
        [
          { atMs: at, status: 500 },
          { atMs: at + 1_000, status: 500 },
          { atMs: at + 6_000, status: 204 },
        ],
      ],
    ]);
  });

  it("gives up after five attempts and counts a redirect as none", async () => {
    const receiver = await bench.receiver(() => 302);
    await decided(receiver.url);
    for (const pause of [1_000, 5_000, 30_000, 120_000, 1_000_000]) await bench.pass(pause);
    assert.equal(receiver.received.length, 5);
    assert.match(JSON.stringify(await states()), /^\[\["failed",\[(\{[^}]*"status":302\},?){5}\]/);
  });

  it("keeps trying a receiver that is down and tells no address in the reason", async () => {
    const receiver = await bench.receiver();
    await receiver.close();
    await decided(receiver.url);
    assert.deepEqual(await states(), [["waiting", [{ atMs: bench.now, error: "ECONNREFUSED" }]]]);
  });

  describe("with faults", () => {
    it("never sends a dropped one, and says so", async () => {
      const receiver = await bench.receiver();
      await bench.fault({ call: "callback", drop: true });
      await decided(receiver.url);
      await bench.pass(1_000_000);
      assert.equal(receiver.received.length, 0);
      assert.deepEqual(await states(), [["dropped", []]]);
    });

    it("sends a duplicated one twice, alike", async () => {
      const receiver = await bench.receiver();
      await bench.fault({ call: "callback", duplicate: true });
      await decided(receiver.url);
      assert.equal(receiver.received.length, 2);
      assert.equal(receiver.received[0]?.raw, receiver.received[1]?.raw);
    });

    it("sends a delayed one when its time has come", async () => {
      const receiver = await bench.receiver();
      await bench.fault({ call: "callback", delayMs: 60_000 });
      await decided(receiver.url);
      await bench.pass(59_999);
      assert.equal(receiver.received.length, 0);
      await bench.pass(1);
      assert.equal(receiver.received.length, 1);
    });

    it("sends a reordered one after the next, or after 30 s when none follows", async () => {
      const receiver = await bench.receiver();
      await bench.fault({ call: "callback", reorder: true });
      await decided(receiver.url, { details: { n: 1 } });
      assert.equal(receiver.received.length, 0);
      await decided(receiver.url, { details: { n: 2 } });
      assert.deepEqual(
        receiver.received.map(({ raw }) => Object(JSON.parse(raw)).details),
        [{ n: 2 }, { n: 1 }],
      );
      await bench.fault({ call: "callback", reorder: true });
      await decided(receiver.url, { details: { n: 3 } });
      await bench.pass(29_999);
      assert.equal(receiver.received.length, 2);
      await bench.pass(1);
      assert.equal(receiver.received.length, 3);
    });

    it("sends another body when one is given", async () => {
      const receiver = await bench.receiver();
      await bench.fault({ call: "callback", body: "not json" });
      await decided(receiver.url);
      assert.equal(receiver.received[0]?.raw, "not json");
    });
  });
});
