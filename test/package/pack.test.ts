// Packs a copy of the project, unpacks it beside its dependencies and uses it as a Pulumi program would. Not shown: the
// declarations, which take the compiler too long for here; `npm run build` makes them and fails where it cannot.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { buildCode } from "../../scripts/build.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const FUNCTIONS = ["callback", "middleware", "subscription", "worker"];

const PROGRAM = `
const resources = [];
// What a provider computes.
const COMPUTED = (name) => ({ name, arn: "arn:" + name, url: "https://queue.example.com", apiEndpoint: "https://api.example.com", result: '{"subscriptionIds":{}}' });
(async () => {
await pulumi.runtime.setMocks({
  newResource(args) {
    resources.push({ type: args.type, name: args.name, inputs: args.inputs });
    return { id: args.name, state: { ...COMPUTED(args.name), ...args.inputs } };
  },
  call: ({ token, inputs }) => token === "aws:index/getRegion:getRegion" ? { region: "eu-central-1" } : inputs,
});
const { ApprovalGate } = load();
new ApprovalGate("gate", { cheqpointConnectionKey: "ck", pagerdutyToken: "pt", pagerdutyFrom: "gate@example.com" });
await pulumi.runtime.waitForRPCs();
const code = async (of) => Object.fromEntries(
  await Promise.all(Object.entries(await of.assets).map(async ([file, asset]) => [file, await asset.path])),
);
console.log(JSON.stringify({
  types: resources.map(({ type }) => type),
  functions: Object.fromEntries(await Promise.all(
    resources
      .filter(({ type }) => type === "aws:lambda/function:Function")
      .map(async ({ name, inputs }) => [name, await code(inputs.code)]),
  )),
}));
})();
`;

/** The same program in both kinds of modules. */
const KINDS = {
  mjs: `import * as pulumi from "@pulumi/pulumi";
import * as gate from "pagerduty-approval-gate";
const load = () => gate;${PROGRAM}`,
  cjs: `const pulumi = require("@pulumi/pulumi");
const load = () => require("pagerduty-approval-gate");${PROGRAM}`,
};

