// The packed package in programs of other people: every kind of module, the oldest and the newest compilers, the Node versions
// that `engines` names. Shown is that they compile, with the declarations of all packages checked, and that a preview with
// the real engine plans the same resources for each. Not shown: an update, which the engine tests carry out.
import assert from "node:assert/strict";
import { cpSync, readFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { missingEngine, repository, skipFor } from "../engine/engine.ts";
import { SEED } from "../../emulators/pagerduty/index.ts";
import { missingAws } from "../engine/localAws.ts";
import { CREDENTIALS, startWorld } from "../engine/world.ts";
import { Packed, run } from "./packed.ts";
import type { SetName } from "./packed.ts";
import { COMMONJS, ESM, TYPED } from "./programs.ts";

/** As `pulumi new aws-typescript` writes it. */
const TEMPLATE_OPTIONS = {
  strict: true,
  target: "es2020",
  module: "commonjs",
  moduleResolution: "node",
  sourceMap: true,
  experimentalDecorators: true,
  pretty: true,
  noFallthroughCasesInSwitch: true,
  noImplicitReturns: true,
  forceConsistentCasingInFileNames: true,
};

interface Compilation {
  name: string;
  set: SetName;
  compiler?: "typescript6";
  options: object;
  files?: readonly string[];
}

const BOTH_KINDS = ["index.cts", "index.mts"];
const COMPILATIONS: readonly Compilation[] = [
  { name: "TypeScript 5.4, Pulumi's template", set: "oldest", options: TEMPLATE_OPTIONS },
  {
    name: "TypeScript 5.4, node16",
    set: "oldest",
    options: { module: "node16" },
    files: BOTH_KINDS,
  },
  { name: "TypeScript 5.9, Pulumi's template", set: "newest", options: TEMPLATE_OPTIONS },
  {
    name: "TypeScript 5.9, nodenext",
    set: "newest",
    options: { module: "nodenext" },
    files: BOTH_KINDS,
  },
  {
    name: "TypeScript 6, node16",
    set: "newest",
    compiler: "typescript6",
    options: { module: "node16" },
    files: BOTH_KINDS,
  },
  {
    name: "TypeScript 6, bundler",
    set: "newest",
    compiler: "typescript6",
    options: { module: "esnext", moduleResolution: "bundler" },
  },
];

interface Preview {
  name: string;
  set: SetName;
  /** Of these tests, instead of the set's. */
  node24?: true;
  files: Readonly<Record<string, string>>;
}

const yaml = (options = "") => `name: consumer\nruntime:\n  name: nodejs\n${options}`;
const untranspiled = yaml("  options:\n    typescript: false\n");
const manifest = (type: string, main: string) => JSON.stringify({ name: "consumer", type, main });
const PREVIEWS: readonly Preview[] = [
  {
    name: "Node 20.11.0, Pulumi's template (TypeScript by ts-node, CommonJS)",
    set: "oldest",
    files: {
      "Pulumi.yaml": yaml(),
      "package.json": manifest("commonjs", "index.ts"),
      "tsconfig.json": JSON.stringify({ compilerOptions: TEMPLATE_OPTIONS, files: ["index.ts"] }),
      "index.ts": ESM,
    },
  },
  {
    name: "Node 20.11.0, JavaScript modules",
    set: "oldest",
    files: {
      "Pulumi.yaml": untranspiled,
      "package.json": manifest("module", "index.js"),
      "index.js": ESM,
    },
  },
  {
    name: "Node 22.0.0, CommonJS",
    set: "newest",
    files: {
      "Pulumi.yaml": untranspiled,
      "package.json": manifest("commonjs", "index.js"),
      "index.js": COMMONJS,
    },
  },
  {
    name: "Node 22.0.0, TypeScript modules by ts-node",
    set: "newest",
    files: {
      "Pulumi.yaml": yaml(),
      "package.json": manifest("module", "index.ts"),
      "tsconfig.json": JSON.stringify({
        compilerOptions: { strict: true, target: "es2022", module: "nodenext" },
        files: ["index.ts"],
      }),
      "index.ts": ESM,
    },
  },
  {
    name: "Node 24, TypeScript modules that Node strips",
    set: "newest",
    node24: true,
    files: {
      "Pulumi.yaml": untranspiled,
      "package.json": manifest("module", "index.ts"),
      "index.ts": ESM,
    },
  },
];

describe("The packed package in programs of other people", function () {
  this.timeout(600_000);

  const packed = new Packed();

  before(async function () {
    skipFor(this, missingEngine() ?? missingAws());
    await packed.pack();
    await packed.installSets();
  });
  after(() => {
    packed.remove();
  });

  it("has no problem that attw or publint sees", async () => {
    const bin = join(repository, "node_modules/.bin");
    await run(join(bin, "publint"), ["run", packed.tarball, "--strict"]);
    await run(join(bin, "attw"), [packed.tarball]);
  });

  it("declares what it has without zod", () => {
    const dist = join(packed.folder, "newest/node_modules/pagerduty-approval-gate/dist/components");
    const [esm, commonjs] = ["index.d.ts", "index.d.cts"].map((file) =>
      readFileSync(join(dist, file), "utf8"),
    );
    assert.equal(esm, commonjs);
    assert.deepEqual(
      [...(esm ?? "").matchAll(/from ['"]([^'"]+)['"]/g)].map(([, from]) => from).sort(),
      ["@pulumi/aws", "@pulumi/pulumi"],
    );
  });

  for (const set of ["oldest", "newest"] as const) {
    it(`leaves a program one copy of Pulumi's packages (${set})`, async () => {
      for (const name of ["@pulumi/pulumi", "@pulumi/aws"]) {
        const { stdout } = await run("npm", ["ls", name, "--parseable", "--all"], {
          cwd: join(packed.folder, set),
        });
        assert.deepEqual(stdout.trim().split("\n"), [
          join(packed.folder, set, "node_modules", name),
        ]);
      }
    });
  }

  for (const {
    name,
    set,
    compiler = "typescript",
    options,
    files = ["index.ts"],
  } of COMPILATIONS) {
    it(`compiles: ${name}`, async () => {
      const folder = join(packed.folder, set, name.replace(/\W+/g, "-"));
      mkdirSync(folder);
      for (const file of files) {
        writeFileSync(join(folder, file), TYPED);
      }
      const compilerOptions = {
        strict: true,
        target: "es2022",
        types: ["node"],
        ...options,
        noEmit: true,
        skipLibCheck: false,
      };
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      const tsc = join(packed.folder, set, "node_modules", compiler, "bin/tsc");
      const { stdout } = await run(process.execPath, [
        tsc,
        "-p",
        folder,
        "--pretty",
        "false",
      ]).catch((error: unknown) => error as { stdout: string });
      assert.equal(stdout, "");
    });
  }

  let first: string[] | undefined;
  for (const { name, set, node24, files } of PREVIEWS) {
    it(`previews: ${name}`, async () => {
      const project = packed.project(set, files, node24 !== true);
      try {
        await project.pulumi(["stack", "init", "test"]);
        await project.configure({}, { connectionKey: "ck", token: "pt" });
        const planned = await project.plannedNames();
        first ??= planned;
        assert.deepEqual(planned, first);
        for (const resource of [
          "create gate",
          "create gate-ledger",
          "create gate-worker",
          "create other",
        ]) {
          assert.ok(planned.includes(resource), resource);
        }
      } finally {
        project.remove();
      }
    });
  }

  it("previews what `pulumi new` makes of the template", async () => {
    const world = await startWorld();
    const made = join(packed.folder, "made");
    mkdirSync(made);
    const template = join(repository, "templates/approval-gate-typescript");
    await run("pulumi", ["new", template, "--generate-only", "--yes", "--name", "my-gate"], {
      cwd: made,
      env: { ...process.env, PULUMI_BACKEND_URL: `file://${made}` },
    });
    const files = Object.fromEntries(
      ["Pulumi.yaml", "package.json", "tsconfig.json", "index.ts"].map((file) => [
        file,
        readFileSync(join(made, file), "utf8"),
      ]),
    );
    const project = packed.project("newest", files);
    try {
      await project.pulumi(["stack", "init", "test"]);
      await project.configure(
        {
          pagerdutyFrom: world.pagerduty.from,
          pagerdutyApiUrl: world.doors.pagerduty.url,
          service: "payments-db",
          automationAction: SEED.actions.dbFailover,
        },
        { cheqpointConnectionKey: "ck", pagerdutyToken: CREDENTIALS.pagerdutyToken },
      );
      const planned = await project.plannedNames();
      assert.ok(planned.includes("create approvals"));
      assert.ok(planned.includes("create approvals-payments-db"));
    } finally {
      project.remove();
      await world.stop();
    }
  });

  it("installs and compiles the team's stack of the examples", async () => {
    const example = join(repository, "examples/team-stack");
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(example, "package.json"), "utf8")));
    assert.ok("pagerduty-approval-gate" in dependencies);
    const folder = await packed.install("team-stack", dependencies);
    cpSync(join(example, "index.ts"), join(folder, "index.ts"));
    const compilerOptions = { strict: true, target: "es2022", module: "nodenext", noEmit: true };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, files: ["index.ts"] }),
    );
    const tsc = join(packed.folder, "newest/node_modules/typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [tsc, "-p", folder]).catch(
      (error: unknown) => error as { stdout: string },
    );
    assert.equal(stdout, "");
  });

  it("is refused with one sentence that names the component", async () => {
    const wrong = COMMONJS.replace("functions: {", "functions: { memoryMb: 1, ");
    const project = packed.project("oldest", {
      "Pulumi.yaml": untranspiled,
      "package.json": manifest("commonjs", "index.js"),
      "index.js": wrong,
    });
    try {
      await project.pulumi(["stack", "init", "test"]);
      await project.configure({}, { connectionKey: "ck", token: "pt" });
      const told = await project.pulumi(["preview"], true);
      assert.match(
        told,
        /\n {2}pagerduty-approval-gate:index:ApprovalGate \(gate\):\n {4}error: `functions\.memoryMb` must be a whole number from 128 to 10240, got 1\n/,
      );
      assert.doesNotMatch(told, /\n\s+at /);
    } finally {
      project.remove();
    }
  });
});
