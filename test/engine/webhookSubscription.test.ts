// Runs the real engine against a stand-in for PagerDuty's API. Not shown: PagerDuty itself.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Project, missingEngine, repository, skipFor } from "./engine.ts";
import { startPagerDuty } from "./fixtures/pagerduty.ts";
import type { PagerDutyFixture } from "./fixtures/pagerduty.ts";

const TOKEN = "token-that-nobody-may-see";

const program = (subscription: string) => `
import * as pulumi from "@pulumi/pulumi";
import { WebhookSubscription } from ${JSON.stringify(join(repository, "components/webhookSubscription.ts"))};
import { WebhookActivation } from ${JSON.stringify(join(repository, "components/webhookActivation.ts"))};
const config = new pulumi.Config();
const hook = new WebhookSubscription(config.get("name") ?? "hook", {
  url: config.require("url"),
  events: config.requireObject("events"),
  ${subscription}
});
export const id = hook.subscriptionId;
export const secret = hook.secret;
`;

const HELD = `startActive: false });
new WebhookActivation("hook", { subscriptionId: hook.subscriptionId, apiUrl: "", token: "", tokenType: "token" }, {});
void ({`;

function project(pagerduty: PagerDutyFixture, subscription = ""): Project {
  return new Project(
    {
      "Pulumi.yaml": "name: hooks\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      "package.json": '{"name":"hooks","type":"module","main":"index.ts"}',
      "index.ts": program(subscription),
    },
    { PAGERDUTY_API_URL: pagerduty.url, PAGERDUTY_TOKEN: "" },
  );
}

const set = (stack: Project, key: string, value: string) =>
  stack.pulumi(["config", "set", "--", key, value]);

async function begin(stack: Project): Promise<void> {
  await stack.pulumi(["stack", "init", "test"]);
  await stack.pulumi(["config", "set", "--secret", "pagerduty:token", TOKEN]);
  await set(stack, "url", "https://gate.example.com/pagerduty/webhook");
  await set(stack, "events", '["incident.triggered","incident.resolved"]');
}

