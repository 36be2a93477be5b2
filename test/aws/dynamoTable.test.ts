import assert from "node:assert/strict";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { ABSENT, collect, dynamoTable } from "../../functions/aws/dynamoTable.ts";
import type { DynamoTable } from "../../functions/aws/dynamoTable.ts";
import { awsError, startFakeAws } from "./fakeAws.ts";
import type { AwsAnswer, AwsCall, FakeAws } from "./fakeAws.ts";
import { TestClock } from "../contract/proposals.ts";

// What no emulator shows: the answers of a DynamoDB on which others write at the same time.

const cancelled = (...codes: string[]): AwsAnswer =>
  awsError("com.amazonaws.dynamodb.v20120810#TransactionCanceledException", {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

describe("dynamoTable", () => {
  let aws: FakeAws | null = null;
  let clock: TestClock;
  const writes = [
    { put: { pk: "a", sk: "a" }, condition: ABSENT },
    { put: { pk: "b", sk: "b" }, condition: ABSENT },
  ];

  /** A table behind which the answers come in their order, the last one ever after. */
  const answering = async (...answers: ((call: AwsCall) => AwsAnswer)[]): Promise<DynamoTable> => {
    let next = 0;
    aws = await startFakeAws((call) => {
      const answer = answers[Math.min(next, answers.length - 1)];
      next += 1;
      return answer?.(call) ?? assert.fail("an answer was expected");
    });
    return dynamoTable(new DynamoDBClient(aws.config), "ledger", { clock, busyForMs: 1_000 });
  };

  beforeEach(() => {
    clock = new TestClock();
  });

  afterEach(async () => {
    await aws?.close();
    aws = null;
  });

  describe("transact", () => {
    it("tells which conditions failed", async () => {
      const table = await answering(() => cancelled("None", "ConditionalCheckFailed"));
      assert.deepEqual(await table.transact(writes), [false, true]);
      assert.equal(aws?.calls.length, 1);
    });

    for (const code of [
      "TransactionConflict",
      "ThrottlingError",
      "ProvisionedThroughputExceeded",
    ]) {
      it(`does it again after ${code}`, async () => {
        const table = await answering(
          () => cancelled(code, "None"),
          () => ({ body: {} }),
        );
        assert.equal(await table.transact(writes), null);
        assert.equal(aws?.calls.length, 2);
      });
    }

    it("takes nothing for an answer that came with a conflict", async () => {
      const table = await answering(
        () => cancelled("TransactionConflict", "ConditionalCheckFailed"),
        () => cancelled("ConditionalCheckFailed", "None"),
      );
      assert.deepEqual(await table.transact(writes), [true, false]);
    });

    it("rejects when the conflicts do not end", async () => {
      const table = await answering(() => {
        clock.advance(100);
        return cancelled("TransactionConflict", "None");
      });
      await assert.rejects(table.transact(writes), { name: "TransactionCanceledException" });
      assert.equal(aws?.calls.length, 10);
    });

    it("rejects when the conflicts do not end, also where another condition failed beside them", async () => {
      const table = await answering(() => {
        clock.advance(100);
        return cancelled("TransactionConflict", "ConditionalCheckFailed");
      });
      await assert.rejects(table.transact(writes), { name: "TransactionCanceledException" });
      assert.equal(aws?.calls.length, 10);
    });

    it("rejects earlier when each conflict takes long to be told", async () => {
      const table = await answering(() => {
        clock.advance(400);
        return cancelled("TransactionConflict", "None");
      });
      await assert.rejects(table.transact(writes), { name: "TransactionCanceledException" });
      assert.equal(aws?.calls.length, 3);
    });

    it("rejects for any other reason", async () => {
      const table = await answering(() => cancelled("ItemCollectionSizeLimitExceeded", "None"));
      await assert.rejects(table.transact(writes), { name: "TransactionCanceledException" });
      assert.equal(aws?.calls.length, 1);
    });
  });

  describe("a single write that meets a transaction under way on its item", () => {
    const conflict = () =>
      awsError("com.amazonaws.dynamodb.v20120810#TransactionConflictException");
    const item = { pk: "a", sk: "a" };
    const ways: readonly [string, (table: DynamoTable) => Promise<unknown>][] = [
      ["put", (table) => table.put(item)],
      ["putNew", (table) => table.putNew(item)],
      ["remove", (table) => table.remove(item)],
    ];

    for (const [name, write] of ways) {
      it(`is done again: ${name}`, async () => {
        const table = await answering(conflict, conflict, () => ({ body: {} }));
        await write(table);
        assert.equal(aws?.calls.length, 3);
      });

      it(`rejects when the conflicts do not end: ${name}`, async () => {
        const table = await answering(() => {
          clock.advance(100);
          return conflict();
        });
        await assert.rejects(write(table), { name: "TransactionConflictException" });
        assert.equal(aws?.calls.length, 10);
      });
    }
  });

  describe("putNew", () => {
    const shape = z.object({ Item: z.object({ writer: z.object({ S: z.string() }) }) });

    it("is false when somebody else has the key", async () => {
      const table = await answering(() =>
        awsError("ConditionalCheckFailedException", { Item: { writer: { S: "other" } } }),
      );
      assert.equal(await table.putNew({ pk: "a", sk: "a" }), false);
    });

    it("is true when its own first attempt, whose answer was lost, has it", async () => {
      const table = await answering(({ input }) =>
        awsError("ConditionalCheckFailedException", { Item: shape.parse(input).Item }),
      );
      assert.equal(await table.putNew({ pk: "a", sk: "a" }), true);
    });

    it("rejects when the store refuses", async () => {
      const table = await answering(() => awsError("ResourceNotFoundException"));
      await assert.rejects(table.putNew({ pk: "a", sk: "a" }), {
        name: "ResourceNotFoundException",
      });
    });
  });

  it("reads what was left unprocessed in a second round", async () => {
    const item = (pk: string) => ({ pk: { S: pk }, sk: { S: "META" } });
    const table = await answering(
      () => ({
        body: {
          Responses: { ledger: [item("a")] },
          UnprocessedKeys: { ledger: { Keys: [item("b")] } },
        },
      }),
      () => ({ body: { Responses: { ledger: [item("b")] }, UnprocessedKeys: {} } }),
    );
    const found = await table.getAll([
      { pk: "a", sk: "META" },
      { pk: "b", sk: "META" },
    ]);
    assert.deepEqual(
      found.map(({ pk }) => pk),
      ["a", "b"],
    );
  });

  it("asks for at most 100 items at once, and for none when none is wanted", async () => {
    const table = await answering(() => ({ body: { Responses: {}, UnprocessedKeys: {} } }));
    assert.deepEqual(await table.getAll([]), []);
    assert.equal(aws?.calls.length, 0);
    await table.getAll(Array.from({ length: 201 }, (_, i) => ({ pk: `${i}`, sk: "META" })));
    assert.equal(aws?.calls.length, 3);
  });

  it("follows a query over its pages, as far as it is wanted", async () => {
    const page = (pk: string, more: boolean) => () => ({
      body: {
        Items: [{ pk: { S: pk } }],
        Count: 1,
        ...(more ? { LastEvaluatedKey: { pk: { S: pk } } } : {}),
      },
    });
    const query = { KeyConditionExpression: "pk = :pk", ExpressionAttributeValues: { ":pk": "a" } };
    const table = await answering(page("a", true), page("b", true), page("c", false));
    assert.deepEqual(await collect(table.query(query)), [{ pk: "a" }, { pk: "b" }, { pk: "c" }]);
    assert.equal(aws?.calls.length, 3);
    await aws?.close();
    const again = await answering(page("a", true), page("b", true), page("c", false));
    assert.deepEqual(await collect(again.query(query), 2), [{ pk: "a" }, { pk: "b" }]);
    assert.equal(aws?.calls.length, 2);
  });
});
