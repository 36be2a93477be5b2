// What operators and reviewers look up must be there: names are taken from the sources and looked for in the documents.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ALARMS } from "../../components/alarms.ts";
import { read, root } from "./markdown.ts";

const source = (path: string): string => readFileSync(join(root, path), "utf8");

/** The words of a union of string literals, where `place` begins it. */
function union(path: string, place: string): string[] {
  const text = new RegExp(`${place}((?:\\s*\\|?\\s*"\\w+")+);`).exec(source(path))?.[1];
  const words = [...(text ?? "").matchAll(/"(\w+)"/g)].map(([, word = ""]) => word);
  assert.ok(words.length > 1, `${path} has no union after ${place}`);
  return words;
}

function rowsOf(document: string, heading: string): string[] {
  const part = read(document)
    .split(/^## /m)
    .find((one) => one.startsWith(`${heading}\n`));
  assert.ok(part !== undefined, `${document} has no part "${heading}"`);
  return part.split("\n").filter((line) => /^\s*\| /.test(line));
}

/** The words in the first cell of a row that has any. */
function namedBy(row: string): string[] {
  const cell = row.split("|").find((one) => one.includes("`")) ?? "";
  return [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word);
}

function assertTold(words: readonly string[], document: string, heading: string): void {
  const rows = rowsOf(document, heading);
  const missing = words.filter((word) => !rows.some((row) => row.includes(`\`${word}\``)));
  assert.deepEqual(missing, [], `${document}, "${heading}"`);
  const repeated = words.filter(
    (word) => rows.filter((row) => namedBy(row).includes(word)).length > 1,
  );
  assert.deepEqual(repeated, [], `${document}, "${heading}" has more than one row`);
}

describe("the documents", () => {
  it("explain every outcome's reason", () => {
    assertTold(
      union("functions/gate/proposal/proposal.ts", "type OutcomeReason ="),
      "docs/operations.md",
      "Outcomes",
    );
  });

  it("explain every alarm", () => {
    assertTold(
      union("functions/gate/ports/ledger.ts", "interface Alarm {[^}]*?kind:"),
      "docs/operations.md",
      "Alarms",
    );
  });

  it("explain every metric", () => {
    assertTold(
      union("functions/gate/ports/telemetry.ts", "type MetricName ="),
      "docs/operations.md",
      "Metrics",
    );
  });

  it("count the alarms and metrics that are paid for", () => {
    const costs = rowsOf("docs/pulumi.md", "What it costs").join("\n");
    const metrics = union("functions/gate/ports/telemetry.ts", "type MetricName =");
    assert.match(costs, new RegExp(`\\| alarms +\\| ${ALARMS.length}, `));
    assert.match(costs, new RegExp(`\\| custom metrics +\\| up to ${metrics.length} at `));
  });

  it("explain every status and every reason to join", () => {
    const api = read("docs/api.md");
    const words = [
      ...union("functions/gate/proposal/proposal.ts", "type Phase ="),
      ...union("functions/gate/ports/ledger.ts", "type Joined ="),
    ];
    assert.deepEqual(
      words.filter((word) => !api.includes(`\`${word}\``)),
      [],
    );
  });

  it("name exactly the settings that `npm run gate` reads", () => {
    const text = source("local/settings/gateSettings.ts");
    const settings = [...text.matchAll(/"((?:GATE|PAGERDUTY|CHEQPOINT|LOG)_[A-Z_]+)"/g)].map(
      ([, name = ""]) => name,
    );
    const told = rowsOf("docs/operations.md", "A gate on one machine").flatMap(
      (row) => /^\s*\| `([A-Z_]+)`/.exec(row)?.[1] ?? [],
    );
    assert.deepEqual([...told].sort(), [...new Set(settings)].sort());
  });

  it("name exactly the public routes", () => {
    const routes = [
      ...source("functions/middleware/middleware.ts").matchAll(/^ {2}"([A-Z]+ \/[^"]+)",$/gm),
      ...source("functions/agents/agents.ts").matchAll(/"([A-Z]+ \/[^"]+)"(?=[,\]])/g),
      // The others of an operator's are one row.
      ...source("local/operator.ts").matchAll(/^ {2}"(GET \/metrics)",$/gm),
      ...source("functions/callback/callback.ts").matchAll(/callbackRoute = "([^"]+)"/g),
    ].map(([, route = ""]) => route);
    const told = [...read("docs/api.md").matchAll(/^\| \[`([A-Z]+ \/[^`]+)`\]/gm)].map(
      ([, route = ""]) => route,
    );
    assert.deepEqual([...told].sort(), [...routes].sort());
  });

  for (const [document, heading, least] of [
    ["docs/architecture.md", "What must hold", 9],
    ["docs/security.md", "Who attacks, and how", 12],
  ] as const) {
    it(`name only tests that there are, for each promise of ${document}`, () => {
      const rows = rowsOf(document, heading).filter((row) => row.includes("](../test/"));
      assert.ok(rows.length >= least);
      for (const row of rows) {
        const named = [...row.matchAll(/\]\(\.\.\/(test\/[^)]+)\) "([^"]+)"/g)];
        assert.ok(named.length > 0, row);
        for (const [, path = "", title = ""] of named) {
          assert.ok(source(path).includes(title), `${path} has no test "${title}"`);
        }
      }
    });
  }
});
