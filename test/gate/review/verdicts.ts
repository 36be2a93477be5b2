import assert from "node:assert/strict";
import { readVerdict, type Verdict } from "../../../functions/gate/review/decision.ts";
import { actionDigest } from "../../../functions/gate/proposal/digest.ts";
import { evaluate, parseServiceGating } from "../../../functions/gate/gating/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import { subjectOf } from "../../../functions/gate/lifecycle/weigh.ts";
import type { ApprovalReading } from "../../../functions/gate/ports/index.ts";
import type {
  ApprovalAttempt,
  Incident,
  Parameters,
  Proposal,
} from "../../../functions/gate/proposal/proposal.ts";
import { START_MS } from "../../harness/clock.ts";

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
export const PARAMETERS: Parameters = { max_replicas: 5, force: true, ticket: "CHG-1" };
export const EDITABLE = ["max_replicas", "force"];
export const DETAILS = {
  incident_id: "INC-4421",
  service: "payments-db",
  affected_regions: ["us-east-1"],
  ...PARAMETERS,
};

export const ATTEMPT: ApprovalAttempt = {
  attemptId: "att_1",
  tokenHash: "hash",
  startedAtMs: START_MS,
  state: "submitted",
  approvalId: "req_1",
  reviewUrl: null,
  problem: null,
  details: DETAILS,
};

export function weighed(parameters: Parameters = PARAMETERS, editable = EDITABLE): Proposal {
  const { proposal } = newProposal({
    id: "prop_1",
    source: { kind: "api" },
    proposer: "agent",
    request: {
      runbook: "scale",
      service: "payments-db",
      incidentId: INCIDENT.id,
      alertKey: null,
      parameters,
      justification: "CPU at 98 %",
      evidence: [],
      severity: null,
      regions: ["us-east-1"],
      summary: null,
    },
    nowMs: START_MS,
  });
  const gating = parseServiceGating("payments-db", {
    runbooks: {
      scale: {
        automationAction: "01SCALE",
        parameters: {
          max_replicas: { type: "integer", minimum: 1, maximum: 9, customField: "max_replicas" },
          force: { type: "boolean", customField: "force" },
          ticket: { type: "string" },
        },
      },
    },
    rules: [{ name: "only", decision: "requireApproval", editable }],
  });
  const runbook = gating.runbooks["scale"];
  assert.ok(runbook !== undefined);
  return {
    ...proposal,
    incident: INCIDENT,
    weighing: {
      gatingHash: "hash",
      listed: true,
      evaluation: evaluate(gating, subjectOf(proposal, INCIDENT, runbook, START_MS)),
      runbook,
      parameters,
      atMs: START_MS,
    },
    digest: actionDigest({
      action: runbook.action,
      target: runbook.target,
      parameters,
      incidentId: INCIDENT.id,
      serviceId: INCIDENT.serviceId,
    }),
    approval: {
      attempts: [ATTEMPT],
      nextSubmitAtMs: null,
      nextReadAtMs: START_MS,
      reads: 0,
      failures: 0,
    },
  };
}

export function verdictOf(
  reading: Partial<ApprovalReading>,
  earlier: ApprovalAttempt[] = [],
  nowMs = START_MS + 60_000,
  changes: Partial<ApprovalAttempt> = {},
  proposal = weighed(),
): Verdict {
  const attempt = { ...ATTEMPT, ...changes };
  const { approval } = proposal;
  assert.ok(approval !== null);
  return readVerdict(
    { ...proposal, approval: { ...approval, attempts: [...earlier, attempt] } },
    attempt,
    {
      id: "req_1",
      status: "APPROVED",
      details: DETAILS,
      modifiedDetails: null,
      notes: [],
      reasonCode: null,
      autoDecided: false,
      autoDecisionRuleName: null,
      decidedAtMs: START_MS,
      retryable: false,
      ...reading,
    },
    nowMs,
  );
}

/** Nested too deeply to be compared with anything. */
export function tooDeep(): unknown {
  let value: unknown = 1;
  for (let depth = 0; depth < 300; depth += 1) {
    value = [value];
  }
  return value;
}

export function without(...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(DETAILS).filter(([key]) => !keys.includes(key)));
}
