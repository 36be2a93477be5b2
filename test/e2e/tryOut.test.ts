import assert from "node:assert/strict";
import { dryRunAnswer } from "../../functions/gate/telling/dryRun.ts";
import { propose } from "../harness/case.ts";
import { gatingOf } from "../harness/gating.ts";
import { OPERATOR_TOKEN, OTHER_TOKEN, World, type Json } from "../harness/world.ts";

const OPERATOR = { authorization: `Bearer ${OPERATOR_TOKEN}` };
const OTHER = { authorization: `Bearer ${OTHER_TOKEN}` };

describe("A proposal that is only tried out", function () {
  this.timeout(30_000);
  let world: World;
  let incident: Json;
  before(async () => {
    world = await World.start();
  });
  after(() => world.stop());
  const begin = async (rule: Record<string, unknown> = {}): Promise<void> => {
    await world.begin({ gating: gatingOf(rule) });
    incident = await world.openIncident();
  };
  beforeEach(() => begin());

  const tryOut = async (
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) => {
    const { status, body } = await world.onGate(
      "POST",
      "/proposals?dryRun=true",
      {
        incident_id: incident.id,
        service: "payments-db",
        runbook: "failover",
        justification: "CPU at 98 %",
        ...more,
      },
      headers,
    );
    assert.equal(status, 200, JSON.stringify(body));
    return dryRunAnswer.strict().parse(body);
  };

  /** Nothing is left behind, and nobody was asked or told. */
  const nothingHappened = async (proposals = 0): Promise<void> => {
    await world.settle();
    assert.equal((await world.gate.ledger.list({})).proposals.length, proposals);
    assert.equal((await world.gate.ledger.alarms(10)).length, 0);
    assert.equal((await world.pendingApprovals()).length, proposals);
    assert.equal((await world.invocations(incident.id)).length, 0);
    const { body } = await world.onPagerDuty("GET", `/incidents/${incident.id}/notes`);
    assert.equal(body.notes.length, proposals);
  };

  it("tells rule, terms, places and what the reviewer would see, and leaves nothing", async () => {
    const told = await tryOut({ parameters: { max_replicas: 2 } });
    assert.equal(told.text, "it asks a human, who has 5m; does not run without an answer");
    assert.deepEqual([told.decision, told.rule, told.outcome], ["requireApproval", "only", null]);
    assert.deepEqual(told.trace, [
      { rule: "only", matched: true, because: "it matches everything" },
    ]);
    assert.deepEqual(
      [told.terms?.sla, told.terms?.on_expiry, told.terms?.risk],
      ["5m", "reject", 0.5],
    );
    assert.ok(told.limits.every(({ taken }) => taken === 0));
    assert.ok(told.limits.length > 0);
    assert.match(told.review?.summary ?? "", /^Run failover on payments-db for incident /);
    assert.equal(told.review?.details["max_replicas"], 2);
    await nothingHappened();
  });

  it("shows the reviewer's request as the real one then has it", async () => {
    const { review } = await tryOut();
    await propose(world, incident);
    await world.settle();
    const [pending] = await world.pendingApprovals();
    const { proposal_id: _p, attempt_id: _a, incident_age: _i, ...details } = pending.details;
    const { incident_age: _j, ...shown } = review?.details ?? {};
    const times = ["decide_by", "approval_valid_until"];
    assert.deepEqual(Object.keys(shown), Object.keys(details));
    for (const [key, value] of Object.entries(details)) {
      if (!times.includes(key)) {
        assert.deepEqual(shown[key], value, key);
      }
    }
    assert.equal(review?.summary, pending.summary);
  });

  it("is told which open proposal would answer for it, and nothing else of another's", async () => {
    const { body } = await propose(world, incident, { parameters: { max_replicas: 2 } });
    await propose(world, incident, {
      parameters: { max_replicas: 4 },
      justification: "secret plan",
    });
    await world.settle();
    const told = await tryOut({ parameters: { max_replicas: 2 } }, OTHER);
    assert.deepEqual(
      [told.joins, told.text],
      [body.id, `an equal proposal is open: ${body.id} would answer for this one`],
    );
    assert.ok(!JSON.stringify(told).includes("secret plan"));
    assert.ok(!("also_open" in (told.review?.details ?? {})));
    await nothingHappened(2);
  });

  it("is told that it would be denied, run at once, or held", async () => {
    await begin({ decision: "deny" });
    const denied = await tryOut();
    assert.deepEqual(
      [denied.decision, denied.outcome?.reason, denied.text],
      ["deny", "deniedByPolicy", "it would not run: Rule only of payments-db denies it."],
    );
    await nothingHappened();
    await begin({ decision: "allow" });
    assert.equal((await tryOut()).text, "it runs without asking anybody");
    await nothingHappened();
    await world.onGate("PUT", "/operator/kill-switch", { on: true, reason: "hold" }, OPERATOR);
    const held = await tryOut();
    assert.deepEqual(
      [held.held_by_kill_switch, held.text],
      [true, "it would be allowed, and the kill switch would hold it"],
    );
    await nothingHappened();
  });

  it("is told that the incident is not there, or that there is none for its alert yet", async () => {
    const missing = await tryOut({ incident_id: "QNOSUCHINCIDENT" });
    assert.equal(missing.outcome?.reason, "incidentNotFound");
    const waits = await tryOut({ incident_id: null, alert_key: "payments-db/none" });
    assert.deepEqual(
      [waits.decision, waits.text],
      [null, "no open incident has that alert yet; the gate would wait for it"],
    );
    await nothingHappened();
  });

  it("is refused as a real one is, without an alarm", async () => {
    for (const headers of [{}, { authorization: "", "x-gate-token": OTHER_TOKEN }]) {
      const { status, body } = await world.onGate(
        "POST",
        "/proposals?dryRun=true",
        { incident_id: incident.id, service: "payments-db", runbook: "drop" },
        headers,
      );
      assert.equal(status, 400, JSON.stringify(body));
    }
    const odd = await world.onGate("POST", "/proposals?dryRun=yes", {});
    assert.deepEqual(
      [odd.status, odd.body["message"]],
      [400, '`dryRun` must be "true" or "false", got "yes"'],
    );
    await nothingHappened();
  });
});
