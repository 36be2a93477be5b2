import { SettingError } from "./environment.ts";

/** Runs a server until Ctrl-C or SIGTERM; says in one line what somebody has to mend. */
export async function runUntilStopped(
  start: () => Promise<{ stop(): Promise<void> }>,
): Promise<void> {
  let running: { stop(): Promise<void> };
  try {
    running = await start();
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
    return;
  }
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  await running.stop();
}

function explain(error: unknown): string {
  if (error instanceof SettingError) {
    return error.message;
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `${error.message}. Something listens there already: stop it, or set \`GATE_PORT\`, \`PAGERDUTY_PORT\` or \`CHEQPOINT_PORT\` (0 takes a free one).`;
  }
  return error instanceof Error ? error.message : String(error);
}
