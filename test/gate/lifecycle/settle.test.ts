import assert from "node:assert/strict";
import { gatingHash, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import { nextStep } from "../../../functions/gate/lifecycle/index.ts";
import {
  defaultLifecycleSettings,
  type Candidate,
  type Known,
} from "../../../functions/gate/lifecycle/known.ts";
import type { Hint } from "../../../functions/gate/ports/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import type { Incident, Proposal } from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";

const { leaseMs, settleMs } = defaultLifecycleSettings;
const SKEW_MS = 60_000;
const CLAIMED_MS = START_MS;

const INCIDENT: Incident = {
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
  incidentKey: null,
  createdAtMs: START_MS,
};

/** A proposal whose request was sent at `CLAIMED_MS`, and whose answer was lost. */
function sent(runbook: "failover" | "remediate" | "handover" | "toPeople" | "raise"): Proposal {
  const gating = parseServiceGating("payments-db", {
    runbooks: {
      failover: { automationAction: "01ACTION" },
      remediate: { incidentWorkflow: "PWF0001" },
      handover: { reassign: { escalationPolicy: "PEP0002" } },
      toPeople: { reassign: { users: ["PUSER01", "PUSER02"] } },
      raise: { escalate: { level: 2 } },
    },
    otherwise: "requireApproval",
  });
  const found = gating.runbooks[runbook];
  assert.ok(found !== undefined);
  const { proposal } = newProposal({
    id: "prop_1",
    source: { kind: "api" },
    proposer: "agent",
    request: {
      runbook,
      service: "payments-db",
      incidentId: INCIDENT.id,
      alertKey: null,
      parameters: {},
      justification: "CPU at 98 %",
      evidence: [],
      severity: null,
      regions: [],
      summary: null,
    },
    nowMs: START_MS,
  });
  const known: Known = {
    nowMs: START_MS,
    settings: defaultLifecycleSettings,
    hints: [],
    fresh: { attemptId: "att_1", tokenHash: "hash" },
    incident: { ok: true, value: INCIDENT },
    gating: {
      ok: true,
      value: { key: "payments-db", listed: true, hash: gatingHash(gating), gating, seen: [] },
    },
    places: {
      'executions/approved/["payments-db",null]': [],
    },
    lastNo: { no: null, seen: { name: "PINC1 sha256:abc", version: null } },
  };
  const step = nextStep(proposal, known);
  assert.ok(step.kind === "save", JSON.stringify(step));
  return {
    ...step.next,
    decision: {
      outcome: "approved",
      by: "human",
      rule: null,
      note: null,
      atMs: START_MS,
      validUntilMs: START_MS + 900_000,
      parameters: {},
      changed: [],
      digest: step.next.digest ?? "",
    },
    execution: {
      state: "uncertain",
      claims: 1,
      claimedAtMs: CLAIMED_MS,
      digest: step.next.digest ?? "",
      invocationId: null,
      reported: null,
      acceptedAtMs: null,
      nextReadAtMs: null,
      problem: "no answer",
      failures: 0,
    },
  };
}

/** What becomes of it by what PagerDuty lists: adopted, looked at again, or uncertain. */
function settled(proposal: Proposal, more: Partial<Known>, nowMs = CLAIMED_MS + 10_000): string {
  const known: Known = {
    nowMs,
    settings: defaultLifecycleSettings,
    hints: [],
    fresh: { attemptId: "att_1", tokenHash: "hash" },
    ...more,
  };
  const step = nextStep(proposal, known);
  assert.ok(step.kind === "save", JSON.stringify(step));
  const { execution, outcome } = step.next;
  return outcome !== null
    ? `${outcome.kind}: ${outcome.text}`
    : execution?.state === "accepted"
      ? `adopts ${execution.invocationId}`
      : "looks again";
}

const OWN: Candidate = {
  id: "INV1",
  actionId: "01ACTION",
  incidentId: INCIDENT.id,
  state: "running",
  agentId: "PGATE01",
  createdAtMs: CLAIMED_MS + 1_000,
  linkedTo: null,
  firstSeenAtMs: null,
  byGate: true,
};

describe("A request whose answer was lost", () => {
  const ofAction = sent("failover");
  const by = (...candidates: Partial<Candidate>[]): Partial<Known> => ({
    candidates: { ok: true, value: candidates.map((change) => ({ ...OWN, ...change })) },
  });

  for (const [what, change, becomes] of [
    ["by the gate's user, in time", {}, "adopts INV1"],
    [
      "linked to it, whoever started it and whenever",
      { linkedTo: "prop_1", byGate: false, createdAtMs: 0 },
      "adopts INV1",
    ],
    ["linked to another proposal", { linkedTo: "prop_2" }, "looks again"],
    ["by somebody else", { byGate: false }, "looks again"],
    ["by nobody knows whom", { byGate: null }, "looks again"],
    ["of which the time is not told", { createdAtMs: null }, "looks again"],
    ["reported before the claim", { firstSeenAtMs: CLAIMED_MS - 1 }, "looks again"],
    ["reported at the claim", { firstSeenAtMs: CLAIMED_MS }, "adopts INV1"],
    [
      "begun before the claim, as far as clocks may differ",
      { createdAtMs: CLAIMED_MS - SKEW_MS },
      "adopts INV1",
    ],
    ["begun before that", { createdAtMs: CLAIMED_MS - SKEW_MS - 1 }, "looks again"],
    [
      "begun after the lease, as far as clocks may differ",
      { createdAtMs: CLAIMED_MS + leaseMs + SKEW_MS },
      "adopts INV1",
    ],
    ["begun after that", { createdAtMs: CLAIMED_MS + leaseMs + SKEW_MS + 1 }, "looks again"],
  ] as const) {
    it(`${becomes.replace(" INV1", " a run").replace("looks", "looks for another than a run")} ${what}`, () => {
      assert.equal(settled(ofAction, by(change)), becomes);
    });
  }

  const endMs = CLAIMED_MS + leaseMs + settleMs;

  it("is uncertain in the end where PagerDuty does not tell whose the run is, and names it", () => {
    for (const change of [{ byGate: null }, { createdAtMs: null }]) {
      assert.equal(settled(ofAction, by(change), endMs - 1), "looks again");
      assert.equal(
        settled(ofAction, by(change), endMs),
        "uncertain: It was sent to PagerDuty, and its answer does not tell whether it was done (no answer). PagerDuty lists what may be this one, and does not tell that the gate started it: INV1. The gate does not send it again.",
      );
    }
  });

  it("is uncertain in the end where one is its own and another may be", () => {
    const two = by({}, { id: "INV2", byGate: null });
    assert.equal(settled(ofAction, two), "looks again");
    assert.match(
      settled(ofAction, two, endMs),
      /does not tell that the gate started it: INV1, INV2\./,
    );
  });

  it("is uncertain at once where two are the gate's", () => {
    assert.match(
      settled(ofAction, by({}, { id: "INV2" })),
      /^uncertain: .* PagerDuty lists 2 invocations that may be this one: INV1, INV2\./,
    );
  });

  it("is uncertain in the end where nothing is listed but what is another's", () => {
    assert.match(
      settled(ofAction, by({ byGate: false }, { linkedTo: "prop_2" }), endMs),
      /PagerDuty lists no invocation of it on this incident\./,
    );
  });

  for (const [what, data, becomes] of [
    ["by the gate's user", { byGate: true }, "adopts PWFI1"],
    ["by somebody else", { byGate: false }, "looks again"],
    ["by nobody knows whom", {}, "looks again"],
  ] as const) {
    it(`${becomes === "looks again" ? "is not" : "is"} the workflow that was reported as started ${what}`, () => {
      const hint: Hint = {
        id: "d1",
        kind: "workflow",
        atMs: CLAIMED_MS,
        data: { invocationId: "PWFI1", state: "started", ...data },
      };
      const ofWorkflow = sent("remediate");
      assert.equal(settled(ofWorkflow, { hints: [hint] }), becomes);
      if (becomes === "looks again") {
        assert.match(
          settled(ofWorkflow, { hints: [hint] }, endMs),
          /PagerDuty reported a start of the workflow, and does not tell that the gate started it: PWFI1\./,
        );
      }
    });
  }

  const atPolicy: Incident = { ...INCIDENT, escalationPolicyId: "PEP0002" };
  const atPeople: Incident = { ...INCIDENT, assigneeIds: ["PUSER02", "PUSER01"] };
  const atOneOfThem: Incident = { ...INCIDENT, assigneeIds: ["PUSER01"] };
  const asRead = (incident: Incident): Partial<Known> => ({
    incident: { ok: true, value: incident },
  });

  for (const [what, runbook, before, now] of [
    ["that the incident shows now", "handover", INCIDENT, atPolicy],
    ["that the incident showed before", "handover", atPolicy, atPolicy],
    ["to people whom the incident has now", "toPeople", INCIDENT, atPeople],
    ["to people whom the incident had before", "toPeople", atPeople, atPeople],
  ] as const) {
    it(`is uncertain for a reassignment ${what}: nothing tells that the gate did it`, () => {
      assert.equal(
        settled({ ...sent(runbook), incident: before }, asRead(now)),
        "uncertain: It was sent to PagerDuty, and its answer does not tell whether it was done (no answer). The incident is assigned as decided, and PagerDuty does not tell by whom. The gate does not send it again.",
      );
    });
  }

  for (const [runbook, now] of [
    ["handover", INCIDENT],
    ["toPeople", atOneOfThem],
    ["raise", atPolicy],
  ] as const) {
    it(`is uncertain in the end where the incident does not show the change of ${runbook}`, () => {
      assert.equal(settled(sent(runbook), asRead(now), endMs - 1), "looks again");
      assert.match(
        settled(sent(runbook), asRead(now), endMs),
        /^uncertain: .* The incident does not show the change\./,
      );
    });
  }
});
