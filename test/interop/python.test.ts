// What becomes of the tests with public clients on a machine that lacks something.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pythonWithClients } from "./python.ts";
import { startTlsProxy } from "./tlsProxy.ts";

describe("the public Python clients", () => {
  const path = process.env["PATH"];
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-no-python-"));
    process.env["PATH"] = folder;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  it("are left out, with a message, where there is no Python", () => {
    assert.deepEqual(pythonWithClients(), { missing: "skipped: no `python3` on PATH" });
  });

  it("fail where there is a Python that cannot install them", () => {
    const answers =
      '[ "$1" = -c ] && echo "$0" && exit 0\necho "No module named venv" >&2\nexit 1\n';
    writeFileSync(join(folder, "python3"), `#!/bin/sh\n${answers}`, { mode: 0o755 });
    assert.throws(() => pythonWithClients(), {
      message:
        /^the Python clients cannot be installed: `python3 -m venv .*` says: No module named venv$/,
    });
  });

  it("say what they need where there is no openssl", async () => {
    await assert.rejects(startTlsProxy(9), {
      message: /^the clients need `openssl` on PATH: /,
    });
  });
});
