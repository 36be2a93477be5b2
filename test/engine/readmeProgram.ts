import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Project, repository } from "./engine.ts";
import { CREDENTIALS } from "./world.ts";
import type { World } from "./world.ts";

/** The README's program that makes a gate, in a project of its own. */
export async function readmeProject(world: World): Promise<Project> {
  const project = new Project(
    {
      "package.json": '{"name":"small","type":"module","main":"index.ts"}',
      "Pulumi.yaml":
        "name: small\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    },
    { PAGERDUTY_TOKEN: "" },
  );
  project.copy("components", "functions");
  writeProgram(project, world);
  await project.pulumi(["stack", "init", "dev"]);
  await project.configure(
    { "aws:defaultTags.tags.team": "sre" },
    {
      cheqpointConnectionKey: CREDENTIALS.connectionKey,
      pagerdutyToken: CREDENTIALS.pagerdutyToken,
    },
  );
  return project;
}

/** As it stands in the README, with the emulators' addresses and further arguments put into it. */
export function writeProgram(
  project: Project,
  world: World,
  more = "",
  pagerduty = world.doors.pagerduty.url,
): void {
  const blocks = readFileSync(join(repository, "README.md"), "utf8").matchAll(
    /^```ts\n([\s\S]*?)^```$/gm,
  );
  const found = [...blocks]
    .map(([, text = ""]) => text)
    .filter((text) => text.includes("new ApprovalGate"));
  const [text = ""] = found;
  assert.equal(found.length, 1);
  const from = 'pagerdutyFrom: "gate@example.com",';
  assert.ok(text.includes(from));
  const addresses = `pagerdutyApiUrl: "${pagerduty}", cheqpointApiUrl: "${world.doors.cheqpoint.url}",`;
  writeFileSync(
    join(project.dir, "index.ts"),
    `import * as pulumi from "@pulumi/pulumi";
import { ApprovalGate } from "./components/index.ts";
${text.replace(from, `pagerdutyFrom: "${world.pagerduty.from}", ${addresses} ${more}`)}`,
  );
}
