import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { coverageText } from "./coverageText.ts";
import { play } from "./history.ts";
import { planOf } from "./draw.ts";
import type { Plan } from "./plan.ts";
import { shrink } from "./shrink.ts";
import { added, emptySummary, playMany, type Range, type Summary } from "./summary.ts";

const HELP = `Plays random histories against the gate and judges each from outside.

  npm run simulate                              one minute of seeds, from one that the clock chooses
  npm run simulate -- --minutes 60 --workers 2  longer, on two cores
  npm run simulate -- --from 1 --count 5000     these seeds
  npm run simulate -- --seed 364                one history, told; shrunk first where it breaks a rule
  npm run simulate -- --seed 364 --whole        the same, not shrunk
  npm run simulate -- --seed 364 --plan         the (shrunk) plan as JSON, for test/simulation/failed
  npm run simulate -- --seed 364 --rule "2 once"  shrunk to what breaks that rule, where it breaks several

--ledger dynamo takes the DynamoDB adapter over a model of its tables instead of SQLite.`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    minutes: { type: "string" },
    workers: { type: "string", default: "1" },
    from: { type: "string" },
    count: { type: "string" },
    ledger: { type: "string", default: "sqlite" },
    whole: { type: "boolean", default: false },
    plan: { type: "boolean", default: false },
    rule: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const ledger = ledgerOf(values.ledger);
if (values.help) {
  console.log(HELP);
} else if (values.seed !== undefined) {
  await tellOne(wholeNumber("seed", values.seed));
} else {
  await tellMany();
}

async function tellOne(seed: number): Promise<void> {
  let plan = planOf(seed, ledger);
  const whole = await play(plan, { isTold: true });
  const rule = values.rule ?? whole.violations[0]?.rule;
  if (rule !== undefined && !values.whole) {
    plan = await shrink(plan, rule);
  }
  if (values.plan) {
    console.log(JSON.stringify(plan, null, 2));
    return;
  }
  const { lines, violations, injected } = await play(plan, { isTold: true });
  console.log(
    `seed ${seed}: ${plan.skewsMs.length} machines, a sweep every ${plan.sweepEveryMs / 1_000} s`,
  );
  for (const [service, gating] of Object.entries(plan.gatings)) {
    console.log(`${service}: ${gating.rules.map((one) => JSON.stringify(one)).join(" ")}`);
  }
  console.log(lines.join("\n"));
  console.log(
    injected.length === 0
      ? "\nNothing went wrong."
      : `\nWhat went wrong: ${injected.map(({ fault, key }) => `${fault} at ${key}`).join("; ")}`,
  );
  for (const violation of violations) {
    console.log(`VIOLATION of ${violation.rule}: ${violation.text}`);
    process.exitCode = 1;
  }
}

async function tellMany(): Promise<void> {
  const workers = wholeNumber("workers", values.workers, 1);
  const from =
    values.from === undefined ? Date.now() % 1_000_000_000 : wholeNumber("from", values.from);
  const count = values.count === undefined ? Infinity : wholeNumber("count", values.count, 1);
  const minutes =
    values.minutes !== undefined
      ? positive("minutes", values.minutes)
      : values.count === undefined
        ? 1
        : Infinity;
  const began = performance.now();
  const ranges = Array.from({ length: workers }, (_, i): Range => ({
    from: from + i,
    step: workers,
    untilMs: Date.now() + minutes * 60_000,
    count: Math.ceil((count - i) / workers),
    ledger,
  }));
  const parts = await Promise.all(
    ranges.map((range, i) => {
      const tell = (so: string): void =>
        console.error(workers === 1 ? so : `worker ${i + 1}: ${so}`);
      return workers === 1 ? playMany(range, tell) : inThread(range, tell);
    }),
  );
  const sum = parts.reduce(added, emptySummary());
  const seconds = (performance.now() - began) / 1_000;
  console.log(coverageText(sum.coverage));
  console.log(
    `${sum.histories} histories from seed ${from} in ${seconds.toFixed(1)} s (${(sum.histories / seconds).toFixed(0)}/s): ${sum.proposals} proposals, ${sum.runs} runs, ${sum.faults} faults`,
  );
  tellSeeds("broke", sum.violations);
  tellSeeds("could not be played:", sum.broken);
  if (sum.histories > 0 && Object.keys({ ...sum.violations, ...sum.broken }).length === 0) {
    console.log("No rule was broken.");
  } else {
    process.exitCode = 1;
  }
}

function tellSeeds(what: string, seeds: Readonly<Record<string, number[]>>): void {
  for (const [rule, found] of Object.entries(seeds).sort()) {
    console.log(
      `${found.length} histories ${what} "${rule}": seeds ${found.slice(0, 12).join(", ")}${found.length > 12 ? ", …" : ""}`,
    );
  }
}

function inThread(range: Range, tell: (so: string) => void): Promise<Summary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { workerData: range });
    worker.on("message", (message: string | Summary) =>
      typeof message === "string" ? tell(message) : resolve(message),
    );
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`a worker ended with ${code} before its end`)));
  });
}

function ledgerOf(text: string): Plan["ledger"] {
  if (text !== "sqlite" && text !== "dynamo") {
    throw new Error(`\`--ledger\` must be sqlite or dynamo, got "${text}"`);
  }
  return text;
}

function wholeNumber(option: string, text: string, least = 0): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) {
    throw new Error(`\`--${option}\` must be a whole number from ${least} on, got "${text}"`);
  }
  return number;
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) {
    throw new Error(`\`--${option}\` must be a number above 0, got "${text}"`);
  }
  return number;
}
