// Uses the package as other languages do: its schema through the engine, and its components over RPC. The program is in
// TypeScript all the same; not shown are the SDKs that `pulumi package add` makes of the schema.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Project, missingEngine, repository, skipFor } from "./engine.ts";
import { missingAws } from "./localAws.ts";
import { startPagerDuty } from "./fixtures/pagerduty.ts";

const TOKEN = "token-that-nobody-may-see";

const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
class Remote extends pulumi.ComponentResource {
  constructor(type, name, args) {
    super("pagerduty-approval-gate:index:" + type, name, args, {}, true);
  }
}
const hook = new Remote("WebhookSubscription", "hook", {
  url: "https://gate.example.com/pagerduty/webhook",
  scope: "service",
  scopeId: pulumi.output("PSVC001"),
  events: ["incident.triggered"],
  secret: undefined,
  subscriptionId: undefined,
});
const secrets = new Remote("GateSecrets", "keys", {
  cheqpointConnectionKey: pulumi.secret("connection-key-that-nobody-may-see"),
  pagerdutyToken: pulumi.secret("pagerduty-token-that-nobody-may-see"),
  proposers: { agent: { keepers: { serial: "1" } } },
  recoveryWindowDays: 0,
  proposerTokens: undefined,
});
export const { subscriptionId, secret } = hook;
export const { proposerTokens } = secrets;
`;

describe("the package for other languages", function () {
  this.timeout(180_000);

  let project: Project;
  let plugin: string;

  before(function () {
    skipFor(this, missingEngine() ?? missingAws());
    project = new Project(
      {
        "package.json": '{"name":"consumer","type":"module","main":"index.js"}',
        "index.js": PROGRAM,
      },
      { PAGERDUTY_TOKEN: "" },
    );
    // What a language host does with PulumiPlugin.yaml.
    plugin = join(project.dir, "pulumi-resource-pagerduty-approval-gate");
    const host = join(repository, "node_modules/@pulumi/pulumi/cmd/run-plugin");
    const folder = join(repository, "plugin");
    writeFileSync(plugin, `#!/bin/sh\ncd '${folder}' && exec node '${host}' '${folder}' "$@"\n`);
    chmodSync(plugin, 0o755);
    writeFileSync(
      join(project.dir, "Pulumi.yaml"),
      `name: consumer\nruntime: nodejs\nplugins:\n  providers:\n    - name: pagerduty-approval-gate\n      path: ${project.dir}\n`,
    );
  });
  after(() => project?.remove());

  it("tells the engine the schema that is recorded", async () => {
    const told = JSON.parse(await project.pulumi(["package", "get-schema", plugin])) as Schema;
    const recorded = JSON.parse(
      readFileSync(join(repository, "test/components/schema.json"), "utf8"),
    ) as Schema;
    assert.deepEqual(Object.keys(told.resources), Object.keys(recorded.resources).sort());
    for (const [token, { inputProperties }] of Object.entries(recorded.resources)) {
      assert.deepEqual(
        Object.keys(told.resources[token]?.inputProperties ?? {}).sort(),
        Object.keys(inputProperties).sort(),
        token,
      );
    }
  });

  it("makes components for a program that knows nothing of their code", async () => {
    const pagerduty = await startPagerDuty(TOKEN);
    project.env["PAGERDUTY_API_URL"] = pagerduty.url;
    try {
      await project.pulumi(["stack", "init", "test"]);
      await project.configure({}, { "pagerduty:token": TOKEN });
      await project.up();
      const { subscriptionId, secret, proposerTokens } = await project.outputs();
      assert.equal(subscriptionId, "PSUB001");
      assert.equal(secret, "signing-secret-number-1");
      assert.match((proposerTokens as { agent: string }).agent, /^[A-Za-z0-9]{43}$/);
      assert.deepEqual(pagerduty.subscriptions.get("PSUB001")?.filter, {
        type: "service_reference",
        id: "PSVC001",
      });
      assert.deepEqual(await project.planned(), []);
      const state = project.stateOnDisk();
      assert.doesNotMatch(state, /nobody-may-see|signing-secret-number/);
      assert.ok(!state.includes((proposerTokens as { agent: string }).agent));
      await project.destroy();
      assert.equal(pagerduty.subscriptions.size, 0);
    } finally {
      await pagerduty.close();
    }
  });
});

interface Schema {
  resources: Record<string, { inputProperties: object }>;
}
