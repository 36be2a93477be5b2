// The packed package in programs that know nothing of JavaScript: in folders without node_modules, with the plugin that npm
// installed elsewhere, up to an approval. Not shown: the SDKs with types that `pulumi package add` makes, for which the language
// hosts here are too old, and Go, .NET and Java.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SEED } from "../../emulators/pagerduty/index.ts";
import { missingEngine, repository, skipFor } from "../engine/engine.ts";
import type { Project } from "../engine/engine.ts";
import { missingAws } from "../engine/localAws.ts";
import { CREDENTIALS, json, startWorld, until } from "../engine/world.ts";
import type { Told, World } from "../engine/world.ts";
import { Packed, run } from "./packed.ts";

const EXAMPLES = ["gate-yaml", "gate-python"] as const;

const outputsShape = z.object({
  proposalsUrl: z.string(),
  webhookUrl: z.string(),
  proposerTokens: z.object({ agent: z.string().regex(/^[A-Za-z0-9]{43}$/) }),
  operatorTokens: z.object({ sre: z.string() }),
});

describe("The packed package in programs in other languages", function () {
  this.timeout(600_000);

  const packed = new Packed();
  let plugin = "";

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws() ?? missingHosts());
    await packed.pack();
    plugin = join(await packed.install("plugin", {}), "node_modules/.bin");
  });
  after(() => {
    packed.remove();
  });

  it("tells the engine the schema that is recorded, with its own version", async () => {
    const project = packed.elsewhere({ "Pulumi.yaml": "name: any\nruntime: yaml\n" }, plugin);
    try {
      const served = join(plugin, "pulumi-resource-pagerduty-approval-gate");
      // Pulumi's own check of a schema: every reference, every type.
      assert.equal(
        await project.pulumi(["schema", "check", join(repository, "plugin/schema.json")]),
        "",
      );
      const told = schemaShape.parse(
        JSON.parse(await project.pulumi(["package", "get-schema", served])),
      );
      const recorded = schemaShape.parse(
        JSON.parse(readFileSync(join(repository, "plugin/schema.json"), "utf8")),
      );
      const { version } = z
        .object({ version: z.string() })
        .parse(JSON.parse(readFileSync(join(repository, "package.json"), "utf8")));
      assert.equal(told.version, version);
      for (const part of ["resources", "types"] as const) {
        assert.deepEqual(Object.keys(told[part]).sort(), Object.keys(recorded[part]).sort());
        for (const [token, { properties, inputProperties }] of Object.entries(recorded[part])) {
          const of = told[part][token];
          assert.deepEqual(
            Object.keys(of?.properties ?? {}).sort(),
            Object.keys(properties ?? {}).sort(),
            token,
          );
          assert.deepEqual(
            Object.keys(of?.inputProperties ?? {}).sort(),
            Object.keys(inputProperties ?? {}).sort(),
            token,
          );
        }
      }
    } finally {
      project.remove();
    }
  });

  for (const example of EXAMPLES) {
    it(`deploys examples/${example}, asks a reviewer and runs what is approved, and removes it without a trace`, async () => {
      const folder = join(repository, "examples", example);
      const files = Object.fromEntries(
        readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
      );
      const world = await startWorld();
      const project = packed.elsewhere(files, plugin);
      try {
        if ("requirements.txt" in files) {
          await activatePython(project);
        }
        await deployAndApprove(project, world);
        assert.ok(!existsSync(join(project.dir, "node_modules")));
      } finally {
        project.remove();
        await world.stop();
      }
    });
  }
});

async function deployAndApprove(project: Project, world: World): Promise<void> {
  await project.pulumi(["stack", "init", "test"]);
  await project.configure(
    {
      pagerdutyFrom: world.pagerduty.from,
      pagerdutyApiUrl: world.doors.pagerduty.url,
      cheqpointApiUrl: world.doors.cheqpoint.url,
      deletionProtection: "false",
      secretRecoveryDays: "0",
    },
    {
      cheqpointConnectionKey: CREDENTIALS.connectionKey,
      pagerdutyToken: CREDENTIALS.pagerdutyToken,
    },
  );
  await project.up();
  try {
    const outputs = outputsShape.parse(await project.outputs());
    const incident = await world.openIncident("slow answers", SEED.services.paymentsDb);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const { id } = (await json(
      outputs.proposalsUrl,
      "POST",
      {
        incident_id: incident,
        service: SEED.services.paymentsDb,
        runbook: "failover",
        justification: "because",
      },
      bearer(outputs.proposerTokens.agent),
    )) as Told;
    assert.deepEqual(await world.invocations(incident), []);
    await world.decide(
      await until("a reviewer is asked", () => world.pendingApproval(id)),
      "approved",
    );
    const ended = await until("the proposal ends", async () => {
      const now = (await json(
        `${outputs.proposalsUrl}/${id}`,
        "GET",
        undefined,
        bearer(outputs.operatorTokens.sre),
      )) as Told;
      return now.final && now.status !== "ending" && now;
    });
    assert.equal(ended.status, "executed");
    assert.deepEqual(
      (await world.invocations(incident)).map(({ action_id }) => action_id),
      [SEED.actions.dbFailover],
    );
    assert.deepEqual(
      (await world.subscriptions()).map(({ url, active }) => ({ url, active })),
      [{ url: outputs.webhookUrl, active: true }],
    );
    assert.deepEqual(await project.planned(), []);
    const state = project.stateOnDisk();
    assert.doesNotMatch(state, /nobody-may-see|pulumi-nodejs:dynamic/);
    assert.ok(!state.includes(outputs.proposerTokens.agent));
  } finally {
    await project.destroy();
  }
  assert.deepEqual(await world.subscriptions(), []);
}

/** As a shell does; a newer host than the one here finds the environment by the project's option. */
async function activatePython(project: Project): Promise<void> {
  const venv = join(project.dir, "venv");
  await run("python3", ["-m", "venv", venv]);
  await run(
    join(venv, "bin/pip"),
    ["install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"],
    { cwd: project.dir },
  );
  project.env["PATH"] = `${venv}/bin:${project.env["PATH"]}`;
}

function missingHosts(): string | null {
  const missing = ["yaml", "python"].filter(
    (language) => spawnSync(`pulumi-language-${language}`, ["--help"]).error !== undefined,
  );
  return missing.length === 0 ? null : `no language host for ${missing.join(" and ")} on PATH`;
}

const properties = z.record(z.string(), z.unknown()).optional();
const definitions = z.record(z.string(), z.object({ properties, inputProperties: properties }));
const schemaShape = z.object({
  version: z.string().optional(),
  resources: definitions,
  types: definitions,
});
