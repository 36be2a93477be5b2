// The scenarios against an embedded gate, over real HTTP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded, type Embedded } from "../../local/embedded.ts";
import { runScenario, ScenarioError } from "../../local/scenarios/index.ts";
import { DEV_STACK } from "../cli/support.ts";
import { newConnections } from "../harness/connections.ts";

describe("Scenarios", function () {
  let folder = "";
  let embedded: Embedded;

  const start = (gatingFile: string): Promise<Embedded> => {
    newConnections();
    return startEmbedded({
      dataDir: folder,
      gatingFile,
      gatePort: 0,
      pagerDutyPort: 0,
      cheqpointPort: 0,
    });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gate-scenarios-"));
    embedded = await start(DEV_STACK);
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

  it("failover shows the reviewer the target and the public recipe's payload, quoted where the proposer speaks", async () => {
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
        details: Object.fromEntries(Object.entries(details).slice(0, 6)),
        justification: asked?.["justification"],
      },
      {
        action: "run_auto_remediation_runbook",
        summary: "Run db_failover_primary_to_replica on payments-db for incident INC-4421 (P1)",
        details: {
          target: "run PagerDuty automation action 01DBFAILOVER",
          incident_id: "INC-4421",
          service: "payments-db",
          runbook: "db_failover_primary_to_replica",
          severity: "P1",
          affected_regions: ["us-east-1"],
        },
        justification:
          "ai-agent wrote:\n> Primary DB CPU at 98% for 8 minutes. Automated diagnosis suggests failover.",
      },
    );
  });

  it("says what to do where the gate's brake holds its agent", async () => {
    const { gate } = embedded.endpoints();
    const send = () =>
      fetch(`${gate.url}/proposals`, {
        method: "POST",
        headers: { authorization: `Bearer ${gate.proposerToken}` },
        body: "{",
      });
    await Promise.all(Array.from({ length: 60 }, send));
    await assert.rejects(
      play("failover"),
      /^ScenarioError: the gate's brake holds the agent, which has proposed too often: play it again in [1-6]?\d s$/,
    );
  });

  it("restart waits a minute for a decision", async () => {
    const { proposalIds, happened, lookAt } = await play("restart");
    assert.equal(
      happened.at(-1),
      "Nothing runs until somebody approves; if nobody answers, the on-call engineer gets it.",
    );
    assert.match(lookAt[0] ?? "", /^Decide in the inbox: http/);
    const found = await proposal(proposalIds[0]);
    assert.equal(found?.request.runbook, "restart_primary");
    assert.equal(found.outcome, null);
    assert.equal((found.decideByMs ?? 0) - found.receivedAtMs, 60_000);
    assert.equal((await inbox()).length, 1);
  });

  for (const [name, runbook, end] of [
    ["diagnostics", "diagnostics", "The runbook ran to its end."],
    ["reassign", "hand_to_dba", "The incident was changed as decided."],
  ] as const) {
    it(`${name} runs at once, without anybody being asked`, async () => {
      const { proposalIds, happened, lookAt } = await play(name);
      assert.equal(happened.at(-1), `The gating allows it, so nobody was asked: ${end}`);
      assert.deepEqual(lookAt, [
        `Which rule decided, and what came of it: \`npx gate show ${proposalIds[0]}\`.`,
      ]);
      const found = await proposal(proposalIds[0]);
      assert.equal(found?.request.runbook, runbook);
      assert.equal(found.decision?.by, "policy");
      assert.deepEqual(await inbox(), []);
    });

    it(`${name} says that the kill switch holds it`, async () => {
      await embedded.gate.ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: 1 });
      const { happened } = await play(name);
      assert.equal(
        happened.at(-1),
        "The gating allows it, so nobody was asked, but the kill switch is on and holds it.",
      );
    });
  }

  for (const [says, rule, end] of [
    [
      "asks for an approval",
      { decision: "requireApproval" },
      "Nothing runs until somebody approves; if nobody answers, the on-call engineer gets it.",
    ],
    [
      "lets silence approve",
      { decision: "requireApproval", onExpiry: "approve", acknowledgeRisk: true },
      "Nothing runs until somebody approves; if nobody answers, it runs.",
    ],
    ["denies", { decision: "deny" }, "It has ended: Rule own of payments-db denies it."],
  ] as const) {
    it(`tells what came of it where the gating ${says}`, async () => {
      const gatingFile = join(folder, "own.yaml");
      const runbooks = { hand_to_dba: { reassign: { escalationPolicy: "PEP0002" } } };
      const rules = [{ name: "own", ...rule }];
      writeFileSync(
        gatingFile,
        JSON.stringify({ services: { "payments-db": { runbooks, rules } } }),
      );
      await embedded.stop();
      embedded = await start(gatingFile);
      assert.equal((await play("reassign")).happened.at(-1), end);
    });
  }

  it("a storm makes one proposal and one request", async () => {
    const { proposalIds, happened } = await play("storm");
    assert.equal(proposalIds.length, 1);
    assert.equal(happened.at(-1), "The ledger holds 1 proposal, the inbox 1 request.");
    assert.equal((await embedded.gate.ledger.list({})).proposals.length, 1);
    assert.equal((await inbox()).length, 1);
    const again = await play("storm");
    assert.match(
      again.happened.at(-2) ?? "",
      /^An agent proposed the same 40 times at once\. \d+ of them were refused: it proposes too often\.$/,
    );
  });

  it("a bypass raises one alarm", async () => {
    const { proposalIds, happened } = await play("bypass");
    assert.deepEqual(proposalIds, []);
    assert.match(
      happened.at(-1) ?? "",
      /^The gate raised an alarm: .* by “Jo Keller” \(PUSER01\) without an/,
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
