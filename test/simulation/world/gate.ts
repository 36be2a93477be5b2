import { handleCallback } from "../../../functions/callback/callback.ts";
import { createCheqpoint } from "../../../functions/cheqpoint/client.ts";
import { defaultLifecycleSettings } from "../../../functions/gate/lifecycle/known.ts";
import type {
  Log,
  Metrics,
  Queue,
  Secrets,
  SendOptions,
  StoredGating,
  WorkItem,
} from "../../../functions/gate/ports/index.ts";
import { sha256Hex } from "../../../functions/gate/text/token.ts";
import type { HttpRequest, HttpResponse } from "../../../functions/http.ts";
import type { Fetch } from "../../../functions/remote.ts";
import { limitsFrom } from "../../../functions/gate/ledger/admission.ts";
import { handleMiddleware } from "../../../functions/middleware/middleware.ts";
import { createPagerDuty } from "../../../functions/pagerduty/client.ts";
import { createSecretCache } from "../../../functions/aws/secretCache.ts";
import { createSecrets, secretText } from "../../../functions/aws/secretsManager.ts";
import { writeWorkItem } from "../../../functions/aws/sqsQueue.ts";
import { handleTrigger } from "../../../functions/worker/trigger.ts";
import type { MiddlewarePorts } from "../../../functions/middleware/ports.ts";
import type { WorkerPorts } from "../../../functions/worker/ports.ts";
import { handleOperator } from "../../../local/operator.ts";
import type { Boundary, Remote, Surroundings, Task } from "../engine/boundary.ts";
import { current } from "../engine/current.ts";
import { Machine } from "../engine/machine.ts";
import type { SimIds } from "./ids.ts";
import type { SimStore } from "./store.ts";
import type { SimVault } from "./vault.ts";
import { weakened, type Weakness } from "./weakness.ts";

export const PUBLIC_URL = "https://gate.example.com";
export const OPERATOR = "operator-token-0001";
const TOKENS: Readonly<Record<string, string>> = {
  agent: "agent-token-0000001",
  looper: "looper-token-000001",
  trusted: "trusted-token-00001",
};
export const SECRETS = {
  webhook: "signing-secret-0001",
  callback: "callback-secret-0001",
  pagerDuty: "pagerduty-secret-0001",
  cheqpoint: "cheqpoint-secret-0001",
};

const MAX_TASKS = 5;
/** What was not finished is delivered again after that. */
const VISIBILITY_MS = 60_000;
const MAX_RECEIVES = 5;

type Clients = Pick<WorkerPorts, "pagerDuty" | "cheqpoint"> & Pick<MiddlewarePorts, "secrets">;

export interface GateParts {
  around: Surroundings;
  boundary: Boundary;
  store: SimStore;
  ids: SimIds;
  pagerDuty: Remote;
  cheqpoint: Remote;
  vault: SimVault;
  skewsMs: readonly number[];
  /** For a process that Cheqpoint may hold up for so long and no longer; null: for as long as a call may take. */
  heldMs: number | null;
  /** An error that tells of the gate itself, as an operator reads it in the log. */
  onError: (message: string, task: string) => void;
  weakness: Weakness | null;
}

