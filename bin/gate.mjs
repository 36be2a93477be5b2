#!/usr/bin/env node
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

// The command needs Node's SQLite, and in a checkout, where it is TypeScript, Node's type stripping.
const NEEDED = 24;

const sources = new URL("../cli/main.ts", import.meta.url);
const built = new URL("../dist/gate.mjs", import.meta.url);
// A checkout may have a build too, but an outdated one.
const isPackage = existsSync(built) && !existsSync(sources);

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  await import((isPackage ? built : sources).href);
} else {
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (existsSync(node)) {
    runOn(node);
  } else {
    process.stderr.write(
      `gate needs Node ${NEEDED} or later, this is ${process.versions.node}.` +
        (isPackage ? "\n" : " Run `npm install` in the project: it brings the right Node along.\n"),
    );
    process.exitCode = 1;
  }
}

function runOn(node) {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal's Ctrl-C reaches both; this one waits for the other to end.
    process.on(signal, () => {
      if (signal !== "SIGINT") child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`${node} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
