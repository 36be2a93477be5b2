import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const requirements = join(import.meta.dirname, "requirements.txt");
const driver = join(import.meta.dirname, "driver.py");

/** A Python that has the public clients, or why there is none. */
export type PythonWithClients = { python: string } | { missing: string };

/**
 * Installs the clients once for each set of versions, outside the checkout. Throws where that fails although Python is
 * there: only a missing Python leaves the tests out.
 */
export function pythonWithClients(): PythonWithClients {
  const found = spawnSync("python3", ["-c", "import sys; print(sys.version)"], {
    encoding: "utf8",
  });
  if (found.error !== undefined) {
    return { missing: "skipped: no `python3` on PATH" };
  }
  const key = createHash("sha256")
    .update(found.stdout)
    .update(readFileSync(requirements))
    .digest("hex")
    .slice(0, 16);
  const home = join(tmpdir(), `gate-interop-${key}`);
  const python = join(home, "bin", "python");
  if (existsSync(python)) {
    return { python };
  }
  // Made under another name first, so that a cut-off installation is never taken for a whole one.
  const making = `${home}.${process.pid}`;
  const steps: [string, string[]][] = [
    ["python3", ["-m", "venv", making]],
    [
      join(making, "bin", "python"),
      ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements],
    ],
  ];
  for (const [command, args] of steps) {
    const made = spawnSync(command, args, { encoding: "utf8", timeout: 180_000 });
    if (made.status !== 0) {
      rmSync(making, { recursive: true, force: true });
      const said = made.stderr?.trim() || made.stdout?.trim() || String(made.error ?? made.status);
      throw new Error(
        `the Python clients cannot be installed: \`${[command, ...args].join(" ")}\` says: ${said}`,
      );
    }
  }
  try {
    renameSync(making, home);
  } catch {
    // Another run was faster: its installation is as good.
    rmSync(making, { recursive: true, force: true });
  }
  return { python };
}

export interface Problem {
  type: string;
  message: string;
  status: number | null;
}

/** The public clients in a Python process, called one after another. */
export interface PythonClients {
  /** Calls a method of a client; throws when the client raises an error. */
  call(client: string, method: string, args?: unknown[], named?: object): Promise<unknown>;
  /** The error that the client raises; throws when it raises none. */
  problem(client: string, method: string, args?: unknown[], named?: object): Promise<Problem>;
  stop(): Promise<void>;
}

interface Answer {
  value?: unknown;
  error?: Problem;
}

export async function startPythonClients(
  python: string,
  env: Readonly<Record<string, string>>,
): Promise<PythonClients> {
  const child = spawn(python, [driver], { env: { ...process.env, ...env } });
  const answers = answersOf(child);
  await answers.next();
  // A process answers in the order in which it was asked.
  let turn: Promise<unknown> = Promise.resolve();
  const ask = (client: string, method: string, args: unknown[], named: object): Promise<Answer> => {
    const answer = turn.then(() => {
      child.stdin.write(`${JSON.stringify({ client, method, args, named })}\n`);
      return answers.next();
    });
    turn = answer.catch(() => undefined);
    return answer;
  };
  return {
    async call(client, method, args = [], named = {}) {
      const { value, error } = await ask(client, method, args, named);
      if (error !== undefined) {
        throw new Error(`${client}.${method}: ${error.type}: ${error.message}`);
      }
      return value;
    },
    async problem(client, method, args = [], named = {}) {
      const { value, error } = await ask(client, method, args, named);
      if (error === undefined) {
        throw new Error(`${client}.${method} raised nothing: ${JSON.stringify(value)}`);
      }
      return error;
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
    },
  };
}

function answersOf(child: ChildProcessWithoutNullStreams): { next(): Promise<Answer> } {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return {
    async next() {
      const line = await lines.next();
      if (line.done === true) {
        throw new Error(`the Python process ended: ${errors}`);
      }
      return JSON.parse(line.value) as Answer;
    },
  };
}
