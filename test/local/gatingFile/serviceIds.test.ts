import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openServiceIds } from "../../../local/gatingFile/serviceIds.ts";

describe("which service a key of the gating stands for", () => {
  let folder = "";
  let file = "";

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-services-"));
    file = join(folder, "services.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is kept in the file, under the service's newest name", () => {
    const ids = openServiceIds(file);
    assert.equal(ids.of("payments-db"), null);
    assert.equal(ids.learn("payments-db", { id: "PSVC001", name: "payments-db" }), true);
    assert.equal(ids.learn("payments-db", { id: "PSVC001", name: "payments-db" }), false);
    assert.equal(ids.learn("payments-db", { id: "PSVC001", name: "payments" }), true);
    assert.deepEqual(openServiceIds(file).of("payments-db"), { id: "PSVC001", name: "payments" });
  });

  it("is never another one than the first", () => {
    const ids = openServiceIds(file);
    ids.learn("payments-db", { id: "PSVC001", name: "payments-db" });
    assert.equal(ids.learn("payments-db", { id: "PSVC777", name: "payments-db" }), false);
    assert.equal(openServiceIds(file).of("payments-db")?.id, "PSVC001");
  });

  it("is not guessed anew where the file cannot be read", () => {
    writeFileSync(file, '{"payments-db": "PSVC001"}');
    assert.throws(() => openServiceIds(file), {
      name: "SettingError",
      message:
        /^.*services\.json tells which PagerDuty service each key of the gating stands for, and cannot be read \(.*\)\. Without it a service that was renamed would not be gated: mend it, or delete it when none was$/s,
    });
  });
});
