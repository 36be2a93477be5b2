import assert from "node:assert/strict";
import { startWorld } from "./harness.ts";
import type { World } from "./harness.ts";

const URL = "https://gate.example.com/pagerduty";

describe("the emulator's webhook subscriptions", () => {
  let world: World;

  beforeEach(async () => {
    world = await startWorld();
  });

  afterEach(() => world.emulator.stop());

  const subscription = (extra: Record<string, unknown> = {}) => ({
    webhook_subscription: {
      type: "webhook_subscription",
      description: "approval gate",
      events: ["incident.annotated"],
      filter: { type: "service_reference", id: "PSVC001" },
      delivery_method: {
        type: "http_delivery_method",
        url: URL,
        custom_headers: [{ name: "x-gate-token", value: "clear" }],
      },
      ...extra,
    },
  });

  const create = async (extra?: Record<string, unknown>) => {
    const { status, body } = await world.call(
      "POST",
      "/webhook_subscriptions",
      subscription(extra),
    );
    assert.equal(status, 200, JSON.stringify(body));
    return body.webhook_subscription;
  };

  it("tells the secret in the create answer only", async () => {
    const created = await create();
    assert.match(created.delivery_method.secret, /^[A-Za-z0-9]{64}$/);
    const { status, body } = await world.call("GET", `/webhook_subscriptions/${created.id}`);
    assert.equal(status, 200);
    assert.deepEqual(body.webhook_subscription, {
      id: created.id,
      type: "webhook_subscription",
      active: true,
      description: "approval gate",
      events: ["incident.annotated"],
      filter: { type: "service_reference", id: "PSVC001" },
      delivery_method: {
        id: created.delivery_method.id,
        type: "http_delivery_method",
        url: URL,
        secret: null,
        temporarily_disabled: false,
        custom_headers: [{ name: "x-gate-token", value: "-- redacted --" }],
      },
    });
  });

  it("changes in part", async () => {
    const { id } = await create();
    const { status, body } = await world.call("PUT", `/webhook_subscriptions/${id}`, {
      webhook_subscription: { active: false, events: ["incident.triggered"] },
    });
    assert.equal(status, 200);
    assert.equal(body.webhook_subscription.active, false);
    assert.deepEqual(body.webhook_subscription.events, ["incident.triggered"]);
    assert.equal(body.webhook_subscription.description, "approval gate");
    assert.equal(body.webhook_subscription.delivery_method.secret, null);
  });

  it("takes an unchanged delivery method and refuses a changed one", async () => {
    const { id } = await create();
    const put = (url: string) =>
      world.call("PUT", `/webhook_subscriptions/${id}`, {
        webhook_subscription: { delivery_method: { type: "http_delivery_method", url } },
      });
    assert.equal((await put(URL)).status, 200);
    const refused = await put("https://other.example.com/");
    assert.equal(refused.status, 400);
    assert.deepEqual(refused.body.error.errors, [
      "`delivery_method` cannot be changed; create another subscription",
    ]);
  });

  it("lists by filter", async () => {
    await create();
    const account = await create({ filter: { type: "account_reference" } });
    assert.deepEqual(account.filter, { type: "account_reference" });
    const count = async (query: string) => {
      const { body } = await world.call("GET", `/webhook_subscriptions?${query}`);
      return body.webhook_subscriptions.length;
    };
    assert.equal(await count(""), 2);
    assert.equal(await count("filter_type=account"), 1);
    assert.equal(await count("filter_type=service_reference&filter_id=PSVC001"), 1);
    assert.equal(await count("filter_type=service&filter_id=PSVC002"), 0);
  });

  it("is gone after DELETE", async () => {
    const { id } = await create();
    assert.equal((await world.call("DELETE", `/webhook_subscriptions/${id}`)).status, 204);
    assert.equal((await world.call("GET", `/webhook_subscriptions/${id}`)).status, 404);
    assert.equal((await world.call("DELETE", `/webhook_subscriptions/${id}`)).status, 404);
  });

  it("allows ten for each scope", async () => {
    for (let count = 0; count < 10; count++) {
      await create();
    }
    const { status, body } = await world.call("POST", "/webhook_subscriptions", subscription());
    assert.equal(status, 400);
    assert.deepEqual(body.error, {
      message: "Webhook subscription limit exceeded for the selected scope",
      code: 2019,
    });
    await create({ filter: { type: "service_reference", id: "PSVC002" } });
  });

  const REFUSED: [name: string, extra: Record<string, unknown>, errors: RegExp][] = [
    ["an unknown event", { events: ["incident.veto"] }, /`webhook_subscription\.events\.0`/],
    ["pagey.ping", { events: ["pagey.ping"] }, /`webhook_subscription\.events\.0`/],
    ["no event", { events: [] }, /`webhook_subscription\.events`/],
    [
      "an event twice",
      { events: ["incident.annotated", "incident.annotated"] },
      /must not name an event twice/,
    ],
    ["a service filter without id", { filter: { type: "service_reference" } }, /filter\.id/],
    [
      "an unknown service",
      { filter: { type: "service_reference", id: "PNONE" } },
      /no service has the id "PNONE"/,
    ],
    [
      "an address that is not one",
      { delivery_method: { type: "http_delivery_method", url: "gate" } },
      /delivery_method\.url/,
    ],
    [
      "a header twice",
      {
        delivery_method: {
          type: "http_delivery_method",
          url: URL,
          custom_headers: [
            { name: "x-a", value: "1" },
            { name: "X-A", value: "2" },
          ],
        },
      },
      /names must be unique/,
    ],
  ];

  for (const [name, extra, errors] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const { status, body } = await world.call(
        "POST",
        "/webhook_subscriptions",
        subscription(extra),
      );
      assert.equal(status, 400);
      assert.equal(body.error.code, 2001);
      assert.match(body.error.errors.join("\n"), errors);
    });
  }

  it("are for managers, admins and owners only", async () => {
    const { id } = await world.subscribe("http://127.0.0.1:9/hook");
    const { body: made } = await world.call("POST", "/_emulator/tokens", { user_id: "PAIUSR1" });
    const wanted = {
      webhook_subscription: {
        type: "webhook_subscription",
        events: ["incident.triggered"],
        filter: { type: "account_reference" },
        delivery_method: { type: "http_delivery_method", url: "http://127.0.0.1:9/mine" },
      },
    };
    for (const [method, path, body] of [
      ["POST", "/webhook_subscriptions", wanted],
      ["GET", "/webhook_subscriptions"],
      ["PUT", `/webhook_subscriptions/${id}`, { webhook_subscription: { active: false } }],
      ["DELETE", `/webhook_subscriptions/${id}`],
      ["POST", `/webhook_subscriptions/${id}/enable`],
    ] as const) {
      const { status, body: answer } = await world.call(method, path, body, { token: made.token });
      assert.equal(status, 403, `${method} ${path}`);
      assert.equal(answer.error.code, 2010);
    }
    const { body } = await world.call("GET", "/webhook_subscriptions");
    assert.deepEqual(
      body.webhook_subscriptions.map((one: { id: string; active: boolean }) => [
        one.id,
        one.active,
      ]),
      [[id, true]],
    );
  });
});
