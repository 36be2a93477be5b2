import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout that these tests belong to. */
export const repository = resolve(import.meta.dirname, "../..");

/** Why engine tests cannot run here; null when they can. */
export function missingEngine(): string | null {
  const found = spawnSync("pulumi", ["version"], { encoding: "utf8" });
  return found.status === 0 ? null : "no `pulumi` on PATH";
}

/** Skips the tests of a suite for a reason that it prints; with REQUIRE_ENGINE set that is a failure. */
export function skipFor(suite: Mocha.Context, reason: string | null): void {
  if (reason === null) {
    return;
  }
  if ((process.env["REQUIRE_ENGINE"] ?? "") !== "") {
    throw new Error(`the engine tests are required, but there is ${reason}`);
  }
  console.log(`      skipped: ${reason}`);
  suite.skip();
}

export interface Step {
  op: string;
  urn: string;
  detailedDiff?: Record<string, unknown> | null;
}

const UNTOUCHED: readonly string[] = ["same", "read", "refresh"];

interface RunResult {
  code: number;
  output: string;
}

/** A Pulumi project in a folder of its own, with its own state. */
export class Project {
  readonly dir: string;
  readonly env: Record<string, string>;

  /** `files`: what is in the project's folder, by name. */
  constructor(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
    this.dir = mkdtempSync(join(tmpdir(), "gate-engine-"));
    mkdirSync(join(this.dir, "state"));
    symlinkSync(join(repository, "node_modules"), join(this.dir, "node_modules"));
    this.copy("tsconfig.json");
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(this.dir, name), content);
    }
    this.env = {
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // Shows the option that writes the engine's events into a file.
      PULUMI_DEBUG_COMMANDS: "true",
      ...env,
      PULUMI_BACKEND_URL: `file://${join(this.dir, "state")}`,
    };
  }

  /** Copies a file or folder of the checkout into the project. */
  copy(...paths: readonly string[]): void {
    for (const path of paths) {
      cpSync(join(repository, path), join(this.dir, path), { recursive: true });
    }
  }

  /** Runs the CLI; fails with its output unless it succeeds or `expectFailure` is set. */
  async pulumi(args: readonly string[], expectFailure = false): Promise<string> {
    const { code, output } = await this.run("pulumi", ["--non-interactive", ...args]);
    if ((code !== 0) !== expectFailure) {
      throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${withoutOutputs(output)}`);
    }
    return output;
  }

  /** Sets configuration values; a key may be a path such as `proposers[0]`. */
  async configure(
    plain: Readonly<Record<string, string>>,
    secret: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const given = (flag: string, values: Readonly<Record<string, string>>) =>
      Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
    await this.pulumi([
      "config",
      "set-all",
      "--path",
      ...given("--plaintext", plain),
      ...given("--secret", secret),
    ]);
  }

  /** What an update would do, without what stays as it is. */
  async planned(): Promise<Step[]> {
    const text = await this.pulumi(["preview", "--json"]);
    const { steps } = JSON.parse(text.slice(text.indexOf("{"))) as { steps: Step[] };
    return steps.filter(({ op }) => !UNTOUCHED.includes(op));
  }

  /** `op name` of each planned step, sorted. */
  async plannedNames(): Promise<string[]> {
    return (await this.planned()).map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).sort();
  }

  /** Updates the stack without a preview; what it did to resources that did not stay as they were, sorted. */
  async up(): Promise<string[]> {
    return this.carriedOut("up");
  }

  async destroy(): Promise<string[]> {
    return this.carriedOut("destroy");
  }

  async refresh(): Promise<string[]> {
    return this.carriedOut("refresh");
  }

  /** Destroys the stack; what went, in its order. */
  async deleted(): Promise<string[]> {
    return (await this.steps("destroy")).map(({ urn }) => urn);
  }

  /** `op name` of each resource, sorted. */
  private async carriedOut(command: string): Promise<string[]> {
    const steps = await this.steps(command);
    return steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`).sort();
  }

  /** What was done, from the engine's own events; a provider follows the configuration by itself. */
  private async steps(command: string): Promise<Step[]> {
    const log = join(this.dir, "events.jsonl");
    rmSync(log, { force: true });
    await this.pulumi([
      command,
      "--yes",
      "--skip-preview",
      "--suppress-progress",
      "--event-log",
      log,
    ]);
    const events = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { resOutputsEvent?: { metadata: Step } });
    return events
      .flatMap(({ resOutputsEvent }) => (resOutputsEvent ? [resOutputsEvent.metadata] : []))
      .filter(({ op, urn }) => !UNTOUCHED.includes(op) && !urn.includes("pulumi:providers:"));
  }

  async outputs(): Promise<Record<string, unknown>> {
    const text = await this.pulumi(["stack", "output", "--json", "--show-secrets"]);
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** The state as it lies on the disk, all versions of it. */
  stateOnDisk(): string {
    const root = join(this.dir, "state");
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
      .join("\n");
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  private run(command: string, args: readonly string[]): Promise<RunResult> {
    return new Promise((done, fail) => {
      const child = spawn(command, args, {
        cwd: this.dir,
        env: { ...process.env, ...this.env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
      child.on("error", fail);
      child.on("close", (code) => {
        done({ code: code ?? 1, output: code === 0 ? output : `${output}\n${errors}` });
      });
    });
  }
}

/** What went wrong, without the outputs of the stack that the CLI prints after it. */
function withoutOutputs(report: string): string {
  return report.replace(/\nOutputs:\n[\s\S]*?(?=\nResources:\n|$)/, "\n");
}
