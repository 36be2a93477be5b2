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
  skipped: Record<string, string>;
}

/** Sizes change with the code. */
const sizeless = (text: string): string => text.replace(/\d+ KB \(\d+ zipped\)/, "N KB (N zipped)");

describe("the benchmarks", () => {
  it("compare every case with its baseline in one run", async () => {
    const { stdout } = await run(
      process.execPath,
      ["--expose-gc", "bench/main.ts", "--tiny", "--json"],
      { cwd: root },
    );
    const { machine, scale, results, skipped } = JSON.parse(stdout) as Report;
    assert.equal(scale, "tiny");
    assert.equal(machine["node"], process.version);
    assert.deepEqual(
      results.map(({ name, baseline }) => [sizeless(name), sizeless(baseline)]),
      [
        ["webhook to durable 202", "bare node:http, HMAC and JSON.parse, nothing stored"],
        [
          "99 of 100 refusals of 3 events with a forged signature",
          "those of a bare node:http that compares an HMAC",
        ],
        ["decision sent to invocation", "the same two read-backs without a ledger"],
        [
          "gating of 10 services with 20 rules, the last one matching",
          "looking the service up in a Map",
        ],
        ["replaying 500 recorded proposals by two gatings", "reading the lines of the same file"],
        [
          "the slowest answer to 20 events at once that propose, beside a working worker",
          "bare node:http, HMAC and JSON.parse, nothing stored",
        ],
        ...["on one machine", "by five instances"].map((where) => [
          `a run at its time ${where}, beside 10 proposals whose decisions Cheqpoint does not tell`,
          "the same while Cheqpoint answers",
        ]),
        ...["middleware", "callback", "worker"].flatMap((name) =>
          [
            "a handler that does nothing but log",
            "a handler that holds the same AWS clients",
          ].flatMap((baseline) => [
            [`bundle of the ${name}`, baseline],
            [`cold import of the ${name}, N KB (N zipped)`, `${baseline}, N KB (N zipped)`],
          ]),
        ),
      ],
    );
    // These take minutes, and more than a Node.
    assert.deepEqual(skipped, {
      "hanging-page": "a tiny run does not wait a minute for a page",
      "hanging-page-deployed": "a tiny run does not wait a minute for a page",
      "warm-middleware": "a tiny run leaves the local AWS out",
      "warm-callback": "a tiny run leaves the local AWS out",
      "warm-worker": "a tiny run leaves the local AWS out",
      "preview-10": "a tiny run leaves the engine out",
      "preview-100": "a tiny run leaves the engine out",
      "preview-500": "a tiny run leaves the engine out",
    });
    for (const { name, ratio } of results) {
      assert.ok(ratio.median > 0 && Number.isFinite(ratio.median), name);
    }
  }).timeout(60_000);

  it("leave out what has no local AWS to run in, and say what is missing", async () => {
    const aws = { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_REGION: "us-east-1" };
    for (const [env, missing] of [
      [{}, "AWS_ENDPOINT_URL is not set"],
      [{ AWS_ENDPOINT_URL: aws.AWS_ENDPOINT_URL }, "AWS_REGION is not set"],
      [aws, "AWS_ACCESS_KEY_ID is not set"],
    ] as const) {
      const { stdout } = await run(
        process.execPath,
        ["--expose-gc", "bench/main.ts", "warm-worker", "--json"],
        { cwd: root, env },
      );
      const { results, skipped } = JSON.parse(stdout) as Report;
      assert.deepEqual(results, []);
      assert.deepEqual(skipped, { "warm-worker": `no local AWS: ${missing}` });
    }
  });

  it("report the median and the middle half", () => {
    assert.deepEqual(spread([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4 });
  });
});
