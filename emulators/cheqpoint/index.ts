import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { z } from "zod";
import { Api, failure } from "./api.ts";
import { apiRoutes } from "./apiRoutes.ts";
import { CallbackSender } from "./callbacks.ts";
import { Changes } from "./changes.ts";
import { controlRoutes } from "./control.ts";
import { Desk } from "./desk.ts";
import { Faults } from "./faults.ts";
import { sameOriginOnly } from "./guard.ts";
import { Holds } from "./holds.ts";
import { pageRoutes } from "./pageRoutes.ts";
import { RequestLog } from "./requestLog.ts";
import { Store } from "./store.ts";

const TICK_MS = 250;

/** Inputs of {@link startCheqpointEmulator}. */
export interface CheqpointEmulatorOptions {
  /** SQLite file that keeps everything over restarts; ":memory:" keeps nothing. */
  dataFile: string;
  /** Port to listen on; 0 takes a free one. */
  port: number;
  /** Address to listen on. Defaults to 127.0.0.1. */
  host?: string;
  /** Key that callers send as `x-api-key`. Made up, and kept in the data file, when absent. */
  connectionKey?: string;
  /** When given, callbacks carry `x-cheqpoint-signature`. Defaults to none. */
  webhookSecret?: string;
  /** Epoch milliseconds that every age, deadline and pause follows. Defaults to real time. */
  clock?: { now(): number };
  /** Used for callbacks. Defaults to the global one. */
  fetch?: typeof fetch;
  /** Requests an hour before they are rejected without a human. Defaults to 50. */
  maxRequestsHour?: number;
  /** Identical requests closer together than this are rejected. Defaults to 2000. */
  loopWindowMs?: number;
}

/** A running emulator. */
export interface CheqpointEmulator {
  /** Base URL of the API, and address of the inbox page. */
  url: string;
  connectionKey: string;
  port: number;
  /** Ends held connections and closes the data file. */
  stop(): Promise<void>;
  /** Does everything that is due by the clock and resolves when it is done. */
  tick(): Promise<void>;
  /** Shows a line above all requests on the inbox page, or none. Cheqpoint has nothing of the kind. */
  setNotice(text: string | null): void;
}

/** Starts an emulator of Cheqpoint with its reviewer's inbox on `/`. */
export async function startCheqpointEmulator(
  options: CheqpointEmulatorOptions,
): Promise<CheqpointEmulator> {
  const { port: wantedPort, host = "127.0.0.1", clock = { now: () => Date.now() } } = options;
  const store = new Store(options.dataFile);
  const connectionKey = options.connectionKey ?? keptKey(store);
  const changes = new Changes();
  const holds = new Holds(clock);
  const faults = new Faults(store);
  const log = new RequestLog(connectionKey);
  const webhookSecret = keptSecret(store, options.webhookSecret ?? null);
  let url = "";
  let notice: string | null = null;
  const reviewUrl = (id: string) => `${url}/r/${id}`;

  const desk = new Desk({
    store,
    clock,
    changes,
    holds,
    faults,
    stated: stated(options),
    onCallback: () => sender.sendDue(),
  });
  const sender = new CallbackSender({
    store,
    clock,
    changes,
    fetch: options.fetch ?? fetch,
    secret: () => (desk.settings.signCallbacks ? webhookSecret.value() : null),
  });
  const api = new Api({ desk, connectionKey, reviewUrl, clock });

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError((error, c) => {
    console.error("cheqpoint emulator:", error);
    return c.json(failure(500, "The emulator failed; its log says why.").body, 500);
  });
  app.notFound((c) => c.json(failure(404, "No such page.").body, 404));
  const control = controlRoutes({
    desk,
    store,
    faults,
    log,
    changes,
    clock,
    reviewUrl,
    setSecret: (value) => webhookSecret.set(value),
    resetSecret: () => webhookSecret.set(options.webhookSecret ?? null),
    notice: () => notice,
    signsCallbacks: () => webhookSecret.value() !== null && desk.settings.signCallbacks,
  });
  app.route("/api", apiRoutes({ api, faults, holds, log, clock }));
  app.use(sameOriginOnly(host));
  app.route("/_emulator", control);
  app.route("/", pageRoutes(desk));

  const listener = getRequestListener((request, env) => app.fetch(request, env));
  const server = createServer((request, response) => void listener(request, response));
  const port = await listen(server, wantedPort, host).catch((error: unknown) => {
    store.close();
    throw error;
  });
  url = `http://${urlHost(host)}:${port}`;

  const tick = async () => {
    desk.expireDue();
    holds.tick();
    sender.sendDue();
    await sender.settled();
  };
  const interval = setInterval(() => {
    tick().catch((error: unknown) => console.error("cheqpoint emulator:", error));
  }, TICK_MS).unref();
  sender.sendDue();

  const stop = async () => {
    clearInterval(interval);
    holds.stop();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    await sender.stop();
    store.close();
  };
  const setNotice = (text: string | null) => {
    notice = text;
    changes.tell(undefined);
  };
  return { url, connectionKey, port, stop, tick, setNotice };
}

/** A made-up key stays the same as long as the data file does. */
function keptKey(store: Store): string {
  const kept = store.meta("connectionKey");
  if (kept !== undefined) return kept;
  const key = `cq_test_${randomBytes(24).toString("hex")}`;
  store.setMeta("connectionKey", key);
  return key;
}

/** What was set last counts over restarts; the one that the caller states wins at the start. */
function keptSecret(store: Store, stated: string | null) {
  const set = (value: string | null) => store.setMeta("webhookSecret", JSON.stringify(value));
  if (stated !== null) set(stated);
  const value = () =>
    z
      .string()
      .nullable()
      .parse(JSON.parse(store.meta("webhookSecret") ?? "null"));
  return { set, value };
}

function stated({ maxRequestsHour, loopWindowMs }: CheqpointEmulatorOptions) {
  return {
    ...(maxRequestsHour === undefined ? {} : { maxRequestsHour }),
    ...(loopWindowMs === undefined ? {} : { loopWindowMs }),
  };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(taken ? new Error(`Port ${port} on ${host} is in use by another program.`) : error);
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
