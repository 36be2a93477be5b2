// The README's program as it stands there, with the emulators' addresses put into it: deployed, used and taken down.
import assert from "node:assert/strict";
import { z } from "zod";
import { SEED } from "../../emulators/pagerduty/index.ts";
import { run } from "../cli/support.ts";
import { missingEngine, skipFor } from "./engine.ts";
import type { Project } from "./engine.ts";
import { missingAws } from "./localAws.ts";
import { localFetch } from "./localFetch.ts";
import { readmeProject, writeProgram } from "./readmeProgram.ts";
import { startWorld, until } from "./world.ts";
import type { World } from "./world.ts";

const state = z.object({
  deployment: z.object({ resources: z.array(z.object({ type: z.string() })) }),
});

const UNPROTECTED = "retention: { deletionProtection: false, secretRecoveryDays: 0 },";

const answer = z.looseObject({ id: z.string(), status: z.string(), final: z.boolean() });

describe("the README's program", function () {
  this.timeout(600_000);
  // Each step goes on where the one before ended.
  this.bail(true);

  let world: World;
  let project: Project;
  let isUp = false;

  const resources = async () =>
    state.parse(JSON.parse(await project.pulumi(["stack", "export"]))).deployment.resources;
  const gate = (...args: string[]) =>
    run(args, { cwd: project.dir, env: { ...process.env, ...project.env }, fetch: localFetch });

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    world = await startWorld();
    project = await readmeProject(world);
  });
  after(async () => {
    try {
      if (isUp) {
        writeProgram(project, world, UNPROTECTED);
        await project.up();
        await project.destroy();
      }
    } finally {
      project?.remove();
      await world?.stop();
    }
  });

  it("is a gate of few resources", async () => {
    isUp = true;
    await project.up();
    const made = (await resources()).filter(
      ({ type }) => !/^pulumi:(providers|pulumi):/.test(type),
    );
    assert.equal(made.length, 69);
  });

  it("holds what an agent proposes until a reviewer says yes, found by what it exports", async () => {
    const { proposerTokens } = z
      .object({ proposerTokens: z.record(z.string(), z.string()) })
      .parse(await project.outputs());
    project.env["GATE_TOKEN"] = proposerTokens["ai-agent"] ?? "";
    const incidentId = await world.openIncident("slow queries", SEED.services.paymentsDb);
    const asked = ["--stack", "dev", "--json"];
    const proposed = await gate(
      ...["propose", ...asked, "--incident", incidentId, "--service", "payments-db"],
      ...["--runbook", "restart_primary", "--justification", "first try"],
    );
    assert.equal(proposed.err, "");
    const { id } = answer.parse(JSON.parse(proposed.out));
    const approval = await until("a reviewer is asked", () => world.pendingApproval(id));
    assert.deepEqual(await world.invocations(incidentId), []);
    await world.decide(approval, "approved");
    const ended = await until(
      "it ends",
      async () => {
        const shown = await gate("show", id, ...asked);
        const { proposal } = z.object({ proposal: answer }).parse(JSON.parse(shown.out));
        // Its outcome is final before the last note is written.
        return proposal.final && proposal.status !== "ending" && proposal;
      },
      180,
    );
    assert.equal(ended.status, "executed");
    assert.deepEqual(
      (await world.invocations(incidentId)).map(({ action_id }) => action_id),
      [SEED.actions.restartDb],
    );
  });
});
