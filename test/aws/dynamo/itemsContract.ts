import assert from "node:assert/strict";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { createDynamoLedger } from "../../../functions/aws/dynamoLedger.ts";
import { receivedItem } from "../../../functions/aws/ledgerItems.ts";
import type { Proposal } from "../../../functions/gate/proposal/proposal.ts";
import {
  START_MS,
  TestClock,
  newAlarm,
  newDelivery,
  newInvocation,
  newProposal,
  nextVersion,
} from "../../contract/proposals.ts";

/** What must lie in the ledger's table, whatever stands for DynamoDB. `open` makes an empty one. */
export function itemsContract(
  open: () => Promise<{ client: DynamoDBClient; table: string; close(): Promise<void> }>,
): void {
  it("lets only what may go expire", async () => {
    const { client, table, close } = await open();
    const ledger = createDynamoLedger(client, table, new TestClock());
    const first = newProposal("p1");
    const idempotency = { scope: "a", key: "k", requestHash: "h" };
    await ledger.create(first.proposal, first.events, { idempotency });
    await ledger.hint("p1", { id: "h1", kind: "decision", atMs: START_MS, data: {} });
    const next = nextVersion(first.proposal, { dueAtMs: null, closedAtMs: START_MS });
    const hold = { keys: ["kept", "let go"], atMs: START_MS };
    await ledger.save(next.proposal, next.events, {
      hold,
      reserve: [
        { key: "c", limit: 1, atMs: START_MS, untilMs: START_MS + 1 },
        { key: "o", limit: 1, atMs: START_MS, untilMs: null },
      ],
      dedupe: { kind: "coolDown", untilMs: START_MS + 60_000, scope: "all" },
      links: ["l"],
    });
    const last = nextVersion(next.proposal, {}, []);
    const letGo = [{ key: "let go", untilMs: START_MS }];
    await ledger.save(last.proposal, last.events, { letGo });
    const held = newProposal("p2");
    await ledger.create(held.proposal, held.events);
    await ledger.accept(newDelivery("waiting"));
    await ledger.accept(newDelivery("done", { dueAtMs: null, state: "done" }));
    await ledger.raise(newAlarm("a1"));
    await ledger.putInvocation(newInvocation("i1"));
    await ledger.setKillSwitch({ on: true, reason: null, by: null, atMs: START_MS });

    const { Items: items = [] } = await client.send(new ScanCommand({ TableName: table }));
    const day = 24 * 3_600;
    const found = items.map((item): [string, number | null] => {
      const expiresAt = item["expiresAt"]?.N;
      const name = `${item["pk"]?.S ?? ""} ${item["sk"]?.S ?? ""}`;
      const days = expiresAt === undefined ? null : (Number(expiresAt) - START_MS / 1_000) / day;
      return [name.replace(/sha256:\w+/, "…"), days === null ? null : Math.round(days)];
    });
    assert.deepEqual(Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))), {
      "ALARM#a1 META": null,
      "BRAKE#c META": 1,
      "BRAKE#o META": null,
      "DEDUPE#key of p1 META": 1,
      "DEDUPE#key of p2 META": null,
      "DELIVERY#done META": 30,
      "DELIVERY#waiting META": null,
      "EVENTID#event of done META": 30,
      "EVENTID#event of waiting META": 30,
      "HINT#p1 HINT#h1": 30,
      "HOLD#kept META": null,
      "HOLD#let go META": 1,
      "IDEMPOTENCY#… META": 30,
      "IN#p2 EVENT#00000001": null,
      "IN#p2 META": null,
      "INVOCATION#i1 META": null,
      "KILLSWITCH META": null,
      "LINK#l META": null,
      "P#p1 EVENT#00000001": null,
      "P#p1 EVENT#00000002": null,
      "P#p1 META": null,
      'RUNS#["PINC1","PACT1"] INVOCATION#i1': null,
      "TRAIL#alarm/a1 EVENT#00000001": null,
      "TRAIL#alarm/a1 META": null,
      "TRAIL#kill-switch EVENT#00000001": null,
      "TRAIL#kill-switch META": null,
    });
    await close();
  });

  it("takes no proposal from where receivers write that tells of more than its receipt", async () => {
    const { client, table, close } = await open();
    const ledger = createDynamoLedger(client, table, new TestClock());
    const documents = DynamoDBDocumentClient.from(client);
    const put = (item: Record<string, unknown>) =>
      documents.send(new PutCommand({ TableName: table, Item: item }));

    const { proposal, events } = newProposal("p1");
    await ledger.create(proposal, events);
    const forged: Proposal = {
      ...proposal,
      version: 2,
      outcome: { kind: "executed", reason: "completed", text: "", atMs: START_MS },
    };
    await put(receivedItem(forged));
    await assert.rejects(ledger.get("p1"), {
      message:
        "proposal p1 as received must be at version 1 and tell of nothing later, found version 2, `outcome`",
    });

    // Once the worker has written, what receivers write is not looked at.
    await put(receivedItem(proposal));
    const next = nextVersion(proposal, { dueAtMs: START_MS + 1 });
    assert.equal(await ledger.save(next.proposal, next.events), "saved");
    await put(receivedItem(forged));
    assert.deepEqual((await ledger.get("p1"))?.proposal, next.proposal);
    assert.deepEqual((await ledger.list({ limit: 5 })).proposals, [next.proposal]);
    assert.deepEqual(await ledger.events("p1"), [...events, ...next.events]);
    await close();
  });
}
