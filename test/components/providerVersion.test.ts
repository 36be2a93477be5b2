// The engine keeps a provider's source in the state, and takes a new one only when an input changes: a mended provider
// reaches existing subscriptions only with another PROVIDER_VERSION.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { PROVIDER_VERSION } from "../../components/webhookSubscription.ts";

const FILES = ["webhookSubscriptionProvider.ts", "webhookActivationProvider.ts", "webhookApi.ts"];

/** Each version with the hash of what runs in it. Add to it; a version that was published never changes. */
const VERSIONS: Readonly<Record<string, string>> = {
  "1": "dfd950d5029381d8",
  "2": "6eae9450151220b5",
};

/** Of the code alone: a comment or a type is no reason for an update of everybody's subscriptions. */
function codeHash(): string {
  const hash = createHash("sha256");
  for (const file of FILES) {
    const source = readFileSync(join(import.meta.dirname, "../../components", file), "utf8");
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        removeComments: true,
        target: ts.ScriptTarget.ESNext,
        module: ts.ModuleKind.ESNext,
      },
    });
    hash.update(outputText);
  }
  return hash.digest("hex").slice(0, 16);
}

describe("The version of the webhook providers", () => {
  it("is another for another source", () => {
    assert.equal(
      VERSIONS[PROVIDER_VERSION],
      codeHash(),
      "the providers changed: raise PROVIDER_VERSION and record the new hash under it",
    );
  });

  it("is the last that was recorded, and each has a source of its own", () => {
    assert.equal(Object.keys(VERSIONS).at(-1), PROVIDER_VERSION);
    const hashes = Object.values(VERSIONS);
    assert.equal(new Set(hashes).size, hashes.length);
  });
});
