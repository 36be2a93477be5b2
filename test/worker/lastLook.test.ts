import assert from "node:assert/strict";
import { gatingHash, parseServiceGating } from "../../functions/gate/gating/index.ts";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import { sentName } from "../../functions/gate/proposal/sent.ts";
import { randomIds } from "../../functions/ids.ts";
import { createPagerDuty } from "../../functions/pagerduty/client.ts";
import type { WorkerPorts } from "../../functions/worker/ports.ts";
import { visit } from "../../functions/worker/visit.ts";
import { openSqliteLedger } from "../../local/ledger/ledger.ts";
import { nextVersion } from "../contract/proposals.ts";
import { START_MS, VirtualClock } from "../harness/clock.ts";
import { gatingOf } from "../harness/gating.ts";

const FIELDS = "PUT /incidents/PINC1/custom_fields/values";
const READ_BACK = "GET /incidents/PINC1/custom_fields/values";
const INVOKE = "POST /automation_actions/actions/01DBFAILOVER/invocations";

const gatingBy = (rule: object) => {
  const { services } = gatingOf({ ...rule }) as { services: Record<string, unknown> };
  return parseServiceGating("payments-db", services["payments-db"]);
};

/** A worker on a ledger in memory and a PagerDuty that answers at once. */
class Bench {
  readonly clock = new VirtualClock();
  readonly sent: string[] = [];
  /** Happens while PagerDuty answers that request, or while a token is waited for. */
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
    queue: { send: () => Promise.resolve() },
    gating: {
      inForce: () => Promise.reject(new Error("nobody asks for all of it")),
      learn: async () => false,
      find: () =>
        Promise.resolve({
          key: "payments-db",
          listed: true,
          hash: gatingHash(this.gating),
          gating: this.gating,
          seen: [{ name: "gating", version: this.version }],
        }),
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

describe("the last look before an execution is sent", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.ledger.close());

  /** Once, at the first request of that name. */
  const during = (request: string, happens: () => Promise<void> | void): void => {
    let isDone = false;
    bench.meanwhile = async (name) => {
      if (name === request && !isDone) {
        isDone = true;
        await happens();
      }
    };
  };
  /** The token for what starts it is waited for, after the last look. */
  const beforeItGoesOut = (ms: number): void => {
    let isReadBack = false;
    bench.meanwhile = (name) => {
      if (name === "token" && isReadBack) {
        bench.clock.advance(ms);
        isReadBack = false;
      }
      isReadBack ||= name === READ_BACK;
    };
  };
  const isSent = (): boolean => bench.sent.includes(INVOKE);

  it("lets it be sent while nothing has changed", async () => {
    assert.deepEqual(await bench.run(), [FIELDS, INVOKE]);
  });

  const forbidding: Record<string, () => Promise<void> | void> = {
    "the kill switch": async () => {
      await bench.ledger.setKillSwitch({ on: true, reason: "stop", by: "ana", atMs: START_MS });
    },
    "a gating that denies it": () => {
      bench.gating = gatingBy({ decision: "deny" });
      bench.version = "2";
    },
    "a human's no to the same by another proposal": async () => {
      assert.ok(bench.runbook !== undefined);
      const name = sentName("PINC1", bench.runbook, { max_replicas: 3 });
      const { proposal, events } = newProposal({
        id: "prop_2",
        source: { kind: "orchestration" },
        proposer: "another",
        request: {
          runbook: "alias",
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
      await bench.ledger.create(proposal, events);
      const next = nextVersion(proposal);
      const no = { name, atMs: bench.clock.now(), untilMs: bench.clock.now() + 60_000 };
      assert.equal(await bench.ledger.save(next.proposal, next.events, { no }), "saved");
    },
  };
  for (const [what, happens] of Object.entries(forbidding)) {
    it(`sees ${what} that came while the custom fields were written`, async () => {
      during(FIELDS, happens);
      await bench.run();
      assert.equal(isSent(), false);
      assert.equal(
        await bench.problem(),
        "not sent: what was true when it was claimed is no longer",
      );
    });
  }

  it("finds an incident resolved that was open 3 s ago, while the custom fields were written", async () => {
    let isOver = false;
    const { pagerDuty } = bench.ports;
    const incident = pagerDuty.incident.bind(pagerDuty);
    pagerDuty.incident = async (id) => {
      const found = await incident(id);
      return found === null || !isOver ? found : { ...found, status: "resolved" };
    };
    during(FIELDS, () => {
      isOver = true;
      bench.clock.advance(3_000);
    });
    await bench.run();
    assert.equal(isSent(), false);
  });

  it("asks PagerDuty and Cheqpoint again where the custom fields took long, and then lets it be sent", async () => {
    during(FIELDS, () => bench.clock.advance(20_000));
    await bench.run();
    assert.equal(isSent(), true);
  });

  it("is not enough once it is more than 5 s old, whatever the process waited for", async () => {
    beforeItGoesOut(5_001);
    await bench.run();
    assert.equal(isSent(), false);
    assert.equal(
      await bench.problem(),
      "not sent: the last look at what may forbid it was 5001 ms old",
    );
  });

  it("is not taken for new by a clock that has gone back", async () => {
    beforeItGoesOut(-60_000);
    await bench.run();
    assert.equal(isSent(), false);
  });

  it("comes too late when the claim's lease is over, or the approval is", async () => {
    for (const takesMs of [30_000, 60_001]) {
      bench = new Bench();
      during(FIELDS, () => bench.clock.advance(takesMs));
      await bench.run();
      assert.equal(isSent(), false, `${takesMs}`);
      bench.ledger.close();
    }
    bench = new Bench();
  });
});
