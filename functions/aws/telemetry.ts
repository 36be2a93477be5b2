import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics as Powertools } from "@aws-lambda-powertools/metrics";
import * as z from "zod";
import type { Log, Metrics } from "../gate/ports/index.ts";

/** Log and metrics of a function; both are lines on standard output, which CloudWatch reads. */
export interface Telemetry {
  log: Log;
  /** Written at once: a function that is stopped at its timeout does not come to its end. */
  metrics: Metrics;
}

const levels = z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).catch("INFO");

/** Names come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE, the level from LOG_LEVEL. */
export function createTelemetry(): Telemetry {
  const logger = new Logger({ logLevel: levels.parse(process.env["LOG_LEVEL"]) });
  const metrics = new Powertools();
  return {
    log: {
      debug: (message, fields = {}) => logger.debug(message, { ...fields }),
      info: (message, fields = {}) => logger.info(message, { ...fields }),
      warn: (message, fields = {}) => logger.warn(message, { ...fields }),
      error: (message, fields = {}) => logger.error(message, { ...fields }),
    },
    metrics: {
      count: (name, value = 1) =>
        metrics.addMetric(name, MetricUnit.Count, value).publishStoredMetrics(),
    },
  };
}