describe("WebhookSubscription under the engine", function () {
  this.timeout(180_000);

  let pagerduty: PagerDutyFixture;
  let stack: Project;

  before(function () {
    skipFor(this, missingEngine());
  });
  beforeEach(async () => {
    pagerduty = await startPagerDuty(TOKEN);
  });
  afterEach(async () => {
    stack.remove();
    await pagerduty.close();
  });

  const only = () => {
    const [subscription, ...others] = [...pagerduty.subscriptions.values()];
    assert.ok(subscription !== undefined && others.length === 0);
    return subscription;
  };

  it("lives through create, update, drift, replacement and destroy without showing a secret", async () => {
    stack = project(pagerduty);
    await begin(stack);

    await stack.up();
    assert.deepEqual(await stack.outputs(), { id: "PSUB001", secret: "signing-secret-number-1" });
    assert.deepEqual(only().events, ["incident.resolved", "incident.triggered"]);
    assert.equal(only().active, true);

    // The same events in another order are the same.
    await set(stack, "events", '["incident.resolved","incident.triggered","incident.resolved"]');
    assert.deepEqual(await stack.planned(), []);

    await set(stack, "events", '["incident.triggered"]');
    assert.deepEqual(await stack.plannedNames(), ["update hook"]);
    await stack.up();
    assert.deepEqual(only().events, ["incident.triggered"]);
    assert.deepEqual(await stack.outputs(), { id: "PSUB001", secret: "signing-secret-number-1" });

    // PagerDuty switches a subscription off after three drops, and somebody edits it by hand.
    only().temporarilyDisabled = true;
    only().active = false;
    only().events = ["incident.annotated"];
    await stack.refresh();
    assert.equal(only().temporarilyDisabled, false);
    assert.deepEqual(await stack.plannedNames(), ["update hook"]);
    await stack.up();
    assert.deepEqual(only().events, ["incident.triggered"]);
    assert.equal(only().active, true);
    assert.deepEqual(await stack.outputs(), { id: "PSUB001", secret: "signing-secret-number-1" });

    pagerduty.requests.length = 0;
    await set(stack, "url", "https://other.example.com/pagerduty/webhook");
    await stack.up();
    assert.deepEqual(
      pagerduty.requests.filter((request) => !request.startsWith("GET")),
      ["POST /webhook_subscriptions", "DELETE /webhook_subscriptions/PSUB001"],
    );
    assert.deepEqual(await stack.outputs(), { id: "PSUB002", secret: "signing-secret-number-2" });

    // Removed behind the stack's back: found by a refresh, and made again.
    pagerduty.subscriptions.clear();
    await stack.refresh();
    await stack.up();
    assert.deepEqual(await stack.outputs(), { id: "PSUB003", secret: "signing-secret-number-3" });

    const state = stack.stateOnDisk();
    assert.match(state, /hooks::pagerduty-approval-gate:index:WebhookSubscription/);
    assert.doesNotMatch(state, /signing-secret-number|token-that-nobody-may-see/);

    pagerduty.subscriptions.clear();
    await stack.destroy();
    assert.equal(pagerduty.requests.at(-1), "DELETE /webhook_subscriptions/PSUB003");
  });

  it("takes over an existing subscription with a stated secret", async () => {
    stack = project(
      pagerduty,
      `keepers: { serial: config.get("serial") ?? "1" },
       existing: config.get("adopt") && { id: "PSUB777", secret: config.requireSecret("adopt") },`,
    );
    await begin(stack);
    await stack.pulumi(["config", "set", "--secret", "adopt", "stated-signing-secret"]);
    const existing = {
      id: "PSUB777",
      active: true,
      description: "made by hand",
      events: ["incident.triggered"],
      filter: { type: "account_reference" },
      url: "https://elsewhere.example.com/",
      secret: "never told",
      customHeaders: [],
      temporarilyDisabled: true,
    };
    pagerduty.subscriptions.set(existing.id, existing);

    assert.match(
      await stack.pulumi(["up", "--yes", "--skip-preview"], true),
      /cannot adopt webhook subscription PSUB777: it delivers to https:\/\/elsewhere.example.com\/, not to https:\/\/gate.example.com\/pagerduty\/webhook, and PagerDuty cannot change that/,
    );
    existing.url = "https://gate.example.com/pagerduty/webhook";
    await stack.up();

    assert.deepEqual(await stack.outputs(), { id: "PSUB777", secret: "stated-signing-secret" });
    assert.deepEqual(only().events, ["incident.resolved", "incident.triggered"]);
    assert.equal(only().description, "Approval gate hook");
    assert.equal(only().temporarilyDisabled, false);
    assert.doesNotMatch(stack.stateOnDisk(), /stated-signing-secret/);
    assert.deepEqual(await stack.planned(), []);

    await stack.pulumi(["config", "set", "--secret", "adopt", "corrected-signing-secret"]);
    assert.deepEqual(await stack.plannedNames(), ["update hook"]);
    await stack.up();
    assert.deepEqual(await stack.outputs(), { id: "PSUB777", secret: "corrected-signing-secret" });

    // The successor of a renamed resource takes over what the old one would delete.
    await set(stack, "name", "renamed");
    await stack.up();
    assert.deepEqual(await stack.outputs(), { id: "PSUB777", secret: "corrected-signing-secret" });
    assert.equal(only().id, "PSUB777");

    await set(stack, "serial", "2");
    pagerduty.requests.length = 0;
    assert.match(
      await stack.pulumi(["up", "--yes", "--skip-preview"], true),
      /cannot replace webhook subscription PSUB777 for its changed `keepers` while `existing` names it\. Remove `existing`/,
    );
    assert.deepEqual(pagerduty.requests, []);
    await stack.pulumi(["config", "rm", "adopt"]);
    await stack.up();
    assert.deepEqual(pagerduty.requests, [
      "POST /webhook_subscriptions",
      "DELETE /webhook_subscriptions/PSUB777",
    ]);
    assert.deepEqual(await stack.outputs(), { id: "PSUB001", secret: "signing-secret-number-1" });
    assert.deepEqual(await stack.planned(), []);
  });

  it("is switched on only by its activation, and off again before it goes", async () => {
    stack = project(pagerduty, HELD);
    await begin(stack);
    await stack.up();
    assert.equal(only().active, true);
    assert.deepEqual(pagerduty.requests, [
      "POST /webhook_subscriptions",
      "PUT /webhook_subscriptions/PSUB001",
    ]);

    only().active = false;
    await stack.refresh();
    assert.deepEqual(await stack.plannedNames(), ["create hook"]);
    await stack.up();
    assert.equal(only().active, true);

    pagerduty.requests.length = 0;
    await set(stack, "url", "https://other.example.com/pagerduty/webhook");
    await stack.up();
    assert.deepEqual(pagerduty.requests, [
      "POST /webhook_subscriptions",
      "PUT /webhook_subscriptions/PSUB002",
      "PUT /webhook_subscriptions/PSUB001",
      "DELETE /webhook_subscriptions/PSUB001",
    ]);
  });

  it("says what is wrong and leaves nothing behind when a creation fails", async () => {
    stack = project(pagerduty);
    await begin(stack);

    pagerduty.hideNextSecret = true;
    assert.match(
      await stack.pulumi(["up", "--yes", "--skip-preview"], true),
      /cannot create the webhook subscription: PagerDuty returned no signing secret for PSUB001, which was removed again/,
    );
    assert.equal(pagerduty.subscriptions.size, 0);

    pagerduty.tokens.clear();
    assert.match(
      await stack.pulumi(["up", "--yes", "--skip-preview"], true),
      /cannot create the webhook subscription: HTTP 401: Unauthorized \(code 2006\)\. State a valid token, and run pulumi up; or where none is stated: pulumi config set --secret pagerduty:token <token>/,
    );

    pagerduty.tokens.add(TOKEN);
    pagerduty.failNext = [429];
    await stack.up();
    assert.equal(pagerduty.subscriptions.size, 1);

    await stack.pulumi(["config", "rm", "pagerduty:token"]);
    await set(stack, "events", '["incident.triggered"]');
    assert.match(
      await stack.pulumi(["up", "--yes", "--skip-preview"], true),
      /cannot update webhook subscription PSUB002: no PagerDuty token\. Set it with: pulumi config set --secret pagerduty:token <token>, or in the environment as PAGERDUTY_TOKEN/,
    );
  });
});
