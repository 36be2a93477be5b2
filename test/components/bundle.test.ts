import assert from "node:assert/strict";
import {
  cpSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  bundleFiles,
  functionBundle,
  functionSources,
  licences,
  makeBundle,
} from "../../components/bundle.ts";

const fixtures = join(import.meta.dirname, "../engine/fixtures/functions");

/** What may be passed on with the notice alone; anything else, or nothing stated, is looked at by a person first. */
const ALLOWED_LICENCES = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MIT-0",
];

describe("function bundles", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), "gate-bundle-")));
  });
  afterEach(() => {
    functionSources.folder = fixtures;
    rmSync(scratch, { recursive: true });
  });

  it("hold the code, a source map without sources, and the licences", () => {
    const bundle = makeBundle(join(fixtures, "worker"));
    assert.deepEqual(Object.keys(bundle), ["LICENSES.txt", "index.mjs", "index.mjs.map"]);
    assert.match(bundle["index.mjs"] ?? "", /export\{\w+ as handler\}/);
    assert.match(bundle["index.mjs"] ?? "", /\/\/# sourceMappingURL=index\.mjs\.map\n$/);
    const map = JSON.parse(bundle["index.mjs.map"] ?? "") as Record<string, unknown>;
    assert.deepEqual(map["sources"], ["index.ts"]);
    assert.equal(map["sourcesContent"], undefined);
  });

  for (const name of ["middleware", "callback", "worker"]) {
    it(`hold only packages with a licence that allows it: ${name}`, () => {
      const text = makeBundle(resolve("functions", name))["LICENSES.txt"] ?? "";
      const packages = [...text.matchAll(/^(@?[a-z0-9./_-]+ \d+\.\d+\.\S+) \((.+)\)$/gm)];
      assert.ok(packages.length > 0);
      const others = packages.filter(([, , licence = ""]) => !ALLOWED_LICENCES.includes(licence));
      assert.deepEqual(
        others.map(([title]) => title),
        [],
      );
    });
  }

  it("tell of a package that states no licence", () => {
    const folder = join(scratch, "node_modules/unstated");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"version":"1.0.0"}');
    assert.equal(licences([join(folder, "index.js")]), "unstated 1.0.0 (no licence stated)\n");
  });

  it("are the same bytes wherever the checkout lies", () => {
    for (const place of ["one", "deeper/two"]) {
      const root = join(scratch, place);
      mkdirSync(root, { recursive: true });
      symlinkSync(resolve("node_modules"), join(root, "node_modules"));
      mkdirSync(join(root, "functions/worker"), { recursive: true });
      writeFileSync(
        join(root, "functions/worker/index.ts"),
        'import { z } from "zod/mini";\nexport const handler = async (event: unknown) => z.string().parse(event);\n',
      );
    }
    // Packages are found under the link's target, so only the sources of the function itself move.
    const one = makeBundle(join(scratch, "one/functions/worker"));
    const two = makeBundle(join(scratch, "deeper/two/functions/worker"));
    assert.equal(one["index.mjs"], two["index.mjs"]);
    assert.equal(one["LICENSES.txt"], two["LICENSES.txt"]);
    assert.match(one["LICENSES.txt"] ?? "", /^zod \d+\.\d+\.\d+ \(MIT\)\n\nMIT License/);
    for (const text of Object.values(one)) {
      assert.ok(!text.includes(scratch));
    }
  });

  it("change with the code, and only with it", () => {
    for (const name of ["before", "after"]) {
      cpSync(join(fixtures, "worker"), join(scratch, name), { recursive: true });
    }
    assert.deepEqual(makeBundle(join(scratch, "before")), makeBundle(join(scratch, "after")));
    writeFileSync(join(scratch, "after/index.ts"), "export const handler = async () => 1;\n");
    assert.notDeepEqual(makeBundle(join(scratch, "before")), makeBundle(join(scratch, "after")));
  });

  it("are taken ready made where a package brings them", () => {
    functionSources.folder = scratch;
    mkdirSync(join(scratch, "callback"));
    writeFileSync(join(scratch, "callback/index.mjs"), "export const handler = 1;");
    writeFileSync(join(scratch, "callback/LICENSES.txt"), "none");
    assert.deepEqual(functionBundle("callback"), {
      "LICENSES.txt": "none",
      "index.mjs": "export const handler = 1;",
    });
  });

  it("lie in files that hold them whole, whoever has changed one", () => {
    functionSources.folder = fixtures;
    const files = bundleFiles("worker");
    const held = () =>
      Object.fromEntries(
        Object.entries(files).map(([name, path]) => [name, readFileSync(path, "utf8")]),
      );
    assert.deepEqual(held(), functionBundle("worker"));
    writeFileSync(files["index.mjs"] ?? "", "changed");
    assert.deepEqual(bundleFiles("worker"), files);
    assert.deepEqual(held(), functionBundle("worker"));
  });

  it("are the package's own files where it brings them", () => {
    functionSources.folder = scratch;
    mkdirSync(join(scratch, "middleware"));
    writeFileSync(join(scratch, "middleware/index.mjs"), "export const handler = 1;");
    assert.deepEqual(bundleFiles("middleware"), {
      "index.mjs": join(scratch, "middleware/index.mjs"),
    });
  });

  it("say which function is missing", () => {
    assert.throws(
      () => makeBundle(join(scratch, "nobody")),
      new Error(`there is no function at ${join(scratch, "nobody", "index.ts")}`),
    );
  });
});
