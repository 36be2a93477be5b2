import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalGate } from "../../local/gate.ts";
import { startBareServer, verifyAndParse } from "../bareServer.ts";
import { createHttpClient } from "../httpClient.ts";
import { timeEach } from "../measure.ts";
import { eventBody, headersOf } from "../pagerDutyEvent.ts";
import type { BenchCase } from "./benchCase.ts";

const SECRET = "bench-signing-secret-0001";

/** A signed webhook until its 202, which the gate says only after the event is on the disk. */
export const webhook: BenchCase = async (scale) => {
  const dataDir = mkdtempSync(join(tmpdir(), "gate-bench-"));
  const gatingFile = join(dataDir, "gating.yaml");
  writeFileSync(gatingFile, "services: {}\n");
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const gate = await startLocalGate({
    port: 0,
    dataDir,
    gatingFile,
    // Nothing of this service is gated, so neither is ever called.
    pagerDuty: { apiUrl: "http://127.0.0.1:9", token: "none", from: "bench@example.com" },
    cheqpoint: { apiUrl: "http://127.0.0.1:9", connectionKey: "none" },
    webhookSecrets: () => [SECRET],
    proposers: {},
    operators: {},
    clock: { now: () => Date.now() },
    log: silent,
    metrics: { count() {} },
  });
  const bare = await startBareServer(verifyAndParse(SECRET));
  const client = createHttpClient();
  let sent = 0;

  const deliver = async (url: string): Promise<void> => {
    sent += 1;
    const body = eventBody(sent);
    const { status } = await client.send("POST", url, headersOf(body, sent, SECRET), body);
    if (status !== 202) {
      throw new Error(`${url} answered ${status}`);
    }
  };
  const operations = scale === "full" ? 100 : 3;
  return {
    rounds: scale === "full" ? 20 : 2,
    pair: {
      name: "webhook to durable 202",
      baseline: "bare node:http, HMAC and JSON.parse, nothing stored",
      unit: "ms",
      operations,
      runSubject: () => timeEach(operations, () => deliver(`${gate.url}/pagerduty/webhook`)),
      runBaseline: () => timeEach(operations, () => deliver(bare.url)),
    },
    async stop() {
      client.close();
      await bare.stop();
      await gate.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
