import { DataFileError } from "../emulators/dataFile.ts";
import { SettingError } from "./settings/environment.ts";

/** A second Ctrl-C after this long means that stopping takes too long; before it, it is npm's copy of the first. */
const IMPATIENT_AFTER_MS = 1_000;

/** Runs a server until Ctrl-C or SIGTERM; says in one line what somebody has to mend. */
export async function runUntilStopped(
  start: () => Promise<{ stop(): Promise<void> }>,
): Promise<void> {
  // Asked for before the start is over, so that an early Ctrl-C stops it cleanly too.
  const asked = askedToStop();
  try {
    const running = await start();
    await asked.stop;
    await running.stop();
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = 1;
  } finally {
    asked.forget();
  }
}

function askedToStop(): { stop: Promise<void>; forget(): void } {
  const { promise: stop, resolve } = Promise.withResolvers<void>();
  let firstAtMs: number | null = null;
  const onSignal = (): void => {
    if (firstAtMs !== null && Date.now() - firstAtMs > IMPATIENT_AFTER_MS) {
      process.exit(130);
    }
    firstAtMs ??= Date.now();
    resolve();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    stop,
    forget() {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

function explain(error: unknown): string {
  if (error instanceof SettingError) {
    return error.message;
  }
  if (error instanceof DataFileError) {
    return `${error.message}, or set \`GATE_DATA_DIR\` to another folder`;
  }
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `${error.message}. Something listens there already: stop it, or set another port (0 takes a free one).`;
  }
  return error instanceof Error ? error.message : String(error);
}
