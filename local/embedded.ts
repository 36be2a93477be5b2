import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { subscribedEvents } from "../functions/gate/gating/index.ts";
import type { LifecycleSettings } from "../functions/gate/known.ts";
import { startCheqpointEmulator, type CheqpointEmulator } from "./cheqpoint/index.ts";
import { openClock, type SkippableClock } from "./clock.ts";
import { makeDataFolder } from "./dataFile.ts";
import { LEDGER_FILE, startLocalGate, type LocalGate, type LocalGateOptions } from "./gate.ts";
import { openSqliteLedger } from "./ledger.ts";
import { EMULATORS } from "./ledgerPartners.ts";
import { createCounters, createLog } from "./log.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "./pagerduty/index.ts";

export interface EmbeddedOptions {
  dataDir: string;
  gatingFile: string;
  onGatingChange?: LocalGateOptions["onGatingChange"];
  /** 0 takes a free one. */
  gatePort: number;
  pagerDutyPort: number;
  cheqpointPort: number;
  settings?: Partial<LifecycleSettings>;
  logLevel?: string;
  wrap?: LocalGateOptions["wrap"];
  otherwise?: (embedded: EmbeddedParts) => LocalGateOptions["otherwise"];
}

/** What the pages and the scenarios work with. */
export interface EmbeddedParts {
  clock: SkippableClock;
  pagerDuty: PagerDutyEmulator;
  cheqpoint: CheqpointEmulator;
  endpoints(): Endpoints;
}

const endpointsShape = z.object({
  gate: z.object({ url: z.string(), proposerToken: z.string(), operatorToken: z.string() }),
  pagerduty: z.object({ url: z.string(), token: z.string(), from: z.string() }),
  cheqpoint: z.object({ url: z.string(), connectionKey: z.string() }),
  pid: z.number(),
});

/** What `endpoints.json` in the data folder tells: everything that a client of the three needs. */
export type Endpoints = z.infer<typeof endpointsShape>;

export const ENDPOINTS_FILE = "endpoints.json";
export const LOG_FILE = "gate.log";

/** Throws when the folder has none: nothing runs there. */
export function readEndpoints(dataDir: string): Endpoints {
  return endpointsShape.parse(JSON.parse(readFileSync(join(dataDir, ENDPOINTS_FILE), "utf8")));
}

export interface Embedded extends EmbeddedParts {
  gate: LocalGate;
  dataDir: string;
  stop(): Promise<void>;
}

const keptSecrets = z.object({
  proposerToken: z.string(),
  operatorToken: z.string(),
  subscription: z.object({ id: z.string(), url: z.string(), secret: z.string() }).nullable(),
});
type KeptSecrets = z.infer<typeof keptSecrets>;

const SECRETS_FILE = "secrets.json";
/** Whoever proposes with the token in `endpoints.json`. */
const PROPOSER = "ai-agent";

