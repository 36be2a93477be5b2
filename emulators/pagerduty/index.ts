import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { ServerType } from "@hono/node-server";
import type { Account } from "./account/account.ts";
import { apiToken } from "./account/ids.ts";
import { Scheduler } from "./account/scheduler.ts";
import { Store } from "./account/store.ts";
import { runTask } from "./account/tasks.ts";
import { Waiters } from "./account/waiters.ts";
import { resetAbilities } from "./directory/abilities.ts";
import { Confirmations } from "./events/confirmations.ts";
import { createApp } from "./http/app.ts";
import { controlRoutes } from "./control.ts";
import { Faults } from "./http/faults.ts";
import { RateLimit } from "./http/rateLimit.ts";
import { isLoopback } from "./http/sites.ts";
import { RequestLog } from "./http/requestLog.ts";
import { accountRoutes } from "./routes.ts";
import { SEED } from "./seed.ts";
import { seed } from "./seedAccount.ts";
import { DEFAULT_RETRY_SCHEDULE_MS, Outbox } from "./webhooks/outbox.ts";

export { SEED } from "./seed.ts";
export { signatureOf } from "./webhooks/signature.ts";

/** What a PagerDuty emulator is started with. */
export interface PagerDutyEmulatorOptions {
  /** Path of the sqlite file that keeps everything, or `:memory:`. */
  dataFile: string;
  /** Port to listen on; 0 takes a free one. */
  port: number;
  /** Address to listen on. Defaults to 127.0.0.1. */
  host?: string;
  /** API token of the gate's user. Defaults to a random one that the data file keeps. */
  token?: string;
  /** The clock of all timestamps and timers, in epoch milliseconds. Defaults to the machine's. */
  clock?: { now(): number };
  /** How webhooks are sent and topics confirmed. Defaults to the global fetch. */
  fetch?: typeof fetch;
  /** Milliseconds between the states of an invocation. Defaults to 300. */
  stepMs?: number;
  /** Waits between attempts to deliver a webhook. Defaults to growing ones, 47 hours in all. */
  retryScheduleMs?: readonly number[];
  /** REST calls a minute for each user. Defaults to 960. */
  rateLimitPerMinute?: number;
  /** Events a minute for each routing key. Defaults to 120. */
  eventsPerMinute?: number;
  /** Whether due work runs by itself, besides `tick`. Defaults to true. */
  autoTick?: boolean;
  /** Called after the account was emptied and seeded anew. */
  onReset?: () => void;
}

/** A running emulator. */
export interface PagerDutyEmulator {
  url: string;
  port: number;
  /** API token of the gate's user. */
  token: string;
  /** Email of the gate's user, for `From`. */
  from: string;
  /** Ids of what a new account holds. */
  seed: typeof SEED;
  /** Does everything that is due and resolves when nothing due is left. */
  tick(): Promise<void>;
  /** Calls `listener` whenever work was queued; the answer ends it. */
  onWork(listener: () => void): () => void;
  /** Lets a subscription and all that waits for it go to another address; false: there is none of that id. */
  redirect(subscription: string, url: string): boolean;
  /** When the next work is due by the clock, or undefined when nothing waits. */
  nextDueMs(): number | undefined;
  stop(): Promise<void>;
}

const TOKEN = "token";

/** Starts an account of its own on a port, as PagerDuty's documentation says that it behaves. */
export async function startPagerDutyEmulator(
  options: PagerDutyEmulatorOptions,
): Promise<PagerDutyEmulator> {
  const { clock = { now: Date.now }, host = "127.0.0.1", stepMs = 300 } = options;
  const now = () => clock.now();
  const store = new Store(options.dataFile);
  const stopping = new AbortController();
  const faults = new Faults(store);
  const log = new RequestLog(store);
  const rateLimit = new RateLimit(options.rateLimitPerMinute ?? 960);
  const eventsLimit = new RateLimit(options.eventsPerMinute ?? 120);
  const waiters = new Waiters(now, () => wake());
  const outbox = new Outbox({
    store,
    faults,
    waiters,
    now,
    fetch: options.fetch ?? fetch,
    retryScheduleMs: options.retryScheduleMs ?? DEFAULT_RETRY_SCHEDULE_MS,
    stop: stopping.signal,
  });
  const confirmations = new Confirmations({
    fetch: options.fetch ?? fetch,
    stop: stopping.signal,
  });
  let baseUrl = "";
  const account: Account = {
    store,
    stepMs,
    now,
    emit: (event) => outbox.emit(event),
    get baseUrl() {
      return baseUrl;
    },
  };
  const scheduler = new Scheduler({
    store,
    outbox,
    waiters,
    now,
    runTask: (task) => runTask(account, task),
  });
  const wake = () => scheduler.wake();
  if (store.count("users") === 0) {
    seed(account);
  }
  const token = options.token ?? store.meta(TOKEN) ?? apiToken();
  store.setMeta(TOKEN, token);
  const reset = () => {
    store.clear();
    rateLimit.reset();
    eventsLimit.reset();
    resetAbilities(account);
    seed(account);
    options.onReset?.();
  };
  const app = createApp({
    store,
    routes: accountRoutes(account, {
      outbox,
      eventsLimit,
      confirmations,
      control: controlRoutes({ account, faults, log, wake, reset }),
    }),
    token: { value: token, user: SEED.users.gate },
    rateLimit,
    faults,
    log,
    waiters,
    now,
    loopbackOnly: isLoopback(host),
    onDone: wake,
  });
  const { server, port } = await listen(app.fetch, host, options.port).catch((error: unknown) => {
    store.close();
    throw error;
  });
  baseUrl = `http://${urlHost(host)}:${port}`;
  scheduler.start({ auto: options.autoTick ?? true });
  return {
    url: baseUrl,
    port,
    token,
    from: SEED.emails.gate,
    seed: SEED,
    tick: async () => {
      await scheduler.tick();
      await confirmations.settled();
    },
    onWork: (listener) => scheduler.onWork(listener),
    redirect: (subscription, url) => outbox.redirect(subscription, url),
    nextDueMs: () => scheduler.nextDueMs(),
    stop: async () => {
      stopping.abort();
      waiters.releaseAll();
      await scheduler.stop();
      await confirmations.settled();
      await close(server);
      store.close();
    },
  };
}

function listen(
  fetchCallback: Parameters<typeof serve>[0]["fetch"],
  hostname: string,
  port: number,
): Promise<{ server: ServerType; port: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    server: ServerType;
    port: number;
  }>();
  const server = serve({ fetch: fetchCallback, hostname, port }, (info: AddressInfo) =>
    resolve({ server, port: info.port }),
  );
  server.once("error", (error: NodeJS.ErrnoException) => {
    const taken = error.code === "EADDRINUSE";
    reject(taken ? new Error(`port ${port} on ${hostname} is in use`, { cause: error }) : error);
  });
  return promise;
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") {
    return "127.0.0.1";
  }
  return host.includes(":") ? `[${host}]` : host;
}

function close(server: ServerType): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.close((error) => (error ? reject(error) : resolve()));
  if ("closeAllConnections" in server) {
    server.closeAllConnections();
  }
  return promise;
}
