import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics as Powertools } from "@aws-lambda-powertools/metrics";
import type { Log, Metrics } from "../gate/ports.ts";

/** Log and metrics of a function; both are lines on standard output, which CloudWatch reads. */
export interface Telemetry {
  log: Log;
  metrics: Metrics;
  /** Writes the metrics of one invocation; without it they would be lost when the function is frozen. */
  flush(): void;
}

/**
 * Names come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_METRICS_NAMESPACE, the level from POWERTOOLS_LOG_LEVEL or
 * AWS_LAMBDA_LOG_LEVEL.
 */
export function createTelemetry(): Telemetry {
  const logger = new Logger();
  const metrics = new Powertools();
  return {
    log: {
      debug: (message, fields = {}) => logger.debug(message, { ...fields }),
      info: (message, fields = {}) => logger.info(message, { ...fields }),
      warn: (message, fields = {}) => logger.warn(message, { ...fields }),
      error: (message, fields = {}) => logger.error(message, { ...fields }),
    },
    metrics: { count: (name, value = 1) => metrics.addMetric(name, MetricUnit.Count, value) },
    flush: () => metrics.publishStoredMetrics(),
  };
}
