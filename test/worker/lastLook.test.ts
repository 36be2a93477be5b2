import assert from "node:assert/strict";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import { sentName } from "../../functions/gate/proposal/sent.ts";
import { visit } from "../../functions/worker/visit.ts";
import { nextVersion } from "../contract/proposals.ts";
import { START_MS } from "../harness/clock.ts";
import { FIELDS, gatingBy, INVOKE, READ_BACK, VisitBench } from "./visitBench.ts";

describe("the last look before an execution is sent", () => {
  let bench: VisitBench;
  beforeEach(() => {
    bench = new VisitBench();
  });
  afterEach(() => bench.ledger.close());

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
      bench.during(FIELDS, happens);
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
    bench.during(FIELDS, () => {
      isOver = true;
      bench.clock.advance(3_000);
    });
    await bench.run();
    assert.equal(isSent(), false);
  });

  it("asks PagerDuty and Cheqpoint again where the custom fields took long, and then lets it be sent", async () => {
    bench.during(FIELDS, () => bench.clock.advance(20_000));
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
      bench = new VisitBench();
      bench.during(FIELDS, () => bench.clock.advance(takesMs));
      await bench.run();
      assert.equal(isSent(), false, `${takesMs}`);
      bench.ledger.close();
    }
    bench = new VisitBench();
  });

  it("counts from its oldest part, and from when that was asked for", async () => {
    let isWritten = false;
    let isLooked = false;
    bench.meanwhile = (name) => {
      if (name === "token" && isLooked) {
        bench.clock.advance(2_001);
      }
      if (name === "GET /incidents/PINC1" && isWritten) {
        // The store is asked after PagerDuty, and has answered later.
        bench.clock.advance(3_000);
        isLooked = true;
      }
      if (name === FIELDS) {
        bench.clock.advance(2_001);
        isWritten = true;
      }
    };
    await bench.run();
    assert.equal(isSent(), false);
    assert.equal(
      await bench.problem(),
      "not sent: the last look at what may forbid it was 5001 ms old",
    );
  });

  it("is of no use once the approval is over, however new it is", async () => {
    const over = async (lateMs: number): Promise<boolean> => {
      bench = new VisitBench();
      const held = { on: true, reason: "wait", by: "ana", atMs: START_MS };
      await bench.ledger.setKillSwitch(held);
      await bench.run();
      await bench.ledger.setKillSwitch({ ...held, on: false });
      bench.clock.nowMs = START_MS + 58_000;
      beforeItGoesOut(2_000 + lateMs);
      await visit(bench.ports, "prop_1");
      bench.ledger.close();
      return isSent();
    };
    assert.equal(await over(0), true);
    assert.equal(await over(1), false);
    bench = new VisitBench();
  });
});
