// What a preview of the README's program does to AWS and PagerDuty: it looks its service up, and writes nothing.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { missingEngine, skipFor } from "./engine.ts";
import type { Project } from "./engine.ts";
import { missingAws } from "./localAws.ts";
import { readingOnly, readsAws } from "./readingOnly.ts";
import type { ReadingOnly } from "./readingOnly.ts";
import { readmeProject, writeProgram } from "./readmeProgram.ts";
import { startWorld } from "./world.ts";
import type { World } from "./world.ts";

describe("the preview of the README's program", function () {
  this.timeout(180_000);

  let world: World;
  let project: Project;
  let aws: ReadingOnly;
  let pagerduty: ReadingOnly;

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    world = await startWorld();
    project = await readmeProject(world);
    aws = await readingOnly(process.env["AWS_ENDPOINT_URL"] ?? "", readsAws);
    pagerduty = await readingOnly(world.doors.pagerduty.url, ({ method }) => method === "GET");
    project.env["AWS_ENDPOINT_URL"] = aws.url;
  });
  after(async () => {
    await Promise.all([aws?.close(), pagerduty?.close()]);
    project?.remove();
    await world?.stop();
  });

  it("needs only the gate's own token, and credentials that may only read", async () => {
    writeProgram(project, world, "", pagerduty.url);
    const steps = await project.planned();
    assert.deepEqual(new Set(steps.map(({ op }) => op)), new Set(["create"]));
    assert.deepEqual(aws.refused, []);
    assert.deepEqual(pagerduty.refused, []);
    assert.ok(pagerduty.reads() > 0);
  });

  it("says in one sentence, and of which resource, that a service is not there", async () => {
    writeProgram(project, world, "", pagerduty.url);
    const file = join(project.dir, "index.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace("payments-db", "no-such-db"));
    const report = await project.pulumi(["preview"], true);
    assert.match(
      report,
      /^ +error: `gate-no-such-db` cannot look the service "no-such-db" up in PagerDuty: .*no-such-db/m,
    );
    // No stack, and no way that an Output took.
    assert.doesNotMatch(report, /^ +at |error serializing property/m);
  });
});
