import assert from "node:assert/strict";
import {
  executionBrakes,
  fullBrake,
  laneOf,
  openBrakes,
  takenAt,
} from "../../../functions/gate/ledger/brakes.ts";
import { evaluate, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import type { Brake, Decision } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";
import { gatingOf } from "../../harness/gating.ts";

const RULE: Brake = { of: "rule", key: "rule", limit: 2 };
const SERVICE: Brake = { of: "service", key: "service", limit: 3 };

describe("a brake", () => {
  it("is free again in the very moment in which a place's time is over", () => {
    const places = { rule: [START_MS, START_MS + 1, null] };
    assert.deepEqual(takenAt(RULE, places, START_MS), [START_MS + 1, null]);
  });

  it("is full when as many have a place as it lets, and then tells when one is free", () => {
    const one = { rule: [START_MS + 5] };
    assert.equal(fullBrake([RULE], one, START_MS), null);
    const two = { rule: [START_MS + 5, START_MS + 9] };
    assert.deepEqual(fullBrake([RULE], two, START_MS), { brake: RULE, freeAtMs: START_MS + 5 });
    const three = { rule: [START_MS + 5, START_MS + 7, START_MS + 9] };
    assert.deepEqual(fullBrake([RULE], three, START_MS), { brake: RULE, freeAtMs: START_MS + 7 });
  });

  it("has no time at which it is free while an open proposal has its place", () => {
    const places = { rule: [null, null] };
    assert.deepEqual(fullBrake([RULE], places, START_MS), { brake: RULE, freeAtMs: Infinity });
  });

  it("is the one that is free last, where several are full", () => {
    const places = {
      rule: [START_MS + 5, START_MS + 5],
      service: [START_MS + 9, START_MS + 9, START_MS + 9],
    };
    const last = { brake: SERVICE, freeAtMs: START_MS + 9 };
    assert.deepEqual(fullBrake([RULE, SERVICE], places, START_MS), last);
    assert.deepEqual(fullBrake([SERVICE, RULE], places, START_MS), last);
  });

  it("counts what a human approved apart from everything else", () => {
    const by = (who: Decision["by"]): string => laneOf({ by: who } as Decision);
    assert.equal(by("human"), "approved");
    assert.deepEqual(
      (["policy", "autoRule", "onExpiry", "gate"] as const).map(by),
      Array.from({ length: 4 }, () => "automatic"),
    );
  });

  it("is the service's as well where it has a limit of its own", () => {
    const { services } = gatingOf({}, { limits: { executionsPerHour: 7, openProposals: 9 } }) as {
      services: Record<string, unknown>;
    };
    const gating = parseServiceGating("payments-db", services["payments-db"]);
    const evaluation = evaluate(gating, {
      event: null,
      action: "failover",
      runbook: "failover",
      proposer: "agent",
      priority: null,
      severity: null,
      urgency: "high",
      regions: [],
      title: "down",
      atMs: START_MS,
    });
    const limits = evaluation.terms.limits;
    assert.deepEqual(executionBrakes("payments-db", gating, evaluation, "approved"), [
      {
        of: "rule",
        key: 'executions/approved/["payments-db","only"]',
        limit: limits.executionsPerHour,
      },
      { of: "service", key: 'executions/approved/["payments-db"]', limit: 7 },
    ]);
    assert.deepEqual(openBrakes("payments-db", gating, evaluation), [
      { of: "rule", key: 'open/approved/["payments-db","only"]', limit: limits.openProposals },
      { of: "service", key: 'open/approved/["payments-db"]', limit: 9 },
    ]);
  });
});