/** Gate, PagerDuty and Cheqpoint on this machine, with everything that a deployment would set up between them. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir } = options;
  makeDataFolder(dataDir);
  const clock = openClock(join(dataDir, "clock.json"));
  // Before anything is made in a folder that holds the ledger of real accounts.
  openSqliteLedger(join(dataDir, LEDGER_FILE), clock, EMULATORS).close();
  const secretsFile = join(dataDir, SECRETS_FILE);
  let secrets = readSecrets(secretsFile);
  const keep = (changed: Partial<KeptSecrets>): void => {
    secrets = { ...secrets, ...changed };
    writeWhole(secretsFile, secrets);
  };
  keep({});

  const running: { stop(): Promise<void> }[] = [];
  const stopAll = async (): Promise<void> => {
    for (const one of running.toReversed()) {
      await one.stop();
    }
  };
  try {
    const pagerDuty = await startPagerDutyEmulator({
      dataFile: join(dataDir, "pagerduty.sqlite"),
      port: options.pagerDutyPort,
      clock,
    });
    running.push(pagerDuty);
    const cheqpoint = await startCheqpointEmulator({
      dataFile: join(dataDir, "cheqpoint.sqlite"),
      port: options.cheqpointPort,
      clock,
    });
    running.push(cheqpoint);
    const endpoints = (): Endpoints => ({
      gate: {
        url: gate.url,
        proposerToken: secrets.proposerToken,
        operatorToken: secrets.operatorToken,
      },
      pagerduty: { url: pagerDuty.url, token: pagerDuty.token, from: pagerDuty.from },
      cheqpoint: { url: cheqpoint.url, connectionKey: cheqpoint.connectionKey },
      pid: process.pid,
    });
    const parts: EmbeddedParts = { clock, pagerDuty, cheqpoint, endpoints };
    const otherwise = options.otherwise?.(parts);
    const gate = await startLocalGate({
      port: options.gatePort,
      dataDir,
      gatingFile: options.gatingFile,
      onGatingChange: options.onGatingChange,
      pagerDuty: { apiUrl: pagerDuty.url, token: pagerDuty.token, from: pagerDuty.from },
      cheqpoint: { apiUrl: cheqpoint.url, connectionKey: cheqpoint.connectionKey },
      partners: EMULATORS,
      webhookSecrets: () => (secrets.subscription === null ? [] : [secrets.subscription.secret]),
      proposers: { [PROPOSER]: secrets.proposerToken },
      operators: { operator: secrets.operatorToken },
      clock,
      log: createLog({ file: join(dataDir, LOG_FILE), level: options.logLevel ?? "info" }),
      metrics: createCounters(),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      ...(options.wrap === undefined ? {} : { wrap: options.wrap }),
      ...(otherwise === undefined ? {} : { otherwise }),
    });
    running.push(gate);
    keep({ subscription: await subscribe(pagerDuty, gate.url, secrets.subscription) });
    const endpointsFile = join(dataDir, ENDPOINTS_FILE);
    writeWhole(endpointsFile, endpoints());
    return {
      ...parts,
      gate,
      dataDir,
      async stop() {
        rmSync(endpointsFile, { force: true });
        await stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

const created = z.object({
  webhook_subscription: z.object({
    id: z.string(),
    delivery_method: z.object({ secret: z.string().min(1) }),
  }),
});
/** A deployment's own, and what an agent may leave on an incident as a proposal. */
const EVENTS = [...subscribedEvents, "incident.annotated", "incident.custom_field_values.updated"];

/** The subscription that a deployment declares; its secret is told only when it is created. */
async function subscribe(
  pagerDuty: PagerDutyEmulator,
  gateUrl: string,
  kept: KeptSecrets["subscription"],
): Promise<NonNullable<KeptSecrets["subscription"]>> {
  const url = `${gateUrl}/pagerduty/webhook`;
  const call = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${pagerDuty.url}${path}`, {
      method,
      headers: {
        authorization: `Token token=${pagerDuty.token}`,
        "content-type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  if (kept !== null) {
    const found = await call("GET", `/webhook_subscriptions/${kept.id}`);
    await found.arrayBuffer();
    if (found.ok && kept.url === url) {
      return kept;
    }
    if (found.ok) {
      await call("DELETE", `/webhook_subscriptions/${kept.id}`);
    }
  }
  const answer = await call("POST", "/webhook_subscriptions", {
    webhook_subscription: {
      type: "webhook_subscription",
      description: "approval gate",
      delivery_method: { type: "http_delivery_method", url },
      events: EVENTS,
      filter: { type: "account_reference" },
    },
  });
  if (!answer.ok) {
    throw new Error(
      `the webhook subscription was not created: ${answer.status} ${await answer.text()}`,
    );
  }
  const { webhook_subscription: made } = created.parse(await answer.json());
  return { id: made.id, url, secret: made.delivery_method.secret };
}

function readSecrets(file: string): KeptSecrets {
  try {
    return keptSecrets.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    const token = (): string => randomBytes(24).toString("base64url");
    return { proposerToken: token(), operatorToken: token(), subscription: null };
  }
}

/** A reader never sees half a file, and nobody else reads it. */
function writeWhole(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
