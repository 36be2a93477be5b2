// What a caller gets whose request is under way when the gate stops.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "../../functions/gate/ports/index.ts";
import { startLocalGate } from "../../local/gate.ts";
import { startHttpHost } from "../../local/httpHost.ts";
import { createCounters, createLog } from "../../local/log.ts";
import { DEV_STACK } from "../cli/support.ts";

const TOKEN = "0123456789abcdef";

describe("A gate that stops", () => {
  let dataDir = "";
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), "gate-stopping-"));
  });
  afterEach(() => rmSync(dataDir, { recursive: true }));

  /** Nothing is swept and nobody answers: a proposal stays as it came. */
  const start = (get: (ledger: Ledger, id: string) => ReturnType<Ledger["get"]>) =>
    startLocalGate({
      port: 0,
      dataDir,
      gatingFile: DEV_STACK,
      pagerDuty: { apiUrl: "http://127.0.0.1:9", token: "token", from: "gate@example.com" },
      cheqpoint: { apiUrl: "http://127.0.0.1:9", connectionKey: "key" },
      webhookSecrets: () => [],
      proposers: { agent: TOKEN },
      operators: {},
      clock: { now: () => Date.now() },
      log: createLog({ level: "silent" }),
      metrics: createCounters(),
      sweepEveryMs: null,
      wrap: { ledger: (ledger) => ({ ...ledger, get: (id) => get(ledger, id) }) },
    });
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };

  it("tells whoever waits for an outcome how things stand", async () => {
    const asked = Promise.withResolvers<void>();
    const gate = await start((ledger, id) => {
      asked.resolve();
      return ledger.get(id);
    });
    const answer = fetch(`${gate.url}/proposals?wait=25`, {
      method: "POST",
      headers,
      body: JSON.stringify({
        incident_id: "PINC001",
        service: "payments-db",
        runbook: "restart_primary",
        justification: "It hangs.",
      }),
    });
    const startedMs = performance.now();
    await Promise.race([asked.promise, answer]);
    const stopped = gate.stop();
    const { status, body } = await answer.then(async (got) => ({
      status: got.status,
      body: Object(await got.json()) as Record<string, unknown>,
    }));
    await stopped;
    assert.equal(status, 202, JSON.stringify(body));
    assert.equal(body["final"], false);
    assert.ok(performance.now() - startedMs < 20_000);
  });

  it("answers what it was asked before it closes its ledger", async () => {
    const [asked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const gate = await start(async (ledger, id) => {
      asked.resolve();
      await goOn.promise;
      return ledger.get(id);
    });
    const answer = fetch(`${gate.url}/proposals/prop_none`, { headers });
    await asked.promise;
    const stopped = gate.stop();
    goOn.resolve();
    assert.equal((await answer).status, 404);
    await stopped;
  });

  it("does not wait for ever for a function that hangs", async () => {
    const asked = Promise.withResolvers<void>();
    const host = await startHttpHost({
      port: 0,
      host: "127.0.0.1",
      functions: [
        {
          routes: ["GET /hangs"],
          handler: () => {
            asked.resolve();
            return new Promise(() => undefined);
          },
        },
      ],
      otherwise: () => undefined,
    });
    const cut = assert.rejects(fetch(`${host.url}/hangs`), { message: "fetch failed" });
    await asked.promise;
    await host.stop({ withinMs: 1 });
    await cut;
  });
});
