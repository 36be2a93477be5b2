// Uses the package as other languages do: its schema through the engine, and its components over RPC. The program is in
// TypeScript all the same; not shown are the SDKs that `pulumi package add` makes of the schema.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Project, missingEngine, repository, skipFor } from "./engine.ts";
import { missingAws } from "./localAws.ts";
import { SEED } from "../../emulators/pagerduty/index.ts";
import { CREDENTIALS, json, startWorld } from "./world.ts";

const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
class Remote extends pulumi.ComponentResource {
  constructor(type, name, args) {
    super("pagerduty-approval-gate:index:" + type, name, args, {}, true);
  }
}
const config = new pulumi.Config();
const gate = new Remote("ApprovalGate", "gate", {
  cheqpointConnectionKey: config.requireSecret("connectionKey"),
  pagerdutyToken: config.requireSecret("token"),
  pagerdutyFrom: config.require("from"),
  pagerdutyApiUrl: config.require("pagerduty"),
  cheqpointApiUrl: config.require("cheqpoint"),
  proposers: { agent: { keepers: { serial: "1" } } },
  webhook: { services: { db: pulumi.output("PSVC001") } },
  retention: { deletionProtection: false, secretRecoveryDays: 0 },
  proposerTokens: undefined,
  proposalsUrl: undefined,
  subscriptionIds: undefined,
  webhookUrl: undefined,
});
export const { proposalsUrl, proposerTokens, subscriptionIds, webhookUrl } = gate;
`;

describe("the package for other languages", function () {
  this.timeout(300_000);

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
      readFileSync(join(repository, "plugin/schema.json"), "utf8"),
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

  it("makes a gate for a program that knows nothing of its code, and removes it without a trace", async () => {
    const world = await startWorld();
    try {
      await project.pulumi(["stack", "init", "test"]);
      await project.configure(
        {
          from: world.pagerduty.from,
          pagerduty: world.doors.pagerduty.url,
          cheqpoint: world.doors.cheqpoint.url,
        },
        { connectionKey: CREDENTIALS.connectionKey, token: CREDENTIALS.pagerdutyToken },
      );
      await project.up();
      const outputs = outputsShape.parse(await project.outputs());
      const subscriptions = await world.subscriptions();
      assert.deepEqual(
        subscriptions.map(({ id, url, active }) => ({ id, url, active })),
        [{ id: outputs.subscriptionIds.db, url: outputs.webhookUrl, active: true }],
      );
      const made = await json(
        outputs.proposalsUrl,
        "POST",
        {
          incident_id: await world.openIncident("slow answers", SEED.services.paymentsDb),
          service: SEED.services.paymentsDb,
          runbook: "restart",
          justification: "because",
        },
        { authorization: `Bearer ${outputs.proposerTokens.agent}` },
      ).catch(String);
      // The defaults know no runbook; the proposal came as far as being told so.
      assert.match(String(made), /400.*runbook/s);
      assert.deepEqual(await project.planned(), []);
      const state = project.stateOnDisk();
      assert.doesNotMatch(state, /nobody-may-see|pulumi-nodejs:dynamic/);
      assert.ok(!state.includes(outputs.proposerTokens.agent));
      await project.destroy();
      assert.deepEqual(await world.subscriptions(), []);
    } finally {
      await world.stop();
    }
  });
});

const outputsShape = z.object({
  proposalsUrl: z.string(),
  proposerTokens: z.object({ agent: z.string().regex(/^[A-Za-z0-9]{43}$/) }),
  subscriptionIds: z
    .object({ "service-db": z.string() })
    .transform((ids) => ({ db: ids["service-db"] })),
  webhookUrl: z.string(),
});

interface Schema {
  resources: Record<string, { inputProperties: object }>;
}
