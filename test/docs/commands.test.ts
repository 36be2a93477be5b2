// Runs the shell blocks of the documents, in their order, against an embedded gate. A block marked `server` starts
// something that goes on, and one marked `cloud` needs an account: of those only syntax and script names are checked.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";
import { startCliServer } from "./cliServer.ts";
import { differences, missingLines } from "./likeness.ts";
import { at, blocksOf, documents, root, type Block } from "./markdown.ts";
import { startShell, type Shell } from "./shell.ts";

const SHELL = ["bash", "sh"];
const MARKS = ["cloud", "server"];

const isRun = ({ language, marks }: Block): boolean =>
  SHELL.includes(language) && !marks.some((mark) => MARKS.includes(mark));

describe("commands in the documents", () => {
  const all = documents.flatMap(blocksOf);
  const shells = all.filter(({ language }) => SHELL.includes(language));

  it("are all shell that parses, with marks that are known", () => {
    for (const block of shells) {
      const { status, stderr } = spawnSync("bash", ["-n"], { input: block.text, encoding: "utf8" });
      assert.equal(status, 0, `${at(block)}: ${stderr}`);
      const unknown = block.marks.filter((mark) => !MARKS.includes(mark));
      assert.deepEqual(unknown, [], at(block));
    }
  });

  it("name only npm scripts that there are", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const builtIn = ["ci", "install", "pack"];
    for (const block of shells) {
      for (const [, name = ""] of block.text.matchAll(/^\s*npm (?:run )?([a-z:-]+)/gm)) {
        assert.ok(
          Object.hasOwn(scripts, name) || builtIn.includes(name),
          `${at(block)}: npm has no script ${name}`,
        );
      }
    }
  });

  for (const document of documents.filter((name) => blocksOf(name).some(isRun))) {
    it(`of ${document} do what it says`, async function () {
      if (spawnSync("curl", ["--version"]).status !== 0) {
        console.log("    skipped: no `curl`");
        this.skip();
      }
      const dir = mkdtempSync(join(tmpdir(), "gate-docs-"));
      const dataDir = join(dir, "data");
      const embedded = await startEmbedded({
        dataDir,
        gatingFile: join(root, "Pulumi.dev.yaml"),
        gatePort: 0,
        pagerDutyPort: 0,
        cheqpointPort: 0,
      });
      const env = envOf(embedded, dir);
      const cli = await startCliServer(env);
      const shell = startShell({ dir, cliUrl: cli.url, env });
      try {
        await runDocument(document, shell);
      } finally {
        await shell.stop();
        await cli.stop();
        await embedded.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    });
  }
});

/** What the documents ask a reader to set. */
function envOf({ dataDir, gate, pagerDuty }: Embedded, dir: string): Record<string, string> {
  return {
    GATE_DATA_DIR: dataDir,
    GATE_PUBLIC_URL: gate.url,
    PAGERDUTY_API_URL: pagerDuty.url,
    PAGERDUTY_TOKEN: pagerDuty.token,
    TMPDIR: dir,
  };
}

/** Kinds of ids that a reader replaces by those that were printed before. */
const IDS = [/\bprop_[a-z0-9]{16}\b/g, /\breq_[a-f0-9]{24}\b/g, /\bQ[0-9A-Z]{13}\b/g];

async function runDocument(document: string, shell: Shell): Promise<void> {
  let printed = "";
  let last: { block: Block; output: string } | null = null;
  const actual = new Map<string, string>();
  const own = (text: string): string =>
    IDS.reduce(
      (changed, pattern) =>
        changed.replace(pattern, (id) => {
          const stands = actual.get(id) ?? printed.match(pattern)?.at(-1);
          // A reader has only what was printed before: a sample with an id from nowhere works for nobody.
          assert.ok(
            stands !== undefined,
            `${document}: nothing that was run printed an id like ${id}`,
          );
          actual.set(id, stands);
          return stands;
        }),
      text,
    );
  for (const block of blocksOf(document)) {
    if (isRun(block)) {
      try {
        const output = await shell.run(own(block.text));
        last = { block, output };
        printed += `\n${output}`;
      } catch (error) {
        throw new Error(`${at(block)}: ${String(error)}`, { cause: error });
      }
    } else {
      if (last !== null && block.language === "text") {
        const missing = missingLines(block.text, last.output);
        assert.deepEqual(missing, [], `${at(block)}: not printed, but:\n${last.output}`);
      }
      if (last !== null && block.language === "json") {
        const found = differences(JSON.parse(block.text), jsonIn(last.output));
        assert.deepEqual(found, [], `${at(block)}:\n${last.output}`);
      }
      last = null;
    }
  }
}

/** The body of an answer, which may follow its headers. */
function jsonIn(output: string): unknown {
  return JSON.parse(output.slice(output.search(/^[{[]/m)));
}
