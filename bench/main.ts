import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { FUNCTIONS } from "./bundles.ts";
import type { BenchCase, Scale } from "./cases/benchCase.ts";
import { bundleSize } from "./cases/bundleSize.ts";
import { coldImport } from "./cases/coldImport.ts";
import { decision } from "./cases/decision.ts";
import { forged } from "./cases/forged.ts";
import { gating } from "./cases/gating.ts";
import { replay } from "./cases/replay.ts";
import { preview } from "./cases/preview.ts";
import { hanging } from "./cases/hanging.ts";
import { storm } from "./cases/storm.ts";
import { warm } from "./cases/warm.ts";
import { webhook } from "./cases/webhook.ts";
import { compare, type Comparison, type Spread } from "./measure.ts";

const cases: Readonly<Record<string, BenchCase>> = {
  webhook,
  forged,
  decision,
  gating,
  replay,
  storm,
  "hanging-run": hanging("run", "on one machine"),
  "hanging-run-deployed": hanging("run", "by five instances"),
  // Its page comes after a minute.
  "hanging-page": hanging("page", "on one machine"),
  "hanging-page-deployed": hanging("page", "by five instances"),
  ...Object.fromEntries(
    FUNCTIONS.flatMap((name) =>
      (["empty", "clients"] as const).flatMap((baseline) => [
        [`size-${name}-${baseline}`, bundleSize(name, baseline)],
        [`cold-${name}-${baseline}`, coldImport(name, baseline)],
      ]),
    ),
  ),
  "warm-middleware": warm("middleware"),
  "warm-callback": warm("callback"),
  "warm-worker": warm("worker"),
  "preview-10": preview(10),
  "preview-100": preview(100),
  "preview-500": preview(500),
};

interface Options {
  json: boolean;
  scale: Scale;
  names: string[];
}

function optionsOf(argv: string[]): Options {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { json: { type: "boolean" }, tiny: { type: "boolean" } },
  });
  const unknown = positionals.filter((name) => !Object.hasOwn(cases, name));
  if (unknown.length > 0) {
    throw new Error(
      `no case is called ${unknown.join(", ")}; there are: ${Object.keys(cases).join(", ")}`,
    );
  }
  return {
    json: values.json === true,
    scale: values.tiny === true ? "tiny" : "full",
    names: positionals.length > 0 ? positionals : Object.keys(cases),
  };
}

function machine(): Record<string, string | number> {
  const [first] = cpus();
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    cpu: first?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

async function main(): Promise<void> {
  const { json, scale, names } = optionsOf(process.argv.slice(2));
  const facts = machine();
  const results: Comparison[] = [];
  const skipped: Record<string, string> = {};
  for (const name of names) {
    const prepare = cases[name];
    if (prepare === undefined) continue;
    const prepared = await prepare(scale);
    if ("skipped" in prepared) {
      skipped[name] = prepared.skipped;
      continue;
    }
    try {
      results.push(await compare(prepared.pair, prepared.rounds));
    } finally {
      await prepared.stop();
    }
  }
  process.stdout.write(
    json
      ? `${JSON.stringify({ machine: facts, scale, results, skipped }, null, 2)}\n`
      : table(facts, scale, results, skipped),
  );
}

function table(
  facts: Record<string, string | number>,
  scale: Scale,
  results: readonly Comparison[],
  skipped: Readonly<Record<string, string>>,
): string {
  const machineLine = Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const note = scale === "tiny" ? "\nA tiny run: the figures mean nothing.\n" : "";
  const rows = results.map(
    ({ name, baseline, unit, rounds, operations, subject, baselineTime, ratio, bound }) =>
      [
        `${name}`,
        `  gate      ${shown(subject)} ${unit}`,
        `  baseline  ${shown(baselineTime)} ${unit}   ${baseline}`,
        `  ratio     ${shown(ratio)}`,
        ...(bound === undefined
          ? []
          : [
              `  bound     ${figure(bound.most)} ${unit}: ${bound.isKept ? "kept" : "NOT KEPT"}, the worst round took ${figure(bound.worst)}`,
            ]),
        `  ${rounds} rounds of ${operations}; median, in brackets the middle half of the rounds`,
      ].join("\n"),
  );
  const left = Object.entries(skipped).map(([name, reason]) => `${name}\n  skipped: ${reason}`);
  return `${machineLine}\n${note}\n${[...rows, ...left].join("\n\n")}\n`;
}

function shown({ median, low, high }: Spread): string {
  return `${figure(median)} [${figure(low)} to ${figure(high)}]`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

await main();
