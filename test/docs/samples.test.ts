import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { parseDocument } from "yaml";
import { z } from "zod";
import { parseGating } from "../../functions/gate/gating/index.ts";
import { anchorsOf, at, blocksOf, documents, linksOf, root, type Block } from "./markdown.ts";

/** Languages of blocks that something here or in `commands.test.ts` looks at, or that are only to be read. */
const LANGUAGES = ["bash", "sh", "yaml", "json", "ts", "python", "text", "http", "mermaid"];

describe("samples in the documents", () => {
  const all = documents.flatMap(blocksOf);
  const of = (language: string): Block[] => all.filter((block) => block.language === language);

  it("say what language they are in", () => {
    for (const block of all) {
      assert.ok(LANGUAGES.includes(block.language), `${at(block)}: \`${block.language}\``);
    }
  });

  it("are gating that the gate takes, or refuses where the document says so", () => {
    let count = 0;
    for (const block of of("yaml")) {
      const document = parseDocument(block.text);
      assert.deepEqual(
        document.errors.map(({ message }) => message),
        [],
        at(block),
      );
      const gating = gatingIn(document.toJS());
      if (gating === null) continue;
      count += 1;
      if (block.marks.includes("refused")) {
        assert.throws(() => parseGating(gating), at(block));
      } else {
        assert.doesNotThrow(() => parseGating(gating), at(block));
      }
    }
    assert.ok(count > 0);
  });

  it("are JSON", () => {
    for (const block of of("json")) {
      assert.doesNotThrow(() => void JSON.parse(block.text), at(block));
    }
  });

  it("are TypeScript that parses", () => {
    for (const block of of("ts")) {
      const { diagnostics = [] } = ts.transpileModule(block.text, {
        reportDiagnostics: true,
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2024 },
      });
      const problems = diagnostics.map(({ messageText }) =>
        ts.flattenDiagnosticMessageText(messageText, "\n"),
      );
      assert.deepEqual(problems, [], at(block));
    }
  });
});

describe("links in the documents", () => {
  for (const document of documents) {
    it(`of ${document} lead somewhere`, () => {
      for (const link of linksOf(document)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path = "", anchor] = link.split("#");
        const target = path === "" ? document : normalize(join(dirname(document), path));
        assert.ok(existsSync(join(root, target)), `${document}: ${link}`);
        if (anchor !== undefined && target.endsWith(".md")) {
          assert.ok(anchorsOf(target).has(anchor), `${document}: ${link} has no such heading`);
        }
      }
    });
  }
});

const mapping = z.record(z.string(), z.unknown());

/** The gating in a sample: a stack's `config` with a `services` key, or `services` at its top. */
function gatingIn(content: unknown): unknown {
  const top = mapping.safeParse(content);
  if (!top.success) return null;
  const config = mapping.safeParse(top.data["config"]);
  if (config.success) {
    const key = Object.keys(config.data).find((name) => name.endsWith(":services"));
    const defaults = Object.keys(config.data).find((name) => name.endsWith(":defaults"));
    return key === undefined
      ? null
      : {
          services: config.data[key],
          ...(defaults === undefined ? {} : { defaults: config.data[defaults] }),
        };
  }
  return Object.hasOwn(top.data, "services") ? top.data : null;
}
