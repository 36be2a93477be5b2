import assert from "node:assert/strict";
import { gatingHash, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import { defaultLifecycleSettings, type Known } from "../../../functions/gate/lifecycle/known.ts";
import { nextStep } from "../../../functions/gate/lifecycle/index.ts";
import { START_MS } from "../../harness/clock.ts";

const { proposal } = newProposal({
  id: "prop_1",
  source: { kind: "api" },
  proposer: "agent",
  request: {
    runbook: "page",
    service: "payments-db",
    incidentId: null,
    alertKey: "db-7",
    parameters: {},
    justification: "CPU at 98 %",
    evidence: [],
    severity: null,
    regions: [],
    summary: null,
  },
  nowMs: START_MS,
});
const gating = parseServiceGating("payments-db", {
  runbooks: { page: { escalate: { level: 2 } } },
});
const known: Known = {
  nowMs: START_MS,
  settings: defaultLifecycleSettings,
  hints: [],
  fresh: { attemptId: "att_1", tokenHash: "hash" },
  gating: {
    ok: true,
    value: { key: "payments-db", listed: true, hash: gatingHash(gating), gating, seen: [] },
  },
  incidentsByAlert: {
    ok: true,
    value: [
      {
        id: "PINC1",
        number: 4421,
        title: "primary unreachable",
        status: "triggered",
        url: null,
        priority: null,
        urgency: "high",
        serviceId: "PSVC001",
        serviceName: "payments-db",
        escalationPolicyId: null,
        assigneeIds: [],
        incidentKey: "db-7",
        createdAtMs: START_MS,
      },
    ],
  },
  places: {
    'executions/approved/["payments-db",null]': [],
  },
  lastNo: { no: null, seen: { name: "PINC1 sha256:abc", version: null } },
};

describe("weighing a proposal whose key another one holds", () => {
  it("tries again when nobody is seen to hold it: the holder has just ended, or a list lags", () => {
    assert.deepEqual(nextStep(proposal, { ...known, refused: "dedupe", equalOpen: null }), {
      kind: "wait",
      untilMs: START_MS + 1_000,
      lookFailures: 0,
    });
    const step = nextStep(proposal, known);
    assert.ok(step.kind === "save");
    assert.equal(step.next.outcome, null);
    assert.equal(step.options?.dedupe?.kind, "move");
  });
});
