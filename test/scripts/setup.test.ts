import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// npm itself is stood in for: that it installs what the lock file names is its own affair.

const NPM = `
const { appendFileSync, mkdirSync, writeFileSync } = require("node:fs");
appendFileSync("asked", process.argv.slice(2).join(" ") + "\\n");
if (process.env.NPM_FAILS) process.exit(7);
for (const path of ["node_modules/mocha", "node_modules/zod", "node_modules/zod/node_modules/inner"]) {
  mkdirSync(path, { recursive: true });
  writeFileSync(path + "/package.json", "{}");
}
`;

const LOCK = {
  packages: {
    "": {},
    "node_modules/zod": {},
    "node_modules/zod/node_modules/inner": {},
    "node_modules/mocha": { dev: true },
    "node_modules/fsevents": { dev: true, optional: true, os: ["darwin"] },
    plugin: {},
  },
};

describe("The set-up", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "gate-setup-"));
    mkdirSync(join(root, "scripts"));
    mkdirSync(join(root, "node_modules"));
    copyFileSync("scripts/setup.mjs", join(root, "scripts/setup.mjs"));
    write("package-lock.json", JSON.stringify(LOCK));
    write("npm.cjs", NPM);
    write("asked", "");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (name: string, content: string) => writeFileSync(join(root, name), content);
  const setUp = (env: Record<string, string> = {}) => {
    write("asked", "");
    const { status } = spawnSync(process.execPath, ["scripts/setup.mjs"], {
      cwd: root,
      env: { ...process.env, npm_execpath: join(root, "npm.cjs"), ...env },
    });
    return { status, asked: readFileSync(join(root, "asked"), "utf8") };
  };
  const INSTALLS = {
    status: 0,
    asked: "ci --include=dev --no-audit --no-fund --loglevel=error\n",
  };
  const NOTHING = { status: 0, asked: "" };

  it("installs once, and again when the lock file names something else", () => {
    assert.deepEqual(setUp(), INSTALLS);
    assert.deepEqual(setUp(), NOTHING);
    write("package-lock.json", JSON.stringify({ ...LOCK, version: "2" }));
    assert.deepEqual(setUp(), INSTALLS);
  });

  for (const missing of ["node_modules/mocha", "node_modules/zod/node_modules/inner"]) {
    it(`installs again when ${missing} is gone, as after \`npm prune --omit=dev\``, () => {
      setUp();
      rmSync(join(root, missing), { recursive: true });
      assert.deepEqual(setUp(), INSTALLS);
      assert.deepEqual(setUp(), NOTHING);
    });
  }

  it("takes a folder without its package for missing", () => {
    setUp();
    rmSync(join(root, "node_modules/mocha/package.json"));
    assert.deepEqual(setUp(), INSTALLS);
  });

  it("ends as npm does when nothing can be installed, and tries anew", () => {
    assert.equal(setUp({ NPM_FAILS: "1" }).status, 7);
    assert.deepEqual(setUp(), INSTALLS);
  });
});
