import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BASELINES, bundleOf, sizeOf } from "../bundles.ts";
import type { FUNCTIONS } from "../bundles.ts";
import type { BenchCase } from "./benchCase.ts";

const run = promisify(execFile);

/** Every function finds what it looks for at its start. */
const ENVIRONMENT = {
  AWS_REGION: "eu-central-1",
  LEDGER_TABLE: "ledger",
  GATING_TABLE: "gating",
  QUEUE_URL: "https://sqs.example.com/queue",
  WEBHOOK_SECRET_ARN: "arn:webhook",
  PROPOSERS_SECRET_ARN: "arn:proposers",
  PAGERDUTY_TOKEN_ARN: "arn:pagerduty",
  CHEQPOINT_KEY_ARN: "arn:cheqpoint",
  PAGERDUTY_API_URL: "https://api.pagerduty.com",
  PAGERDUTY_FROM: "gate@example.com",
  CHEQPOINT_API_URL: "https://app.cheqpoint.co",
  GATE_PUBLIC_URL: "https://gate.example.com",
};

const TIMER = `
const began = performance.now();
await import(process.argv[2]);
console.log(performance.now() - began);
`;

/** What a cold start adds to that of Node: loading a function's bundle in a fresh process. */
export function coldImport(
  name: (typeof FUNCTIONS)[number],
  baseline: keyof typeof BASELINES,
): BenchCase {
  return (scale) => {
    const folder = mkdtempSync(join(tmpdir(), "gate-bench-"));
    writeFileSync(join(folder, "time.mjs"), TIMER);
    const subject = written(folder, name);
    const held = written(folder, baseline);
    const load = async (entry: string): Promise<number> => {
      const { stdout } = await run(process.execPath, ["time.mjs", entry], {
        cwd: folder,
        env: ENVIRONMENT,
      });
      return Number(stdout);
    };
    return Promise.resolve({
      rounds: scale === "full" ? 15 : 1,
      pair: {
        name: `cold import of the ${name}, ${subject.size}`,
        baseline: `${BASELINES[baseline]}, ${held.size}`,
        unit: "ms" as const,
        operations: 1,
        runSubject: () => load(subject.entry),
        runBaseline: () => load(held.entry),
      },
      stop: () => {
        rmSync(folder, { recursive: true });
        return Promise.resolve();
      },
    });
  };
}

function written(folder: string, name: string): { entry: string; size: string } {
  const bundle = bundleOf(name);
  mkdirSync(join(folder, name));
  for (const [file, text] of Object.entries(bundle)) {
    writeFileSync(join(folder, name, file), text);
  }
  const { plain, zipped } = sizeOf(bundle);
  return {
    entry: `./${name}/index.mjs`,
    size: `${Math.ceil(plain)} KB (${Math.ceil(zipped)} zipped)`,
  };
}
