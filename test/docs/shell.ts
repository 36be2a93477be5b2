import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./markdown.ts";

/** A shell in which the blocks of one document are run one after another. */
export interface Shell {
  /** Runs a block; its output. Throws with the output when a command of it fails. */
  run(text: string): Promise<string>;
  stop(): Promise<void>;
}

export interface ShellOptions {
  /** For the command stand-ins. */
  dir: string;
  /** Where {@link startCliServer} listens. */
  cliUrl: string;
  env: Readonly<Record<string, string>>;
}

/** `npx gate`, run by the server at `CLI_URL`; everything else is the machine's own. */
const NPX = `#!/bin/sh
[ "$1" = gate ] || { echo "a document may only run npx gate, not: $*" >&2; exit 64; }
shift
printed=$(mktemp)
status=$(printf '%s\\0' "$@" | curl -sS -o "$printed" -w '%{http_code}' --data-binary @- "$CLI_URL")
cat "$printed"
rm "$printed"
exit $((status - 200))
`;

export function startShell({ dir, cliUrl, env }: ShellOptions): Shell {
  const bin = join(dir, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "npx"), NPX);
  chmodSync(join(bin, "npx"), 0o755);
  const child = spawn("bash", ["--noprofile", "--norc"], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      PATH: [bin, process.env["PATH"] ?? ""].join(delimiter),
      CLI_URL: cliUrl,
      // The tests' own TypeScript loader is not for the commands.
      NODE_OPTIONS: "",
    },
  });
  let output = "";
  let notify: () => void = () => undefined;
  let isOver = false;
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    notify();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  child.once("close", () => {
    isOver = true;
    notify();
  });
  child.stdin.write("exec 2>&1; set -euo pipefail\n");
  let count = 0;
  return {
    async run(text) {
      count += 1;
      const end = `--- end of block ${count} ---`;
      output = "";
      child.stdin.write(`{ ${text}\n}\necho '${end}'\n`);
      while (!output.includes(end) && !isOver) {
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
      if (!output.includes(end)) {
        throw new Error(`it failed with this output:\n${output}`);
      }
      return output.slice(0, output.indexOf(end));
    },
    async stop() {
      if (!isOver) {
        const closed = new Promise((resolve) => child.once("close", resolve));
        child.stdin.end();
        await closed;
      }
    },
  };
}
