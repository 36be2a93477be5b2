import { setTimeout as delay } from "node:timers/promises";
import { runCli } from "./run.ts";

const stopping = new AbortController();
process.once("SIGINT", () => stopping.abort());
process.once("SIGTERM", () => stopping.abort());
// A reader such as `head` may go away early.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") {
    throw error;
  }
  process.exit(0);
});

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  columns: process.stdout.isTTY ? process.stdout.columns : null,
  fetch,
  sleep: async (ms) => {
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => undefined);
  },
  stopping: stopping.signal,
});
