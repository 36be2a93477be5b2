import { randomIds } from "../../functions/ids.ts";
import { limitsFrom } from "../../functions/gate/ledger/admission.ts";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import { defaultLifecycleSettings } from "../../functions/gate/lifecycle/known.ts";
import type { PagerDuty } from "../../functions/gate/ports/index.ts";
import { handleMiddleware } from "../../functions/middleware/middleware.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import { sleep } from "../../functions/sleep.ts";
import { CHEQPOINT_HOLDS_MS } from "../../functions/worker/trigger.ts";
import { startLocalGate } from "../../local/gate.ts";
import { openGatingFile } from "../../local/gatingFile/gatingFile.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { createLocalSecrets } from "../../local/secrets.ts";
import { createHttpClient } from "../httpClient.ts";
import { startInstances, type Instances } from "../instances.ts";

/** A gate that proposals are sent to. */
export interface BenchGate {
  /** Answers with the status. */
  propose(body: string): Promise<number>;
  /** Has it look for what is due. */
  sweep(): Promise<void>;
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface Around {
  dataDir: string;
  gatingFile: string;
  cheqpointUrl: string;
  pagerDuty: (real: PagerDuty) => PagerDuty;
}

const TOKEN = "bench-proposer-token-0001";
const MANY = { bench: { perMinute: 1_000_000, perHour: 1_000_000 } };
const HEADERS = { "content-type": "application/json", authorization: `Bearer ${TOKEN}` };
const PAGER_DUTY = { token: "none", from: "bench@example.com" };
const SECRETS = { webhookSecrets: () => [], proposers: { bench: TOKEN }, operators: {} };

const clock = { now: () => Date.now() };
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const metrics = { count: quiet };

/** `npm run gate`. */
export async function onOneMachine(around: Around): Promise<BenchGate> {
  const { dataDir, gatingFile } = around;
  const client = createHttpClient();
  const gate = await startLocalGate({
    ...SECRETS,
    port: 0,
    dataDir,
    gatingFile,
    pagerDuty: { ...PAGER_DUTY, apiUrl: "http://127.0.0.1:9" },
    cheqpoint: { apiUrl: around.cheqpointUrl, connectionKey: "none" },
    proposerLimits: MANY,
    clock,
    log,
    metrics,
    wrap: { pagerDuty: around.pagerDuty },
  });
  return {
    async propose(body) {
      const url = `${gate.url}/proposals`;
      return (await client.send("POST", url, HEADERS, Buffer.from(body))).status;
    },
    sweep: () => gate.queue.sweep(),
    idle: () => gate.queue.idle(),
    async stop() {
      client.close();
      await gate.stop();
    },
  };
}

/** The functions' handlers behind a queue as SQS is, over a ledger on this machine. */
export function asDeployed(around: Around): Promise<BenchGate> {
  const gating = openGatingFile(around.gatingFile, log);
  const ledger = openSqliteLedger(":memory:", clock, undefined, (name) => gating.versionOf(name));
  const shared = { clock, ids: randomIds, ledger, gating, log, metrics };
  const later: { instances?: Instances } = {};
  const queue: Pick<Instances, "send"> = {
    send: (items, options) => later.instances?.send(items, options) ?? Promise.resolve(),
  };
  const instances = startInstances(() => ({
    ...shared,
    queue,
    pagerDuty: around.pagerDuty(
      createPagerDuty({
        ...PAGER_DUTY,
        token: () => Promise.resolve(PAGER_DUTY.token),
        baseUrl: "http://127.0.0.1:9",
        clock,
      }),
    ),
    cheqpoint: createCheqpoint({
      baseUrl: around.cheqpointUrl,
      connectionKey: () => Promise.resolve("none"),
      clock,
      heldMs: CHEQPOINT_HOLDS_MS,
    }),
    settings: defaultLifecycleSettings,
    publicUrl: "https://gate.example.com",
  }));
  later.instances = instances;
  const receiver = {
    ...shared,
    queue,
    limitsOf: limitsFrom(MANY),
    secrets: createLocalSecrets(SECRETS),
    sleep,
  };
  return Promise.resolve({
    async propose(body) {
      const { status } = await handleMiddleware(receiver, "POST /proposals", {
        method: "POST",
        path: "/proposals",
        params: {},
        query: {},
        headers: HEADERS,
        body: Buffer.from(body),
      });
      return status;
    },
    sweep: () => instances.sweep(),
    idle: () => instances.idle(),
    async stop() {
      await instances.stop();
      ledger.close();
    },
  });
}
