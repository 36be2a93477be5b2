import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { SABOTAGES } from "./list/index.ts";
import { sabotaged, type Sabotage } from "./sabotage.ts";
import { ROOT } from "./workshop.ts";

const nameOf = ({ file, breaks }: Sabotage): string => `${file}: ${breaks}`;

describe("the list of sabotages", () => {
  it("names each once, and texts that are there once: what a change of the code has moved has to be moved here", () => {
    assert.equal(new Set(SABOTAGES.map(nameOf)).size, SABOTAGES.length);
    for (const sabotage of SABOTAGES) {
      const content = readFileSync(join(ROOT, sabotage.file), "utf8");
      const broken = sabotaged(content, sabotage);
      assert.notEqual(broken, content, nameOf(sabotage));
      // One that is no program would be noticed by every test.
      assert.doesNotThrow(() => stripTypeScriptTypes(broken), nameOf(sabotage));
    }
  });

  it("names test files that exist", () => {
    for (const { tests } of SABOTAGES) {
      assert.ok(tests.length > 0);
      assert.deepEqual(
        tests.filter((file) => !existsSync(join(ROOT, file))),
        [],
      );
    }
  });

  it("refuses a text that is not there exactly once", () => {
    const sabotage = { file: "a.ts", breaks: "b", text: "one", becomes: "two", tests: ["c"] };
    for (const [content, times] of [
      ["two", 0],
      ["one one", 2],
    ] as const) {
      assert.throws(
        () => sabotaged(content, sabotage),
        new Error(
          `a.ts: a text to replace must be there exactly once, found ${times} times: "one"`,
        ),
      );
    }
    assert.equal(sabotaged("just one", sabotage), "just two");
  });
});
