import { setMaxListeners } from "node:events";
import { join } from "node:path";
import { apiHandler } from "../functions/aws/apiEvent.ts";
import { agentRoutes, handleAgents } from "../functions/agents/agents.ts";
import { callbackRoute, handleCallback } from "../functions/callback/callback.ts";
import { createCheqpoint, DEFAULT_BASE_URL } from "../functions/cheqpoint/client.ts";
import {
  defaultLifecycleSettings,
  type LifecycleSettings,
} from "../functions/gate/lifecycle/known.ts";
import { limitsFrom } from "../functions/gate/ledger/admission.ts";
import type {
  Cheqpoint,
  Clock,
  Ledger,
  Log,
  PagerDuty,
  ProposerLimits,
} from "../functions/gate/ports/index.ts";
import type { DryRunAsked } from "../functions/gate/proposal/intake.ts";
import { dryRunView } from "../functions/gate/telling/dryRun.ts";
import type { Gating } from "../functions/gate/gating/index.ts";
import { randomIds } from "../functions/ids.ts";
import { handleMiddleware, middlewareRoutes } from "../functions/middleware/middleware.ts";
import { createPagerDuty } from "../functions/pagerduty/client.ts";
import { sleep } from "../functions/sleep.ts";
import { eachPart } from "../functions/worker/sweep.ts";
import { recordGating } from "../functions/worker/gatingTrail.ts";
import { countPastSla, watchServices, watchSubscriptions } from "../functions/worker/watch.ts";
import { dryRun } from "../functions/worker/dryRun.ts";
import { createWorker, type Worker } from "../functions/worker/worker.ts";
import { withAlarmPager } from "./alarmPager.ts";
import { openGatingFile, type GatingFile } from "./gatingFile/gatingFile.ts";
import { openServiceIds } from "./gatingFile/serviceIds.ts";
import type { LocalMetrics } from "./metrics.ts";
import { startHttpHost, type Otherwise } from "./httpHost.ts";
import { openSqliteLedger, type SqliteLedger } from "./ledger/ledger.ts";
import type { Partners } from "./ledger/ledgerPartners.ts";
import { handleOperator, operatorRoutes } from "./operator.ts";
import { createLocalSecrets } from "./secrets.ts";
import type { LocalSecretsOptions } from "./secrets.ts";
import { createLocalQueue, type LocalQueue } from "./queue.ts";
import { createTurns } from "./turns.ts";

export const LEDGER_FILE = "ledger.sqlite";
/** Which PagerDuty service each key of the gating stands for. */
const SERVICES_FILE = "services.json";

/** How often it is looked whether PagerDuty still delivers, and whether proposals are overdue. */
const WATCH_EVERY_MS = 5 * 60_000;
/** How soon whoever saves a gating with a mistake is told so. */
const LOOK_AT_GATING_EVERY_MS = 1_000;

export interface LocalGateOptions extends LocalSecretsOptions {
  port: number;
  /** Defaults to 127.0.0.1. */
  host?: string;
  dataDir: string;
  /** File with the gating: a stack file, or one with `services` at its top. */
  gatingFile: string;
  /** How often those may propose who have limits of their own. */
  proposerLimits?: Readonly<Record<string, ProposerLimits>> | undefined;
  /** Told when the file changed, with what is wrong with it; null: it is in force. */
  onGatingChange?: ((problem: string | null) => void) | undefined;
  /** Where Cheqpoint reaches the gate; its own address unless given. */
  publicUrl?: string | undefined;
  pagerDuty: { apiUrl: string; token: string; from: string; tokenType?: "token" | "bearer" };
  cheqpoint: { apiUrl?: string | undefined; connectionKey: string };
  /** Whose the ledger is; defaults to the addresses of both. */
  partners?: Partners;
  /** The addresses are new ones of the accounts that the ledger was made for. Default false. */
  addressesMoved?: boolean;
  clock: Clock;
  log: Log;
  metrics: LocalMetrics;
  settings?: Partial<LifecycleSettings>;
  /** Longest time for one call to PagerDuty or Cheqpoint, in ms. Defaults to 10 s. */
  callTimeoutMs?: number;
  /** Calls to PagerDuty in any minute, at most. Defaults to any number. */
  pagerDutyPerMinute?: number;
  /** How often what is due is looked for, in ms; null: only by `queue.sweep()`. Defaults to 1000. */
  sweepEveryMs?: number | null;
  /** Pages through PagerDuty's Events API when the gate itself has an alarm. */
  alarmPager?: { eventsUrl: string; routingKey: string } | undefined;
  /** Takes the place of a part, in tests that make it fail. */
  wrap?: {
    ledger?: (ledger: Ledger) => Ledger;
    pagerDuty?: (pagerDuty: PagerDuty) => PagerDuty;
    cheqpoint?: (cheqpoint: Cheqpoint) => Cheqpoint;
  };
  /** Answers what no route of the gate takes: the timeline page. */
  otherwise?: (gate: LocalGateParts) => Otherwise;
}

