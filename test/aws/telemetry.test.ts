import assert from "node:assert/strict";
import { createTelemetry } from "../../functions/aws/telemetry.ts";

describe("the functions' telemetry", () => {
  const environment = {
    POWERTOOLS_SERVICE_NAME: "project-stack-gate",
    POWERTOOLS_METRICS_NAMESPACE: "PagerDutyApprovalGate",
  };

  before(() => void Object.assign(process.env, environment));
  after(() => {
    for (const name of Object.keys(environment)) {
      Reflect.deleteProperty(process.env, name);
    }
  });

  /** The lines on standard output while something runs. */
  function linesOf(run: () => void): unknown[] {
    const lines: unknown[] = [];
    const { write } = process.stdout;
    process.stdout.write = (text) => lines.push(JSON.parse(String(text))) > 0;
    try {
      run();
    } finally {
      process.stdout.write = write;
    }
    return lines;
  }

  it("writes a metric the moment it is counted, and each on its own", () => {
    const { metrics } = createTelemetry();
    const lines = linesOf(() => {
      metrics.count("BypassDetected");
      metrics.count("OpenPastSla", 3);
    });
    assert.deepEqual(
      lines.map((line) => {
        const { _aws, ...fields } = line as {
          _aws: { CloudWatchMetrics: { Namespace: string; Metrics: { Name: string }[] }[] };
        };
        const [written] = _aws.CloudWatchMetrics;
        return [written?.Namespace, written?.Metrics.map(({ Name }) => Name), fields];
      }),
      [
        [
          "PagerDutyApprovalGate",
          ["BypassDetected"],
          { service: "project-stack-gate", BypassDetected: 1 },
        ],
        [
          "PagerDutyApprovalGate",
          ["OpenPastSla"],
          { service: "project-stack-gate", OpenPastSla: 3 },
        ],
      ],
    );
  });
});
