// What stands between a decision and the claim of its execution, one guard at a time: each alone has to hold.
import assert from "node:assert/strict";
import { actionDigest } from "../../../functions/gate/proposal/digest.ts";
import type { Decision, Parameters } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { Bench, endOf, INCIDENT, storedBy } from "./bench.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EDITS = { editable: ["max_replicas"] };
const SILENCE = { onExpiry: "approve", acknowledgeRisk: true };

/** As a forged record would have it. */
function forged(bench: Bench, change: Partial<Decision>): Bench {
  const { decision } = bench.proposal;
  assert.ok(decision !== null);
  bench.proposal = { ...bench.proposal, decision: { ...decision, ...change } };
  return bench;
}

/** Nobody answered, and the rule takes that for a yes. */
function silent(rule: object = {}): Bench {
  const bench = new Bench({ ...SILENCE, ...rule }).asked();
  bench.nowMs = bench.proposal.decideByMs ?? 0;
  // The gate has watched until now.
  bench.proposal = { ...bench.proposal, dueAtMs: bench.nowMs, seenAtMs: bench.nowMs };
  bench.save();
  assert.equal(bench.proposal.decision?.by, "onExpiry");
  return bench;
}

describe("an approved execution", () => {
  it("is claimed with everything that it rests on as conditions of the write", () => {
    const bench = new Bench(EDITS).approved({ modifiedDetails: { max_replicas: 2 } });
    const { effect, next, options } = bench.claim();
    assert.ok(effect.kind === "execute");
    assert.deepEqual(effect.order.customFields, { max_replicas: 2 });
    assert.equal(next.dueAtMs, bench.nowMs + 30_000);
    assert.equal(options?.requireKillSwitchOff, true);
    assert.deepEqual(
      options.unchanged?.map(({ version }) => version),
      ["1", "7"],
    );
    assert.deepEqual(options.hold, {
      keys: ["start/PINC1/01DBFAILOVER", "field/PINC1/max_replicas"],
      atMs: bench.nowMs,
    });
    assert.deepEqual(options.links, ["run/PINC1/01DBFAILOVER"]);
    assert.deepEqual(
      options.reserve?.map(({ key, atMs, untilMs }) => ({ key, atMs, untilMs })),
      [
        {
          key: 'executions/approved/["payments-db","only"]',
          atMs: bench.nowMs,
          untilMs: bench.nowMs + HOUR_MS,
        },
      ],
    );
  });

  it("is good up to its last millisecond, and not longer", () => {
    const bench = new Bench({ validFor: "1m" }).approved();
    bench.nowMs = bench.proposal.decision?.validUntilMs ?? 0;
    assert.equal(bench.step().kind, "effect");
    bench.nowMs += 1;
    assert.equal(endOf(bench.step()), "suppressed approvalLapsed");
  });

  it("keeps the pause after it was not sent", () => {
    const bench = new Bench().approved();
    const { effect, next } = bench.claim();
    assert.ok(effect.kind === "execute" && next.execution !== null);
    const nextReadAtMs = bench.nowMs + 5_000;
    const execution = { ...next.execution, state: "notSent" as const, nextReadAtMs };
    bench.proposal = { ...next, execution };
    assert.deepEqual(bench.step(), { kind: "wait", untilMs: nextReadAtMs, lookFailures: 0 });
  });

  it("looks at an incident that something is told of although the kill switch holds it", () => {
    const bench = new Bench().approved();
    bench.killSwitch = true;
    bench.incident = { ...INCIDENT, status: "resolved" };
    bench.hint("incident");
    assert.equal(endOf(bench.step()), "suppressed incidentResolved");
  });

  it("hears a no that a callback tells of although the kill switch holds it", () => {
    const bench = new Bench().approved();
    bench.killSwitch = true;
    bench.hint("decision");
    bench.decide("req_1", { status: "REJECTED" });
    assert.equal(endOf(bench.step()), "suppressed rejected");
  });

  const stops: Record<string, { change: (bench: Bench) => void; end: string | null }> = {
    "the kill switch": { change: (bench) => (bench.killSwitch = true), end: null },
    "a kill switch that the store tells of": {
      change: (bench) => (bench.more = { refused: "killSwitch" }),
      end: null,
    },
    "a look that is more than 5 s old": {
      change: (bench) => (bench.more = { askedAtMs: { incident: bench.nowMs - 5_001 } }),
      end: null,
    },
    "a look by a clock that went back": {
      change: (bench) => (bench.more = { askedAtMs: { incident: bench.nowMs + 5_001 } }),
      end: null,
    },
    "a clock that went back by more than a minute": {
      change: (bench) =>
        (bench.proposal = { ...bench.proposal, seenAtMs: bench.nowMs + MINUTE_MS + 1 }),
      end: "suppressed approvalLapsed",
    },
    "another run that has its field": {
      change: (bench) =>
        (bench.holders = [
          { key: "field/PINC1/max_replicas", holder: { proposalId: "prop_2", untilMs: null } },
        ]),
      end: null,
    },
    "a resolved incident": {
      change: (bench) => (bench.incident = { ...INCIDENT, status: "resolved" }),
      end: "suppressed incidentResolved",
    },
    "an incident of another service": {
      change: (bench) => (bench.incident = { ...INCIDENT, serviceId: "PSVC003" }),
      end: "suppressed incidentMoved",
    },
    "an incident that is gone": {
      change: (bench) => (bench.incident = null),
      end: "suppressed incidentNotFound",
    },
    "a gating that denies it by now": {
      change: (bench) => (bench.gating = storedBy({ decision: "deny" })),
      end: "suppressed deniedByPolicy",
    },
    "a freeze that began meanwhile": {
      change: (bench) => {
        bench.nowMs = START_MS + MINUTE_MS;
        const during = { start: "2026-11-23T10:01", end: "2026-11-24T00:00", timeZone: "UTC" };
        const freeze = { name: "freeze", match: { during: [during] }, decision: "deny" };
        const only = { name: "only", match: {}, decision: "requireApproval", risk: 0.5 };
        bench.gating = storedBy({}, { rules: [freeze, only] });
      },
      end: "suppressed deniedByPolicy",
    },
    "a runbook that sends its value elsewhere by now": {
      change: (bench) => {
        const { failover } = bench.gating.gating.runbooks;
        assert.ok(failover?.parameters["max_replicas"] !== undefined);
        const parameter = { ...failover.parameters["max_replicas"], customField: "other" };
        const runbook = { ...failover, parameters: { max_replicas: parameter } };
        const gating = {
          ...bench.gating.gating,
          runbooks: { ...bench.gating.gating.runbooks, failover: runbook },
        };
        bench.gating = { ...bench.gating, gating };
      },
      end: "suppressed gatingChanged",
    },
    "a runbook that is gone": {
      change: (bench) => {
        const { failover: _gone, ...runbooks } = bench.gating.gating.runbooks;
        bench.gating = { ...bench.gating, gating: { ...bench.gating.gating, runbooks } };
      },
      end: "suppressed gatingChanged",
    },
    "a no that was said after the yes": {
      change: (bench) => (bench.no = { atMs: bench.nowMs + 1, untilMs: bench.nowMs + HOUR_MS }),
      end: "suppressed sameAsRejected",
    },
    "a no of the very moment of the yes": {
      change: (bench) => (bench.no = { atMs: bench.nowMs, untilMs: bench.nowMs + HOUR_MS }),
      end: "suppressed sameAsRejected",
    },
  };
  for (const [what, { change, end }] of Object.entries(stops)) {
    it(`is not claimed because of ${what}`, () => {
      const bench = new Bench().approved();
      change(bench);
      const step = bench.step();
      assert.notEqual(step.kind, "effect");
      assert.equal(endOf(step), end);
    });
  }

  it("counts a yes as said as early as it can have been, held against a no", () => {
    const bench = new Bench().approved({ decidedAtMs: null });
    bench.no = { atMs: bench.nowMs - 1, untilMs: bench.nowMs + HOUR_MS };
    assert.equal(endOf(bench.step()), "suppressed sameAsRejected");
  });

  it("is claimed by a clock that went back by less than a minute", () => {
    const bench = new Bench().approved();
    bench.proposal = { ...bench.proposal, seenAtMs: bench.nowMs + MINUTE_MS };
    assert.equal(bench.step().kind, "effect");
  });

  it("is not claimed with a change that the rule lets nobody make any more", () => {
    const bench = new Bench(EDITS).approved({ modifiedDetails: { max_replicas: 2 } });
    bench.gating = storedBy();
    assert.equal(endOf(bench.step()), "suppressed gatingChanged");
  });

  it("waits for another run no longer than it is good", () => {
    const bench = new Bench({ validFor: "1m" }).approved();
    const { validUntilMs } = bench.proposal.decision ?? {};
    assert.ok(typeof validUntilMs === "number");
    bench.nowMs = validUntilMs - 1_000;
    bench.holders = [
      { key: "field/PINC1/max_replicas", holder: { proposalId: "prop_2", untilMs: null } },
    ];
    const step = bench.step();
    assert.ok(step.kind === "save");
    assert.equal(step.next.dueAtMs, validUntilMs + 1);
  });

  it("waits for a place up to its last millisecond, and for no later one", () => {
    const bench = new Bench({ validFor: "1m" }).approved();
    const { validUntilMs } = bench.proposal.decision ?? {};
    assert.ok(typeof validUntilMs === "number");
    bench.more = { refused: "limit" };
    bench.taken = Array.from({ length: 20 }, () => validUntilMs);
    assert.equal(endOf(bench.step()), null);
    bench.taken = bench.taken.map(() => validUntilMs + 1);
    assert.equal(endOf(bench.step()), "suppressed executionsLimit");
  });
});

