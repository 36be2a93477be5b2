import assert from "node:assert/strict";
import { readJson, readJsonBytes } from "../../../functions/gate/text/json.ts";

describe("a JSON body", () => {
  const problemOf = (text: string, deepest?: number): string | null => {
    const read = readJson(text, deepest);
    return read.ok ? null : read.problem;
  };

  it("says what JSON.parse says of it", () => {
    for (const value of [
      {},
      [],
      null,
      1.5,
      "a",
      { a: [{ b: 'x":{"y' }, { b: "\\" }], "": { "\n": "\u2028" }, b: "a" },
      [{ a: 1 }, { a: 1 }],
    ]) {
      assert.deepEqual(readJson(JSON.stringify(value, null, 2)), { ok: true, value });
    }
  });

  for (const [text, key] of [
    ['{"a":1,"a":1}', "a"],
    ['{"a":1,"\\u0061" \t\n: 2}', "a"],
    ['[1,{"b":{"x":{"c":"}","c":2}}}]', "c"],
    ['{"":1,"":2}', ""],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"a":{"k":1},"b":[{"k":1}],"a":3}', "a"],
    ['{"a\\"b":1,"a\\u0022b":2}', 'a"b'],
    ['{"a\\u202e":1,"a\\u202e":2}', "a[U+202E]"],
  ] as const) {
    it(`is refused where a key stands twice: ${text}`, () => {
      assert.equal(problemOf(text), `must have each key of an object once, got \`${key}\` twice`);
    });
  }

  it("is refused where it is no JSON, not UTF-8 or nested too deep", () => {
    for (const text of ["", "{", '{"a":1,}', '{"a":1,"a', '"\\', "]", '{"a" 1}']) {
      assert.equal(problemOf(text), "is not JSON", text);
    }
    assert.equal(problemOf("[[[]]]", 2), "must not be nested more than 2 levels deep");
    assert.equal(problemOf('["[[[["]', 2), null);
    const bytes = new Uint8Array([...Buffer.from('{"a":"'), 0xc3, 0x28, ...Buffer.from('"}')]);
    assert.deepEqual(readJsonBytes(bytes), { ok: false, problem: "must be UTF-8, and is not" });
    assert.deepEqual(readJsonBytes(Buffer.from('{"a":"é"}')), { ok: true, value: { a: "é" } });
  });

  it("takes time in proportion to its length, whatever it says", () => {
    const SIZE = 64 * 1024;
    for (const hostile of [
      '"'.repeat(SIZE),
      '"\\'.repeat(SIZE / 2),
      "[".repeat(SIZE),
      `{${" ".repeat(SIZE)}`,
      `["a"${" ".repeat(SIZE)}`,
      `[${'"a" ,'.repeat(SIZE / 5)}1]`,
      `[${`"a"${" ".repeat(250)},`.repeat(SIZE / 254)}1]`,
      JSON.stringify(Object.fromEntries(Array.from({ length: SIZE / 8 }, (_, i) => [`k${i}`, 1]))),
      `{"a":${"[".repeat(99)}${"]".repeat(99)}}`,
    ]) {
      const steps = stepsOf(() => readJson(hostile));
      assert.ok(steps < 1_000, `${hostile.slice(0, 20)} took ${steps} ms of this process's time`);
    }
  });

  /** Of this process's own time, which a busy machine does not lengthen. */
  function stepsOf(work: () => unknown): number {
    const before = process.cpuUsage();
    work();
    return process.cpuUsage(before).user / 1_000;
  }
});
