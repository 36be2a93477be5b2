import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createCheqpoint } from "../../functions/cheqpoint/client.ts";
import {
  defaultLifecycleSettings,
  type LifecycleSettings,
} from "../../functions/gate/lifecycle/known.ts";
import { randomIds } from "../../functions/ids.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { openGatingFile } from "../../local/gatingFile/gatingFile.ts";
import { openServiceIds } from "../../local/gatingFile/serviceIds.ts";
import type {
  ApprovalRequest,
  ProposerLimits,
  WorkItem,
} from "../../functions/gate/ports/index.ts";
import { startCheqpointEmulator, type CheqpointEmulator } from "../../emulators/cheqpoint/index.ts";
import { startLocalGate, type LocalGate } from "../../local/gate.ts";
import { createCounters } from "../../local/log.ts";
import { startPagerDutyEmulator, type PagerDutyEmulator } from "../../emulators/pagerduty/index.ts";
import { START_MS, VirtualClock } from "./clock.ts";
import { LogLines } from "./log.ts";
import { tapped, throughTap, type Tap } from "./taps.ts";
import { assertDocumented } from "./apiAnswers.ts";

/** Answers are looked into freely by the tests. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export interface Reply {
  status: number;
  headers: Headers;
  body: Json;
}

export const PROPOSER_TOKEN = "proposer-token-of-the-tests-0001";
export const OTHER_TOKEN = "proposer-token-of-the-tests-0002";
export const OPERATOR_TOKEN = "operator-token-of-the-tests-0001";
export const CONNECTION_KEY = "cq_test_connection_key_of_the_tests";

/** The events that change what the gate does. */
const EVENTS = [
  "incident.triggered",
  "incident.resolved",
  "incident.reopened",
  "incident.service_updated",
  "incident.custom_field_values.updated",
  "incident.action_invocation.created",
  "incident.action_invocation.updated",
  "incident.action_invocation.terminated",
  "incident.workflow.started",
  "incident.workflow.completed",
];

/** In memory where the system has such a folder: an fsync there costs nothing. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** No test meets the brake by chance. */
const MANY: ProposerLimits = { perMinute: 1_000_000, perHour: 1_000_000 };

export interface Scene {
  /** Contents of the gating file. */
  gating: object;
  settings?: Partial<LifecycleSettings>;
  callbackSecret?: string;
  /** Longest real time for a call to an emulator. */
  callTimeoutMs?: number;
  /** How often each may propose; as good as always unless given. */
  proposerLimits?: Readonly<Record<string, ProposerLimits>>;
  /** What the webhook subscription asks for; everything that changes what the gate does unless given. */
  events?: readonly string[] | undefined;
}

/**
 * The real gate with both emulators on real HTTP, and time that only moves when it is told to. The emulators serve many
 * scenes one after another; every scene has a data folder of its own.
 */
export class World {
  readonly clock = new VirtualClock();
  readonly pagerDuty: PagerDutyEmulator;
  readonly cheqpoint: CheqpointEmulator;
  log = new LogLines();
  metrics = createCounters();
  tap: Tap = throughTap;
  /** Secrets beside the subscription's own; null: the store of secrets does not answer. */
  moreSecrets: readonly string[] | null = [];
  /** Faults with which PagerDuty did what its answer does not tell. */
  readonly doneDespite = new Set<string>();
  /** Whether the gate's calls go through `tap`. */
  readonly seesCalls: boolean = true;
  #gate: LocalGate | null = null;
  #scene: Scene | null = null;
  #dataDir = "";
  #port = 0;
  #webhookSecret = "";
  #heldSubmissions = 0;
  /** Settled when the next submission is held open. */
  #held = Promise.withResolvers<void>();

  protected constructor(
    pagerDuty: PagerDutyEmulator,
    cheqpoint: CheqpointEmulator,
    clock: VirtualClock,
  ) {
    this.pagerDuty = pagerDuty;
    this.cheqpoint = cheqpoint;
    this.clock = clock;
  }

  static async start(): Promise<World> {
    const { pagerDuty, cheqpoint, clock } = await World.emulators();
    return new World(pagerDuty, cheqpoint, clock);
  }

