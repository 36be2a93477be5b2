import type { GatingStore, Ledger, PagerDuty } from "../../functions/gate/ports/index.ts";
import { gatingHash, parseServiceGating } from "../../functions/gate/gating/index.ts";
import type { CallbackPorts } from "../../functions/callback/callback.ts";
import type { MiddlewarePorts } from "../../functions/middleware/ports.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { limitsFrom } from "../../functions/gate/ledger/admission.ts";
import { sha256Hex } from "../../functions/gate/text/token.ts";
import { START_MS } from "../harness/clock.ts";
import { gatingOf } from "../harness/gating.ts";

export const API_TOKEN = "token-of-an-agent-0123456789";
export const SECRET = "signing-secret-of-the-subscription";
export const CALLBACK_SECRET = "secret-of-callbacks";
export const CALLBACK_TOKEN = "callback-token-0123456789abcdef";
const CALLBACK_LINK = `token/${sha256Hex(CALLBACK_TOKEN)}`;

const RULES = [
  {
    name: "on-trigger",
    match: { event: ["incident.triggered"] },
    propose: "failover",
    decision: "requireApproval",
    risk: 0.5,
  },
  { name: "else", match: {}, decision: "requireApproval", risk: 0.5, editable: ["max_replicas"] },
];
const { services } = gatingOf({}, { rules: RULES }) as { services: Record<string, unknown> };
const GATING = parseServiceGating("payments-db", services["payments-db"]);
const HASH = gatingHash(GATING);

/** What was written, and what was said about faults: emptied before each case. */
export class Written {
  writes: { call: string; what: unknown }[] = [];
  warnings: string[] = [];

  clear(): void {
    this.writes = [];
    this.warnings = [];
  }

  of(call: string): unknown[] {
    return this.writes.filter((one) => one.call === call).map(({ what }) => what);
  }
}

const unexpected = (): Promise<never> => Promise.reject(new Error("nobody expects that call"));
const nothing = (): Promise<null> => Promise.resolve(null);

/** Ports that keep nothing but what was written last, so that millions of cases fit in the memory. */
export function portsFor(record: Written): MiddlewarePorts & CallbackPorts & WorkerPorts {
  const wrote = (call: string, what: unknown): void => {
    record.writes.push({ call, what });
  };
  const ledger: Ledger = {
    admit: nothing,
    recall: nothing,
    create: (proposal) => {
      wrote("create", proposal);
      return Promise.resolve({ created: true, proposal });
    },
    get: nothing,
    save: unexpected,
    list: () => Promise.resolve({ proposals: [], cursor: null }),
    collection: nothing,
    places: () => Promise.resolve([]),
    events: unexpected,
    link: (name) => Promise.resolve(name === CALLBACK_LINK ? "prop_1" : null),
    holder: nothing,
    hint: (id, hint) => {
      wrote("hint", { id, hint });
      return Promise.resolve();
    },
    lastNo: unexpected,
    accept: (delivery) => {
      wrote("accept", delivery);
      return Promise.resolve("new");
    },
    getDelivery: () => Promise.resolve(record.of("accept")[0] as never),
    saveDelivery: (delivery) => {
      wrote("saveDelivery", delivery);
      return Promise.resolve();
    },
    due: unexpected,
    nextDueAtMs: unexpected,
    raise: (alarm) => {
      wrote("raise", alarm);
      return Promise.resolve(true);
    },
    acknowledge: unexpected,
    alarms: unexpected,
    getInvocation: nothing,
    putInvocation: (invocation) => {
      wrote("putInvocation", invocation);
      return Promise.resolve();
    },
    invocations: () => Promise.resolve([]),
    killSwitch: unexpected,
    narrowerSwitches: unexpected,
    setKillSwitch: unexpected,
    trail: unexpected,
    trails: unexpected,
    chronicle: unexpected,
  };
  const gating: GatingStore = {
    find: ({ id, name }) => {
      const listed = [id, name].includes("payments-db") || id === "PSVC001";
      return Promise.resolve({
        key: listed ? "payments-db" : (name ?? id ?? ""),
        listed,
        hash: HASH,
        gating: listed ? GATING : { ...GATING, runbooks: {}, rules: [] },
        seen: [],
      });
    },
    learn: () => Promise.resolve(false),
    inForce: () =>
      Promise.resolve({
        source: "here",
        digest: HASH,
        services: [],
        defaults: { hash: HASH, written: {} },
        problem: null,
      }),
  };
  const pagerDuty: PagerDuty = {
    incident: nothing,
    incidentsByKey: unexpected,
    incidentsByAlert: unexpected,
    ownUser: () => Promise.resolve("PGATE01"),
    findService: unexpected,
    execute: unexpected,
    invocation: nothing,
    invocations: unexpected,
    createIncident: unexpected,
    resolveIncident: unexpected,
    addNote: () => Promise.resolve({ id: "NOTE1" }),
    notes: unexpected,
    subscriptions: unexpected,
    enableSubscription: unexpected,
  };
  const known = new Map([[sha256Hex(API_TOKEN), "agent"]]);
  const warn = (message: string, fields?: object): void => {
    record.warnings.push(`${message} ${JSON.stringify(fields)}`);
  };
  return {
    clock: { now: () => START_MS },
    ids: { proposalId: () => "prop_1", attemptId: () => "att_1", token: () => "token" },
    ledger,
    gating,
    pagerDuty,
    queue: { send: () => Promise.resolve() },
    cheqpoint: { submit: unexpected, read: unexpected },
    limitsOf: limitsFrom(),
    secrets: {
      webhookSecrets: () => Promise.resolve({ known: [SECRET], isNewest: true }),
      proposers: () => Promise.resolve(known),
      operators: () => Promise.resolve(new Map()),
      callbackSecrets: () => Promise.resolve([CALLBACK_SECRET]),
    },
    log: { debug() {}, info() {}, warn, error: warn },
    metrics: { count() {} },
    sleep: () => new Promise(() => undefined),
    settings: { leaseMs: 30_000, settleMs: 60_000 },
    publicUrl: "https://gate.test",
  };
}
