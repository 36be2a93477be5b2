import { spawn } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sabotaged, type Sabotage } from "./sabotage.ts";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const LEFT_BEHIND = ["node_modules", ".git", "coverage", "dist", "data"];
/** Whoever goes round in a circle is noticed by that. */
const LONGEST_RUN_MS = 600_000;

/** What the tests say: null where all passed, else the first that failed. */
export type Verdict = { failed: string | null; tookMs: number };

/** A copy of the repository in which things may be broken. One test run at a time. */
export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), "sabotage-"));
  readonly #cache: string;

  constructor(cache: string) {
    this.#cache = cache;
    for (const name of readdirSync(ROOT)) {
      if (!LEFT_BEHIND.includes(name)) {
        cpSync(join(ROOT, name), join(this.#folder, name), { recursive: true });
      }
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.#folder, "node_modules"));
  }

  /** Whether the tests notice it. The copy is as before afterwards. */
  async try(sabotage: Sabotage): Promise<Verdict> {
    const path = join(this.#folder, sabotage.file);
    const content = readFileSync(path, "utf8");
    writeFileSync(path, sabotaged(content, sabotage));
    try {
      return await this.test(sabotage.tests);
    } finally {
      writeFileSync(path, content);
    }
  }

  /** Runs test files in their order, up to the first test that fails. */
  test(files: readonly string[]): Promise<Verdict> {
    const startedAtMs = Date.now();
    return new Promise((resolve, reject) => {
      // Node strips the types by itself here, which is quicker than the loader that the tests of the package need.
      const child = spawn(
        process.execPath,
        ["node_modules/mocha/bin/mocha.js", "--bail", "--timeout", "300000", ...files],
        {
          cwd: this.#folder,
          env: { ...process.env, NODE_COMPILE_CACHE: this.#cache, TEST_MORE: "" },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let said = "";
      const hear = (part: Buffer): void => {
        said += part.toString("utf8");
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      const hangs = setTimeout(() => child.kill("SIGKILL"), LONGEST_RUN_MS);
      child.on("error", reject);
      child.on("close", (code, signal) => {
        clearTimeout(hangs);
        const failed = code === 0 ? null : signal === null ? firstFailure(said) : "it hangs";
        resolve({ failed, tookMs: Date.now() - startedAtMs });
      });
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function firstFailure(said: string): string {
  const test = /^\s+1\) (.+)$/m.exec(said)?.[1];
  return test ?? said.trim().split("\n").slice(-15).join("\n");
}
