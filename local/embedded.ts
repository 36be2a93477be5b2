import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { LifecycleSettings } from "../functions/gate/lifecycle/known.ts";
import { startCheqpointEmulator, type CheqpointEmulator } from "../emulators/cheqpoint/index.ts";
import { ENDPOINTS_FILE, type Endpoints } from "./address.ts";
import { openClock, type SkippableClock } from "./clock.ts";
import { makeDataFolder } from "./dataFolder.ts";
import { LEDGER_FILE, startLocalGate, type LocalGate, type LocalGateOptions } from "./gate.ts";
import { openSqliteLedger } from "./ledger/ledger.ts";
import { EMULATORS } from "./ledger/ledgerPartners.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "../emulators/pagerduty/index.ts";
import { noticing, switchNotice } from "./switchNotice.ts";
import { sameAsBefore } from "./settings/ports.ts";
import { keptSubscription, subscribe } from "./subscription.ts";

export interface EmbeddedOptions {
  dataDir: string;
  gatingFile: string;
  onGatingChange?: LocalGateOptions["onGatingChange"];
  /** 0 takes the one of the last run on the folder, or a free one. */
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

export const LOG_FILE = "gate.log";

export interface Embedded extends EmbeddedParts {
  gate: LocalGate;
  dataDir: string;
  stop(): Promise<void>;
}

const keptSecrets = z.object({
  proposerToken: z.string(),
  operatorToken: z.string(),
  subscription: keptSubscription.nullable(),
});
type KeptSecrets = z.infer<typeof keptSecrets>;

const keptPorts = z.object({ gate: z.number(), pagerDuty: z.number(), cheqpoint: z.number() });

const SECRETS_FILE = "secrets.json";
const PORTS_FILE = "ports.json";
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
  let secrets = keptIn(secretsFile, keptSecrets) ?? newSecrets();
  const keep = (changed: Partial<KeptSecrets>): void => {
    secrets = { ...secrets, ...changed };
    writeWhole(secretsFile, secrets);
  };
  keep({});

  const log = createLog({ file: join(dataDir, LOG_FILE), level: options.logLevel ?? "info" });
  const portsFile = join(dataDir, PORTS_FILE);
  const ports = await sameAsBefore(
    {
      gate: options.gatePort,
      pagerDuty: options.pagerDutyPort,
      cheqpoint: options.cheqpointPort,
    },
    portsBefore(dataDir),
  );

  // One after the other: two at once would make two subscriptions.
  let connected: Promise<void> = Promise.resolve();
  let connect = (): Promise<void> => Promise.resolve();

  const running: { stop(): Promise<void> }[] = [];
  const stopAll = async (): Promise<void> => {
    for (const one of running.toReversed()) {
      await one.stop();
    }
  };
  try {
    const pagerDuty = await startPagerDutyEmulator({
      dataFile: join(dataDir, "pagerduty.sqlite"),
      port: ports.pagerDuty,
      onReset() {
        connected = connected
          .then(connect)
          .catch((error: unknown) => log.error("not subscribed", { problem: String(error) }));
      },
      clock,
    });
    running.push(pagerDuty);
    const cheqpoint = await startCheqpointEmulator({
      dataFile: join(dataDir, "cheqpoint.sqlite"),
      port: ports.cheqpoint,
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
      port: ports.gate,
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
      log,
      metrics: createMetrics({ ofProcess: false }),
      ...(options.settings === undefined ? {} : { settings: options.settings }),
      wrap: {
        ...options.wrap,
        ledger: (ledger) =>
          noticing(options.wrap?.ledger?.(ledger) ?? ledger, (text) => cheqpoint.setNotice(text)),
      },
      ...(otherwise === undefined ? {} : { otherwise }),
    });
    running.push(gate);
    cheqpoint.setNotice(await switchNotice(gate.ledger));
    writeWhole(portsFile, {
      gate: gate.port,
      pagerDuty: pagerDuty.port,
      cheqpoint: cheqpoint.port,
    });
    connect = () =>
      subscribe(pagerDuty, gate.url, secrets.subscription, (subscription) =>
        keep({ subscription }),
      );
    await connect();
    const endpointsFile = join(dataDir, ENDPOINTS_FILE);
    writeWhole(endpointsFile, endpoints());
    return {
      ...parts,
      gate,
      dataDir,
      async stop() {
        rmSync(endpointsFile, { force: true });
        await connected;
        await stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Where the three were on that folder the last time; empty: nothing has run there. */
export function portsBefore(dataDir: string): Partial<z.infer<typeof keptPorts>> {
  return keptIn(join(dataDir, PORTS_FILE), keptPorts) ?? {};
}

function newSecrets(): KeptSecrets {
  const token = (): string => randomBytes(24).toString("base64url");
  return { proposerToken: token(), operatorToken: token(), subscription: null };
}

/** Null: there is none, or it holds something else. */
function keptIn<T>(file: string, shape: z.ZodType<T>): T | null {
  try {
    return shape.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** A reader never sees half a file, and nobody else reads it. */
function writeWhole(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
