import assert from "node:assert/strict";
import { approvalEffect, headline } from "../../../functions/gate/review/approvalRequest.ts";
import {
  detailKeys,
  evaluate,
  parseServiceGating,
  reservedDetailKeys,
} from "../../../functions/gate/gating/index.ts";
import { newProposal } from "../../../functions/gate/proposal/intake.ts";
import type { KillSwitch } from "../../../functions/gate/ports/index.ts";
import type { Incident, ProposalRequest } from "../../../functions/gate/proposal/proposal.ts";
import { subject, tuesday } from "../gating/subjects.ts";

const incident: Incident = {
  id: "QINCIDENT",
  number: 4421,
  title: "payments-db CPU at 98%",
  status: "triggered",
  url: "https://pagerduty.example/incidents/QINCIDENT",
  priority: "P1",
  urgency: "high",
  serviceId: "PSVC001",
  serviceName: "payments-db",
  escalationPolicyId: null,
  assigneeIds: [],
  incidentKey: null,
  createdAtMs: tuesday - 60_000,
};

const gating = parseServiceGating("payments-db", {
  runbooks: {
    failover: {
      automationAction: "01DBFAILOVER",
      description: "Promotes the replica.",
      parameters: {
        max_replicas: {
          type: "integer",
          description: "Replicas that are rebuilt afterwards.",
          customField: "max_replicas",
        },
        region: { type: "string" },
        reason: { type: "string", description: "Goes into the runbook's log." },
        ticket: { type: "string", description: "Of the change." },
      },
    },
  },
  rules: [{ name: "ask", decision: "requireApproval", editable: ["max_replicas"] }],
});

/** What is asked of the reviewer, with nothing left out. */
function asked(
  of: {
    request?: Partial<ProposalRequest>;
    incident?: Partial<Incident>;
    /** Parameters of others that are open; one unless given. */
    alsoOpen?: Record<string, string | number>[];
    /** Parameters of others that a human refused; one unless given. */
    rejected?: Record<string, string | number>[];
    /** What was noted at that. */
    note?: string;
    killSwitch?: Partial<KillSwitch>;
  } = {},
) {
  const { proposal } = newProposal({
    id: "prop_1",
    source: { kind: "api" },
    proposer: "healer",
    request: {
      runbook: "failover",
      service: "payments-db",
      incidentId: incident.id,
      alertKey: null,
      parameters: { max_replicas: 3 },
      justification: "CPU at 98 %",
      evidence: ["https://grafana.example/d/1"],
      severity: "critical",
      regions: ["us-east-1"],
      summary: "It only reads a log",
      ...of.request,
    },
    nowMs: tuesday,
  });
  const runbook = gating.runbooks["failover"];
  assert(runbook !== undefined);
  const weighing = {
    gatingHash: "sha256:0",
    listed: true,
    evaluation: evaluate(gating, subject()),
    runbook,
    parameters: proposal.request.parameters,
    atMs: tuesday,
  };
  return approvalEffect(
    { ...proposal, digest: "sha256:1" },
    { ...incident, ...of.incident },
    weighing,
    {
      attemptId: "att_1",
      nowMs: tuesday,
      runsThisHour: "2 of 3",
      killSwitch: { on: true, reason: "change freeze", by: "sre", atMs: tuesday, ...of.killSwitch },
      others: {
        open: (of.alsoOpen ?? [{ max_replicas: 1 }]).map((parameters, i) => ({
          ...proposal,
          id: `prop_${i + 2}`,
          weighing: { ...weighing, parameters },
        })),
        rejected: (of.rejected ?? [{ max_replicas: 2 }]).map((parameters, i) => ({
          ...proposal,
          id: `prop_${i + 12}`,
          incident,
          weighing: { ...weighing, parameters },
          laterNo: { note: of.note ?? null, atMs: tuesday + i },
        })),
      },
    },
  ).request;
}

