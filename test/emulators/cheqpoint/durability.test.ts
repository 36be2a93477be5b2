// Restarts with the same data file: an orderly stop, and a process killed without any warning.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startCheqpointEmulator } from "../../../emulators/cheqpoint/index.ts";
import { Bench, KEY, SAMPLE, field } from "./support.ts";

const ENTRY = new URL("../../../emulators/cheqpoint/index.ts", import.meta.url).href;
const HOOK = fileURLToPath(new URL("../../tsNode.mjs", import.meta.url));

describe("Cheqpoint emulator: restarts", () => {
  let folder = "";
  let bench = new Bench();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cheqpoint-"));
    bench = new Bench({ dataFile: join(folder, "data", "cheqpoint.sqlite") });
  });
  afterEach(async () => {
    await bench.stop();
    rmSync(folder, { recursive: true });
  });

  it("keeps requests, rules, settings and callbacks not yet delivered", async () => {
    await bench.start();
    const receiver = await bench.receiver();
    const { json } = await bench.inbound({ ...SAMPLE, callbackUrl: receiver.url });
    const id = field(json, "approvalId");
    await bench.call("POST", "/_emulator/rules", {
      name: "later",
      decision: "reject",
      action: "x",
    });
    await bench.settings({ killSwitch: true });
    await bench.fault({ call: "callback", delayMs: 60_000 });
    await bench.decide(id, { decision: "approved", note: "Go." });
    await bench.emulator.stop();

    await bench.start();
    assert.equal(field((await bench.readBack(id)).json, "decisionNote"), "Go.");
    assert.equal((await bench.inbound(SAMPLE)).status, 403);
    const { rules } = Object((await bench.call("GET", "/_emulator/rules")).json);
    assert.equal(rules.length, 1);
    assert.equal(receiver.received.length, 0);
    await bench.pass(60_000);
    assert.equal(receiver.received.length, 1);
  });

  it("keeps the webhook secret and what shall still go wrong, until it is reset", async () => {
    const signatures = async (): Promise<string[]> => {
      const receiver = await bench.receiver();
      const asked = { ...SAMPLE, callbackUrl: receiver.url };
      const id = field((await bench.inbound(asked)).json, "approvalId");
      await bench.decide(id, { decision: "approved" });
      await bench.emulator.tick();
      return receiver.received.map(({ headers, raw }) => {
        const good = createHmac("sha256", "hush").update(raw).digest("hex");
        const found = headers["x-cheqpoint-signature"];
        return found === good ? "good" : String(found);
      });
    };
    const fault = { call: "GET /api/approvals/:id", status: 503 };
    await bench.start();
    await bench.settings({ webhookSecret: "hush" });
    await bench.fault({ ...fault, times: 3 });
    assert.equal((await bench.readBack("req_1")).status, 503);
    await bench.emulator.stop();

    await bench.start();
    assert.deepEqual((await bench.call("GET", "/_emulator/faults")).json, {
      faults: [{ ...fault, times: 2 }],
    });
    assert.deepEqual(await signatures(), ["good"]);
    await bench.call("POST", "/_emulator/reset");
    await bench.emulator.stop();

    await bench.start();
    assert.deepEqual((await bench.call("GET", "/_emulator/faults")).json, { faults: [] });
    assert.deepEqual(await signatures(), ["undefined"]);
  });

  it("keeps what it answered when it is killed", async () => {
    const { child, url } = await inOwnProcess(join(folder, "killed.sqlite"));
    const answer = await fetch(`${url}/api/webhooks/inbound`, {
      method: "POST",
      headers: { "x-api-key": KEY },
      body: JSON.stringify(SAMPLE),
    });
    const id = field(await answer.json(), "approvalId");
    await fetch(`${url}/_emulator/approvals/${id}/decide`, {
      method: "POST",
      body: JSON.stringify({ decision: "rejected", note: "Not now." }),
    });
    child.kill("SIGKILL");
    await once(child, "exit");

    bench = new Bench({ dataFile: join(folder, "killed.sqlite") });
    await bench.start();
    const { json } = await bench.readBack(id);
    assert.equal(field(json, "status"), "REJECTED");
    assert.equal(field(json, "decisionNote"), "Not now.");
  });

  it("makes up a key once and keeps it in a file that others cannot read", async () => {
    const dataFile = join(folder, "own-key.sqlite");
    const keys = [];
    for (let i = 0; i < 2; i++) {
      const emulator = await startCheqpointEmulator({ dataFile, port: 0 });
      keys.push(emulator.connectionKey);
      await emulator.stop();
    }
    assert.match(keys[0] ?? "", /^cq_test_[0-9a-f]{48}$/);
    assert.equal(keys[0], keys[1]);
    assert.equal(statSync(dataFile).mode & 0o077, 0);
  });

  it("says so when its port is taken", async () => {
    await bench.start();
    const { port } = bench.emulator;
    await assert.rejects(startCheqpointEmulator({ dataFile: ":memory:", port }), {
      message: `Port ${port} on 127.0.0.1 is in use by another program.`,
    });
  });
});

describe("Cheqpoint emulator: who may use page and switches", () => {
  const bench = new Bench();
  before(() => bench.start());
  after(() => bench.stop());

  const page = (headers: Record<string, string>, path = "/_emulator/settings") =>
    new Promise<number | undefined>((resolve, reject) => {
      request(bench.emulator.url + path, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });

  it("lets its own page, command lines and localhost in", async () => {
    const { port, url } = bench.emulator;
    assert.equal(await page({}), 200);
    assert.equal(await page({ origin: url }), 200);
    assert.equal(await page({ host: `localhost:${port}` }), 200);
  });

  it("keeps pages of other origins and other host names out", async () => {
    assert.equal(await page({ origin: "https://evil.example" }), 403);
    assert.equal(await page({ origin: "null" }), 403);
    assert.equal(await page({ host: "rebound.example" }), 403);
    assert.equal(await page({ host: "rebound.example" }, "/"), 403);
  });

  it("does not ask callers of the public API for their origin", async () => {
    assert.equal(await page({ host: "cheqpoint.test", "x-api-key": KEY }, "/api/approvals/x"), 404);
  });
});

async function inOwnProcess(dataFile: string) {
  const program = `
    import { startCheqpointEmulator } from ${JSON.stringify(ENTRY)};
    const options = ${JSON.stringify({ dataFile, port: 0, connectionKey: KEY })};
    console.log((await startCheqpointEmulator(options)).url);
  `;
  const args = ["--import", HOOK, "--input-type=module", "--eval", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const url of createInterface({ input: child.stdout })) return { child, url };
  throw new Error("The emulator ended before it told its address.");
}
