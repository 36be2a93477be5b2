import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatingHash } from "../../../functions/gate/gating/index.ts";
import type { Log } from "../../../functions/gate/ports/index.ts";
import { openGatingFile } from "../../../local/gatingFile/gatingFile.ts";

let folder = "";
let file = "";
let writes = 0;
let logged: string[] = [];

const note = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
  logged.push(`${level}: ${message}: ${String(fields?.["problem"] ?? fields?.["services"])}`);
};
const log: Log = {
  debug: note("debug"),
  info: note("info"),
  warn: note("warn"),
  error: note("error"),
};

/** Writes the file with a time of its own, because two writes may fall into one tick of the file system's clock. */
function write(content: string): void {
  writes += 1;
  writeFileSync(file, content);
  utimesSync(file, writes, writes);
}

function service(name: string, action: string, indent = ""): string {
  return [
    `${name}:`,
    "  runbooks:",
    `    ${action}: { automationAction: PACT1 }`,
    "  otherwise: deny",
  ]
    .map((line) => `${indent}${line}\n`)
    .join("");
}

const plain = `services:\n${service("payments-db", "restart", "  ")}${service("PSVC2", "failover", "  ")}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gate-gating-"));
  file = join(folder, "Pulumi.dev.yaml");
  logged = [];
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("openGatingFile", () => {
  it("finds a service by its id first, then by its name", async () => {
    write(plain);
    const store = openGatingFile(file, log);
    const byName = await store.find({ id: "PSVC1", name: "payments-db" });
    assert.equal(byName.key, "payments-db");
    assert.equal(byName.listed, true);
    assert.deepEqual(Object.keys(byName.gating.runbooks), ["restart"]);
    assert.equal(byName.hash, gatingHash(byName.gating));
    assert.equal((await store.find({ id: "PSVC2", name: "payments-db" })).key, "PSVC2");
    assert.equal((await store.find({ id: "PSVC2", name: null })).key, "PSVC2");
    assert.equal((await store.find({ id: null, name: "payments-db" })).key, "payments-db");
  });

  it("answers for a service that is not listed with the defaults", async () => {
    write(`${plain}defaults:\n  proposals: deny\n`);
    const store = openGatingFile(file, log);
    const found = await store.find({ id: "PSVC9", name: "checkout" });
    assert.equal(found.listed, false);
    assert.equal(found.key, "checkout");
    assert.equal(found.gating.otherwise, "deny");
    assert.equal(found.hash, gatingHash(found.gating));
    assert.equal((await store.find({ id: "PSVC9", name: null })).key, "PSVC9");
    assert.equal((await store.find({ id: null, name: "constructor" })).listed, false);
  });

  it("reads a Pulumi stack file, whatever the project is called", async () => {
    const indented = service("payments-db", "restart", "    ");
    write(
      `encryptionsalt: v1:x\nconfig:\n  aws:region: eu-west-1\n  my-gate:services:\n${indented}`,
    );
    const store = openGatingFile(file, log);
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, true);
  });

  it("reads a file that gates nothing, if it says so", async () => {
    write("config:\n  aws:region: eu-west-1\n  my-gate:services: {}\n");
    const store = openGatingFile(file, log);
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, false);
  });

  it("sees a change at the next look, also when the file is replaced", async () => {
    write(plain);
    const store = openGatingFile(file, log);
    const before = await store.find({ id: null, name: "payments-db" });
    write(plain.replace("restart", "reboot"));
    const after = await store.find({ id: null, name: "payments-db" });
    assert.deepEqual(Object.keys(after.gating.runbooks), ["reboot"]);
    assert.notEqual(after.hash, before.hash);

    writeFileSync(join(folder, "new.yaml"), "services: {}\n");
    renameSync(join(folder, "new.yaml"), file);
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, false);
    assert.deepEqual(logged, ["info: gating read again: 2", "info: gating read again: 0"]);
  });

  it("keeps what was in force when a change is refused, and says so once", async () => {
    write(plain);
    const store = openGatingFile(file, log);
    write(plain.replace("otherwise: deny", "otherwise: perhaps"));
    for (let look = 0; look < 3; look += 1) {
      assert.equal((await store.find({ id: null, name: "payments-db" })).gating.otherwise, "deny");
    }
    assert.equal(logged.length, 1);
    assert.match(
      logged.join(),
      /^error: changed gating refused, the one before stays in force: .*otherwise/s,
    );
    write(plain.replace("otherwise: deny", "otherwise: requireApproval"));
    const { gating } = await store.find({ id: null, name: "payments-db" });
    assert.equal(gating.otherwise, "requireApproval");
  });

  it("tells each change, and what is wrong until it is corrected", () => {
    write(plain);
    const told: (string | null)[] = [];
    const store = openGatingFile(file, log, (problem) => told.push(problem));
    const look = () => {
      store.current();
      return store.problem();
    };
    assert.equal(look(), null);
    write("services: [\n");
    assert.match(look() ?? "", /is not YAML/);
    assert.match(look() ?? "", /is not YAML/);
    rmSync(file);
    assert.match(look() ?? "", /ENOENT/);
    write(plain);
    assert.equal(look(), null);
    assert.equal(told.length, 3);
    assert.match(told[0] ?? "", /is not YAML/);
    assert.match(told[1] ?? "", /ENOENT/);
    assert.equal(told[2], null);
  });

  it("keeps what was in force while the file is away", async () => {
    write(plain);
    const store = openGatingFile(file, log);
    rmSync(file);
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, true);
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, true);
    assert.equal(logged.length, 1);
    write("services: {}\n");
    assert.equal((await store.find({ id: null, name: "payments-db" })).listed, false);
  });

  it("throws at the first load with everything that is wrong", () => {
    write(plain.replaceAll("otherwise: deny", "otherwise: perhaps"));
    assert.throws(
      () => openGatingFile(file, log),
      (error: Error) => {
        assert.equal(error.name, "GatingError");
        assert.match(error.message, /^2 problems in the gating:\n- .*payments-db.*\n- .*PSVC2/);
        return true;
      },
    );
  });

  it("refuses what is not YAML, has no gating, or has it twice", () => {
    write("services: [\n");
    assert.throws(() => openGatingFile(file, log), {
      message: new RegExp(`^\`${file}\` is not YAML: `),
    });
    write("config:\n  a:services: {}\n  b:services: {}\n");
    assert.throws(() => openGatingFile(file, log), {
      message: `\`${file}\` must have one key that ends in \`:services\`, found \`a:services\`, \`b:services\``,
    });
    write("services: {}\nservices: {}\n");
    assert.throws(() => openGatingFile(file, log), { message: /Map keys must be unique/ });
  });

  const NEEDED =
    "must have `services` at its top, or `config` with a key that ends in `:services` (`{}` gates nothing)";
  const UNGATED: [content: string, problem: string][] = [
    ["", NEEDED],
    ["- a\n", NEEDED],
    ["config:\n", NEEDED],
    ["config: {}\n", NEEDED],
    ["config:\n  aws:region: eu-west-1\n", NEEDED],
    ["servises: {}\n", `${NEEDED}; is \`servises\` meant?`],
    ["config:\n  my-gate:service: {}\n", `${NEEDED}; is \`my-gate:service\` meant?`],
    [
      `config: {}\n${plain}`,
      "must hold its gating in one place, found `services` at its top beside `config`",
    ],
    [
      `config:\n  my-gate:services: {}\nservices: {}\ndefaults: {}\n`,
      "must hold its gating in one place, found `services`, `defaults` at its top beside `config`",
    ],
  ];
  for (const [content, problem] of UNGATED) {
    it(`refuses ${JSON.stringify(content)}, which would leave services without their rules`, () => {
      write(content);
      assert.throws(() => openGatingFile(file, log), { message: `\`${file}\` ${problem}` });
    });
  }

  describe("beside a Pulumi.yaml", () => {
    const project = (name: string) =>
      writeFileSync(
        join(folder, "Pulumi.yaml"),
        `name: ${name}\nconfig:\n  services: { type: object }\n  my-gate:defaults: { type: object }\n  logDays: { type: integer }\n`,
      );
    const stack = (more: string) => write(`config:\n  my-gate:services: {}\n  ${more}\n`);

    it("refuses a key that its project does not declare", () => {
      project("my-gate");
      stack("my-gate:default: { proposals: deny }\n  my-gate:colour: red");
      assert.throws(() => openGatingFile(file, log), {
        message: `\`${file}\`: \`my-gate:default\` is not declared in Pulumi.yaml; did you mean \`defaults\`?; \`my-gate:colour\` is not declared in Pulumi.yaml`,
      });
    });

    it("takes declared keys, and those of others", () => {
      project("my-gate");
      stack("my-gate:logDays: 7\n  my-gate:defaults: { proposals: deny }\n  aws:region: eu-west-1");
      assert.equal(openGatingFile(file, log).current().defaults.proposals, "deny");
    });

    it("knows nothing of another project's keys", () => {
      project("other");
      stack("my-gate:colour: red");
      assert.deepEqual(openGatingFile(file, log).current().services, {});
    });
  });
});
