import pino from "pino";
import type { Log, LogFields, MetricName, Metrics } from "../functions/gate/ports/index.ts";
import { makePrivate } from "../emulators/dataFile.ts";

/** JSON lines on a file or, without one, on standard output. Written at once, so that a killed process loses none. */
export function createLog(options: { file?: string; level?: string } = {}): Log {
  if (options.file !== undefined) {
    makePrivate(options.file);
  }
  const logger = pino(
    {
      level: options.level ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: options.file ?? 1, sync: true }),
  );
  const at =
    (level: "debug" | "info" | "warn" | "error") =>
    (message: string, fields: LogFields = {}): void =>
      logger[level](fields, message);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Counts since the start, by name. */
export function createCounters(): Metrics & { counts(): Readonly<Record<string, number>> } {
  const counts: Partial<Record<MetricName, number>> = {};
  return {
    count(name, value = 1) {
      counts[name] = (counts[name] ?? 0) + value;
    },
    counts: () => ({ ...counts }),
  };
}
