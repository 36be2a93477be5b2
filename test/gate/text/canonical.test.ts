import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalJson, sha256 } from "../../../functions/gate/text/canonical.ts";

describe("canonicalJson", () => {
  it("sorts keys at every depth and leaves the order of lists", () => {
    assert.equal(
      canonicalJson({ b: [3, { z: 1, y: null }], a: "ä\n", Z: true }),
      '{"Z":true,"a":"ä\\n","b":[3,{"y":null,"z":1}]}',
    );
  });

  it("sorts by code units, not by locale or by number", () => {
    assert.equal(canonicalJson({ ä: 1, z: 2, 10: 3, 9: 4 }), '{"10":3,"9":4,"z":2,"ä":1}');
  });

  it("leaves out properties that are undefined", () => {
    assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}');
  });

  it("keeps a key that is called __proto__", () => {
    assert.equal(canonicalJson(JSON.parse('{"__proto__":1}')), '{"__proto__":1}');
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  // eslint-disable-next-line no-sparse-arrays -- a hole is what is tested
  const sparse: unknown[] = [1, , 2];
  for (const [name, value, message] of [
    ["NaN", [NaN], "canonical JSON must not contain NaN"],
    ["Infinity", { a: -Infinity }, "canonical JSON must not contain -Infinity"],
    ["undefined", undefined, "canonical JSON must not contain undefined"],
    ["undefined in a list", [undefined], "canonical JSON must not contain undefined"],
    ["a hole in a list", sparse, "canonical JSON must not contain undefined"],
    ["a bigint", 1n, "canonical JSON must not contain bigint"],
    ["a function", { a: () => 1 }, "canonical JSON must not contain function"],
    ["a date", new Date(0), "canonical JSON must not contain an object that is not plain"],
    ["a map", new Map(), "canonical JSON must not contain an object that is not plain"],
    ["a cycle", cycle, "canonical JSON must not be nested more than 200 levels deep"],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => canonicalJson(value), { name: "TypeError", message });
    });
  }

  it("gives the same text exactly for the same JSON value", () => {
    const small = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(small, small, (a, b) => {
        const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        assert.equal(canonicalJson(a) === canonicalJson(b), isSame);
      }),
    );
  });

  it("can be read back to the same value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        assert.deepEqual(JSON.parse(canonicalJson(plain)), plain);
      }),
    );
  });
});

describe("sha256", () => {
  it("hashes the UTF-8 bytes", () => {
    assert.equal(
      sha256(""),
      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    assert.equal(
      sha256("é"),
      "sha256:4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c",
    );
  });
});

/** The value with its keys in one order, so that two equal values print alike. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => ({ key, member: sorted(member) }));
  return { members };
}