describe("what a reviewer is asked", () => {
  it("has no key that a parameter could take, and leaves none out where all is known", () => {
    const parameters = { max_replicas: 3, reason: "CPU" };
    const keys = Object.keys(asked({ request: { parameters } }).details).filter(
      (key) => !Object.hasOwn(parameters, key),
    );
    assert.deepEqual(keys, [...detailKeys]);
    const reserved: readonly string[] = reservedDetailKeys;
    assert.deepEqual(
      keys.filter((key) => !reserved.includes(key)),
      [],
    );
  });

  it("tells that the kill switch is on, as a yes does not run then, and nothing while it is off", () => {
    assert.equal(
      asked().details["kill_switch"],
      `ON since ${new Date(tuesday).toISOString()} by sre: an approved action waits until it is off (“change freeze”)`,
    );
    assert.equal("kill_switch" in asked({ killSwitch: { on: false } }).details, false);
  });

  it("tells what else is open for the same target on the incident, five of them and the number of more", () => {
    assert.deepEqual(
      asked({ alsoOpen: [{ max_replicas: 1, mode: 'fast (approved)"' }] }).details["also_open"],
      [
        'prop_2 by healer: failover, max_replicas=1, mode="fast (approved)\\"" (waits for a decision)',
      ],
    );
    const many = asked({ alsoOpen: Array.from({ length: 7 }, () => ({})) }).details["also_open"];
    assert.ok(Array.isArray(many));
    assert.equal(many.length, 6);
    assert.equal(many.at(-1), "and 2 more");
    assert.equal("also_open" in asked({ alsoOpen: [] }).details, false);
  });

  it("tells what a human refused for the same target, the last first, each with its note quoted", () => {
    const at = (ms: number): string => new Date(tuesday + ms).toISOString();
    assert.deepEqual(asked({ note: "never 2” (approved)" }).details["also_rejected"], [
      `prop_12 by healer: failover, max_replicas=2 (a reviewer said no at ${at(0)}: “never 2" (approved)”)`,
    ]);
    const rejected = [1, 2, 3, 4, 5, 6, 6].map((max_replicas) => ({ max_replicas }));
    const told = asked({ rejected }).details["also_rejected"];
    assert.ok(Array.isArray(told));
    assert.equal(
      told[0],
      `prop_18 by healer: failover, max_replicas=6 (a reviewer said no at ${at(6)})`,
    );
    assert.equal(told.length, 6);
    assert.equal(told.at(-1), "and 1 more");
    assert.equal("also_rejected" in asked({ rejected: [] }).details, false);
  });

  it("begins with the target, then come the public recipe's keys and the parameters", () => {
    assert.deepEqual(Object.keys(asked().details).slice(0, 7), [
      "target",
      "incident_id",
      "service",
      "runbook",
      "severity",
      "affected_regions",
      "max_replicas",
    ]);
  });

  it("tells what those parameters mean that are passed and described, and nothing else", () => {
    const parameters = { reason: "CPU", region: "eu", max_replicas: 3 };
    assert.deepEqual(asked({ request: { parameters } }).details["parameter_descriptions"], [
      "max_replicas: Replicas that are rebuilt afterwards.",
      "reason: Goes into the runbook's log.",
    ]);
    const { details } = asked({ request: { parameters: { region: "eu" } } });
    assert.ok(!("parameter_descriptions" in details));
  });

  it("names the parameters that PagerDuty is never sent", () => {
    const parameters = { reason: "CPU", region: "eu", max_replicas: 3 };
    const { details } = asked({ request: { parameters } });
    assert.deepEqual(details["not_sent_to_pagerduty"], ["reason", "region"]);
    assert.ok(!("not_sent_to_pagerduty" in asked().details));
  });

  it("leaves out what is unknown, never a parameter", () => {
    const { details } = asked({
      request: { parameters: { max_replicas: "" }, regions: [], evidence: [], severity: null },
      incident: { priority: null, url: null },
    });
    assert.equal(details["max_replicas"], "");
    for (const key of ["severity", "affected_regions", "evidence", "priority", "incident_url"]) {
      assert.ok(!(key in details), key);
    }
  });

  it("has the gate's own title whatever the proposer's summary says, which stands below it, quoted", () => {
    const { summary, details } = asked({
      request: { summary: "Harmless log read” on “staging; approve please" },
    });
    assert.equal(summary, "Run failover on payments-db for incident INC-4421 (P1)");
    assert.equal(
      details["proposer_says"],
      'healer says: “Harmless log read" on "staging; approve please”',
    );
    assert.equal(details["target"], "run PagerDuty automation action 01DBFAILOVER");
  });

  for (const [name, written, title] of [
    [
      "flow",
      { incidentWorkflow: "PWF0001" },
      "Start workflow flow on payments-db for incident INC-4421 (no priority)",
    ],
    [
      "handover",
      { reassign: { escalationPolicy: "PEP0002" } },
      "Reassign incident INC-4421 (no priority) on payments-db to escalation policy PEP0002 (handover)",
    ],
    [
      "helper",
      { reassign: { users: ["PUSER01", "PUSER02"] } },
      "Reassign incident INC-4421 (no priority) on payments-db to user PUSER01, PUSER02 (helper)",
    ],
    [
      "raise",
      { escalate: { level: 2 } },
      "Escalate incident INC-4421 (no priority) on payments-db to level 2 (raise)",
    ],
  ] as const) {
    it(`has in its title what ${name} would do`, () => {
      const runbook = parseServiceGating("payments-db", { runbooks: { [name]: written } }).runbooks[
        name
      ];
      assert(runbook !== undefined);
      assert.equal(headline(runbook, { ...incident, priority: null }), title);
    });
  }

  it("quotes every word of somebody else's, also where it is one line or one word", () => {
    const { justification, details } = asked({
      request: {
        justification: "CPU at 98 %",
        regions: ["us-east-1", "eu (approved by sre)"],
        severity: "low; nothing happens",
      },
      incident: { title: "db down” Risk: “none", priority: null },
    });
    assert.equal(justification, "healer wrote:\n> CPU at 98 %");
    assert.deepEqual(details["affected_regions"], ["us-east-1", "“eu (approved by sre)”"]);
    assert.equal(details["severity"], "“low; nothing happens”");
    assert.equal(details["incident_title"], '“db down" Risk: "none”');
    assert.deepEqual(details["evidence"], ["> https://grafana.example/d/1"]);
  });

  it("marks each of several lines of the proposer's, which could be read as the card's own", () => {
    const { justification, details } = asked({
      request: {
        justification: "CPU high.\nRisk: none\nDecide by: 2099-01-01",
        evidence: ["one", "two\nIf nobody answers: nothing happens"],
      },
    });
    assert.equal(
      justification,
      "healer wrote:\n> CPU high.\n> Risk: none\n> Decide by: 2099-01-01",
    );
    assert.deepEqual(details["evidence"], ["> one", "> two\n> If nobody answers: nothing happens"]);
  });
});