  protected static async emulators(): Promise<{
    pagerDuty: PagerDutyEmulator;
    cheqpoint: CheqpointEmulator;
    clock: VirtualClock;
  }> {
    const clock = new VirtualClock();
    const pagerDuty = await startPagerDutyEmulator({
      dataFile: ":memory:",
      port: 0,
      clock,
      autoTick: false,
      rateLimitPerMinute: 1_000_000,
      eventsPerMinute: 1_000_000,
    });
    const cheqpoint = await startCheqpointEmulator({
      dataFile: ":memory:",
      port: 0,
      clock,
      connectionKey: CONNECTION_KEY,
      maxRequestsHour: 100_000,
    });
    return { pagerDuty, cheqpoint, clock };
  }

  async stop(): Promise<void> {
    await this.end();
    await this.cheqpoint.stop();
    await this.pagerDuty.stop();
  }

  get gate(): Pick<LocalGate, "url" | "ledger"> {
    return this.#running();
  }

  /** What a further worker on the same stores and remote systems works with. */
  get worker(): WorkerPorts {
    const tap = (): Tap => this.tap;
    return {
      clock: this.clock,
      ids: randomIds,
      ledger: this.gate.ledger,
      queue: { send: () => Promise.resolve() },
      gating: openGatingFile(
        join(this.#dataDir, "gating.yaml"),
        this.log,
        undefined,
        openServiceIds(join(this.#dataDir, "services.json")),
      ),
      pagerDuty: tapped(
        "pagerDuty",
        createPagerDuty({
          baseUrl: this.pagerDuty.url,
          token: () => Promise.resolve(this.pagerDuty.token),
          from: this.pagerDuty.from,
          clock: this.clock,
        }),
        tap,
      ),
      cheqpoint: tapped(
        "cheqpoint",
        createCheqpoint({
          baseUrl: this.cheqpoint.url,
          connectionKey: () => Promise.resolve(CONNECTION_KEY),
          clock: this.clock,
        }),
        tap,
      ),
      log: this.log,
      metrics: this.metrics,
      settings: { ...defaultLifecycleSettings, ...this.#scene?.settings },
      publicUrl: this.gate.url,
    };
  }

  #running(): LocalGate {
    if (this.#gate === null) {
      throw new Error("no scene has begun");
    }
    return this.#gate;
  }

  get dataDir(): string {
    return this.#dataDir;
  }

  get webhookSecret(): string {
    return this.#webhookSecret;
  }

  async begin(scene: Scene): Promise<void> {
    await this.end();
    this.#scene = scene;
    this.clock.nowMs = START_MS;
    this.log = new LogLines();
    this.metrics = createCounters();
    this.tap = throughTap;
    this.moreSecrets = [];
    this.#heldSubmissions = 0;
    await this.onPagerDuty("POST", "/_emulator/reset");
    await this.onCheqpoint("POST", "/_emulator/reset");
    this.#dataDir = mkdtempSync(join(ROOT, "gate-test-"));
    this.setGating(scene.gating);
    await this.open();
    await this.#gate?.learned();
    const made = await this.onPagerDuty("POST", "/webhook_subscriptions", {
      webhook_subscription: {
        type: "webhook_subscription",
        delivery_method: {
          type: "http_delivery_method",
          url: `${this.gate.url}/pagerduty/webhook`,
        },
        events: scene.events ?? EVENTS,
        filter: { type: "account_reference" },
      },
    });
    this.#webhookSecret = made.body.webhook_subscription.delivery_method.secret;
  }

  async end(): Promise<void> {
    await this.close();
    if (this.#dataDir !== "") {
      rmSync(this.#dataDir, { recursive: true, force: true });
      this.#dataDir = "";
    }
  }

  #revision = 0;
  setGating(gating: object): void {
    // JSON is YAML. The growing comment makes every revision another size, whatever the clock's resolution.
    this.#revision += 1;
    writeFileSync(
      join(this.#dataDir, "gating.yaml"),
      `${JSON.stringify(gating)}\n${"#".repeat(this.#revision % 50)}\n`,
    );
  }

  /** Opens the gate on the scene's data folder, on the port that it had before. */
  async open(): Promise<void> {
    const { settings, callbackSecret, proposerLimits, callTimeoutMs = 20_000 } = this.#scene ?? {};
    const tap = (): Tap => this.tap;
    this.#gate = await startLocalGate({
      port: this.#port,
      dataDir: this.#dataDir,
      gatingFile: join(this.#dataDir, "gating.yaml"),
      pagerDuty: {
        apiUrl: this.pagerDuty.url,
        token: this.pagerDuty.token,
        from: this.pagerDuty.from,
      },
      cheqpoint: { apiUrl: this.cheqpoint.url, connectionKey: CONNECTION_KEY },
      webhookSecrets: () => {
        if (this.moreSecrets === null) {
          throw new Error("the store of secrets does not answer");
        }
        return [this.#webhookSecret, ...this.moreSecrets].filter((secret) => secret !== "");
      },
      ...(callbackSecret === undefined ? {} : { callbackSecret }),
      proposers: { agent: PROPOSER_TOKEN, other: OTHER_TOKEN },
      proposerLimits: proposerLimits ?? { agent: MANY, other: MANY },
      operators: { operator: OPERATOR_TOKEN },
      clock: this.clock,
      log: this.log,
      metrics: this.metrics,
      callTimeoutMs,
      sweepEveryMs: null,
      ...(settings === undefined ? {} : { settings }),
      wrap: {
        ledger: (ledger) => tapped("ledger", ledger, tap),
        pagerDuty: (pagerDuty) => tapped("pagerDuty", pagerDuty, tap),
        cheqpoint: (cheqpoint) => this.#countHeld(tapped("cheqpoint", cheqpoint, tap)),
      },
    });
    this.#port = this.#gate.port;
  }

  protected async close(): Promise<void> {
    await this.#gate?.stop();
    this.#gate = null;
  }

  /** What a new process after a crash is: the same data folder, nothing else kept. */
  async restart(): Promise<void> {
    await this.close();
    await this.open();
  }

  #countHeld<T extends { submit(request: ApprovalRequest): Promise<unknown> }>(cheqpoint: T): T {
    return new Proxy(cheqpoint, {
      get: (target, key, receiver): unknown =>
        key !== "submit"
          ? Reflect.get(target, key, receiver)
          : async (request: ApprovalRequest) => {
              const isHeld = request.maxWaitMs !== undefined;
              if (isHeld) {
                this.#heldSubmissions += 1;
                this.#held.resolve();
                this.#held = Promise.withResolvers();
              }
              try {
                return await target.submit(request);
              } finally {
                this.#heldSubmissions -= isHeld ? 1 : 0;
              }
            },
    });
  }

  /** Says to the worker: look at these. */
  async lookAt(items: readonly WorkItem[]): Promise<void> {
    await this.#running().queue.send(items);
  }

  /** Works off what is queued. A submission that Cheqpoint holds open is answered as time goes on. */
  async idle(): Promise<void> {
    const idle = this.#running()
      .queue.idle()
      .then(() => true);
    for (;;) {
      const held = this.#heldSubmissions > 0 ? sleep(2) : this.#held.promise;
      if (await Promise.race([idle, held.then(() => false)])) {
        return;
      }
      if (this.#heldSubmissions > 0) {
        this.clock.advance(500);
        await this.cheqpoint.tick();
      }
    }
  }

  /** Begins what is due now, and waits for none of it. */
  sweep(): Promise<void> {
    return this.#running().queue.sweep();
  }

  /** Does everything that is due now. */
  async settle(): Promise<void> {
    await this.pagerDuty.tick();
    await this.cheqpoint.tick();
    await this.#running().queue.sweep();
    await this.idle();
  }

  /** When anything is due next; null when nothing is. */
  async nextDueMs(): Promise<number | null> {
    const times = [await this.gate.ledger.nextDueAtMs(), this.pagerDuty.nextDueMs()].filter(
      (time): time is number => typeof time === "number",
    );
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Lets time pass in the steps in which something is due, up to a moment. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.clock.now() + ms;
    await this.settle();
    for (let rounds = 0; this.clock.now() < untilMs; rounds++) {
      if (rounds > 5_000) {
        throw new Error("something is due again and again");
      }
      const next = await this.nextDueMs();
      // What stays due although it was looked at must not stop the clock.
      this.clock.nowMs = Math.min(untilMs, Math.max(next ?? untilMs, this.clock.now() + 100));
      await this.settle();
    }
  }

  // --- what people and other systems do ---------------------------------------------------------------------

  onPagerDuty(method: string, path: string, body?: unknown, token?: string): Promise<Reply> {
    return call(`${this.pagerDuty.url}${path}`, method, body, {
      authorization: `Token token=${token ?? this.pagerDuty.token}`,
      from: this.pagerDuty.from,
    });
  }

  onCheqpoint(method: string, path: string, body?: unknown): Promise<Reply> {
    return call(`${this.cheqpoint.url}${path}`, method, body, { "x-api-key": CONNECTION_KEY });
  }

  /** Each answer has to be as the gate's own OpenAPI document says. */
  async onGate(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const reply = await call(`${this.gate.url}${path}`, method, body, {
      authorization: `Bearer ${PROPOSER_TOKEN}`,
      ...headers,
    });
    assertDocumented(method, path, reply);
    return reply;
  }

  /** A new incident on payments-db unless another service is named. */
  async openIncident(extra: Record<string, unknown> = {}): Promise<Json> {
    const made = await this.onPagerDuty("POST", "/incidents", {
      incident: {
        type: "incident",
        title: "payments-db primary unreachable",
        service: { id: this.pagerDuty.seed.services.paymentsDb, type: "service_reference" },
        priority: { id: this.pagerDuty.seed.priorities.p1, type: "priority_reference" },
        ...extra,
      },
    });
    if (made.status !== 201) {
      throw new Error(`no incident: ${made.status} ${JSON.stringify(made.body)}`);
    }
    return made.body.incident;
  }

  /** What monitoring sends about payments-db; the incident that the alert is on, or null where it is held back. */
  async alert(key: string, action: "trigger" | "resolve" = "trigger"): Promise<Json> {
    const { services, integrations } = this.pagerDuty.seed;
    const shown = await this.onPagerDuty(
      "GET",
      `/services/${services.paymentsDb}/integrations/${integrations.paymentsDb}`,
    );
    const sent = await this.onPagerDuty("POST", "/v2/enqueue", {
      routing_key: shown.body.integration.integration_key,
      event_action: action,
      dedup_key: key,
      payload: { summary: "primary unreachable", source: "db-1", severity: "critical" },
    });
    if (sent.status !== 202) {
      throw new Error(`no alert: ${sent.status} ${JSON.stringify(sent.body)}`);
    }
    const found = await this.onPagerDuty(
      "GET",
      `/incidents?incident_key=${encodeURIComponent(key)}&sort_by=incident_number:desc`,
    );
    return found.body.incidents[0];
  }

  updateIncident(id: string, change: Record<string, unknown>): Promise<Reply> {
    return this.onPagerDuty("PUT", `/incidents/${id}`, {
      incident: { type: "incident_reference", ...change },
    });
  }

  /** PagerDuty's next such call is answered with that status, whether it was done or not. */
  async misanswer(call: string, status: number, afterDoing: boolean): Promise<void> {
    const fault = { call, status, ...(afterDoing ? { afterDoing } : {}) };
    const { id } = (await this.onPagerDuty("POST", "/_emulator/faults", fault)).body.fault;
    if (afterDoing) {
      this.doneDespite.add(id);
    }
  }

  async pendingApprovals(): Promise<Json[]> {
    return (await this.onCheqpoint("GET", "/_emulator/approvals?status=pending")).body.approvals;
  }

  decide(approvalId: string, decision: "approved" | "rejected", more: object = {}): Promise<Reply> {
    return this.onCheqpoint("POST", `/_emulator/approvals/${approvalId}/decide`, {
      decision,
      ...more,
    });
  }

  /** Runs of an automation action on an incident, as PagerDuty has them. */
  async invocations(incidentId: string): Promise<Json[]> {
    const path = `/automation_actions/invocations?incident_id=${incidentId}`;
    return (await this.onPagerDuty("GET", path)).body.invocations;
  }

  /** Incidents with an `incident_key` of the gate: manual tasks and escalations. */
  async gateIncidents(kind: "task" | "escalation"): Promise<Json[]> {
    const found = await this.onPagerDuty(
      "GET",
      "/incidents?date_range=all&limit=100&statuses[]=triggered&statuses[]=acknowledged&statuses[]=resolved",
    );
    return found.body.incidents.filter((incident: Json) =>
      String(incident.incident_key).startsWith(`pagerduty-approval-gate/${kind}/`),
    );
  }
}

async function call(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Reply> {
  const answer = await fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === "" ? null : JSON.parse(text),
  };
}
