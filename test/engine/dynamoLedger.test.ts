import assert from "node:assert/strict";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import { ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { itemsContract } from "../aws/dynamo/itemsContract.ts";
import { ledgerContract } from "../contract/ledger.ts";
import { START_MS, TestClock, newAlarm, newDelivery, newProposal } from "../contract/proposals.ts";
import { createTable, whyNoDynamo } from "./dynamoTables.ts";

// Does not show what an emulator lacks: transactions that conflict, throttling, indexes that lag behind, and TTL.

const why = whyNoDynamo();

describe("createDynamoLedger", function () {
  this.timeout(60_000);
  if (why !== null) {
    it(why);
    return;
  }
  const client = new DynamoDBClient({});

  ledgerContract(
    "createDynamoLedger",
    async (clock) => {
      const table = await createTable(client, ledgerTable);
      return { ledger: createDynamoLedger(client, table.name, clock), close: table.remove };
    },
    { modelRuns: 15 },
  );

  itemsContract(async () => {
    const table = await createTable(client, ledgerTable);
    return { client, table: table.name, close: table.remove };
  });

  it("rejects when the table cannot be reached", async () => {
    const ledger = createDynamoLedger(client, "no-such-table", new TestClock());
    const { proposal, events } = newProposal("p1");
    await assert.rejects(ledger.create(proposal, events));
    await assert.rejects(ledger.get("p1"));
    await assert.rejects(ledger.accept(newDelivery("d1")));
    await assert.rejects(ledger.due(START_MS, 1));
    await assert.rejects(ledger.raise(newAlarm("a1")));
  });
});
