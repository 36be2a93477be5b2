// The scenarios against an embedded gate, over real HTTP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";
import { runScenario, ScenarioError } from "../../local/scenarios/index.ts";
import { DEV_STACK } from "../cli/support.ts";

describe("Scenarios", function () {
  this.timeout(20_000);
  let folder = "";
  let embedded: Embedded;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gate-scenarios-"));
    embedded = await startEmbedded({
      dataDir: folder,
      gatingFile: DEV_STACK,
      gatePort: 0,
      pagerDutyPort: 0,
      cheqpointPort: 0,
    });
  });
  afterEach(async () => {
    await embedded.stop();
    rmSync(folder, { recursive: true });
  });

  const play = (name: string) => runScenario(name, embedded.endpoints());
  const proposal = async (id: string | undefined) =>
    (await embedded.gate.ledger.get(id ?? ""))?.proposal;

  async function inbox(): Promise<Record<string, unknown>[]> {
    const answer = await fetch(`${embedded.cheqpoint.url}/_emulator/approvals?status=pending`);
    return Object(await answer.json()).approvals;
  }

  it("failover shows the reviewer exactly the public recipe's payload", async () => {
    const { proposalIds, happened, lookAt } = await play("failover");
    assert.equal(happened[0], "Incident INC-4421 was opened on payments-db with priority P1.");
    assert.match(lookAt[0] ?? "", /^Decide in the inbox: http:\/\/127\.0\.0\.1:\d+\/r\/req_\w+$/);
    assert.equal(proposalIds.length, 1);
    const [asked, ...others] = await inbox();
    assert.deepEqual(others, []);
    const details = Object(asked?.["details"]);
    assert.deepEqual(
      {
        action: asked?.["action"],
        summary: asked?.["summary"],
        details: Object.fromEntries(Object.entries(details).slice(0, 5)),
        justification: asked?.["justification"],
      },
      {
        action: "run_auto_remediation_runbook",
        summary: "AI requesting automated DB failover for incident INC-4421",
        details: {
          incident_id: "INC-4421",
          service: "payments-db",
          runbook: "db_failover_primary_to_replica",
          severity: "P1",
          affected_regions: ["us-east-1"],
        },
        justification:
          "Primary DB CPU at 98% for 8 minutes. Automated diagnosis suggests failover.",
      },
    );
  });

  it("restart and reassignment wait for a decision", async () => {
    for (const [name, runbook] of [
      ["restart", "restart_api"],
      ["reassign", "hand_to_dba"],
    ] as const) {
      const found = await proposal((await play(name)).proposalIds[0]);
      assert.equal(found?.request.runbook, runbook);
      assert.equal(found.outcome, null);
    }
    assert.equal((await inbox()).length, 2);
  });

  it("diagnostics run at once, without anybody being asked", async () => {
    const { proposalIds, happened } = await play("diagnostics");
    assert.equal(
      happened.at(-1),
      "A rule allows it, so nobody was asked: The runbook ran to its end.",
    );
    const found = await proposal(proposalIds[0]);
    assert.equal(found?.decision?.by, "policy");
    assert.deepEqual(await inbox(), []);
  });

  it("diagnostics say that the kill switch holds them", async () => {
    await embedded.gate.ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: 1 });
    const { happened } = await play("diagnostics");
    assert.equal(
      happened.at(-1),
      "A rule allows it, so nobody was asked, but the kill switch is on and holds it.",
    );
  });

  it("a storm makes one proposal and one request", async () => {
    const { proposalIds, happened } = await play("storm");
    assert.equal(proposalIds.length, 1);
    assert.equal(happened.at(-1), "The ledger holds 1 proposal, the inbox 1 request.");
    assert.equal((await embedded.gate.ledger.list({})).proposals.length, 1);
    assert.equal((await inbox()).length, 1);
  });

  it("a bypass raises one alarm", async () => {
    const { proposalIds, happened } = await play("bypass");
    assert.deepEqual(proposalIds, []);
    assert.match(
      happened.at(-1) ?? "",
      /^The gate raised an alarm: .* by Jo Keller \(PUSER01\) without an/,
    );
    const alarms = await embedded.gate.ledger.alarms(10);
    assert.deepEqual(
      alarms.map(({ kind }) => kind),
      ["bypass"],
    );
  });

  it("says what answered otherwise than expected, without a token", async () => {
    await assert.rejects(play("nope"), {
      name: "RangeError",
      message:
        'there is no scenario "nope"; there are: failover, restart, reassign, diagnostics, storm, bypass',
    });
    const endpoints = embedded.endpoints();
    const { gate } = endpoints;
    const elsewhere = {
      ...endpoints,
      pagerduty: { ...endpoints.pagerduty, url: "http://127.0.0.1:1" },
    };
    await assert.rejects(
      runScenario("restart", elsewhere),
      new ScenarioError("nothing answers at http://127.0.0.1:1: start it with `npm start`"),
    );
    const stranger = { ...endpoints, gate: { ...gate, proposerToken: "wrong-token" } };
    await assert.rejects(runScenario("restart", stranger), (error) => {
      assert.ok(error instanceof ScenarioError);
      assert.match(error.message, /^POST http:\/\/127\.0\.0\.1:\d+\/proposals answered 401: /);
      assert.ok(!error.message.includes("wrong-token"));
      return true;
    });
  });
});
