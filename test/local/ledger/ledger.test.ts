import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { z } from "zod";
import { verifyChain } from "../../../functions/gate/proposal/audit.ts";
import type { Ledger } from "../../../functions/gate/ports/index.ts";
import { openSqliteLedger } from "../../../local/ledger/ledger.ts";
import { MIGRATIONS } from "../../../local/ledger/ledgerSchema.ts";
import { openSqliteFile } from "../../../local/ledger/sqliteFile.ts";
import { ledgerContract } from "../../contract/ledger.ts";
import {
  START_MS,
  TestClock,
  newAlarm,
  newDelivery,
  newInvocation,
  newProposal,
  nextVersion,
} from "../../contract/proposals.ts";

// Does not show what a power failure does: only the process is killed here, the machine goes on.

const DAY_MS = 24 * 3_600_000;
let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "gate-ledger-"));
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
function newFile(): string {
  files += 1;
  return join(folder, `ledger-${files}`, "ledger.db");
}

ledgerContract("openSqliteLedger", async (clock) => {
  const ledger = openSqliteLedger(newFile(), clock);
  return { ledger, close: async () => ledger.close() };
});

describe("openSqliteLedger", () => {
  it("moves with its accounts to other addresses, once nothing is open", async () => {
    const file = newFile();
    const clock = new TestClock();
    const us = { pagerDuty: "https://api.pagerduty.com", cheqpoint: "https://app.cheqpoint.co" };
    const eu = { ...us, pagerDuty: "https://api.eu.pagerduty.com" };
    const first = openSqliteLedger(file, clock, us);
    const { proposal, events } = newProposal("p1");
    await first.create(proposal, events);
    first.close();
    assert.throws(() => openSqliteLedger(file, clock, { ...eu, moved: true }), {
      message: `${file} holds 1 open proposal for PagerDuty at ${us.pagerDuty} and Cheqpoint at ${us.cheqpoint}: start the gate with those addresses, let them end or withdraw them (\`gate void\`), then set \`GATE_ADDRESSES_MOVED\` again`,
    });
    const second = openSqliteLedger(file, clock, us);
    const next = nextVersion({ ...proposal, closedAtMs: START_MS });
    await second.save(next.proposal, next.events);
    second.close();
    assert.throws(() => openSqliteLedger(file, clock, eu), /was made for PagerDuty at/);
    openSqliteLedger(file, clock, { ...eu, moved: true }).close();
    openSqliteLedger(file, clock, eu).close();
    assert.throws(() => openSqliteLedger(file, clock, us), /was made for PagerDuty at/);
  });

  it("finds everything again when the file is reopened", async () => {
    const file = newFile();
    const clock = new TestClock();
    const before = openSqliteLedger(file, clock);
    const first = newProposal("p1");
    const idempotency = { scope: "a", key: "k", requestHash: "h" };
    await before.create(first.proposal, first.events, { idempotency });
    const next = nextVersion(first.proposal);
    const reserve = [{ key: "c", limit: 1, atMs: START_MS, untilMs: START_MS + DAY_MS }];
    await before.save(next.proposal, next.events, { reserve, links: ["l"] });
    await before.accept(newDelivery("d1"));
    await before.raise(newAlarm("a1"));
    await before.putInvocation(newInvocation("i1"));
    await before.setKillSwitch({ on: true, reason: "r", by: "b", atMs: 1 });
    before.close();

    const after = openSqliteLedger(file, clock);
    assert.deepEqual(await after.get("p1"), { proposal: next.proposal, hints: [] });
    assert.deepEqual(await after.events("p1"), [...first.events, ...next.events]);
    const again = newProposal("p2");
    const joined = await after.create(again.proposal, again.events, { idempotency });
    assert.equal(joined.created, false);
    const third = nextVersion(next.proposal);
    assert.equal(await after.save(third.proposal, third.events, { reserve }), "saved");
    assert.deepEqual(await after.places("c", START_MS), [START_MS + DAY_MS]);
    assert.equal(await after.link("l"), "p1");
    assert.equal(await after.accept(newDelivery("d1")), "duplicate");
    assert.equal(await after.raise(newAlarm("a1")), false);
    assert.deepEqual(await after.getInvocation("i1"), newInvocation("i1"));
    assert.equal((await after.killSwitch()).on, true);
    after.close();
  });

  it("keeps its file from other users", () => {
    const file = newFile();
    openSqliteLedger(file, new TestClock()).close();
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("is one ledger for two processes at once", async () => {
    const file = newFile();
    const clock = new TestClock();
    const [one, two] = [openSqliteLedger(file, clock), openSqliteLedger(file, clock)];
    const first = newProposal("p1");
    await one.create(first.proposal, first.events);
    const next = nextVersion(first.proposal);
    assert.equal(await two.save(next.proposal, next.events), "saved");
    assert.equal(await one.save(next.proposal, next.events), "stale");
    one.close();
    two.close();
  });

  it("forgets old idempotency keys and deliveries that are done, never proposals", async () => {
    const file = newFile();
    const clock = new TestClock();
    const before = openSqliteLedger(file, clock);
    const first = newProposal("p1");
    const idempotency = { scope: "a", key: "k", requestHash: "h" };
    await before.create(first.proposal, first.events, { idempotency });
    await before.accept(newDelivery("done", { dueAtMs: null, state: "done" }));
    await before.accept(newDelivery("waiting"));
    before.close();

    clock.advance(31 * DAY_MS);
    const after = openSqliteLedger(file, clock);
    const second = newProposal("p2");
    const result = await after.create(second.proposal, second.events, { idempotency });
    assert.equal(result.created, true);
    assert.equal(await after.getDelivery("done"), null);
    assert.deepEqual(await after.getDelivery("waiting"), newDelivery("waiting"));
    assert.deepEqual((await after.get("p1"))?.proposal, first.proposal);
    assert.deepEqual(await after.events("p1"), first.events);
    after.close();
  });

  it("forgets no no that stands, no key that is held and no open proposal's, however long they are there", async () => {
    const file = newFile();
    const clock = new TestClock();
    const before = openSqliteLedger(file, clock);
    const dedupeKey = "one key";
    const first = newProposal("prop_1", { dedupeKey });
    await before.create(first.proposal, first.events);
    const ended = nextVersion(first.proposal);
    const no = { name: "PINC1 sha256:a", atMs: START_MS, untilMs: START_MS + 90 * DAY_MS };
    const dedupe = { kind: "coolDown", untilMs: START_MS + DAY_MS, scope: "events" } as const;
    assert.equal(await before.save(ended.proposal, ended.events, { no, dedupe }), "saved");
    // Only events wait for the cool-down, so that this one has the key beside it.
    const open = newProposal("prop_2", { dedupeKey });
    assert.equal((await before.create(open.proposal, open.events)).created, true);
    const holding = nextVersion(open.proposal);
    const hold = { keys: ["field/PINC1/replicas"], atMs: START_MS };
    assert.equal(await before.save(holding.proposal, holding.events, { hold }), "saved");
    before.close();

    clock.advance(60 * DAY_MS);
    const after = openSqliteLedger(file, clock);
    const { atMs, untilMs } = no;
    assert.deepEqual((await after.lastNo(no.name)).no, { atMs, untilMs });
    assert.equal((await after.holder("field/PINC1/replicas"))?.proposalId, "prop_2");
    const equal = newProposal("prop_3", { dedupeKey });
    const joined = await after.create(equal.proposal, equal.events);
    assert.deepEqual([joined.created, joined.proposal.id], [false, "prop_2"]);
    after.close();
  });

  it("refuses a file that a newer release wrote", () => {
    const file = newFile();
    openSqliteLedger(file, new TestClock()).close();
    const db = new DatabaseSync(file);
    db.exec("UPDATE schema_version SET version = 99");
    db.close();
    assert.throws(() => openSqliteLedger(file, new TestClock()), {
      message: `\`${file}\` has schema version 99, this program knows versions up to ${MIGRATIONS.length}: use a newer one`,
    });
  });

  it("refuses a record of another schema", async () => {
    const file = newFile();
    const ledger = openSqliteLedger(file, new TestClock());
    const first = newProposal("p1");
    await ledger.create(first.proposal, first.events);
    const db = new DatabaseSync(file);
    db.exec("UPDATE proposals SET record = json_set(record, '$.schema', 2)");
    db.close();
    await assert.rejects(ledger.get("p1"), {
      message: "a proposal's `schema` must be 1, found 2: another release of the gate wrote it",
    });
    ledger.close();
  });

  it("rejects every call once it is closed", async () => {
    const ledger = openSqliteLedger(newFile(), new TestClock());
    ledger.close();
    const { proposal, events } = newProposal("p1");
    await assert.rejects(ledger.create(proposal, events));
    await assert.rejects(ledger.get("p1"));
    await assert.rejects(ledger.due(START_MS, 1));
  });
});

describe("a migrated file", () => {
  it("gets what is new, once, and keeps what it had", () => {
    const file = newFile();
    const first = "CREATE TABLE notes (text TEXT NOT NULL) STRICT";
    const second = "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody'";
    const old = openSqliteFile(file, [first]);
    old.run("INSERT INTO notes (text) VALUES ('kept')");
    old.close();
    for (let round = 0; round < 2; round += 1) {
      const now = openSqliteFile(file, [first, second]);
      assert.deepEqual({ ...now.first("SELECT * FROM notes") }, { text: "kept", author: "nobody" });
      now.close();
    }
  });

  it("stays as it was when a migration fails", () => {
    const file = newFile();
    openSqliteFile(file, ["CREATE TABLE a (x TEXT)"]).close();
    const broken = ["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT); CREATE TABLE a (x TEXT)"];
    assert.throws(() => openSqliteFile(file, broken), { message: "table a already exists" });
    const fixed = openSqliteFile(file, ["CREATE TABLE a (x TEXT)", "CREATE TABLE b (x TEXT)"]);
    assert.equal(fixed.run("INSERT INTO b VALUES ('y')"), 1);
    fixed.close();
  });
});

describe("a gate that is killed (SIGKILL)", function () {
  // One round of the child has nine acknowledgements; each of them is the last one heard once, and later rounds too.
  for (const heard of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 25, 60]) {
    it(`loses nothing that it acknowledged, killed after write ${heard}`, async () => {
      const file = newFile();
      const acknowledged = await writeUntilKilled(file, heard);
      assert.ok(acknowledged.length >= heard);

      const db = new DatabaseSync(file);
      assert.deepEqual(
        { ...db.prepare("PRAGMA integrity_check").get() },
        { integrity_check: "ok" },
      );
      db.close();
      const ledger = openSqliteLedger(file, new TestClock());
      for (const [kind, id, version] of acknowledged) {
        assert.ok(await isThere(ledger, kind, id, version), `${kind} ${id} ${version}`);
      }
      const { proposals } = await ledger.list({ limit: 200 });
      for (const proposal of proposals) {
        const events = await ledger.events(proposal.id);
        assert.deepEqual(verifyChain(proposal.id, events, proposal.audit), []);
      }
      ledger.close();
    });
  }
});

type Acknowledged = [kind: string, id: string, version: number];
const acknowledgement = z.tuple([z.string(), z.string(), z.number()]);

/** Runs the writing child and kills it at the given acknowledgement; it goes on writing until the signal arrives. */
async function writeUntilKilled(file: string, heard: number): Promise<Acknowledged[]> {
  const script = fileURLToPath(new URL("ledgerChild.ts", import.meta.url));
  const child = spawn(process.execPath, [script, file], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_code, signal) => resolve(signal));
  });
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(acknowledgement.parse(JSON.parse(line)));
    if (acknowledged.length === heard) {
      child.kill("SIGKILL");
    }
  }
  assert.equal(await ended, "SIGKILL");
  return acknowledged;
}

async function isThere(ledger: Ledger, kind: string, id: string, version: number) {
  switch (kind) {
    case "proposal": {
      const found = await ledger.get(id);
      return found !== null && found.proposal.version >= version;
    }
    case "hint":
      return (await ledger.get(id))?.hints.length === 1;
    case "link":
      return (await ledger.link(`link ${id}`)) === id;
    case "delivery": {
      const found = await ledger.getDelivery(id);
      return found !== null && found.tries >= version;
    }
    case "alarm":
      return (await ledger.raise(newAlarm(id))) === false;
    case "invocation":
      return (await ledger.getInvocation(id)) !== null;
    case "killSwitch":
      return (await ledger.killSwitch()).atMs >= version;
    default:
      return false;
  }
}
