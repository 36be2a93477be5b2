import assert from "node:assert/strict";
import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { dynamoOf, secretsManagerOf } from "../../../cli/deployed/awsClients.ts";
import { awsErrorOf } from "../../../cli/deployed/awsErrors.ts";
import { CliError } from "../../../cli/errors.ts";
import { startFakeAws, type FakeAws } from "../../aws/fakeAws.ts";

const SHORT = { attempts: 1, connectMs: 500, answerMs: 30 };
const CREDENTIALS = { AWS_ACCESS_KEY_ID: "fake", AWS_SECRET_ACCESS_KEY: "fake" };

describe("The command line's AWS clients", () => {
  let aws: FakeAws;
  let environment: NodeJS.ProcessEnv;
  let stalls: "answer" | "body";

  before(async () => {
    environment = { ...process.env };
    Object.assign(process.env, CREDENTIALS);
    aws = await startFakeAws(() => ({ body: { stalled: true }, stalls }));
  });
  after(async () => {
    process.env = environment;
    await aws.close();
  });

  const calls: readonly [string, () => Promise<unknown>][] = [
    [
      "DynamoDB",
      async () =>
        (await dynamoOf(aws.place, SHORT)).send(
          new GetItemCommand({ TableName: "ledger", Key: { pk: { S: "a" } } }),
        ),
    ],
    [
      "Secrets Manager",
      async () =>
        (await secretsManagerOf(aws.place, SHORT)).send(
          new GetSecretValueCommand({ SecretId: "webhook" }),
        ),
    ],
  ];
  for (const [what, call] of calls) {
    for (const part of ["answer", "body"] as const) {
      it(`do not wait for ${what} without end when it stops before the end of its ${part}`, async () => {
        stalls = part;
        const error: unknown = await call().then(
          () => assert.fail("it did not fail"),
          (reason: unknown) => awsErrorOf(reason, { what: "table", region: "us-east-1" }),
        );
        assert.ok(error instanceof CliError);
        assert.equal(error.message, "AWS does not answer in us-east-1");
      });
    }
  }
});
