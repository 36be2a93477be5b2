// Real HTTP on free ports and a clock that only moves when a test says so.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startPagerDutyEmulator } from "../../../emulators/pagerduty/index.ts";
import type {
  PagerDutyEmulator,
  PagerDutyEmulatorOptions,
} from "../../../emulators/pagerduty/index.ts";

const START_MS = Date.parse("2026-11-23T09:59:00.000Z");

export interface Reply {
  status: number;
  headers: Headers;
  // Tests look into answers freely; the emulator's types are not theirs to trust.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

export interface CallOptions {
  token?: string | null;
  from?: string | null;
  headers?: Record<string, string>;
}

export class VirtualClock {
  nowMs = START_MS;
  now = () => this.nowMs;
  advance(ms: number): void {
    this.nowMs += ms;
  }
}

export interface World {
  clock: VirtualClock;
  emulator: PagerDutyEmulator;
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Reply>;
  /** Lets time pass and does what is then due. */
  pass(ms: number): Promise<void>;
  openIncident(extra?: Record<string, unknown>): Promise<Reply["body"]>;
  subscribe(url: string, extra?: Record<string, unknown>): Promise<{ id: string; secret: string }>;
}

/** Starts an emulator; it does only what `tick` makes it do unless `autoTick` is given. */
export async function startWorld(options: Partial<PagerDutyEmulatorOptions> = {}): Promise<World> {
  const clock = new VirtualClock();
  const emulator = await startPagerDutyEmulator({
    dataFile: ":memory:",
    port: 0,
    clock,
    autoTick: false,
    ...options,
  });
  const call: World["call"] = (method, path, body, callOptions) =>
    request(emulator, method, path, body, callOptions);
  return {
    clock,
    emulator,
    call,
    pass: (ms) => {
      clock.advance(ms);
      return emulator.tick();
    },
    openIncident: async (extra = {}) => {
      const reply = await call("POST", "/incidents", {
        incident: {
          type: "incident",
          title: "payments-db CPU",
          service: { id: emulator.seed.services.paymentsDb, type: "service_reference" },
          ...extra,
        },
      });
      return reply.body.incident;
    },
    subscribe: async (url, extra = {}) => {
      const reply = await call("POST", "/webhook_subscriptions", {
        webhook_subscription: {
          type: "webhook_subscription",
          events: ["incident.triggered", "incident.annotated"],
          filter: { type: "account_reference" },
          delivery_method: { type: "http_delivery_method", url },
          ...extra,
        },
      });
      const created = reply.body.webhook_subscription;
      return { id: created.id, secret: created.delivery_method.secret };
    },
  };
}

async function request(
  emulator: PagerDutyEmulator,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Reply> {
  const { token = emulator.token, from = emulator.from } = options;
  const response = await fetch(emulator.url + path, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token === null ? {} : { authorization: `Token token=${token}` }),
      ...(from === null ? {} : { from }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = response.headers.get("content-type")?.includes("json") === true;
  return {
    status: response.status,
    headers: response.headers,
    body: json ? JSON.parse(text) : text,
  };
}

export interface Received {
  headers: Record<string, string | string[] | undefined>;
  raw: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  event: any;
}

export interface Receiver {
  url: string;
  received: Received[];
  types(): string[];
  /** Statuses of the next answers; "hang" gives none. Afterwards 202. */
  answers: (number | "hang")[];
  /** Resolves when so many requests have come in. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** A webhook receiver. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const answers: (number | "hang")[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const raw = Buffer.concat(chunks).toString("utf8");
      received.push({ headers: incoming.headers, raw, event: JSON.parse(raw).event });
      const answer = answers.shift() ?? 202;
      if (answer !== "hang") {
        outgoing.writeHead(answer).end();
      }
      waiting = waiting.filter(({ count, resolve }) => {
        if (received.length >= count) {
          resolve();
          return false;
        }
        return true;
      });
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/pagerduty`,
    received,
    answers,
    types: () => received.map(({ event }) => event.event_type),
    until: (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (received.length >= count) {
        resolve();
      } else {
        waiting.push({ count, resolve });
      }
      return promise;
    },
    stop: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      server.closeAllConnections();
      return promise;
    },
  };
}
