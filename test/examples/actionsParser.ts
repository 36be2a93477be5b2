import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type * as parser from "@actions/workflow-parser";
import type * as actions from "@actions/workflow-parser/actions/action-parser";

type Parser = Pick<typeof parser, "NoOperationTraceWriter" | "parseWorkflow"> &
  Pick<typeof actions, "parseAction">;

/** GitHub's own parser of workflows and actions, with its schemas. It is made for bundlers: Node alone does not load its JSON. */
export async function actionsParser(): Promise<Parser> {
  const folder = mkdtempSync(join(tmpdir(), "actions-parser-"));
  const outfile = join(folder, "parser.mjs");
  try {
    await build({
      stdin: {
        contents: `export { NoOperationTraceWriter, parseWorkflow } from "@actions/workflow-parser";
export { parseAction } from "@actions/workflow-parser/actions/action-parser";`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
      logLevel: "error",
      banner: {
        js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
      },
    });
    return (await import(pathToFileURL(outfile).href)) as Parser;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
