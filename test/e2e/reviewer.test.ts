import assert from "node:assert/strict";
import { asked, finish, propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { World, type Json } from "../harness/world.ts";

describe("What people are shown", () => {
  let world: World;
  let incident: Json;
  let proposalId = "";

  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  beforeEach(async () => {
    await world.begin({
      gating: gatingOf({ risk: 0.9, editable: ["max_replicas"], validFor: "10m" }),
    });
    incident = await world.openIncident();
    world.clock.advance(8 * 60_000);
    const made = await propose(world, incident, {
      justification: "CPU at 98 % for 8 minutes",
      evidence: ["https://grafana.example/d/1"],
      affected_regions: ["us-east-1"],
      severity: "critical",
    });
    proposalId = made.body.id;
  });

  it("the reviewer: everything that decides, with absolute times and the digest", async () => {
    const { details, action, riskLevel, priority, summary, justification } = await asked(world);
    const { attempt_id: attemptId, action_digest: digest, ...rest } = details;
    assert.match(attemptId, /^att_/);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      incident_id: `INC-${incident.incident_number}`,
      service: "payments-db",
      runbook: "failover",
      severity: "P1",
      affected_regions: ["us-east-1"],
      max_replicas: 3,
      target: "run PagerDuty automation action 01DBFAILOVER",
      incident_title: "“payments-db primary unreachable”",
      incident_url: incident.html_url,
      incident_age: "8m when asked",
      pagerduty_incident: incident.id,
      service_id: "PSVC001",
      priority: "P1",
      urgency: "high",
      proposer: "agent",
      evidence: ["> https://grafana.example/d/1"],
      risk: 0.9,
      runs_this_hour: "0 of 10",
      decide_by: "2026-11-23T10:13:00.000Z",
      on_no_answer: "suppressed; the on-call engineer gets a manual task",
      valid_for: "10m after the approval",
      approval_valid_until: "2026-11-23T10:23:00.000Z at the latest",
      editable: ["max_replicas"],
      proposal_id: proposalId,
    });
    assert.equal(action, "run_auto_remediation_runbook");
    assert.equal(justification, "agent wrote:\n> CPU at 98 % for 8 minutes");
    assert.equal(riskLevel, "high");
    assert.equal(priority, "urgent");
    assert.equal(
      summary,
      `Run failover on payments-db for incident INC-${incident.incident_number} (P1)`,
    );
  });

  it("the on-call engineer: what, why, who decided and what to do by hand", async () => {
    const { id } = await asked(world);
    await world.decide(id, "rejected", { note: "replica lag is 90 s" });
    await finish(world);
    const label = `INC-${incident.incident_number}`;
    const [task] = await world.gateIncidents("task");
    assert.equal(task.title, `[Not run] failover on ${label}`);
    const shown = await world.onPagerDuty("GET", `/incidents/${task.id}?include[]=body`);
    assert.deepEqual(shown.body.incident.body.details.split("\n"), [
      "What: failover: run PagerDuty automation action 01DBFAILOVER",
      "Parameters: max_replicas=3",
      `Incident: ${label} ${incident.html_url} “payments-db primary unreachable”`,
      "Proposed by: agent, 23 Nov 2026, 10:08 UTC",
      "What happened: Rejected by a reviewer.",
      "Decision: Rejected by a reviewer in Cheqpoint, 23 Nov 2026, 10:08 UTC.",
      "To do: Handle the incident without it: a reviewer decided against it. Do not do it by hand either; if things have changed since, settle it with the reviewers first.",
      `Proposal: ${proposalId}`,
      "The reviewer's note in Cheqpoint:",
      "> replica lag is 90 s",
      "agent wrote:",
      "> CPU at 98 % for 8 minutes",
    ]);
    const { notes } = (await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`)).body;
    const contents = notes.map(({ content }: Json) => content).sort();
    assert.equal(contents.length, 2);
    assert.match(
      contents[0],
      /^\[gate prop_\w+ ended\]\nApproval gate: Suppressed, nothing was run: failover/,
    );
    assert.match(
      contents[1],
      /^\[gate prop_\w+ proposed\]\nApproval gate: agent proposes to failover/,
    );
    assert.match(contents[1], /\nReview it in Cheqpoint: request req_/);
    assert.doesNotMatch(contents[1], /\/r\/req_/);
  });
});
