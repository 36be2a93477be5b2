import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCUMENTS, REFUSED, SCALARS } from "../local/gatingFile/yamlCorpus.ts";

/** What Pulumi's own command line reads is what the corpus says: the fast tests rest on it. */
describe("The corpus of YAML that two programs read", function () {
  this.timeout(120_000);
  let folder = "";
  const pulumi = (...args: string[]) =>
    spawnSync("pulumi", args, {
      cwd: folder,
      encoding: "utf8",
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    });

  before(function () {
    folder = mkdtempSync(join(tmpdir(), "gate-yaml-"));
    if (pulumi("version").status !== 0) {
      this.skip();
    }
    writeFileSync(join(folder, "Pulumi.yaml"), "name: corpus\nruntime: nodejs\n");
    assert.equal(pulumi("stack", "init", "dev").status, 0);
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** The value of one key of the configuration; REFUSED where Pulumi does not read the file. */
  const read = (yaml: string): unknown => {
    writeFileSync(join(folder, "Pulumi.dev.yaml"), `config:\n  corpus:k:\n${yaml}`);
    const { status, stdout } = pulumi("config", "--json", "--stack", "dev");
    if (status !== 0) {
      return REFUSED;
    }
    const values = JSON.parse(stdout) as Record<string, { objectValue?: unknown }>;
    return values["corpus:k"]?.objectValue;
  };

  it("has the scalars as Pulumi reads them", () => {
    const read_ = SCALARS.filter(([, theirs]) => theirs !== REFUSED);
    const lines = read_.map(([source], index) => `    k${index}: ${source}\n`).join("");
    const expected = Object.fromEntries(read_.map(([, theirs], index) => [`k${index}`, theirs]));
    assert.deepEqual(read(lines), expected);
    for (const [source] of SCALARS.filter(([, theirs]) => theirs === REFUSED)) {
      assert.equal(read(`    k: ${source}\n`), REFUSED, source);
    }
  });

  for (const [what, yaml, theirs] of DOCUMENTS) {
    it(`has a whole value as Pulumi reads it: ${what}`, () => {
      assert.deepEqual(read(yaml), theirs);
    });
  }
});
