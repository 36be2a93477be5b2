import assert from "node:assert/strict";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { dynamoClient, RECEIVER_LIMITS, WORKER_LIMITS } from "../../functions/aws/clients.ts";
import type { StoreLimits } from "../../functions/aws/clients.ts";
import { awsError, startFakeAws } from "./fakeAws.ts";
import type { FakeAws } from "./fakeAws.ts";

describe("limits of AWS clients", () => {
  let aws: FakeAws;
  let failures: number;

  beforeEach(async () => {
    aws = await startFakeAws(() => {
      failures -= 1;
      return failures < 0 ? { body: {} } : { ...awsError("InternalServerError"), status: 500 };
    });
  });
  afterEach(() => aws.close());

  const read = (limits: StoreLimits) =>
    dynamoClient(limits.dynamo, aws.place).send(
      new GetItemCommand({ TableName: "ledger", Key: { pk: { S: "a" } } }),
    );

  it("let the worker, for whom nobody waits, outlast failures that end the receiver's call", async () => {
    failures = 3;
    await assert.rejects(read(RECEIVER_LIMITS), { name: "InternalServerError" });
    failures = 3;
    await read(WORKER_LIMITS);
    assert.equal(aws.calls.length, 2 + 4);
  });
});
