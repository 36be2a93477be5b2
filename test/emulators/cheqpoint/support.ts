import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { once } from "node:events";
import { startCheqpointEmulator } from "../../../emulators/cheqpoint/index.ts";
import type {
  CheqpointEmulator,
  CheqpointEmulatorOptions,
} from "../../../emulators/cheqpoint/index.ts";

export const KEY = "cq_test_of_the_tests_0001";
const START = Date.parse("2026-11-23T10:00:00.000Z");

/** The sample of Cheqpoint's PagerDuty page. */
export const SAMPLE = {
  action: "run_auto_remediation_runbook",
  summary: "AI requesting automated DB failover for incident INC-4421",
  details: {
    incident_id: "INC-4421",
    service: "payments-db",
    runbook: "db_failover_primary_to_replica",
    severity: "P1",
    affected_regions: ["us-east-1"],
  },
  justification: "Primary DB CPU at 98% for 8 minutes. Automated diagnosis suggests failover.",
};

export interface Answer {
  status: number;
  headers: Headers;
  json: unknown;
}

/** An emulator under test with a clock that only moves when told. */
export class Bench {
  now = START;
  readonly #options: Partial<CheqpointEmulatorOptions>;
  #emulator: CheqpointEmulator | undefined;
  #receivers: Receiver[] = [];

  constructor(options: Partial<CheqpointEmulatorOptions> = {}) {
    this.#options = options;
  }

  get emulator(): CheqpointEmulator {
    if (this.#emulator === undefined) throw new Error("The emulator is not started.");
    return this.#emulator;
  }

  async start(): Promise<void> {
    this.#emulator = await startCheqpointEmulator({
      dataFile: ":memory:",
      port: 0,
      connectionKey: KEY,
      clock: { now: () => this.now },
      ...this.#options,
    });
  }

  async stop(): Promise<void> {
    await this.#emulator?.stop();
    this.#emulator = undefined;
    this.now = START;
    for (const receiver of this.#receivers) await receiver.close();
    this.#receivers = [];
  }

  /** Moves the clock and does what is then due. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.emulator.tick();
  }

  async receiver(answer: (n: number) => number = () => 200): Promise<Receiver> {
    const receiver = await Receiver.open(answer);
    this.#receivers.push(receiver);
    return receiver;
  }

  inbound(body: object): Promise<Answer> {
    return this.call("POST", "/api/webhooks/inbound", body);
  }

  request(body: object): Promise<Answer> {
    return this.call("POST", "/api/approvals/request", body);
  }

  readBack(id: string): Promise<Answer> {
    return this.call("GET", `/api/approvals/${id}`);
  }

  decide(id: string, body: object): Promise<Answer> {
    return this.call("POST", `/_emulator/approvals/${id}/decide`, body);
  }

  fault(body: object): Promise<Answer> {
    return this.call("POST", "/_emulator/faults", body);
  }

  settings(body: object): Promise<Answer> {
    return this.call("POST", "/_emulator/settings", body);
  }

  async call(
    method: string,
    path: string,
    body?: object | string,
    headers: Record<string, string> = { "x-api-key": KEY },
  ): Promise<Answer> {
    const answer = await fetch(this.emulator.url + path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      json: text === "" ? undefined : JSON.parse(text),
    };
  }
}

export interface Received {
  headers: IncomingHttpHeaders;
  raw: string;
}

/** A receiver of callbacks on a free port; `answer` gives the status for the n-th one. */
export class Receiver {
  readonly received: Received[] = [];
  readonly url: string;
  readonly close: () => Promise<void>;

  private constructor(url: string, received: Received[], close: () => Promise<void>) {
    this.url = url;
    this.received = received;
    this.close = close;
  }

  static async open(answer: (n: number) => number): Promise<Receiver> {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        received.push({ headers: request.headers, raw: Buffer.concat(parts).toString("utf8") });
        const status = answer(received.length);
        response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("No port.");
    return new Receiver(`http://127.0.0.1:${address.port}/callback/token`, received, async () => {
      server.close();
      server.closeAllConnections();
      await Promise.resolve();
    });
  }
}

/** A field of an answer that must be there as text. */
export function field(json: unknown, name: string): string {
  const value = typeof json === "object" && json !== null ? Reflect.get(json, name) : undefined;
  if (typeof value !== "string") throw new Error(`No text \`${name}\` in ${JSON.stringify(json)}`);
  return value;
}
