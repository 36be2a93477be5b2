// What the provider does to PagerDuty is shown by the engine tests.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { WebhookSubscription } from "../../components/index.ts";
import type { WebhookSubscriptionArgs } from "../../components/index.ts";
import { subscribedEvents } from "../../functions/gate/gating/index.ts";
import { PROVIDER_VERSION } from "../../components/webhookSubscription.ts";
import { subscriptionProvider } from "../../components/webhookSubscriptionProvider.ts";
import { record, refused, valueOf } from "./mocks.ts";

const SUBSCRIPTION = "pulumi-nodejs:dynamic/pagerduty-approval-gate:WebhookSubscription";
const url = "https://gate.example.com/pagerduty/webhook";

const make = (more: Partial<WebhookSubscriptionArgs> = {}) =>
  record((opts) => new WebhookSubscription("w", { url, ...more }, opts));

describe("WebhookSubscription", () => {
  it("subscribes to the whole account unless told otherwise, with a secret secret", async () => {
    const { resources, find, value } = await make();
    assert.equal(resources.length, 2);
    const { inputs, secrets, options, parents } = find(SUBSCRIPTION, "w");
    const { __provider, ...rest } = inputs;
    assert.ok(String(__provider).length > 0);
    assert.deepEqual(rest, {
      url,
      filterType: "account_reference",
      filterId: "",
      events: subscribedEvents,
      description: "Approval gate w",
      customHeaders: {},
      startActive: true,
      keepers: {},
      adoptId: "",
      adoptSecret: "",
      apiUrl: "",
      token: "",
      tokenType: "token",
      providerVersion: PROVIDER_VERSION,
    });
    assert.deepEqual(secrets, ["adoptSecret", "customHeaders", "token"]);
    assert.deepEqual(options.additionalSecretOutputs, [
      "secret",
      "token",
      "adoptSecret",
      "customHeaders",
    ]);
    assert.deepEqual(parents, ["WebhookSubscription w"]);
    assert.equal(await pulumi.isSecret(value.secret), true);
    assert.equal(await valueOf(value.secret), "signing-secret-of-w");
    assert.equal(await valueOf(value.subscriptionId), "w-id");
  });

  it("sorts events and leaves repetitions out", async () => {
    const { find } = await make({
      scope: "service",
      scopeId: "PSVC001",
      events: ["incident.triggered", pulumi.output("incident.resolved"), "incident.triggered"],
      token: "t",
    });
    const { inputs } = find(SUBSCRIPTION, "w");
    assert.deepEqual(inputs["events"], ["incident.resolved", "incident.triggered"]);
    assert.equal(inputs["filterType"], "service_reference");
    assert.equal(inputs["filterId"], "PSVC001");
  });

  it("carries no token and no client in its provider's source", async () => {
    const { find } = await make({ token: "token-value-that-must-not-be-captured" });
    const source = String(find(SUBSCRIPTION, "w").inputs["__provider"]);
    assert.doesNotMatch(source, /token-value-that-must-not-be-captured/);
    assert.doesNotMatch(source, /require\(/);
  });

  it("replaces for what PagerDuty cannot change, updates for the rest", async () => {
    const provider = subscriptionProvider();
    const base = {
      url,
      filterType: "account_reference",
      filterId: "",
      events: ["incident.triggered"],
      description: "d",
      customHeaders: { a: "1", b: "2" },
      startActive: true,
      keepers: {},
      adoptId: "",
      adoptSecret: "",
      apiUrl: "",
      token: "",
      tokenType: "token",
      providerVersion: PROVIDER_VERSION,
    };
    const olds = { ...base, secret: "s", tokenKey: "" };
    const diff = async (change: object) => {
      assert.ok(provider.diff !== undefined);
      const { changes, replaces } = await provider.diff("PSUB001", olds, { ...base, ...change });
      return { changes, replaces };
    };
    const none = { changes: false, replaces: [] };
    const update = { changes: true, replaces: [] };
    assert.deepEqual(await diff({}), none);
    assert.deepEqual(await diff({ customHeaders: { b: "2", a: "1" } }), none);
    assert.deepEqual(await diff({ startActive: false, adoptSecret: "y" }), none);
    for (const change of [
      { events: ["incident.resolved"] },
      { description: "e" },
      { filterType: "service_reference", filterId: "P" },
      { token: "new" },
      { tokenType: "bearer" },
      { apiUrl: "https://api.eu.pagerduty.com" },
      { providerVersion: "another" },
    ]) {
      assert.deepEqual(await diff(change), update, JSON.stringify(change));
    }
    assert.deepEqual(await diff({ url: "https://b.example.com" }), {
      changes: true,
      replaces: ["url"],
    });
    assert.deepEqual(await diff({ customHeaders: {} }), {
      changes: true,
      replaces: ["customHeaders"],
    });
    assert.deepEqual(await diff({ keepers: { serial: "2" } }), {
      changes: true,
      replaces: ["keepers"],
    });
    // The engine's mark for what is not known yet.
    assert.deepEqual(await diff({ url: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }), {
      changes: true,
      replaces: ["url"],
    });
  });

  it("refuses what cannot work", async () => {
    const bad = (more: object) => () => new WebhookSubscription("w", { url, ...more });
    const cases: [object, string][] = [
      [{ url: "gate.example.com" }, '`url` must be an https:// address, got "gate.example.com"'],
      [
        { url: "http://gate.example.com" },
        '`url` must be an https:// address, got "http://gate.example.com"',
      ],
      [{ url: "https://u:p@gate.example.com" }, "`url` must not hold a user name or password"],
      [{ scope: "org" }, '`scope` must be one of account, team, service, got "org"'],
      [{ scopeId: "PSVC001" }, '`scopeId` must be absent when `scope` is "account", got "PSVC001"'],
      [{ scope: "team" }, '`scopeId` must be the id of a team such as "PIJ90N7", got ""'],
      [{ events: [] }, "`events` must name at least one event type, got []"],
      [
        { events: ["incident"] },
        '`events` must hold event types such as "incident.triggered", got "incident"',
      ],
      [
        { events: ["incident.trigered"] },
        '`events` must hold event types that PagerDuty has, got "incident.trigered"; set `allowUnknownEvents` if it is a new one',
      ],
      [{ description: "x".repeat(256) }, "`description` must have at most 255 characters, got 256"],
      [
        { existing: { id: "p 1", secret: "s" } },
        '`existing.id` must be a PagerDuty id such as "PIJ90N7", got "p 1"',
      ],
      [{ existing: { id: "PSUB001", secret: "" } }, "`existing.secret` must not be empty"],
      [{ apiUrl: "ftp://x" }, '`apiUrl` must be an https:// address, got "ftp://x"'],
      [{ tokenType: "key" }, '`tokenType` must be one of token, bearer, got "key"'],
      [{ token: " " }, "`token` must not be empty"],
      [{ startActive: "no" }, '`startActive` must be true or false, got "no"'],
      [{ allowUnknownEvents: "no" }, '`allowUnknownEvents` must be true or false, got "no"'],
      [{ keepers: "x" }, "`keepers` must be a mapping of texts, got a string"],
      [
        { existing: { id: "PSUB001", secret: "s", url } },
        "`existing.url` is no argument; there are id, secret",
      ],
      [{ existing: "PSUB001" }, '`existing` must be a mapping, got "PSUB001"'],
      [{ customHeaders: ["a"] }, "`customHeaders` must be a mapping of texts, got a list"],
      [{ customHeaders: { a: 1 } }, "`customHeaders.a` must be a text, got a number"],
      [
        { customHeaders: { "x y": "v" } },
        '`customHeaders` must have names of HTTP headers, got "x y"',
      ],
      [
        { customHeaders: { "x-key": "hunter2\r\nhost: b" } },
        "`customHeaders.x-key` must be one line of ASCII characters",
      ],
      [
        { customHeaders: { "X-Key": "a", "x-key": "b" } },
        '`customHeaders` must name each header once, got "X-Key" and "x-key"',
      ],
      [
        { event: [] },
        "`event` is no argument; there are url, scope, scopeId, events, allowUnknownEvents, description, customHeaders, startActive, keepers, existing, apiUrl, token, tokenType",
      ],
    ];
    for (const [more, message] of cases) {
      await refused(bad(more), message);
    }
    await make({ events: ["incident.something_new"], allowUnknownEvents: true });
  });
});
