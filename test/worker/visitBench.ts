import { gatingHash, parseServiceGating } from "../../functions/gate/gating/index.ts";
import type { WorkItem } from "../../functions/gate/ports/index.ts";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import { randomIds } from "../../functions/ids.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { visit } from "../../functions/worker/visit.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { START_MS, VirtualClock } from "../harness/clock.ts";
import { gatingOf } from "../harness/gating.ts";

export const FIELDS = "PUT /incidents/PINC1/custom_fields/values";
export const READ_BACK = "GET /incidents/PINC1/custom_fields/values";
export const INVOKE = "POST /automation_actions/actions/01DBFAILOVER/invocations";

export const gatingBy = (rule: object) => {
  const { services } = gatingOf({ ...rule }) as { services: Record<string, unknown> };
  return parseServiceGating("payments-db", services["payments-db"]);
};

/** A worker on a ledger in memory and a PagerDuty that answers at once. */
export class VisitBench {
  readonly clock = new VirtualClock();
  readonly sent: string[] = [];
  readonly queued: { items: readonly WorkItem[]; afterMs: number | undefined }[] = [];
  /** Happens while PagerDuty answers that request, or while a token (`token`) or the gating (`gating`) is waited for. */
  meanwhile: (request: string) => Promise<void> | void = () => undefined;
  version = "1";
  gating = gatingBy({ decision: "allow", validFor: "1m" });
  readonly ledger = openSqliteLedger(":memory:", this.clock, undefined, (name) =>
    name === "gating" ? this.version : undefined,
  );
  readonly runbook = this.gating.runbooks["failover"];
  readonly ports: WorkerPorts = {
    clock: this.clock,
    ids: randomIds,
    ledger: this.ledger,
    queue: {
      send: (items, { afterMs } = {}) => {
        this.queued.push({ items, afterMs });
        return Promise.resolve();
      },
    },
    gating: {
      inForce: () => Promise.reject(new Error("nobody asks for all of it")),
      learn: async () => false,
      find: async () => {
        const found = {
          key: "payments-db",
          listed: true,
          hash: gatingHash(this.gating),
          gating: this.gating,
          seen: [{ name: "gating", version: this.version }],
        };
        await this.meanwhile("gating");
        return found;
      },
    },
    pagerDuty: createPagerDuty({
      baseUrl: "http://pagerduty.test",
      token: async () => {
        await this.meanwhile("token");
        return "token-of-the-test";
      },
      from: "gate@example.com",
      clock: this.clock,
      fetch: async (url, { method = "GET" }) => {
        const request = `${method} ${new URL(url).pathname}`;
        if (method !== "GET") {
          this.sent.push(request);
        }
        await this.meanwhile(request);
        return Response.json(answerTo(request), { status: method === "POST" ? 201 : 200 });
      },
    }),
    cheqpoint: {
      submit: () => Promise.reject(new Error("nobody is asked")),
      read: () => Promise.reject(new Error("nobody was asked")),
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    metrics: { count() {} },
    settings: { leaseMs: 30_000, settleMs: 60_000 },
    publicUrl: "http://gate.test",
  };

  /** Proposes, and does everything that can be done at once. */
  async run(): Promise<string[]> {
    this.clock.nowMs = START_MS;
    const { proposal, events } = newProposal({
      id: "prop_1",
      source: { kind: "api" },
      proposer: "agent",
      request: {
        runbook: "failover",
        service: "payments-db",
        incidentId: "PINC1",
        alertKey: null,
        parameters: {},
        justification: "lag",
        evidence: [],
        severity: null,
        regions: [],
        summary: null,
      },
      nowMs: START_MS,
    });
    await this.ledger.create(proposal, events);
    await visit(this.ports, "prop_1");
    return this.sent;
  }

  /** Once, at the first request of that name. */
  during(request: string, happens: () => Promise<void> | void): void {
    let isDone = false;
    this.meanwhile = async (name) => {
      if (name === request && !isDone) {
        isDone = true;
        await happens();
      }
    };
  }

  async problem(): Promise<string | null> {
    return (await this.ledger.get("prop_1"))?.proposal.execution?.problem ?? null;
  }
}

function answerTo(request: string): object {
  if (request === INVOKE) {
    return { invocation: { id: "01INV1", state: "created" } };
  }
  return request === FIELDS
    ? { custom_fields: [{ name: "max_replicas", value: 3 }] }
    : {
        incident: {
          id: "PINC1",
          incident_number: 4421,
          title: "primary unreachable",
          status: "triggered",
          urgency: "high",
          service: { id: "PSVC001", summary: "payments-db" },
          created_at: "2026-11-23T09:59:00Z",
        },
        custom_fields: [{ name: "max_replicas", value: 3 }],
      };
}
