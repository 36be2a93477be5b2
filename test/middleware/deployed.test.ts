// The deployed receiver with its own AWS clients, against an AWS that is slow, silent or renewed at the wrong moment.
import assert from "node:assert/strict";
import { z } from "zod";
import { RECEIVER_LIMITS } from "../../functions/aws/clients.ts";
import type { StoreLimits } from "../../functions/aws/clients.ts";
import { deployedMiddleware } from "../../functions/middleware/deployed.ts";
import { signPagerDuty } from "../../functions/pagerduty/signature.ts";
import { awsError, startFakeAws } from "../aws/fakeAws.ts";
import type { AwsAnswer, AwsCall, FakeAws } from "../aws/fakeAws.ts";
import { TestClock } from "../contract/proposals.ts";
import { LogLines } from "../harness/log.ts";
import { errorBody } from "../harness/errorBody.ts";

const DEADLINE_MS = 3_500;
const OLD = "signing-secret-old";
const NEW = "signing-secret-new";
const TOKEN = "proposer-token-that-was-just-issued";

const EVENT = JSON.stringify({
  event: {
    id: "01EVENT",
    event_type: "incident.annotated",
    occurred_at: "2026-11-23T12:00:00Z",
    data: { type: "incident_note", id: "N1", content: "x", incident: { id: "Q1" } },
  },
});

const question = z.object({ SecretId: z.string(), VersionStage: z.string() });

