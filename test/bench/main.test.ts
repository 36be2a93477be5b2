// Shows that every benchmark runs and what it reports; its figures need a quiet machine and `npm run bench`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { spread } from "../../bench/measure.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

interface Report {
  machine: Record<string, unknown>;
  scale: string;
  results: { name: string; baseline: string; rounds: number; ratio: { median: number } }[];
}

describe("the benchmarks", () => {
  it("compare every case with its baseline in one run", async () => {
    const { stdout } = await run(
      process.execPath,
      ["--expose-gc", "bench/main.ts", "--tiny", "--json"],
      { cwd: root },
    );
    const { machine, scale, results } = JSON.parse(stdout) as Report;
    assert.equal(scale, "tiny");
    assert.equal(machine["node"], process.version);
    assert.deepEqual(
      results.map(({ name, baseline }) => [name, baseline]),
      [
        ["webhook to durable 202", "bare node:http, HMAC and JSON.parse, nothing stored"],
        ["decision sent to invocation", "the same two read-backs without a ledger"],
        [
          "gating of 10 services with 20 rules, the last one matching",
          "looking the service up in a Map",
        ],
      ],
    );
    for (const { name, ratio } of results) {
      assert.ok(ratio.median > 0 && Number.isFinite(ratio.median), name);
    }
  }).timeout(30_000);

  it("report the median and the middle half", () => {
    assert.deepEqual(spread([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 });
  });
});
