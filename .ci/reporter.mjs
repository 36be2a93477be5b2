// Mocha's own report, and at its end the totals as JSON in the file that TEST_TOTALS names: what `.ci/run` counts.
import { appendFileSync } from "node:fs";
import Mocha from "mocha";

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const pending = [];
    runner.on("pending", (test) => pending.push(test.fullTitle()));
    runner.once("end", () => {
      const { passes = 0, failures = 0 } = this.stats ?? {};
      const file = process.env.TEST_TOTALS;
      if (file !== undefined && file !== "") {
        appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`);
      }
    });
  }
}
