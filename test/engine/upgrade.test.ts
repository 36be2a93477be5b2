// Previews an upgrade of the stack program from the states that its versions left. Not shown: what AWS would answer to
// the updates.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { PROGRAM, configureStack } from "./deployedGate.ts";
import { Project, missingEngine, skipFor } from "./engine.ts";
import { missingAws } from "./localAws.ts";
import { RECORDED_ADDRESSES, statesFolder } from "./recordedStates.ts";
import { startWorld } from "./world.ts";
import type { World } from "./world.ts";

/** Types of which a lost or replaced one loses decisions, callers or webhooks. */
const PRECIOUS = [
  "aws:dynamodb/table:Table",
  "aws:sqs/queue:Queue",
  "aws:secretsmanager/secret:Secret",
  "aws:apigatewayv2/api:Api",
  "random:index/randomPassword:RandomPassword",
];

/** Alarms and dashboards, which keep nothing: a version may leave one out or name it anew. */
const KEEPS_NOTHING = "$aws:cloudwatch/";

/**
 * The webhook subscription was a resource until the gate began to look after it itself. Its function makes another,
 * stores its secret beside the old one, and removes the old one after that (`test/subscription`); what then goes from the
 * state is gone from PagerDuty already.
 */
const GIVEN_OVER = [
  // They grouped what is the gate's own now, and were nothing else.
  "pagerduty-approval-gate:index:ApprovalLedger::",
  "pagerduty-approval-gate:index:GateApi::",
  "pagerduty-approval-gate:index:GateFunction::",
  "pagerduty-approval-gate:index:GateSecrets::",
  "pagerduty-approval-gate:index:Monitoring::",
  "pagerduty-approval-gate:index:WorkQueue::",
  "pagerduty-approval-gate:index:WebhookSubscription",
  "pulumi-nodejs:dynamic/pagerduty-approval-gate:WebhookSubscription",
  "pulumi-nodejs:dynamic/pagerduty-approval-gate:WebhookActivation",
  "aws:secretsmanager/secretVersion:SecretVersion::gate-webhook",
];

/** Without services there would be nothing to compare. */
const gatingShape = z.object({
  services: z.record(z.string(), z.unknown()).refine((all) => Object.keys(all).length > 0),
  defaults: z.record(z.string(), z.unknown()),
});

interface State {
  deployment: { resources: { urn: string; type: string; outputs?: { gating?: unknown } }[] };
}

describe("an upgrade", function () {
  this.timeout(180_000);

  let world: World;

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    world = await startWorld();
  });
  after(() => world?.stop());

  const recorded = readdirSync(statesFolder);
  assert.ok(recorded.length > 0);
  for (const file of recorded) {
    it(`from ${file.replace(".state", "")} replaces and deletes nothing that keeps anything`, async () => {
      const addresses = {
        pagerduty: world.doors.pagerduty.url,
        cheqpoint: world.doors.cheqpoint.url,
        from: world.pagerduty.from,
      };
      const text = readFileSync(join(statesFolder, file), "utf8")
        .replaceAll(RECORDED_ADDRESSES.pagerduty, addresses.pagerduty)
        .replaceAll(RECORDED_ADDRESSES.cheqpoint, addresses.cheqpoint);
      const { deployment } = JSON.parse(text) as State;
      for (const type of PRECIOUS) {
        assert.ok(
          deployment.resources.some((resource) => resource.type === type),
          `${type} is in the state`,
        );
      }

      const stack = deployment.resources.find(({ type }) => type === "pulumi:pulumi:Stack");
      const gating = gatingShape.parse(stack?.outputs?.gating);
      const project = new Project(
        { "Pulumi.dev.yaml": stackFile(gating) },
        { PAGERDUTY_TOKEN: "" },
      );
      try {
        project.copy(...PROGRAM);
        await project.pulumi(["stack", "init", "dev"]);
        await configureStack(project, addresses);
        writeFileSync(join(project.dir, "recorded.json"), text);
        await project.pulumi(["stack", "import", "--file", "recorded.json"]);
        const known = new Set(deployment.resources.map(({ urn }) => urn));
        const harm = (await project.planned()).filter(
          ({ op, urn }) =>
            op !== "update" &&
            (op !== "create" || known.has(urn)) &&
            !urn.includes(KEEPS_NOTHING) &&
            !GIVEN_OVER.some((given) => urn.includes(given)),
        );
        assert.deepEqual(
          harm.map(({ op, urn }) => `${op} ${urn}`),
          [],
        );
      } finally {
        project.remove();
      }
    });
  }
});

/** The gating that the state was made with: what today's stack files say is no part of the upgrade. */
function stackFile({ services, defaults }: z.infer<typeof gatingShape>): string {
  return JSON.stringify({
    config: {
      "pagerduty-approval-gate:services": services,
      "pagerduty-approval-gate:defaults": defaults,
    },
  });
}
