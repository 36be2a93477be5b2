import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { coverageText } from "./coverageText.ts";
import { playMany } from "./summary.ts";

function simulate(...options: string[]): { status: number | null; out: string; problem: string } {
  const main = new URL("./main.ts", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...options], {
    encoding: "utf8",
  });
  return { status, out: stdout, problem: /Error: (.*)/.exec(stderr)?.[1] ?? "" };
}

describe("npm run simulate", function () {
  this.timeout(120_000);

  it("plays with several workers what one of them plays", async () => {
    const { status, out } = simulate("--workers", "2", "--from", "11", "--count", "5");
    const range = { step: 1, untilMs: Infinity, ledger: "sqlite" } as const;
    const { histories, proposals, runs, faults } = await playMany({ ...range, from: 11, count: 5 });
    assert.equal(status, 0);
    assert.match(
      out,
      new RegExp(
        `^${histories} histories from seed 11 in .*: ${proposals} proposals, ${runs} runs, ${faults} faults$`,
        "m",
      ),
    );
    assert.equal(histories, 5);
  });

  for (const [option, text, problem] of [
    ["--workers", "0", '`--workers` must be a whole number from 1 on, got "0"'],
    ["--ledger", "paper", '`--ledger` must be sqlite or dynamo, got "paper"'],
  ] as const) {
    it(`refuses ${option} ${text}`, () => {
      const { status, problem: found } = simulate(option, text);
      assert.equal(found, problem);
      assert.equal(status, 1);
    });
  }

  it("names what no history has met", () => {
    const text = coverageText({ "approved × jump × none": 3, "executing × some place × hangs": 2 });
    const never = /^Never met while a proposal was open: (.*)\.$/m.exec(text)?.[1] ?? "";
    assert.ok(never.includes("event withdraw"), never);
    assert.ok(never.includes("fault crashAfter"), never);
    assert.ok(!never.includes("event jump") && !never.includes("fault hangs,"), never);
  });
});
