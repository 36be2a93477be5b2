import assert from "node:assert/strict";
import fc from "fast-check";
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
const PARAMETERS: Parameters = { max_replicas: 5, force: true, ticket: "CHG-1" };
const EDITABLE = ["max_replicas", "force"];
const DETAILS = {
  incident_id: "INC-4421",
  service: "payments-db",
  affected_regions: ["us-east-1"],
  ...PARAMETERS,
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

function weighed(parameters: Parameters = PARAMETERS, editable = EDITABLE): Proposal {
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

function verdictOf(
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

/** What is to run after that change, or why nothing is. */
function changedTo(modifiedDetails: unknown, proposal = weighed()): Parameters | string {
  const verdict = verdictOf({ modifiedDetails }, [], START_MS + 60_000, {}, proposal);
  if (verdict.kind === "refused") {
    assert.equal(verdict.reason, "changeNotPossible");
    return verdict.text;
  }
  assert.equal(verdict.kind, "decided");
  return verdict.kind === "decided" ? verdict.decision.parameters : "";
}

/** Nested too deeply to be compared with anything. */
function tooDeep(): unknown {
  let value: unknown = 1;
  for (let depth = 0; depth < 300; depth += 1) {
    value = [value];
  }
  return value;
}

function without(...keys: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(DETAILS).filter(([key]) => !keys.includes(key)));
}

describe("A reviewer's change, where details may be replaced or patched", () => {
  it("takes changed editable values alone as a patch", () => {
    assert.deepEqual(changedTo({ max_replicas: 2 }), { ...PARAMETERS, max_replicas: 2 });
  });

  it("takes all details with changed editable values", () => {
    assert.deepEqual(changedTo({ ...DETAILS, force: false }), { ...PARAMETERS, force: false });
  });

  it("takes details that leave out what only tells", () => {
    assert.deepEqual(
      changedTo({ ...without("incident_id", "affected_regions"), max_replicas: 2 }),
      { ...PARAMETERS, max_replicas: 2 },
    );
  });

  for (const [what, modified, removed] of [
    ["an editable value", { ...without("force"), max_replicas: 2 }, "force"],
    ["both editable values", without("max_replicas", "force"), "force, max_replicas"],
    ["what may not be changed", without("ticket"), "ticket"],
    ["all but what tells", { service: "payments-db" }, "force, max_replicas, ticket"],
  ] as const) {
    it(`runs nothing when repeated details leave out ${what}`, () => {
      assert.equal(
        changedTo(modified),
        `The reviewer's details leave out ${removed}, which the gate cannot take away; changeable here: max_replicas, force.`,
      );
    });
  }

  it("runs nothing by what is not a set of details, or says nothing", () => {
    for (const modified of [[], [2], "max_replicas", 2, true]) {
      assert.equal(changedTo(modified), "The reviewer's change is not a set of details.");
    }
    assert.equal(changedTo({}), "The reviewer's change removes every detail.");
  });

  it("runs nothing with a value that the proposal did not have, however editable", () => {
    const { max_replicas, ticket } = PARAMETERS;
    assert.ok(max_replicas !== undefined && ticket !== undefined);
    assert.equal(
      changedTo({ force: false }, weighed({ max_replicas, ticket })),
      "The reviewer changed force, which the gate cannot carry out; changeable here: max_replicas.",
    );
  });

  it("runs nothing with a changed value that has no way to PagerDuty, although the record calls it editable", () => {
    const proposal = weighed();
    const { weighing } = proposal;
    assert.ok(weighing !== null);
    const terms = { ...weighing.evaluation.terms, editable: [...EDITABLE, "ticket"] };
    const evaluation = { ...weighing.evaluation, terms };
    assert.equal(
      changedTo({ ticket: "CHG-2" }, { ...proposal, weighing: { ...weighing, evaluation } }),
      "The reviewer changed ticket, which has no way to reach the runbook.",
    );
  });

  it("runs nothing with a value that cannot be compared with the one that was asked for", () => {
    for (const name of ["max_replicas", "service"]) {
      assert.equal(
        changedTo({ ...DETAILS, [name]: tooDeep() }),
        `The reviewer changed ${name}, which the gate cannot carry out; changeable here: max_replicas, force.`,
      );
    }
  });

  it("runs what both readings allow, for every selection of repeated, changed and absent details", () => {
    const fates = fc.record(
      Object.fromEntries(
        Object.keys(DETAILS).map((key) => [key, fc.constantFrom("absent", "same", "changed")]),
      ),
    );
    const other: Record<string, unknown> = {
      max_replicas: 2,
      force: false,
      ticket: "CHG-2",
      incident_id: "INC-1",
      service: "search",
      affected_regions: [],
    };
    const submitted: Record<string, unknown> = DETAILS;
    fc.assert(
      fc.property(fates, (fate) => {
        const keys = Object.keys(DETAILS).filter((key) => fate[key] !== "absent");
        const modified = Object.fromEntries(
          keys.map((key) => [key, fate[key] === "same" ? submitted[key] : other[key]]),
        );
        const result = changedTo(modified);
        const parameters = keys.filter((key) => Object.hasOwn(PARAMETERS, key));
        const patched = {
          ...PARAMETERS,
          ...Object.fromEntries(parameters.map((key) => [key, modified[key]])),
        };
        const replaced = Object.fromEntries(
          Object.keys(PARAMETERS)
            .filter((key) => parameters.includes(key))
            .map((key) => [key, modified[key]]),
        );
        const isForbidden = keys.some((key) => fate[key] === "changed" && !EDITABLE.includes(key));
        const isPatch = keys.length > 0 && keys.every((key) => fate[key] === "changed");
        const isEqualInBoth = parameters.length === Object.keys(PARAMETERS).length;
        if (keys.length > 0 && !isForbidden && (isPatch || isEqualInBoth)) {
          assert.deepEqual(result, patched);
          if (!isPatch) {
            assert.deepEqual(result, replaced);
          }
        } else {
          assert.equal(typeof result, "string", `${JSON.stringify(modified)} runs`);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("A rejection", () => {
  const earlier: ApprovalAttempt = { ...ATTEMPT, attemptId: "att_0", state: "unclear" };
  const rejectedAfter = (
    ms: number,
    attempts: ApprovalAttempt[],
    autoDecided = false,
    attempt: Partial<ApprovalAttempt> = {},
    notes: string[] = [],
  ): Verdict =>
    verdictOf(
      { status: "REJECTED", autoDecided, decidedAtMs: START_MS + ms, notes },
      attempts,
      START_MS + 60_000,
      attempt,
    );

  it("of the first request is a human's no, however quick", () => {
    const verdict = rejectedAfter(1_000, []);
    assert.ok(verdict.kind === "decided");
    assert.equal(verdict.decision.outcome, "rejected");
    assert.equal(verdict.decision.by, "human");
  });

  const isNobodys = { kind: "unattended", isSure: false, note: null };
  for (const autoDecided of [false, true]) {
    it(`with the very answer to a repeated request may be loop protection, also where \`autoDecided\` is ${autoDecided}`, () => {
      const verdict = rejectedAfter(15_000, [earlier], autoDecided, { receipt: "decided" });
      assert.deepEqual(verdict, {
        ...isNobodys,
        atMs: START_MS + 15_000,
        text: "The repeated request was rejected at once, as Cheqpoint's loop protection does: it may be nobody's no.",
      });
    });
  }

  const human: [string, () => Verdict][] = [
    ["was pending first", () => rejectedAfter(1_000, [earlier], false, { receipt: "pending" })],
    ["has no answer", () => rejectedAfter(1_000, [earlier], false, {})],
    ["has one without a status", () => rejectedAfter(1, [earlier], false, { receipt: "unknown" })],
    ["has a note", () => rejectedAfter(1, [earlier], false, { receipt: "decided" }, ["no"])],
    [
      "somebody had time to read",
      () => rejectedAfter(15_001, [earlier], false, { receipt: "decided" }),
    ],
    ["is the first", () => rejectedAfter(1, [], false, { receipt: "decided" })],
  ];
  for (const [what, verdictOn] of human) {
    it(`of a repeated request that ${what} is a human's no`, () => {
      const verdict = verdictOn();
      assert.ok(verdict.kind === "decided");
      assert.deepEqual([verdict.decision.outcome, verdict.decision.by], ["rejected", "human"]);
    });
  }

  it("that names a rule without saying that the rule decided is a human's", () => {
    const verdict = verdictOf({ status: "REJECTED", autoDecisionRuleName: "quick" });
    assert.ok(verdict.kind === "decided");
    assert.equal(verdict.decision.by, "human");
  });
});

describe("An approval", () => {
  it("that names a rule counts as the rule's, whether or not it says that the rule decided", () => {
    for (const autoDecided of [false, true]) {
      const verdict = verdictOf({ autoDecided, autoDecisionRuleName: "quick" });
      assert.ok(verdict.kind === "refused");
      assert.equal(verdict.reason, "ruleApprovalNotAccepted");
    }
  });

  const altered: Record<string, Partial<ApprovalReading>> = {
    "of another id": { id: "req_2" },
    "with another value": { details: { ...DETAILS, max_replicas: 6 } },
    "with one more detail": { details: { ...DETAILS, note: "all well" } },
    "with one detail less": { details: without("ticket") },
    "with what cannot be compared": { details: { ...DETAILS, max_replicas: tooDeep() } },
  };
  for (const [what, reading] of Object.entries(altered)) {
    it(`${what} is not one of what was submitted`, () => {
      const verdict = verdictOf(reading);
      assert.ok(verdict.kind === "refused");
      assert.deepEqual(
        [verdict.reason, verdict.text],
        [
          "approvalAltered",
          "What Cheqpoint shows as approved is not what was submitted for review.",
        ],
      );
    });
  }

  it("of an unknown status is none, and not taken for nobody's answer either", () => {
    assert.deepEqual(verdictOf({ status: "UNKNOWN" }), {
      kind: "unknown",
      text: "Cheqpoint's status of it is one that the gate does not know.",
    });
  });

  const LATER_MS = START_MS + 60_000;
  const times: [string, number | null, { atMs: number; saidAtMs: number }][] = [
    ["of now", LATER_MS, { atMs: LATER_MS, saidAtMs: LATER_MS }],
    ["in the future", LATER_MS + 1, { atMs: LATER_MS, saidAtMs: START_MS }],
    ["of before it was asked for", START_MS - 1, { atMs: START_MS, saidAtMs: START_MS }],
    ["unknown", null, { atMs: LATER_MS, saidAtMs: START_MS }],
  ];
  for (const [what, decidedAtMs, expected] of times) {
    it(`is dated by ${what}: good from the earliest, and later than a no only for sure`, () => {
      const verdict = verdictOf({ decidedAtMs }, [], LATER_MS);
      assert.ok(verdict.kind === "decided");
      const { atMs, saidAtMs, validUntilMs } = verdict.decision;
      assert.deepEqual({ atMs, saidAtMs }, expected);
      assert.equal(validUntilMs, atMs + 15 * 60_000);
    });
  }

  for (const [what, decidedAtMs, saidAtMs] of [
    ["unknown", null, LATER_MS],
    ["still to come by a clock that is behind Cheqpoint's", LATER_MS + 900, LATER_MS + 900],
    ["further ahead than two clocks differ", LATER_MS + 3_600_000, LATER_MS + 60_000],
  ] as const) {
    it(`is no earlier for a no than it can have been: a time that is ${what}`, () => {
      const no = verdictOf({ status: "REJECTED", decidedAtMs }, [], LATER_MS);
      assert.ok(no.kind === "decided");
      assert.equal(no.decision.saidAtMs, saidAtMs);
    });
  }
});
