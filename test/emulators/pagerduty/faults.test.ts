import assert from "node:assert/strict";
import { startReceiver, startWorld } from "./harness.ts";
import type { Receiver, Reply, World } from "./harness.ts";

const DIAGNOSE = "/automation_actions/actions/01DIAGNOSE/invocations";
const INVOKE = "POST /automation_actions/actions/:id/invocations";

describe("the emulator's faults", () => {
  let world: World;
  let receiver: Receiver;
  let incident: string;

  beforeEach(async () => {
    world = await startWorld({ retryScheduleMs: [1000] });
    receiver = await startReceiver();
    incident = (await world.openIncident()).id;
  });

  afterEach(async () => {
    await world.emulator.stop();
    await receiver.stop();
  });

  const fault = async (request: Record<string, unknown>): Promise<string> => {
    const { status, body } = await world.call("POST", "/_emulator/faults", request, {
      token: null,
    });
    assert.equal(status, 201, JSON.stringify(body));
    return body.fault.id;
  };

  const invoke = () =>
    world.call("POST", DIAGNOSE, { invocation: { metadata: { incident_id: incident } } });

  const invocations = async (): Promise<Reply["body"][]> => {
    const { body } = await world.call("GET", "/automation_actions/invocations");
    return body.invocations;
  };

  it("answers a status instead of doing it, as often as asked", async () => {
    await fault({ call: INVOKE, status: 500, times: 2 });
    assert.equal((await invoke()).status, 500);
    assert.equal((await invoke()).status, 500);
    assert.equal((await invoke()).status, 201);
    assert.equal((await invocations()).length, 1);
  });

  it("answers a status after doing it", async () => {
    await fault({ call: INVOKE, status: 502, afterDoing: true, body: { error: "bad gateway" } });
    const reply = await invoke();
    assert.equal(reply.status, 502);
    assert.deepEqual(reply.body, { error: "bad gateway" });
    assert.equal((await invocations()).length, 1);
  });

  it("does it and cuts the connection", async () => {
    await fault({ call: INVOKE, dropAnswer: true });
    await assert.rejects(invoke(), { name: "TypeError", message: "fetch failed" });
    assert.equal((await invocations()).length, 1);
    assert.equal((await invoke()).status, 201);
  });

  it("cuts the connection without doing it", async () => {
    await fault({ call: INVOKE, dropAnswer: true, status: 500 });
    await assert.rejects(invoke(), { name: "TypeError", message: "fetch failed" });
    assert.equal((await invocations()).length, 0);
  });

  it("does it twice", async () => {
    await fault({ call: INVOKE, duplicate: true });
    assert.equal((await invoke()).status, 201);
    assert.equal((await invocations()).length, 2);
  });

  it("does it late, by the emulator's clock", async () => {
    await fault({ call: INVOKE, delayMs: 30_000 });
    const queued = Promise.withResolvers<void>();
    const end = world.emulator.onWork(queued.resolve);
    const answer = invoke();
    await queued.promise;
    end();
    assert.equal((await invocations()).length, 0);
    await world.pass(30_000);
    assert.equal((await answer).status, 201);
  });

  it("does it and answers late, by the emulator's clock", async () => {
    await fault({ call: INVOKE, delayMs: 30_000, afterDoing: true });
    const queued = Promise.withResolvers<void>();
    const end = world.emulator.onWork(queued.resolve);
    let isAnswered = false;
    const answer = invoke().finally(() => {
      isAnswered = true;
    });
    await queued.promise;
    end();
    assert.equal((await invocations()).length, 1);
    assert.equal(isAnswered, false);
    await world.pass(30_000);
    assert.equal((await answer).status, 201);
  });

  it("does it and answers a status late", async () => {
    await fault({ call: INVOKE, status: 504, delayMs: 30_000, afterDoing: true });
    const queued = Promise.withResolvers<void>();
    const end = world.emulator.onWork(queued.resolve);
    const answer = invoke();
    await queued.promise;
    end();
    assert.equal((await invocations()).length, 1);
    await world.pass(30_000);
    assert.equal((await answer).status, 504);
  });

  it("answers a status with the headers that were asked for", async () => {
    const headers = { "ratelimit-reset": "7", "retry-after": "8" };
    for (const afterDoing of [false, true]) {
      await fault({ call: "GET /abilities", status: 429, headers, afterDoing });
      const reply = await world.call("GET", "/abilities");
      assert.equal(reply.status, 429);
      assert.equal(reply.headers.get("ratelimit-reset"), "7");
      assert.equal(reply.headers.get("retry-after"), "8");
    }
  });

  it("answers 429 as PagerDuty does", async () => {
    await fault({ call: "* *", status: 429 });
    const { status, body } = await world.call("GET", "/abilities");
    assert.equal(status, 429);
    assert.deepEqual(body, { error: { message: "Rate Limit Exceeded", code: 2020 } });
  });

  const PATTERNS: [call: string, hits: boolean][] = [
    ["GET /incidents/:id/notes", true],
    ["get /incidents/*/notes", true],
    ["* /incidents/*", true],
    ["GET *", true],
    ["POST /incidents/:id/notes", false],
    ["GET /incidents/:id", false],
    ["GET /incidents/:id/notes/:note", false],
  ];

  for (const [call, hits] of PATTERNS) {
    it(`takes "${call}" ${hits ? "for" : "not for"} GET /incidents/PINC001/notes`, async () => {
      await fault({ call, status: 503 });
      const { status } = await world.call("GET", `/incidents/${incident}/notes`);
      assert.equal(status, hits ? 503 : 200);
    });
  }

  const REFUSED: [request: Record<string, unknown>, errors: string[]][] = [
    [
      { call: "incidents", status: 500 },
      [
        '`call`: must be a method and a path such as "POST /incidents/:id/notes", or "webhook", or "webhook incident.triggered"',
      ],
    ],
    [
      { call: INVOKE },
      ["`call`: needs an effect, one of status, delayMs, dropAnswer, duplicate, reorder"],
    ],
    [
      { call: INVOKE, dropAnswer: true, afterDoing: true },
      [
        "`afterDoing`: needs `status`, the answer to give afterwards, or of a call `delayMs`, how late it is given",
      ],
    ],
    [
      { call: "webhook", delayMs: 1, afterDoing: true },
      [
        "`afterDoing`: needs `status`, the answer to give afterwards, or of a call `delayMs`, how late it is given",
      ],
    ],
    [
      { call: INVOKE, delayMs: 1, headers: { "retry-after": "7" } },
      ["`headers`: needs a call and its `status`, the answer that carries them"],
    ],
    [
      { call: "webhook", status: 429, headers: { "retry-after": "7" } },
      ["`headers`: needs a call and its `status`, the answer that carries them"],
    ],
    [{ call: INVOKE, reorder: true }, ['`reorder`: is for the call "webhook" only']],
    [
      { call: "webhook", duplicate: true, status: 500 },
      [
        "`call`: a webhook's `duplicate`, `delayMs` and `reorder` cannot be combined with `status` or `dropAnswer`",
      ],
    ],
    [{ call: INVOKE, status: 99 }, ["`status`: Too small: expected number to be >=200"]],
    [{ call: INVOKE, status: 500, when: "now" }, ['the body: Unrecognized key: "when"']],
  ];

  for (const [request, errors] of REFUSED) {
    it(`refuses ${JSON.stringify(request)}`, async () => {
      const { status, body } = await world.call("POST", "/_emulator/faults", request);
      assert.equal(status, 400);
      assert.deepEqual(body.error.errors, errors);
    });
  }

  it("lists faults with what is left of them, and forgets them", async () => {
    const id = await fault({ call: INVOKE, status: 500, times: 3 });
    await invoke();
    const { body } = await world.call("GET", "/_emulator/faults");
    assert.deepEqual(body.faults, [{ id, call: INVOKE, status: 500, times: 3, left: 2 }]);
    assert.equal((await world.call("DELETE", "/_emulator/faults")).status, 204);
    assert.equal((await invoke()).status, 201);
  });

  describe("of webhooks", () => {
    const note = (content: string) =>
      world.call("POST", `/incidents/${incident}/notes`, { note: { content } });

    const contents = () => receiver.received.map(({ event }) => event.data.content);

    beforeEach(() => world.subscribe(receiver.url));

    it("delivers one twice, with the same ids", async () => {
      await fault({ call: "webhook", duplicate: true });
      await note("a");
      await world.emulator.tick();
      assert.deepEqual(contents(), ["a", "a"]);
      const [first, second] = receiver.received;
      assert.equal(first?.headers["x-webhook-id"], second?.headers["x-webhook-id"]);
      assert.equal(first?.raw, second?.raw);
    });

    it("delays one, and what comes after it on the same incident waits", async () => {
      await fault({ call: "webhook incident.annotated", delayMs: 60_000 });
      await note("a");
      await note("b");
      await world.emulator.tick();
      assert.deepEqual(contents(), []);
      await world.pass(60_000);
      assert.deepEqual(contents(), ["a", "b"]);
    });

    it("lets later ones overtake", async () => {
      await fault({ call: "webhook", reorder: true, delayMs: 5000 });
      await note("a");
      await note("b");
      await world.emulator.tick();
      await world.pass(5000);
      assert.deepEqual(contents(), ["b", "a"]);
    });

    it("loses the receiver's answer, so that it comes again", async () => {
      await fault({ call: "webhook", dropAnswer: true });
      await note("a");
      await world.emulator.tick();
      await world.pass(1000);
      assert.deepEqual(contents(), ["a", "a"]);
    });

    it("fails without reaching the receiver", async () => {
      await fault({ call: "webhook", status: 503 });
      await note("a");
      await world.emulator.tick();
      assert.deepEqual(contents(), []);
      await world.pass(1000);
      assert.deepEqual(contents(), ["a"]);
    });

    it("leaves other events alone", async () => {
      await fault({ call: "webhook incident.triggered", duplicate: true });
      await note("a");
      await world.emulator.tick();
      assert.deepEqual(contents(), ["a"]);
    });
  });

  describe("request log", () => {
    it("tells what was received and answered, by call and time", async () => {
      await fault({ call: INVOKE, dropAnswer: true });
      await assert.rejects(invoke());
      world.clock.advance(1000);
      await invoke();
      await world.call("GET", "/abilities?x=1");
      const query = new URLSearchParams({ call: INVOKE });
      const { body } = await world.call("GET", `/_emulator/requests?${query.toString()}`);
      assert.deepEqual(
        body.requests.map(({ time, method, path, body, status, fault }: Reply["body"]) => [
          time,
          method,
          path,
          body.invocation.metadata.incident_id,
          status,
          fault === null,
        ]),
        [
          ["2026-11-23T09:59:00.000Z", "POST", DIAGNOSE, incident, null, false],
          ["2026-11-23T09:59:01.000Z", "POST", DIAGNOSE, incident, 201, true],
        ],
      );
      const since = await world.call("GET", "/_emulator/requests?since=2026-11-23T09:59:01Z");
      assert.equal(since.body.requests.length, 2);
      await world.call("DELETE", "/_emulator/requests");
      assert.deepEqual((await world.call("GET", "/_emulator/requests")).body, { requests: [] });
    });

    it("holds no token, routing key, signing secret or header value", async () => {
      await world.call("POST", "/webhook_subscriptions", {
        webhook_subscription: {
          type: "webhook_subscription",
          events: ["incident.triggered"],
          filter: { type: "account_reference" },
          delivery_method: {
            type: "http_delivery_method",
            url: receiver.url,
            custom_headers: [{ name: "x-gate-token", value: "hush-hush" }],
          },
        },
      });
      const routingKey = "0123456789abcdef0123456789abcdef";
      await world.call("POST", "/v2/enqueue", { routing_key: routingKey });
      const { body } = await world.call("GET", "/_emulator/requests");
      const text = JSON.stringify(body);
      for (const secret of [world.emulator.token, "hush-hush", routingKey]) {
        assert.ok(!text.includes(secret));
      }
      assert.equal(body.requests.at(-1).headers["content-type"], "application/json");
      assert.equal(body.requests.at(-1).headers.authorization, undefined);
    });
  });

  it("starts afresh on reset", async () => {
    await fault({ call: "* *", status: 500, times: 9 });
    assert.equal((await world.call("POST", "/_emulator/reset")).status, 204);
    assert.equal((await world.call("GET", `/incidents/${incident}`)).status, 404);
    assert.equal((await world.openIncident()).incident_number, 4421);
  });
});