describe("the package for npm", function () {
  let folder: string;
  let unpacked: string;
  let files: string[];

  before(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "gate-pack-")));
    const copy = join(folder, "copy");
    // With all that a checkout has, so that the list of files in package.json is what keeps things out.
    for (const name of readdirSync(root)) {
      if (!["node_modules", ".git", "coverage", "dist"].includes(name) && !/^\.gate/.test(name)) {
        cpSync(join(root, name), join(copy, name), { recursive: true });
      }
    }
    buildCode(join(copy, "dist"));
    const { stdout } = await run(
      "npm",
      ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
      { cwd: copy },
    );
    const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
    assert.ok(packed !== undefined);
    files = packed.files.map(({ path }) => path).sort();

    const modules = join(folder, "program/node_modules");
    unpacked = join(modules, "pagerduty-approval-gate");
    mkdirSync(unpacked, { recursive: true });
    await run("tar", [
      "xzf",
      join(folder, packed.filename),
      "-C",
      unpacked,
      "--strip-components=1",
    ]);
    // Only what the package names is there for it.
    for (const name of Object.keys({
      ...manifest().dependencies,
      ...manifest().peerDependencies,
    })) {
      mkdirSync(dirname(join(modules, name)), { recursive: true });
      symlinkSync(join(root, "node_modules", name), join(modules, name));
    }
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const manifest = () =>
    JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
      peerDependencies: Record<string, string>;
      bin: Record<string, string>;
      main: string;
      scripts: Record<string, string>;
    };

  it("holds what is run, and nothing else", () => {
    assert.deepEqual(
      files,
      [
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "bin/gate.mjs",
        "bin/plugin.mjs",
        "dist/LICENSES.txt",
        "dist/components/index.cjs",
        "dist/components/index.js",
        ...FUNCTIONS.flatMap((name) =>
          ["LICENSES.txt", "index.mjs", "index.mjs.map"].map(
            (file) => `dist/functions/${name}/${file}`,
          ),
        ),
        "dist/gate.mjs",
        "gating.schema.json",
        "gating.test.schema.json",
        "package.json",
        "plugin/PulumiPlugin.yaml",
        "plugin/index.mjs",
        "plugin/package.json",
        "plugin/schema.json",
      ].sort(),
    );
  });

  it("tells nothing of the machine that it was made on", () => {
    const telling = files.filter((file) => {
      const text = readFileSync(join(unpacked, file), "utf8");
      return [root, folder].some((path) => text.includes(path));
    });
    assert.deepEqual(telling, []);
    for (const name of FUNCTIONS) {
      const { sources, sourcesContent } = JSON.parse(
        readFileSync(join(unpacked, "dist/functions", name, "index.mjs.map"), "utf8"),
      ) as { sources: string[]; sourcesContent?: unknown };
      assert.equal(sourcesContent, undefined);
      assert.deepEqual(
        sources.filter((source) => /^(\/|[a-z]+:)/i.test(source)),
        [],
      );
    }
  });

  it("installs without running anything", () => {
    assert.deepEqual(
      Object.keys(manifest().scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name)),
      [],
    );
  });

  for (const [kind, text] of Object.entries(KINDS)) {
    it(`makes a gate of the bundles that it brings, in a program of .${kind}`, async () => {
      const program = join(folder, "program");
      writeFileSync(join(program, `program.${kind}`), text);
      const { stdout, stderr } = await run(process.execPath, [`program.${kind}`], {
        cwd: program,
        maxBuffer: 32 * 2 ** 20,
      });
      assert.equal(stderr, "");
      const told = JSON.parse(stdout) as {
        types: string[];
        functions: Record<string, Record<string, string>>;
      };
      assert.ok(told.types.includes("pagerduty-approval-gate:index:ApprovalGate"));
      assert.ok(told.types.includes("aws:dynamodb/table:Table"));
      for (const name of FUNCTIONS) {
        const brought = ["LICENSES.txt", "index.mjs", "index.mjs.map"].map((file) => [
          file,
          join(unpacked, "dist/functions", name, file),
        ]);
        assert.deepEqual(told.functions[`gate-${name}`], Object.fromEntries(brought), name);
      }
    });
  }

  it("says which @pulumi/aws it needs where a program has an older one", async () => {
    const modules = join(folder, "old/node_modules");
    mkdirSync(join(modules, "@pulumi/aws"), { recursive: true });
    cpSync(unpacked, join(modules, "pagerduty-approval-gate"), { recursive: true });
    for (const name of ["@pulumi/pulumi", "@pulumi/random", "@pulumi/pagerduty", "zod", "re2js"]) {
      symlinkSync(join(root, "node_modules", name), join(modules, name));
    }
    writeFileSync(
      join(modules, "@pulumi/aws/package.json"),
      '{"name":"@pulumi/aws","version":"6.83.4"}',
    );
    writeFileSync(join(modules, "@pulumi/aws/index.js"), "");
    writeFileSync(
      join(folder, "old/program.cjs"),
      KINDS.cjs
        .replace("new ApprovalGate", "try { new ApprovalGate")
        .replace(
          "await pulumi.runtime.waitForRPCs",
          "} catch ({ message }) { return console.log(message); }$&",
        ),
    );
    const { stdout } = await run(process.execPath, ["program.cjs"], { cwd: join(folder, "old") });
    assert.equal(
      stdout,
      "pagerduty-approval-gate needs @pulumi/aws 7, and this program has 6.83.4: npm install @pulumi/aws@7\n",
    );
  });

  it("runs the command", async () => {
    const { gate, ...others } = manifest().bin;
    assert.ok(gate !== undefined);
    // Elsewhere than beside it `npx gate` is another package, and npx runs the command that is called as its package.
    assert.deepEqual(others, {
      "pagerduty-approval-gate": gate,
      "pd-gate": gate,
      "pulumi-resource-pagerduty-approval-gate": "bin/plugin.mjs",
    });
    const bin = join(unpacked, gate);
    const help = await run(process.execPath, [bin, "--help"], { cwd: folder });
    assert.match(help.stdout, /^Usage: gate \[options\] \[command\]\n/);
    const checked = await run(
      process.execPath,
      [bin, "gating", "check", join(root, "Pulumi.prod.yaml"), "--json"],
      { cwd: folder },
    );
    assert.equal((JSON.parse(checked.stdout) as { ok: boolean }).ok, true);
  });
});
