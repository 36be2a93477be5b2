import assert from "node:assert/strict";
import { signPagerDuty } from "../../functions/pagerduty/signature.ts";
import { gatingOf } from "../harness/gating.ts";
import { throughTap } from "../harness/taps.ts";
import { World, type Reply } from "../harness/world.ts";
import { errorBody } from "../harness/errorBody.ts";

/** A captured delivery of PagerDuty's documentation: secret, body and header. */
const CAPTURED = {
  secret: "HvPtlQNKMPpHSSqJpCdndXfo7HnGXa1pnH6w5axpxLFn9aRBNBGh4e8/HlonK5mz",
  body: '{"event":{"id":"01FKZOXA868SHYEE4DVNWB5P9W","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2025-04-07T03:00:55.532Z","agent":{"id":"PVE0ZR9","type":"user_reference"},"client":null,"data":{"message":"Hello from your friend Pagey!","type":"ping"}}}',
  signature: "v1=0e83584cbab86f98c51517cf96a70c90e910532d3d2f067d58c753cc8980a05b",
};

describe("POST /pagerduty/webhook", () => {
  let world: World;

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(() => world.begin({ gating: gatingOf() }));

  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    path = "/pagerduty/webhook",
  ): Promise<Reply> => {
    const answer = await fetch(`${world.gate.url}${path}`, {
      method: "POST",
      headers,
      body,
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };
  let number = 0;
  const eventBody = (type = "incident.annotated", more: object = {}) => {
    number += 1;
    return JSON.stringify({
      event: {
        id: `01EVENT${number}`,
        event_type: type,
        occurred_at: new Date(world.clock.now()).toISOString(),
        data: { type: "incident_note", id: "N1", content: "x", incident: { id: "Q1" } },
        ...more,
      },
    });
  };
  const signed = (body: string, headers: Record<string, string> = {}) =>
    post(body, {
      "x-pagerduty-signature": signPagerDuty(Buffer.from(body), world.webhookSecret),
      "x-webhook-id": `delivery-${number}`,
      ...headers,
    });
  const EVENT = '{"event":{"event_type":"incident.annotated",';
  const kept = (id: string) => world.gate.ledger.getDelivery(id);
  const count = (name: string) => world.metrics.counts()[name] ?? 0;

  it("takes PagerDuty's own example", async () => {
    world.moreSecrets = [CAPTURED.secret];
    const answer = await post(CAPTURED.body, {
      "x-pagerduty-signature": CAPTURED.signature,
      "x-webhook-id": "captured",
    });
    assert.equal(answer.status, 202);
    assert.deepEqual(answer.body, { status: "accepted" });
    await world.settle();
    assert.equal((await kept("captured"))?.result, "older than 72 hours: kept, not acted on");
  });

  for (const path of ["/pagerduty/webhook/", "/pagerduty//webhook", "//pagerduty/webhook//"]) {
    it(`takes an event at ${path}: a signed one is never answered 404 because of a slash`, async () => {
      const body = eventBody();
      const signature = signPagerDuty(Buffer.from(body), world.webhookSecret);
      const headers = { "x-pagerduty-signature": signature, "x-webhook-id": `delivery-${number}` };
      const answer = await post(body, headers, path);
      assert.deepEqual([answer.status, answer.body], [202, { status: "accepted" }]);
      assert.notEqual(await kept(`delivery-${number}`), null);
      const forged = { ...headers, "x-pagerduty-signature": `v1=${"ab".repeat(32)}` };
      assert.equal((await post(body, forged, path)).status, 401);
    });
  }

  it("is nowhere else below its folder", async () => {
    assert.equal((await post("{}", {}, "/pagerduty/webhooks")).status, 404);
    assert.equal((await post("{}", {}, "/pagerduty/webhook/more")).status, 404);
  });

  it("takes any one of several signatures", async () => {
    const body = eventBody();
    const right = signPagerDuty(Buffer.from(body), world.webhookSecret);
    const answer = await signed(body, {
      "x-pagerduty-signature": `v1=${"0".repeat(64)}, ${right}`,
    });
    assert.equal(answer.status, 202);
  });

  describe("refuses, and keeps nothing of", () => {
    const forgeries: readonly [string, (body: string) => [string, string | undefined]][] = [
      ["a forged signature", (body) => [body, `v1=${"ab".repeat(32)}`]],
      ["the signature of another subscription", (body) => [body, sign(body, "another secret")]],
      ["a body cut short", (body) => [body.slice(0, -1), sign(body)]],
      ["a body with one character more", (body) => [`${body}\n`, sign(body)]],
      ["an altered body", (body) => [body.replace('"x"', '"y"'), sign(body)]],
      ["the signature of an earlier body", (body) => [eventBody(), sign(body)]],
      ["a body without a signature", (body) => [body, undefined]],
    ];
    const sign = (body: string, secret = world.webhookSecret) =>
      signPagerDuty(Buffer.from(body), secret);

    for (const [what, forge] of forgeries) {
      it(what, async () => {
        const [body, signature] = forge(eventBody());
        const answer = await post(body, {
          "x-webhook-id": "forged",
          ...(signature === undefined ? {} : { "x-pagerduty-signature": signature }),
        });
        assert.equal(answer.status, 401);
        assert.deepEqual(answer.body, errorBody("signatureInvalid", "signature missing or wrong"));
        assert.equal(await kept("forged"), null);
        assert.equal(count("SignatureRefused"), 1);
        assert.deepEqual(
          world.log.lines.filter((line) => line.includes("forged")),
          [],
        );
      });
    }

    it("an unsigned body over 256 KiB, with 413", async () => {
      const answer = await post("x".repeat(256 * 1024 + 1), { "x-webhook-id": "large" });
      assert.equal(answer.status, 413);
      assert.deepEqual(answer.body, errorBody("bodyTooLarge", "body too large"));
      assert.equal(await kept("large"), null);
    });
  });

  it("takes a signed body of any size: a 4xx would switch the subscription off", async () => {
    const large = eventBody("incident.annotated", { padding: "x".repeat(300 * 1024) });
    assert.equal((await signed(large)).status, 202);
  });

  it("takes a repeated delivery once, whatever its delivery id", async () => {
    const body = eventBody();
    assert.deepEqual((await signed(body)).body, { status: "accepted" });
    assert.deepEqual((await signed(body)).body, { status: "duplicate" });
    assert.deepEqual((await signed(body, { "x-webhook-id": "another" })).body, {
      status: "duplicate",
    });
    assert.equal(count("WebhookDuplicate"), 2);
  });

  it("keeps and counts an event type that nobody knows", async () => {
    assert.equal((await signed(eventBody("incident.teleported"))).status, 202);
    assert.equal(count("WebhookUnknownEvent"), 1);
    await world.settle();
    assert.equal((await kept(`delivery-${number}`))?.state, "done");
  });

  it("answers a ping", async () => {
    await signed(eventBody("pagey.ping", { data: { type: "ping", message: "hello" } }));
    await world.settle();
    assert.equal((await kept(`delivery-${number}`))?.result, "ping");
  });

  for (const [what, body] of [
    ["no JSON", "{not json"],
    ["JSON without an event", '{"hello":1}'],
    ["bytes that are no UTF-8", "\u00ff\u00fe"],
    ["an event with a text that is no UTF-8", `${EVENT}"id":"\u00ff"}}`],
    ["an event that names its id twice", `${EVENT}"id":"01A","id":"01B"}}`],
  ] as const) {
    it(`keeps a signed body of ${what} and raises an alarm`, async () => {
      const bytes = what.includes("UTF-8") ? Buffer.from(body, "latin1") : Buffer.from(body);
      const send = () =>
        post(new Uint8Array(bytes), {
          "x-pagerduty-signature": signPagerDuty(bytes, world.webhookSecret),
          "x-webhook-id": "odd",
        });
      const answer = await send();
      assert.equal(answer.status, 202);
      assert.deepEqual(answer.body, { status: "kept" });
      assert.equal((await kept("odd"))?.state, "unintelligible");
      const [alarm, ...others] = await world.gate.ledger.alarms(10);
      assert.equal(others.length, 0);
      assert.equal(alarm?.kind, "unintelligible");
      assert.equal(count("WebhookUnintelligible"), 1);
      assert.deepEqual((await send()).body, { status: "duplicate" });
    });
  }

  it("raises that alarm also when it was cut off in between", async () => {
    const send = () => signed("{not json", { "x-webhook-id": "odd" });
    let isDown = true;
    world.tap = async (call, _args, run) => {
      if (isDown && (call === "ledger.raise" || call === "ledger.accept")) {
        const answer = await (call === "ledger.accept" ? run() : Promise.resolve());
        isDown = call !== "ledger.raise";
        throw new Error(`cut off at ${String(answer)}`);
      }
      return run();
    };
    assert.equal((await send()).status, 503);
    assert.equal((await send()).status, 202);
    assert.deepEqual(
      (await world.gate.ledger.alarms(10)).map(({ kind }) => kind),
      ["unintelligible"],
    );
  });

  describe("answers 503, so that PagerDuty sends it again, when", () => {
    it("the ledger does not answer", async () => {
      world.tap = (call, _args, run) =>
        call === "ledger.accept" ? Promise.reject(new Error("down")) : run();
      const body = eventBody();
      const answer = await signed(body);
      assert.equal(answer.status, 503);
      assert.deepEqual(
        answer.body,
        errorBody("unavailable", "not stored, send it again", { retryable: true }),
      );
      world.tap = throughTap;
      assert.deepEqual((await signed(body)).body, { status: "accepted" });
    });

    it("the secrets cannot be read", async () => {
      world.moreSecrets = null;
      const answer = await signed(eventBody());
      assert.equal(answer.status, 503);
      assert.deepEqual(
        answer.body,
        errorBody("unavailable", "not stored, send it again", { retryable: true }),
      );
    });
  });

  it("acts on an event that was received in time, however late it is handled", async () => {
    let isDown = true;
    world.tap = (call, _args, run) =>
      isDown && call === "ledger.getDelivery" ? Promise.reject(new Error("down")) : run();
    await signed(eventBody("incident.triggered", { data: { type: "incident", id: "QGONE" } }));
    await world.settle();
    isDown = false;
    world.clock.advance(80 * 3_600_000);
    await world.settle();
    const { result } = (await kept(`delivery-${number}`)) ?? {};
    assert.notEqual(result, "older than 72 hours: kept, not acted on");
  });
});
