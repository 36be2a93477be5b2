// The stand-in for PagerDuty against PagerDuty's own document. The witness beside this file compares in every other
// test too; here it is asked itself, and everything that can be read is read once.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import { EXCHANGES, type Exchange } from "../../emulators/pagerduty/http/exchanges.ts";
import { startWorld, type World } from "../emulators/pagerduty/harness.ts";
import { readEverything } from "./account.ts";
import {
  DOCUMENT_FILE,
  hasDocument,
  problemsOf,
  recorded,
  vendorDocument,
  witnessed,
} from "./witness.ts";

describe("PagerDuty's own document", () => {
  let world: World;
  const exchanges: Exchange[] = [];
  const listen = (message: unknown): void => {
    exchanges.push(message as Exchange);
  };

  before(async function () {
    if (!hasDocument) {
      console.log(`    skipped: ${DOCUMENT_FILE} is not present`);
      this.skip();
    }
    world = await startWorld();
    subscribe(EXCHANGES, listen);
    await readEverything(world);
  });

  after(async () => {
    unsubscribe(EXCHANGES, listen);
    await world?.emulator.stop();
  });

  it("allows every answer to a read that both know", () => {
    const reads = exchanges.filter(({ method, status }) => method === "GET" && status === 200);
    const known = new Set(reads.map((one) => vendorDocument().operation(one) ?? ""));
    known.delete("");
    assert.deepEqual(reads.flatMap(problemsOf), []);
    assert.equal(known.size, 54, [...known].sort().join("\n"));
  });

  it("tells what it does not allow of an answer", () => {
    const read = found(exchanges, "GET", "/incidents");
    const answered = { ...Object(read.answered), incidents: [{ status: "mitigated", service: 7 }] };
    assert.deepEqual(problemsOf({ ...read, answered }).map(withoutPlace), [
      'GET /incidents, answered 200: body /incidents/*/status: must be equal to one of the allowed values ["triggered","acknowledged","resolved"]',
      "GET /incidents, answered 200: body /incidents/*/service: must be object",
      "GET /incidents, answered 200: body /incidents/*/service: must be object",
      "GET /incidents, answered 200: body /incidents/*/service: must match a schema in anyOf",
    ]);
  });

  it("tells what it does not allow of a call of the gate's client", async () => {
    const client = createPagerDuty({
      baseUrl: world.emulator.url,
      token: async () => world.emulator.token,
      from: world.emulator.from,
      clock: world.clock,
    });
    const { id } = await world.openIncident();
    await client.addNote(id, "looked at");
    const sent = found(exchanges.toReversed(), "POST", `/incidents/${id}/notes`);
    assert.deepEqual(problemsOf(sent), []);
    const wrong = {
      ...sent,
      sent: { note: { text: "looked at" } },
      query: new URLSearchParams("x=1"),
    };
    assert.deepEqual(problemsOf(wrong).map(withoutPlace), [
      "POST /incidents/{id}/notes, asked: query x: the document has no such parameter",
      "POST /incidents/{id}/notes, asked: body /note: must have required property 'content'",
    ]);
    const headers = new Headers(sent.headers);
    headers.delete("from");
    assert.deepEqual(problemsOf({ ...sent, headers }), [
      "POST /incidents/{id}/notes, asked: header From: is required",
    ]);
  });
});

describe("The witness", () => {
  it("compares what a stand-in in a child process was asked and answers, also where that is killed", function () {
    if (!hasDocument) {
      console.log(`    skipped: ${DOCUMENT_FILE} is not present`);
      this.skip();
    }
    const emulator = new URL("../../emulators/pagerduty/index.ts", import.meta.url).href;
    const script = `
      import { startPagerDutyEmulator } from ${JSON.stringify(emulator)};
      const { url, token } = await startPagerDutyEmulator({ dataFile: ":memory:", port: 0 });
      const headers = {
        authorization: "Token token=" + token,
        accept: "application/json",
        "content-type": "application/json",
        "user-agent": "pagerduty-approval-gate/0",
      };
      await fetch(url + "/incidents?state=open", { headers });
      process.kill(process.pid, "SIGKILL");
    `;
    const record = join(tmpdir(), `witness-test-${process.pid}.jsonl`);
    const { signal } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, ...witnessed(record) },
      stdio: "inherit",
    });
    assert.equal(signal, "SIGKILL");
    const exchanges = recorded(record);
    assert.deepEqual(
      exchanges.map(({ method, path, status }) => `${method} ${path} ${status}`),
      ["GET /incidents 200"],
    );
    assert.deepEqual(exchanges.flatMap(problemsOf).map(withoutPlace), [
      "GET /incidents, asked: query state: the document has no such parameter",
    ]);
    const [one] = exchanges;
    assert.ok(one !== undefined);
    assert.notDeepEqual(problemsOf({ ...one, answered: { incidents: 7 } }), []);
    // What was read is judged once.
    assert.deepEqual(recorded(record), []);
  });
});

const withoutPlace = (problem: string): string => problem.replace(/ \(#.*$/, "");

function found(exchanges: readonly Exchange[], method: string, path: string): Exchange {
  const one = exchanges.find((each) => each.method === method && each.path === path);
  assert(one);
  return one;
}