describe("the deployed receiver", () => {
  let aws: FakeAws;
  let clock: TestClock;
  let log: LogLines;
  /** Settled: the time for an answer is over. */
  let deadline: PromiseWithResolvers<void>;
  /** Pauses other than the deadline. */
  let slept: number[];
  let secrets: Record<string, string>;
  /** Instead of an answer as usual. */
  let otherwise: (call: AwsCall) => AwsAnswer | null;
  let handler: ReturnType<typeof deployedMiddleware>;

  const begin = (limits: Partial<StoreLimits> = {}) => {
    handler = deployedMiddleware({
      environment: {
        LEDGER_TABLE: "ledger",
        GATING_TABLE: "gating",
        QUEUE_URL: "https://sqs/queue",
        WEBHOOK_SECRET_ARN: "webhook",
        PROPOSERS_SECRET_ARN: "proposers",
      },
      limits: { ...RECEIVER_LIMITS, ...limits },
      place: aws.place,
      clock,
      sleep: (ms, signal) => {
        if (ms === DEADLINE_MS) {
          const answered = Promise.withResolvers<void>();
          signal?.addEventListener("abort", () => answered.resolve());
          return Promise.race([deadline.promise, answered.promise]);
        }
        slept.push(ms);
        clock.advance(ms);
        return Promise.resolve();
      },
      telemetry: { log, metrics: { count: () => undefined } },
    });
  };

  beforeEach(async () => {
    clock = new TestClock();
    log = new LogLines();
    deadline = Promise.withResolvers<void>();
    slept = [];
    secrets = { webhook: JSON.stringify([OLD]), proposers: "{}" };
    otherwise = () => null;
    aws = await startFakeAws((call) => {
      const other = otherwise(call);
      if (other !== null) {
        return other;
      }
      if (call.operation !== "GetSecretValue") {
        return { body: {} };
      }
      const { SecretId, VersionStage } = question.parse(call.input);
      return VersionStage === "AWSCURRENT"
        ? { body: { SecretString: secrets[SecretId] } }
        : awsError("ResourceNotFoundException");
    });
    begin();
  });
  afterEach(() => aws.close());

  const request = async (
    routeKey: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<{ status: number; body: unknown }> => {
    const [method = "", rawPath = ""] = routeKey.split(" ");
    const answer = await handler({
      version: "2.0",
      routeKey,
      rawPath,
      headers,
      requestContext: { http: { method } },
      body,
    });
    return { status: answer.statusCode, body: JSON.parse(answer.body) };
  };
  const webhook = (headers: Record<string, string>, body = EVENT) =>
    request("POST /pagerduty/webhook", { "x-webhook-id": "delivery-1", ...headers }, body);
  const signedWith = (secret: string, body = EVENT) =>
    webhook({ "x-pagerduty-signature": signPagerDuty(Buffer.from(body), secret) }, body);
  const asked = (operation: string) =>
    aws.calls.filter((call) => call.operation === operation).length;
  const secretsFail = ({ operation }: AwsCall) =>
    operation === "GetSecretValue" ? awsError("InternalServiceError") : null;

  const ACCEPTED = { status: 202, body: { status: "accepted" } };
  const REFUSED = {
    status: 401,
    body: errorBody("signatureInvalid", "signature missing or wrong"),
  };
  const LATER = {
    status: 503,
    body: errorBody("unavailable", "not stored, send it again", { retryable: true }),
  };

  describe("while the signing secret is renewed", () => {
    it("takes an event signed with the new one, however shortly before it was asked", async () => {
      assert.deepEqual(await signedWith("nobody's"), REFUSED);
      secrets["webhook"] = JSON.stringify([NEW]);
      assert.deepEqual(await signedWith(NEW), ACCEPTED);
    });

    it("asks once for all who wait", async () => {
      assert.deepEqual(await signedWith(OLD), ACCEPTED);
      secrets["webhook"] = JSON.stringify([NEW]);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => signedWith(i % 2 === 0 ? NEW : "nobody's")),
      );
      assert.deepEqual(
        answers.map(({ status }) => status),
        answers.map((_, i) => (i % 2 === 0 ? 202 : 401)),
      );
      assert.equal(asked("GetSecretValue"), 4);
      assert.deepEqual(slept, [1_000]);
    });

    it("does not refuse what it cannot compare with the newest", async () => {
      assert.deepEqual(await signedWith(OLD), ACCEPTED);
      otherwise = secretsFail;
      secrets["webhook"] = JSON.stringify([NEW]);
      assert.deepEqual(await signedWith(NEW), LATER);
      assert.deepEqual(await signedWith(OLD), ACCEPTED, "what it knows still serves");
      otherwise = () => null;
      assert.deepEqual(await signedWith(NEW), ACCEPTED);
    });

    it("knows a token that was just issued, and lets no stranger wait", async () => {
      const show = (token: string) =>
        request("GET /proposals/{id}", { authorization: `Bearer ${token}` }, "");
      assert.equal((await show(TOKEN)).status, 401);
      secrets["proposers"] = JSON.stringify({ agent: TOKEN });
      clock.advance(1_000);
      assert.equal((await show(TOKEN)).status, 404);
      assert.deepEqual(slept, []);
    });
  });

  it("refuses a request without a signature at once", async () => {
    assert.deepEqual(await webhook({}), REFUSED);
    for (const none of [" ", "x", "v1=00", `v2=${"0".repeat(64)}`, `v1=${"0".repeat(65)}`]) {
      assert.deepEqual(await webhook({ "x-pagerduty-signature": none }), REFUSED);
    }
    assert.deepEqual(aws.calls, []);
  });

  describe("flooded with forged signatures", () => {
    const forged = (i: number) => signedWith(`a guess ${i}`);

    it("reads the secret once in half a minute for all of them, and lets none wait", async () => {
      assert.deepEqual(await signedWith(OLD), ACCEPTED);
      clock.advance(1_000);
      for (let i = 0; i < 100; i += 1) {
        assert.deepEqual(await forged(i), REFUSED);
      }
      assert.equal(asked("GetSecretValue"), 4);
      assert.deepEqual(slept, []);
      assert.deepEqual(await signedWith(OLD, EVENT.replace("01EVENT", "02EVENT")), ACCEPTED);
      clock.advance(30_000);
      await forged(100);
      assert.equal(asked("GetSecretValue"), 6);
    });

    it("reads it once for the one that starts a function, with which it is compared", async () => {
      assert.deepEqual(await forged(0), REFUSED);
      assert.equal(asked("GetSecretValue"), 2);
      assert.deepEqual(slept, []);
    });

    it("never drops an event of PagerDuty's that is signed with a secret of the last half minute", async () => {
      const delivered = (body: string, secret: string) =>
        webhook(
          {
            "x-pagerduty-signature": signPagerDuty(Buffer.from(body), secret),
            "x-webhook-subscription": "PSUBSCR",
          },
          body,
        );
      assert.deepEqual(await signedWith(OLD), ACCEPTED);
      await forged(0);
      secrets["webhook"] = JSON.stringify([NEW]);
      const again = {
        status: 429,
        body: errorBody("signatureNotKnownYet", "signature not known yet, send it again", {
          retryable: true,
        }),
      };
      assert.deepEqual(await delivered(EVENT, NEW), again);
      clock.advance(30_000);
      assert.deepEqual(await delivered(EVENT, NEW), ACCEPTED);
    });
  });

  describe("answers 503", () => {
    const stallsAt =
      (operation: string, stalls: "answer" | "body", then: () => void = () => undefined) =>
      (call: AwsCall): AwsAnswer | null => {
        if (call.operation !== operation) {
          return null;
        }
        then();
        return { body: { stalled: true }, stalls };
      };
    const SHORT: StoreLimits["dynamo"] = { attempts: 2, connectMs: 500, answerMs: 30 };
    const ENDLESS: StoreLimits["dynamo"] = { attempts: 1, connectMs: 0, answerMs: 0 };

    for (const stalls of ["answer", "body"] as const) {
      it(`when DynamoDB stops before the end of its ${stalls}`, async () => {
        begin({ dynamo: SHORT });
        otherwise = stallsAt("TransactWriteItems", stalls);
        assert.deepEqual(await signedWith(OLD), LATER);
        assert.equal(asked("TransactWriteItems"), 2);
        assert.match(log.lines.join("\n"), /webhook not stored/);
      });

      it(`when Secrets Manager stops before the end of its ${stalls}`, async () => {
        begin({ secrets: SHORT });
        otherwise = stallsAt("GetSecretValue", stalls);
        assert.deepEqual(await signedWith(OLD), LATER);
        assert.match(log.lines.join("\n"), /webhook secret not readable/);
      });
    }

    for (const [what, operation, body] of [
      ["the secret", "GetSecretValue", EVENT],
      ["the delivery", "TransactWriteItems", EVENT],
      ["an unintelligible delivery's alarm", "PutItem", "{not json"],
      ["the queue", "SendMessageBatch", EVENT],
    ] as const) {
      it(`when the time is over while it waits for ${what}`, async () => {
        begin({ dynamo: ENDLESS, secrets: ENDLESS, queue: ENDLESS });
        otherwise = stallsAt(operation, "answer", () => deadline.resolve());
        assert.deepEqual(await signedWith(OLD, body), LATER);
        assert.match(log.lines.join("\n"), /webhook not answered in time.*3500/);
      });
    }

    it("when others write the same item again and again, slowly", async () => {
      otherwise = ({ operation }) => {
        if (operation !== "TransactWriteItems") {
          return null;
        }
        clock.advance(600);
        return awsError("com.amazonaws.dynamodb.v20120810#TransactionCanceledException", {
          CancellationReasons: [{ Code: "TransactionConflict" }, { Code: "None" }],
        });
      };
      assert.deepEqual(await signedWith(OLD), LATER);
      assert.equal(asked("TransactWriteItems"), 2);
    });
  });

  it("says nothing of the time when it answers in time", async () => {
    assert.deepEqual(await signedWith(OLD), ACCEPTED);
    assert.doesNotMatch(log.lines.join("\n"), /in time/);
  });
});
