import assert from "node:assert/strict";
import { asPulumiReads } from "../../../local/gatingFile/plainScalar.ts";
import { readYaml } from "../../../local/gatingFile/yaml.ts";
import { DOCUMENTS, REFUSED, SCALARS } from "./yamlCorpus.ts";

const FILE = "Pulumi.dev.yaml";
const read = (yaml: string) => readYaml(FILE, yaml);

/** What is read, or the refusal. */
function attempt(yaml: string): { value: unknown } | { refusal: string } {
  try {
    return { value: read(yaml) };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}

describe("readYaml", () => {
  for (const [source, theirs] of SCALARS) {
    it(`reads ${source} as Pulumi does, or not at all`, () => {
      const known = asPulumiReads(source);
      if (theirs === REFUSED) {
        assert.ok(typeof known === "number" && !Number.isFinite(known));
      } else {
        assert.equal(known === 0 ? 0 : known, theirs, "what Pulumi makes of it is not known");
      }
      const ours = attempt(`k: ${source}`);
      if ("value" in ours) {
        assert.deepEqual(JSON.parse(JSON.stringify(ours.value)), { k: theirs });
      }
    });
  }

  for (const [what, yaml, theirs] of DOCUMENTS) {
    it(`reads a whole value as Pulumi does, or not at all: ${what}`, () => {
      const ours = attempt(yaml);
      if ("value" in ours) {
        assert.deepEqual(JSON.parse(JSON.stringify(ours.value)), theirs);
      }
    });
  }

  const refused: readonly (readonly [yaml: string, problem: string])[] = [
    [
      "k: 010",
      "line 1, column 4: `010` is 8 to Pulumi and 10 here: write what is meant, a text in quotes",
    ],
    [
      "k: 1_000",
      '`1_000` is 1000 to Pulumi and the text "1_000" here: write what is meant, a text in quotes',
    ],
    [
      "k: 0b11",
      '`0b11` is 3 to Pulumi and the text "0b11" here: write what is meant, a text in quotes',
    ],
    [
      "k: -0x10",
      '`-0x10` is -16 to Pulumi and the text "-0x10" here: write what is meant, a text in quotes',
    ],
    [
      "k: 2026-12-20",
      '`2026-12-20` is the text "2026-12-20 00:00:00 +0000 UTC" to Pulumi and the text "2026-12-20" here: write what is meant, a text in quotes',
    ],
    ["k: .inf", "`.inf` is refused by Pulumi: write a number that ends, or a text in quotes"],
    [
      "k: 1e400",
      '`1e400` is the text "1e400" to Pulumi and Infinity here: write what is meant, a text in quotes',
    ],
    [
      "010: k",
      "line 1, column 1: `010` is 8 to Pulumi and 10 here: write what is meant, a text in quotes",
    ],
    ["~: k", "line 1, column 1: a key must not be empty or null"],
    ["? [a]\n: k", "line 1, column 3: a key must be a text"],
    [
      'x: &x {a: 1}\ny: {"<<": *x}',
      "line 2, column 5: `<<` is a merge key to Pulumi, with quotes as well: use another key",
    ],
    [
      "x: &x {a: 1}\ny:\n  <<: *x\n  <<: *x",
      "line 4, column 3: `<<` must stand once in a map, with a list to merge several",
    ],
    [
      "k: !!int 5",
      "line 1, column 10: tag `tag:yaml.org,2002:int` is read differently by Pulumi: write the value without it",
    ],
    [
      "k: ! 010",
      "line 1, column 6: tag `!` is read differently by Pulumi: write the value without it",
    ],
  ];
  for (const [yaml, problem] of refused) {
    it(`refuses ${JSON.stringify(yaml)}, and names both values`, () => {
      const ours = attempt(yaml);
      const at = problem.startsWith("line ") ? problem : `line 1, column 4: ${problem}`;
      assert.deepEqual(ours, { refusal: `\`${FILE}\`: ${at}` });
    });
  }

  it("merges maps, also several, and lets what is written beside win", () => {
    assert.deepEqual(read("x: &x {a: 1, b: 2}\nz: &z {a: 5, c: 3}\ny:\n  <<: [*x, *z]\n  b: 9"), {
      x: { a: 1, b: 2 },
      z: { a: 5, c: 3 },
      y: { a: 1, b: 9, c: 3 },
    });
  });

  it("tells everything that is wrong at once", () => {
    assert.throws(() => read("a: 010\nb: 1_0"), {
      message: `\`${FILE}\`: line 1, column 4: \`010\` is 8 to Pulumi and 10 here: write what is meant, a text in quotes; line 2, column 4: \`1_0\` is 10 to Pulumi and the text "1_0" here: write what is meant, a text in quotes`,
    });
  });

  it("refuses what is no YAML, and merges that lead nowhere", () => {
    assert.throws(() => read("k: ["), /^Error: `Pulumi\.dev\.yaml` is not YAML: /);
    assert.throws(() => read("k: {<<: 5}"), /^Error: `Pulumi\.dev\.yaml` is not YAML: Merge/);
    assert.throws(() => read("k: *x"), /^Error: `Pulumi\.dev\.yaml` is not YAML: Unresolved alias/);
  });
});
