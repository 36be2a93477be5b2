import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dynamoClient, WORKER_LIMITS } from "../../functions/aws/clients.ts";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import { ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { chainFacts } from "../../functions/gate/proposal/audit.ts";
import { newProposal } from "../../functions/gate/proposal/intake.ts";
import { run } from "../cli/support.ts";
import { Bench } from "../gate/lifecycle/bench.ts";
import { gatingOf } from "../harness/gating.ts";
import { createTable, whyNoDynamo } from "./dynamoTables.ts";

describe("a replay of what a gate in AWS was asked", function () {
  const why = whyNoDynamo();
  let folder: string;
  before(function () {
    if (why !== null) this.skip();
    folder = mkdtempSync(join(tmpdir(), "gate-replay-"));
  });
  after(() => {
    if (why === null) rmSync(folder, { recursive: true, force: true });
  });

  it("reads its ledger and tells what is answered differently", async () => {
    const client = dynamoClient(WORKER_LIMITS.dynamo);
    const table = await createTable(client, ledgerTable);
    try {
      const ledger = createDynamoLedger(client, table.name, { now: () => Date.now() });
      const asked = [
        { runbook: "failover", parameters: { max_replicas: 1 } },
        { runbook: "failover", parameters: { max_replicas: 2 } },
        { runbook: "workflow", parameters: {} },
      ];
      for (const [index, request] of asked.entries()) {
        const bench = new Bench({}, request);
        const { proposal, events } = newProposal({
          id: `prop_${index}`,
          source: { kind: "api" },
          proposer: "agent",
          request: bench.proposal.request,
          nowMs: bench.nowMs,
        });
        assert.equal((await ledger.create(proposal, events)).created, true);
        bench.proposal = proposal;
        const { next, facts } = bench.save();
        const added = chainFacts(proposal.id, proposal.audit, facts, bench.nowMs);
        const last = added.at(-1);
        assert.ok(last !== undefined);
        const saved = { ...next, audit: { seq: last.seq, head: last.hash } };
        assert.equal(await ledger.save(saved, added), "saved");
      }
      const [before, after] = ["before.yaml", "after.yaml"].map((name) => join(folder, name));
      assert.ok(before !== undefined && after !== undefined);
      writeFileSync(before, JSON.stringify(gatingOf()));
      const deny = { name: "no-failover", match: { runbook: "failover" }, decision: "deny" };
      const ask = { name: "only", match: {}, decision: "requireApproval", risk: 0.5, sla: "5m" };
      writeFileSync(after, JSON.stringify(gatingOf({}, { rules: [deny, ask] })));
      const told = await run(["gating", "replay", before, after, "--table", table.name, "--json"], {
        env: process.env,
      });
      assert.equal(told.code, 0, told.err);
      const { replayed, changed, otherwiseRecorded } = JSON.parse(told.out) as Record<
        string,
        unknown
      >;
      assert.deepEqual([replayed, changed, otherwiseRecorded], [3, 2, 0]);
    } finally {
      await table.remove();
      client.destroy();
    }
  });
});
