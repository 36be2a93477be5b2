// The executable itself, in processes of its own.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./support.ts";

const BIN = join(ROOT, "bin/gate.mjs");
const OLD = ["/usr/bin/node", "/usr/local/bin/node"].find(
  (path) =>
    existsSync(path) &&
    Number(spawnSync(path, ["-p", "parseInt(process.version.slice(1))"]).stdout) < 24,
);

describe("bin/gate.mjs", function () {
  it("runs the command and exits with its code", () => {
    const fine = spawnSync(process.execPath, [BIN, "--version"], { encoding: "utf8" });
    assert.deepEqual([fine.status, fine.stderr], [0, ""]);
    assert.match(fine.stdout, /^\d+\.\d+\.\d+\n$/);
    const wrong = spawnSync(process.execPath, [BIN, "show"], { encoding: "utf8" });
    assert.deepEqual([wrong.status, wrong.stdout], [2, ""]);
  });

  it("runs from any folder", () => {
    const { status, stderr } = spawnSync(process.execPath, [BIN, "gating", "check"], {
      cwd: tmpdir(),
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^there is no stack "dev" in /);
  });

  describe("on an older Node", () => {
    before(function () {
      if (OLD === undefined) {
        console.log("      skipped: not present, a Node before 24");
        this.skip();
      }
    });

    it("goes on with the Node that the project brings", () => {
      const { status, stdout, stderr } = spawnSync(OLD ?? "", [BIN, "--version"], {
        encoding: "utf8",
      });
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
      assert.equal(spawnSync(OLD ?? "", [BIN, "show"]).status, 2);
    });

    it("says what it needs where the project brings none", () => {
      const folder = mkdtempSync(join(tmpdir(), "gate-bin-"));
      try {
        mkdirSync(join(folder, "bin"));
        cpSync(BIN, join(folder, "bin/gate.mjs"));
        const { status, stderr } = spawnSync(OLD ?? "", [join(folder, "bin/gate.mjs")], {
          encoding: "utf8",
        });
        assert.equal(status, 1);
        assert.match(
          stderr,
          /^gate needs Node 24 or later, this is \d+\.\d+\.\d+\. Run `npm install` in the project: it brings the right Node along\.\n$/,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});