describe("what a rule allowed", () => {
  const allowed = (): Bench => {
    const bench = new Bench({ decision: "allow" });
    bench.save();
    assert.equal(bench.step().kind, "effect");
    return bench;
  };

  it("is not claimed where an approval is required by now", () => {
    const bench = allowed();
    bench.gating = storedBy();
    const step = bench.step();
    assert.equal(endOf(step), "suppressed gatingChanged");
    assert.ok(step.kind === "save");
    assert.equal(step.next.handover, null, "somebody can act on it: it has a task of its own");
  });

  it("is not claimed where the record's digest is not that of what would run", () => {
    const bench = forged(allowed(), { digest: "sha256:other" });
    assert.equal(endOf(bench.step()), "suppressed gatingChanged");
  });

  it("is not claimed with parameters that the runbook does not take, although the record's digest is theirs", () => {
    const digestOf = (bench: Bench, parameters: Parameters): string => {
      const { weighing } = bench.proposal;
      assert.ok(weighing !== null);
      const { action, target } = weighing.runbook;
      const { id: incidentId, serviceId } = INCIDENT;
      return actionDigest({ action, target, parameters, incidentId, serviceId });
    };
    for (const [max_replicas, end] of [
      [5, null],
      [6, "suppressed gatingChanged"],
    ] as const) {
      const bench = allowed();
      const parameters = { max_replicas };
      forged(bench, { parameters, digest: digestOf(bench, parameters) });
      assert.equal(endOf(bench.step()), end);
    }
  });
});

describe("what silence approved", () => {
  it("is claimed while it is silent", () => {
    assert.equal(silent().step().kind, "effect");
  });

  it("is not claimed where the rule no longer says so", () => {
    const bench = silent();
    bench.gating = storedBy();
    assert.equal(endOf(bench.step()), "suppressed gatingChanged");
  });
});

describe("what a rule of Cheqpoint's approved", () => {
  it("is not claimed where that is no longer accepted", () => {
    const bench = new Bench({ acceptRuleApprovals: true }).approved({ autoDecided: true });
    assert.equal(bench.step().kind, "effect");
    bench.gating = storedBy();
    assert.equal(endOf(bench.step()), "suppressed gatingChanged");
  });
});
