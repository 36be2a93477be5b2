// Prints `PASSED FAILED` of the mocha runs in a totals file. What was skipped is listed and counts as failed.
import { existsSync, readFileSync } from "node:fs";

/** Where PagerDuty's document is not to be had (CI_WITHOUT=document), nothing can be compared with it. */
const WITH_DOCUMENT = /PagerDuty's own document|^The witness /;
const without = (process.env.CI_WITHOUT ?? "").split(",");
const mayBeSkipped = (title) => without.includes("document") && WITH_DOCUMENT.test(title);

const [file = "", status = "0"] = process.argv.slice(2);
const runs = existsSync(file)
  ? readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  : [];
const sum = (name) => runs.reduce((total, run) => total + run[name], 0);
const pending = runs.flatMap((run) => run.pending).filter((title) => !mayBeSkipped(title));
for (const title of pending) {
  console.error(`skipped, which is not allowed here: ${title}`);
}
if (runs.length === 0) {
  console.error("the run ended without a report");
}
const passed = sum("passes");
const failed = sum("failures") + pending.length;
console.log(passed, failed === 0 && (status !== "0" || passed === 0) ? 1 : failed);