/** The real middleware, callback, worker and sweep on several machines, over one ledger and one queue. */
export class SimGate {
  readonly machines: Machine[];
  readonly #parts: GateParts;
  readonly #remembered = new Map<string, StoredGating>();
  readonly #clients = new WeakMap<Machine, Clients>();
  #started = 0;
  #messages = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.machines = parts.skewsMs.map((skewMs) => this.#start(skewMs));
  }

  #start(skewMs: number): Machine {
    this.#started += 1;
    return new Machine(this.#parts.around.kernel, `m${this.#started}`, skewMs);
  }

  /** Another one takes its place after a while. */
  replace(crashed: Machine): void {
    const { kernel, chance } = this.#parts.around;
    const pauseMs = chance.pick(`restart ${crashed.name}`, [500, 3_000, 20_000, 50_000]);
    kernel.after(pauseMs, () => {
      const at = this.machines.indexOf(crashed);
      if (at >= 0) {
        this.machines[at] = this.#start(crashed.skewMs);
      }
    });
  }

  /** The answer of one of the machines; null when none came. */
  async http(
    task: string,
    request: {
      method: string;
      route: string;
      path: string;
      params?: Record<string, string>;
      headers?: Record<string, string>;
      body: string;
    },
  ): Promise<HttpResponse | null> {
    const machine = this.#pick(`http ${task}`);
    if (machine === null) {
      return null;
    }
    const by = request.route.startsWith("POST /cheqpoint")
      ? "callback"
      : request.route.includes("/operator/")
        ? "operator"
        : "middleware";
    const work: Task = { name: task, machine, wroteAtMs: null, by };
    const ports = this.#ports(work);
    const asked: HttpRequest = {
      method: request.method,
      path: request.path,
      params: request.params ?? {},
      query: {},
      headers: request.headers ?? {},
      body: new TextEncoder().encode(request.body),
    };
    const handler = (): Promise<HttpResponse> =>
      by === "callback"
        ? handleCallback(ports, asked)
        : by === "operator"
          ? handleOperator(ports, request.route, asked)
          : handleMiddleware(ports, request.route, asked);
    const { kernel } = this.#parts.around;
    return new Promise((resolve) => {
      const timer = kernel.after(5_000, () => resolve(null));
      current.run(work, handler).then(
        (response) => {
          timer.cancelled = true;
          resolve(response);
        },
        (error: unknown) => {
          kernel.problem ??= error;
        },
      );
    });
  }

  send(items: readonly WorkItem[], { afterMs = 0 }: SendOptions = {}): void {
    const { kernel, chance, faults } = this.#parts.around;
    for (const item of items) {
      const key = `message ${++this.#messages}`;
      const isRough = !faults.isOver && faults.injected.length > 0;
      if (isRough && chance.happens(`${key} lost`, 0.02)) {
        continue;
      }
      const delayMs =
        isRough && chance.happens(`${key} late`, 0.05)
          ? 8_000
          : chance.between(`${key} takes`, 1, 60);
      const copies = isRough && chance.happens(`${key} twice`, 0.05) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        kernel.after(afterMs + delayMs * (copy + 1), () =>
          this.#deliver(item, `${key}/${copy}`, 1),
        );
      }
    }
  }

  #deliver(item: WorkItem, key: string, receives: number): void {
    const { kernel } = this.#parts.around;
    const machine = this.#pick(`${key} ${receives}`);
    if (machine === null || machine.busy >= MAX_TASKS) {
      kernel.after(400, () => this.#deliver(item, `${key}+`, receives));
      return;
    }
    const again = kernel.after(VISIBILITY_MS, () => this.#deliver(item, key, receives + 1));
    again.cancelled = receives >= MAX_RECEIVES;
    const message = { Records: [{ messageId: key, body: writeWorkItem(item) }] };
    this.#run({ name: item.id, machine, wroteAtMs: null, by: "worker" }, message, (failures) => {
      again.cancelled ||= failures === 0;
    });
  }

  /** Begun by the schedule. */
  sweep(turn: number): void {
    const machine = this.#pick(`sweep ${turn}`);
    if (machine !== null) {
      this.#run(
        { name: "sweep", machine, wroteAtMs: null, by: "worker" },
        { sweep: true },
        () => undefined,
      );
    }
  }

  #run(task: Task, event: object, ended: (failures: number) => void): void {
    const { machine } = task;
    machine.busy += 1;
    current
      .run(task, () => handleTrigger(this.#ports(task), event))
      .then(
        ({ batchItemFailures }) => {
          machine.busy -= 1;
          ended(batchItemFailures.length);
        },
        (error: unknown) => {
          this.#parts.around.kernel.problem ??= error;
        },
      );
  }

  /** One that is up; null when none is. */
  #pick(key: string): Machine | null {
    const up = this.machines.filter(({ isUp }) => isUp);
    const [first, ...rest] = up;
    return first === undefined ? null : this.#parts.around.chance.pick(key, [first, ...rest]);
  }

  /** Everything that a machine works with, each call of it by way of the boundary. */
  #ports(task: Task): WorkerPorts & MiddlewarePorts {
    const { boundary, store, ids } = this.#parts;
    const { machine } = task;
    const clock = { now: () => machine.now() };
    const queue: Queue = {
      send: (items, how) =>
        boundary.store("queue.send", task, () => Promise.resolve(this.send(items, how))),
    };
    const ports = {
      clock,
      ids: ids.of(task),
      ledger: store.ledger(task),
      queue,
      gating: store.gating(task),
      limitsOf: limitsFrom({}),
      log: this.#log(task),
      metrics: SILENT,
      sleep: (ms: number, signal?: AbortSignal) => this.#sleep(ms, signal),
      settings: defaultLifecycleSettings,
      publicUrl: PUBLIC_URL,
      ...this.#clientsOf(machine),
    };
    return weakened(ports, this.#parts.weakness, this.#remembered);
  }

  /** One of each for a process, as it is deployed: what one call meets, the others of that process know. */
  #clientsOf(machine: Machine): Clients {
    const known = this.#clients.get(machine);
    if (known !== undefined) {
      return known;
    }
    const { around, boundary, pagerDuty, cheqpoint, vault, heldMs } = this.#parts;
    const clock = { now: () => machine.now() };
    const cache = createSecretCache({
      client: vault.client(),
      clock,
      sleep: (ms) => this.#sleep(ms),
      log: this.#log({ name: "secrets", machine, wroteAtMs: null }),
    });
    const fetchFrom =
      (remote: Remote): Fetch =>
      (url, init) =>
        boundary.fetch(remote, this.#working(), url, init);
    const clients = {
      secrets: {
        ...createSecrets(cache, { webhook: "webhook", callback: "callback" }, clock),
        ...CALLERS,
      },
      pagerDuty: createPagerDuty({
        baseUrl: "https://api.pagerduty.com",
        token: (refresh) => secretText(cache, "pagerDuty", refresh),
        from: "gate@example.com",
        clock,
        fetch: fetchFrom(pagerDuty),
        wait: (ms) =>
          new Promise<void>((resolve) => void around.kernel.after(ms, () => machine.goOn(resolve))),
      }),
      cheqpoint: createCheqpoint({
        connectionKey: (refresh) => secretText(cache, "cheqpoint", refresh),
        clock,
        fetch: fetchFrom(cheqpoint),
        ...(heldMs === null ? {} : { heldMs }),
      }),
    };
    this.#clients.set(machine, clients);
    return clients;
  }

  #working(): Task {
    const task = current.getStore();
    if (task === undefined) {
      throw new Error("a call that belongs to no work");
    }
    return task;
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.around.kernel.after(ms, resolve);
      signal?.addEventListener("abort", () => {
        timer.cancelled = true;
        resolve();
      });
    });
  }

  #log(task: Task): Log {
    const { around, onError } = this.#parts;
    const write = (level: string) => (message: string, fields?: object) => {
      if (level === "error") {
        onError(message, task.name);
      }
      around.tell(
        () =>
          `     ${task.machine.name} [${task.name}] ${level}: ${message} ${JSON.stringify(fields ?? {})}`,
      );
    };
    const silent = (): void => undefined;
    return { debug: silent, info: silent, warn: write("warn"), error: write("error") };
  }
}

const SILENT: Metrics = { count: () => undefined };

const PROPOSERS = new Map(Object.entries(TOKENS).map(([name, token]) => [sha256Hex(token), name]));
const OPERATORS = new Map([[sha256Hex(OPERATOR), "operator"]]);

/** Callers' tokens stay as they are; hashing them for each call would tell nothing. */
const CALLERS: Pick<Secrets, "proposers" | "operators"> = {
  proposers: () => Promise.resolve(PROPOSERS),
  operators: () => Promise.resolve(OPERATORS),
};

export function tokenOf(proposer: string): string {
  return TOKENS[proposer] ?? OPERATOR;
}