export interface LocalGateParts {
  ledger: Ledger;
  lastEnded: SqliteLedger["lastEnded"];
  gating: GatingFile;
  queue: LocalQueue;
  clock: Clock;
}

export interface LocalGate extends LocalGateParts {
  url: string;
  port: number;
  /** Settled when PagerDuty was asked which services the gating names, whether it told or not. */
  learned(): Promise<unknown>;
  /** Finishes what is under way and closes the ledger. */
  stop(): Promise<void>;
}

/** The gate on one machine: the deployed functions' own handlers, an SQLite ledger and a queue in the process. */
export async function startLocalGate(options: LocalGateOptions): Promise<LocalGate> {
  const { clock, log, metrics, wrap = {} } = options;
  const gating = openGatingFile(
    options.gatingFile,
    log,
    options.onGatingChange,
    openServiceIds(join(options.dataDir, SERVICES_FILE)),
  );
  const file = openSqliteLedger(
    join(options.dataDir, LEDGER_FILE),
    clock,
    partnersOf(options),
    (name) => gating.versionOf(name),
  );
  const alarmed =
    options.alarmPager === undefined
      ? file
      : withAlarmPager(file, {
          ...options.alarmPager,
          source: "pagerduty-approval-gate",
          clock,
          log,
        });
  const ledger = wrap.ledger?.(alarmed) ?? alarmed;
  const timeout = options.callTimeoutMs === undefined ? {} : { timeoutMs: options.callTimeoutMs };
  const realPagerDuty = createPagerDuty({
    baseUrl: options.pagerDuty.apiUrl,
    token: () => Promise.resolve(options.pagerDuty.token),
    from: options.pagerDuty.from,
    tokenType: options.pagerDuty.tokenType ?? "token",
    clock,
    ...(options.pagerDutyPerMinute === undefined ? {} : { perMinute: options.pagerDutyPerMinute }),
    ...timeout,
  });
  const realCheqpoint = createCheqpoint({
    ...(options.cheqpoint.apiUrl === undefined ? {} : { baseUrl: options.cheqpoint.apiUrl }),
    connectionKey: () => Promise.resolve(options.cheqpoint.connectionKey),
    clock,
    ...timeout,
  });
  const secrets = createLocalSecrets(options);
  // Cheqpoint must be told an address, which is known once the host listens; until then nothing is worked on.
  let worker: Worker | null = null;

  const queue = createLocalQueue({
    ledger,
    clock,
    log,
    handle: (item) => worker?.handle(item) ?? Promise.resolve(),
    ...(options.sweepEveryMs === undefined ? {} : { sweepEveryMs: options.sweepEveryMs }),
  });
  const ports = { clock, ids: randomIds, ledger, queue, gating, secrets, log, metrics };
  const parts: LocalGateParts = {
    ledger,
    lastEnded: (limit) => file.lastEnded(limit),
    gating,
    queue,
    clock,
  };
  const turns = createTurns();
  const stopping = new AbortController();
  // As many listeners as requests that wait for an outcome.
  setMaxListeners(0, stopping.signal);
  const workerParts = {
    ...ports,
    pagerDuty: wrap.pagerDuty?.(realPagerDuty) ?? realPagerDuty,
    cheqpoint: wrap.cheqpoint?.(realCheqpoint) ?? realCheqpoint,
    settings: { ...defaultLifecycleSettings, ...options.settings },
  };
  const middleware = {
    ...ports,
    limitsOf: limitsFrom(options.proposerLimits),
    // Who waits is told at once how things stand when the gate stops.
    sleep: (ms: number, signal = stopping.signal) => sleep(ms, signal, false),
    dryRun: async (asked: DryRunAsked) => dryRunView(await dryRun(workerParts, asked)),
  };
  const host = await startHttpHost({
    port: options.port,
    host: options.host ?? "127.0.0.1",
    functions: [
      {
        routes: middlewareRoutes,
        handler: apiHandler((route, request) => handleMiddleware(middleware, route, request)),
      },
      {
        routes: agentRoutes,
        handler: apiHandler((route, request) => handleAgents(middleware, route, request)),
      },
      {
        routes: [callbackRoute],
        handler: apiHandler((_route, request) => handleCallback(ports, request)),
      },
      {
        routes: operatorRoutes,
        handler: apiHandler((route, request) => handleOperator(middleware, route, request)),
      },
    ],
    otherwise: options.otherwise?.(parts) ?? ((_request, _response, none) => none()),
    onRequest: () => turns.arrived(),
  }).catch((error: unknown) => {
    file.close();
    throw error;
  });
  const workerPorts = {
    ...workerParts,
    ledger: turns.behind(ledger),
    publicUrl: (options.publicUrl ?? host.url).replace(/\/+$/, ""),
  };
  worker = createWorker(workerPorts);
  let watching: Promise<unknown> = Promise.resolve();
  const watch = setInterval(() => {
    watching = eachPart(workerPorts, {
      subscriptions: () => watchSubscriptions(workerPorts),
      pastSla: () => countPastSla(workerPorts),
      services: () => watchServices(workerPorts),
    });
  }, WATCH_EVERY_MS);
  watch.unref();
  let recorded: Gating | null = null;
  let recording: Promise<void> | null = null;
  let learning: Promise<unknown> = Promise.resolve();
  let learnedFor: Gating | null = null;
  const lookAtGating = (): void => {
    const now = gating.current();
    if (now !== learnedFor) {
      learnedFor = now;
      // What PagerDuty does not tell now is asked again with the next watch.
      learning = eachPart(workerPorts, {
        services: () => watchServices({ ...workerPorts, pagerDuty: realPagerDuty }),
      });
    }
    if (now !== recorded && recording === null) {
      recording = eachPart(workerPorts, { gating: () => recordGating(workerPorts) }).then(
        (isDone) => {
          // What could not be written is tried again with the next look.
          recorded = isDone ? now : recorded;
          recording = null;
        },
      );
    }
  };
  lookAtGating();
  const look = setInterval(lookAtGating, LOOK_AT_GATING_EVERY_MS);
  look.unref();
  queue.start();

  return {
    ...parts,
    url: host.url,
    port: host.port,
    learned: () => learning,
    async stop() {
      clearInterval(watch);
      clearInterval(look);
      stopping.abort();
      // Only when nobody uses the file any more is it closed.
      await host.stop();
      await queue.stop();
      await watching;
      await recording;
      await learning;
      file.close();
    },
  };
}

function partnersOf({
  partners,
  pagerDuty,
  cheqpoint,
  addressesMoved = false,
}: LocalGateOptions): Partners {
  return (
    partners ?? {
      pagerDuty: pagerDuty.apiUrl,
      cheqpoint: cheqpoint.apiUrl ?? DEFAULT_BASE_URL,
      moved: addressesMoved,
    }
  );
}
