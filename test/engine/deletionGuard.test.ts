// In which order Pulumi deletes, and that it stops at what is protected before anything else is gone. Random values stand
// for a gate's resources; `test/components` shows that a gate's guard waits for all of them.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Project, missingEngine, skipFor } from "./engine.ts";

const program = (protect: boolean) => `
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { collecting, guard } from "./components/deletionGuard.ts";

const made = new Set();
const gate = new pulumi.ComponentResource("small:index:Gate", "gate", {}, collecting(made));
const parent = { parent: gate };
const table = new random.RandomId("table", { byteLength: 2 }, { ...parent, protect: ${protect} });
const worker = new random.RandomId("worker", { byteLength: 2, keepers: { table: table.hex } }, parent);
new random.RandomId("alarm", { byteLength: 2, keepers: { worker: worker.hex } }, parent);
new random.RandomId("lonely", { byteLength: 2 }, parent);
guard("gate", made, ${protect}, parent);
`;

describe("a protected gate", function () {
  this.timeout(120_000);

  let project: Project;

  before(async function () {
    skipFor(this, missingEngine());
    project = new Project({
      "index.ts": program(true),
      "package.json": '{"name":"guarded","type":"module","main":"index.ts"}',
      "Pulumi.yaml":
        "name: guarded\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    });
    project.copy("components", "functions");
    await project.pulumi(["stack", "init", "dev"]);
    await project.up();
  });
  after(() => project?.remove());

  it("is not deleted, not in part, and its table goes last once it is not protected", async () => {
    const before = await project.pulumi(["stack", "export"]);
    for (const more of [[], ["--continue-on-error"], ["--exclude-protected"]]) {
      const report = await project.pulumi(
        ["destroy", "--yes", "--skip-preview", ...more],
        more[0] !== "--exclude-protected",
      );
      if (more[0] !== "--exclude-protected") {
        assert.match(
          report,
          /gate-deletion-protection[^]*cannot be deleted\s+because it is protected/,
        );
      }
      assert.deepEqual(
        resourcesOf(await project.pulumi(["stack", "export"])),
        resourcesOf(before),
        more.join(" "),
      );
    }
    writeFileSync(join(project.dir, "index.ts"), program(false));
    await project.up();
    const order = (await project.deleted()).map((urn) => urn.split("::").at(-1));
    assert.equal(order[0], "gate-deletion-protection");
    assert.ok(order.indexOf("table") > order.indexOf("worker"));
    assert.ok(order.indexOf("worker") > order.indexOf("alarm"));
  });
});

function resourcesOf(exported: string): string[] {
  const { deployment } = JSON.parse(exported) as { deployment: { resources: { urn: string }[] } };
  return deployment.resources.map(({ urn }) => urn);
}
