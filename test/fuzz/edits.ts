import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { otherApproval, readingShape } from "../../functions/cheqpoint/shapes.ts";
import { evaluate, parseServiceGating } from "../../functions/gate/gating/index.ts";
import { subjectOf } from "../../functions/gate/lifecycle/weigh.ts";
import { actionDigest } from "../../functions/gate/proposal/digest.ts";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import type {
  ApprovalAttempt,
  Incident,
  Proposal,
} from "../../functions/gate/proposal/proposal.ts";
import { readVerdict } from "../../functions/gate/review/decision.ts";
import { START_MS } from "../harness/clock.ts";
import { APPROVALS, DETAILS } from "./corpus.ts";
import type { Dice } from "./dice.ts";
import { mutated } from "./mutate.ts";

const PARAMETERS = { max_replicas: 3, zone: "a" };
const NOW_MS = START_MS + 60_000;
const INCIDENT: Incident = {
  id: "PINC1",
  number: 4421,
  title: "primary unreachable",
  status: "triggered",
  url: null,
  priority: "P2",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "payments-db",
  escalationPolicyId: "PEP0001",
  assigneeIds: [],
  incidentKey: null,
  createdAtMs: START_MS,
};
const ATTEMPT: ApprovalAttempt = {
  attemptId: "att_1",
  tokenHash: "hash",
  startedAtMs: START_MS,
  state: "submitted",
  approvalId: "req_1",
  reviewUrl: null,
  problem: null,
  details: DETAILS,
};
const GATING = parseServiceGating("payments-db", {
  runbooks: {
    scale: {
      automationAction: "01SCALE",
      parameters: {
        max_replicas: { type: "integer", minimum: 1, maximum: 9, customField: "max_replicas" },
        zone: { type: "string", customField: "zone" },
      },
    },
  },
  rules: [{ name: "only", decision: "requireApproval", editable: ["max_replicas"] }],
});
const RUNBOOK = GATING.runbooks["scale"] ?? assert.fail();
const PROPOSED = proposed();

function proposed(): Proposal {
  const { proposal } = newProposal({
    id: "prop_1",
    source: { kind: "api" },
    proposer: "agent",
    request: {
      runbook: "scale",
      service: "payments-db",
      incidentId: INCIDENT.id,
      alertKey: null,
      parameters: PARAMETERS,
      justification: "CPU at 98 %",
      evidence: [],
      severity: null,
      regions: ["us-east-1"],
      summary: null,
    },
    nowMs: START_MS,
  });
  return {
    ...proposal,
    incident: INCIDENT,
    weighing: {
      gatingHash: "hash",
      listed: true,
      evaluation: evaluate(GATING, subjectOf(proposal, INCIDENT, RUNBOOK, START_MS)),
      runbook: RUNBOOK,
      parameters: PARAMETERS,
      atMs: START_MS,
    },
    digest: digestOf(PARAMETERS),
    approval: {
      attempts: [ATTEMPT],
      nextSubmitAtMs: null,
      nextReadAtMs: START_MS,
      reads: 0,
      failures: 0,
    },
  };
}

function digestOf(parameters: Proposal["request"]["parameters"]): string {
  const { id: incidentId, serviceId } = INCIDENT;
  const { action, target } = RUNBOOK;
  return actionDigest({ action, target, parameters, incidentId, serviceId });
}

function isTold(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== "";
}

/** A yes is one for exactly what was asked, but for a value that may be changed and fits; and a no is never lost. */
export const edits = {
  name: "modifiedDetails",
  draw: (dice: Dice): Buffer => mutated(dice.pick(APPROVALS), dice),
  knock: (bytes: Buffer): Promise<void> => {
    let answer: unknown;
    try {
      answer = JSON.parse(bytes.toString());
    } catch {
      return Promise.resolve();
    }
    const read = readingShape.safeParse(answer);
    if (!read.success || otherApproval("req_1")(read.data) !== null) {
      return Promise.resolve();
    }
    const verdict = readVerdict(PROPOSED, ATTEMPT, read.data, NOW_MS);
    assert.ok(typeof answer === "object" && answer !== null);
    const told = answer as { [name: string]: unknown };
    const status = String(told["status"]).toLowerCase();
    if (status === "rejected" && told["retryable"] !== true) {
      assert.ok(
        verdict.kind === "decided" && verdict.decision.outcome === "rejected",
        "a no is lost",
      );
    }
    if (verdict.kind === "decided" && verdict.decision.outcome === "approved") {
      assertApproved(told, status, verdict.decision);
    }
    assert.equal("polluted" in {}, false, "every object has a property more");
    return Promise.resolve();
  },
};

function assertApproved(
  told: { [name: string]: unknown },
  status: string,
  { by, parameters, changed, digest, atMs, validUntilMs }: NonNullable<Proposal["decision"]>,
): void {
  assert.equal(status, "approved", "approved by another word");
  assert.equal(told["id"], "req_1");
  assert.ok(isDeepStrictEqual(told["details"], DETAILS), "another request was approved");
  assert.ok(!isTold(told["autoDecided"]), "a rule approved it");
  assert.equal(by, "human");
  assert.deepEqual(Object.keys(parameters).sort(), Object.keys(PARAMETERS).sort());
  assert.equal(parameters["zone"], "a", "what nobody may change was changed");
  const replicas = Number(parameters["max_replicas"]);
  assert.ok(Number.isInteger(parameters["max_replicas"]) && replicas >= 1 && replicas <= 9);
  if (replicas !== 3) {
    const modified = told["modifiedDetails"] as { [name: string]: unknown };
    assert.deepEqual(changed, ["max_replicas"]);
    assert.equal(modified["max_replicas"], replicas, "another value than the reviewer wrote");
  }
  assert.equal(digest, digestOf(parameters), "the digest is not that of what runs");
  assert.ok(atMs >= START_MS && atMs <= NOW_MS, "dated when nobody can have said it");
  assert.ok(validUntilMs !== null && validUntilMs >= atMs);
}
