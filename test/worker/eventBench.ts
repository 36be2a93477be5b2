import type { ServiceGating } from "../../functions/gate/gating/index.ts";
import type { Delivery, WorkItem } from "../../functions/gate/ports/index.ts";
import type { Incident } from "../../functions/gate/proposal/proposal.ts";
import { deliver } from "../../functions/worker/deliveries.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { unchecked } from "../gate/gating/check/problemsOf.ts";

export const NOW = Date.parse("2026-11-23T10:00:00Z");

export const INCIDENT: Incident = {
  id: "QINCIDENT",
  number: 4421,
  title: "db unreachable",
  status: "triggered",
  url: null,
  priority: "P1",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "db",
  escalationPolicyId: null,
  assigneeIds: [],
  incidentKey: null,
  createdAtMs: NOW - 60_000,
};

export interface Told {
  id?: string;
  type?: string;
  occurredAtMs?: number;
  agentId?: string;
  data?: object;
}

/** Hands events to the worker, on a ledger in memory; PagerDuty has one incident, and one service is gated. */
export class EventBench {
  nowMs = NOW;
  readonly clock = { now: () => this.nowMs };
  readonly ledger = openSqliteLedger(":memory:", this.clock);
  gating: ServiceGating;
  gatingHash = "h";
  listed = true;
  incident: Incident | null = INCIDENT;
  /** Whose token the gate has; null: nobody's. */
  ownUserId: string | null = "PGATE01";
  notes: string[] = [];
  /** Why PagerDuty cannot be read. */
  problem: Error | null = null;
  sent: WorkItem[] = [];
  readonly ports: WorkerPorts;
  #proposals = 0;
  #deliveries = 0;

  constructor(gating: ServiceGating) {
    this.gating = gating;
    const silent = () => undefined;
    this.ports = {
      clock: this.clock,
      ledger: this.ledger,
      ids: { proposalId: () => `prop_${(this.#proposals += 1)}` },
      queue: {
        send: (items: readonly WorkItem[]) => {
          this.sent.push(...items);
          return Promise.resolve();
        },
      },
      gating: {
        find: () =>
          Promise.resolve({
            key: "db",
            listed: this.listed,
            hash: this.gatingHash,
            gating: this.gating,
          }),
        inForce: () => Promise.resolve({ services: [] }),
      },
      pagerDuty: {
        incident: () =>
          this.problem === null ? Promise.resolve(this.incident) : Promise.reject(this.problem),
        ownUser: () => Promise.resolve(this.ownUserId),
        addNote: (_id: string, content: string) => {
          this.notes.push(content);
          return Promise.resolve({ id: "N1" });
        },
      },
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: { count: silent },
    } as unknown as WorkerPorts;
  }

  /** Keeps one event as the webhook's receiver does, and has it handled. */
  async tell(told: Told = {}): Promise<Delivery> {
    const { type = "incident.triggered", data = dataOf(type), occurredAtMs } = told;
    const id = `d${(this.#deliveries += 1)}`;
    const eventId = told.id ?? `event of ${id}`;
    const event = {
      id: eventId,
      event_type: type,
      ...(occurredAtMs === undefined ? {} : { occurred_at: new Date(occurredAtMs).toISOString() }),
      ...(told.agentId === undefined ? {} : { agent: { id: told.agentId } }),
      data,
    };
    await this.ledger.accept({
      id,
      // Not as it is in the body: the receiver drops what it has seen, and that is not what is tested here.
      eventId: id,
      subscriptionId: null,
      receivedAtMs: this.nowMs,
      eventType: type,
      body: JSON.stringify({ event }),
      state: "new",
      tries: 0,
      dueAtMs: this.nowMs,
      result: null,
    });
    return this.handle(id);
  }

  async handle(id: string): Promise<Delivery> {
    await deliver(this.ports, id);
    const delivery = await this.ledger.getDelivery(id);
    if (delivery === null) {
      throw new Error(`${id} is not kept`);
    }
    return delivery;
  }

  async proposals(): Promise<string[]> {
    const { proposals } = await this.ledger.list({});
    return proposals.map(({ id }) => id);
  }
}

/** A rule that proposes for an event type, whether or not the checks let it be written. */
export function proposingFor(type: string): ServiceGating {
  const rule = { name: "r", decision: "deny", match: { event: "incident.triggered" } };
  const [first] = unchecked({ ...rule, propose: "failover" }).rules;
  if (first === undefined) {
    throw new Error("there is no rule");
  }
  return { ...unchecked(), rules: [{ ...first, match: { ...first.match, event: [type] } }] };
}

/** The event's data as PagerDuty sends it, as far as the gate looks into it. */
function dataOf(type: string): object {
  const reference = { id: INCIDENT.id };
  if (type.startsWith("incident.action_invocation.")) {
    const data = { id: "INV1", state: "running", action: { id: "01A" }, incident: reference };
    return { type: "incident_action_invocation", ...data };
  }
  if (type.startsWith("incident.workflow.")) {
    const data = { id: "WF1", incident_workflow: { id: "PWF0001" }, incident: reference };
    return { type: "incident_workflow_instance", ...data };
  }
  if (type === "incident.annotated") {
    return { type: "incident_note", id: "N1", content: "looking", incident: reference };
  }
  return { type: "something", id: "X1", incident: reference };
}
