import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { gatingJsonSchema } from "../../../functions/gate/gating/index.ts";
import { problemsOf } from "./check/problemsOf.ts";

const text = readFileSync(new URL("../../../docs/gating.md", import.meta.url), "utf8");
const blocks = [...text.matchAll(/^```(\w+)( refused)?\n(.*?)^```$/gms)].map((found) => ({
  language: found[1],
  isRefused: found[2] !== undefined,
  body: found[3] ?? "",
}));
const config = z.object({ config: z.record(z.string(), z.unknown()) });

/** The gating in a YAML block, which may be a whole stack file. */
function gatingIn(body: string): unknown {
  const content: unknown = parse(body);
  const stack = config.safeParse(content);
  return stack.success
    ? { services: stack.data.config["pagerduty-approval-gate:services"] }
    : content;
}

describe("docs/gating.md", () => {
  it("has accepted and refused examples", () => {
    assert(blocks.filter((block) => block.language === "yaml" && !block.isRefused).length >= 5);
    assert(blocks.filter((block) => block.isRefused).length >= 5);
  });

  blocks.forEach(({ language, isRefused, body }, index) => {
    if (language !== "yaml") return;
    const first = body.split("\n").find((line) => line.trim() !== "") ?? "";
    if (!isRefused) {
      it(`block ${index} (${first}) is accepted`, () => {
        assert.deepEqual(problemsOf(gatingIn(body)), []);
      });
      return;
    }
    it(`block ${index} (${first}) is refused with the lines below it`, () => {
      assert.equal(blocks[index + 1]?.language, "text");
      assert.deepEqual(problemsOf(gatingIn(body)), blocks[index + 1]?.body.trimEnd().split("\n"));
    });
  });

  it("tells of every field, with its default in the same row", () => {
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const missing: string[] = [];
    for (const [name, value] of fieldsOf(gatingJsonSchema())) {
      const told = rows.filter((row) => row.includes(`\`${name}\``) || row.includes(`{ ${name}: `));
      const withDefault = told.some(
        (row) =>
          value === undefined || row.includes(`\`${JSON.stringify(value).replaceAll('"', "")}\``),
      );
      if (!withDefault) missing.push(`${name} (default ${JSON.stringify(value)})`);
    }
    assert.deepEqual(missing, []);
  });
});

/** Names and defaults of all properties in a JSON Schema. */
function fieldsOf(schema: unknown): [string, unknown][] {
  if (Array.isArray(schema)) return schema.flatMap(fieldsOf);
  const node = z.record(z.string(), z.unknown()).safeParse(schema);
  if (!node.success) return [];
  const properties = z.record(z.string(), z.record(z.string(), z.unknown()));
  const own = Object.entries(properties.parse(node.data["properties"] ?? {}));
  return [
    ...own.flatMap(([name, field]): [string, unknown][] => [
      [name, field["default"]],
      ...fieldsOf(field),
    ]),
    ...["items", "additionalProperties", "anyOf"].flatMap((key) => fieldsOf(node.data[key])),
  ];
}
