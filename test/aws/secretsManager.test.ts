import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { z } from "zod";
import { createSecretCache } from "../../functions/aws/secretCache.ts";
import { createSecrets, secretText } from "../../functions/aws/secretsManager.ts";
import type { SecretArns } from "../../functions/aws/secretsManager.ts";
import type { Log } from "../../functions/gate/ports.ts";
import { START_MS, TestClock } from "../contract/proposals.ts";
import { awsError, startFakeAws } from "./fakeAws.ts";
import type { AwsAnswer, FakeAws } from "./fakeAws.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const question = z.object({ SecretId: z.string(), VersionStage: z.string() });
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("secrets from Secrets Manager", () => {
  let aws: FakeAws;
  let clock: TestClock;
  let warnings: unknown[];
  /** By `arn stage`; what is missing was never stored. */
  let stored: Record<string, string>;
  let storedAtMs: number;
  let refusal: AwsAnswer | null;

  const asked = () =>
    aws.calls
      .map(({ input }) => question.parse(input))
      .map((of) => `${of.SecretId} ${of.VersionStage}`);
  const cache = () => {
    const silent = () => undefined;
    const log: Log = {
      debug: silent,
      info: silent,
      warn: (message, fields) => warnings.push([message, fields]),
      error: silent,
    };
    return createSecretCache({ client: new SecretsManagerClient(aws.config), clock, log });
  };
  const secrets = (arns: SecretArns) => createSecrets(cache(), arns);

  beforeEach(async () => {
    clock = new TestClock();
    warnings = [];
    stored = {};
    storedAtMs = START_MS;
    refusal = null;
    aws = await startFakeAws(({ input }) => {
      const { SecretId, VersionStage } = question.parse(input);
      const text = stored[`${SecretId} ${VersionStage}`];
      if (refusal !== null) {
        return refusal;
      }
      return text === undefined
        ? awsError("ResourceNotFoundException")
        : { body: { ARN: SecretId, SecretString: text, CreatedDate: storedAtMs / 1_000 } };
    });
  });

  afterEach(async () => {
    await aws.close();
  });

  describe("the cache", () => {
    it("asks for the current and the previous version by name, and then not for five minutes", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      assert.deepEqual(await read.read("a"), { current: "one", previous: null });
      stored["a AWSCURRENT"] = "two";
      clock.advance(5 * MINUTE - 1);
      assert.equal((await read.read("a")).current, "one");
      assert.deepEqual(asked().sort(), ["a AWSCURRENT", "a AWSPREVIOUS"]);
      clock.advance(1);
      assert.equal((await read.read("a")).current, "two");
    });

    it("asks once for all who want a secret at one time", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, i) => read.read("a", i % 2 === 0)),
      );
      assert.deepEqual(new Set(all.map(({ current }) => current)), new Set(["one"]));
      assert.equal(asked().length, 2);
    });

    it("asks again for a refresh, at most every ten seconds", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      stored["a AWSCURRENT"] = "two";
      clock.advance(10 * SECOND - 1);
      assert.equal((await read.read("a", true)).current, "one");
      clock.advance(1);
      assert.equal((await read.read("a", true)).current, "two");
      for (let forged = 0; forged < 20; forged += 1) {
        await read.read("a", true);
      }
      assert.equal(asked().length, 4);
    });

    it("goes on with what it has for an hour when asking fails, and asks every ten seconds at most", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      refusal = awsError("InternalServiceError");
      clock.advance(5 * MINUTE);
      assert.equal((await read.read("a")).current, "one");
      assert.equal((await read.read("a")).current, "one");
      assert.equal(asked().length, 4);
      assert.deepEqual(warnings, [
        [
          "secret not read, the value before is used",
          { arn: "a", problem: "InternalServiceError" },
        ],
      ]);
      clock.advance(55 * MINUTE - 1);
      assert.equal((await read.read("a")).current, "one");
      clock.advance(10 * SECOND);
      await assert.rejects(read.read("a"), { name: "InternalServiceError" });
      refusal = null;
      assert.equal((await read.read("a")).current, "one");
    });

    it("rejects when it has nothing, and tries again for the next who asks", async () => {
      refusal = awsError("InternalServiceError");
      const read = cache();
      await assert.rejects(read.read("a"), { name: "InternalServiceError" });
      refusal = null;
      stored["a AWSCURRENT"] = "one";
      assert.equal((await read.read("a")).current, "one");
    });

    it("rejects a secret that is missing or empty", async () => {
      await assert.rejects(cache().read("a"), { name: "ResourceNotFoundException" });
      stored["a AWSCURRENT"] = "";
      await assert.rejects(cache().read("a"), { message: "secret a is empty" });
    });

    it("gives the previous value for a day after it was replaced", async () => {
      stored["a AWSCURRENT"] = "new";
      stored["a AWSPREVIOUS"] = "old";
      assert.deepEqual(await cache().read("a"), { current: "new", previous: "old" });
      clock.advance(24 * HOUR - 1);
      assert.equal((await cache().read("a")).previous, "old");
      clock.advance(1);
      assert.equal((await cache().read("a")).previous, null);
    });

    it("rejects rather than forget a previous value that could not be read", async () => {
      stored["a AWSCURRENT"] = "new";
      await aws.close();
      aws = await startFakeAws(({ input }) =>
        question.parse(input).VersionStage === "AWSCURRENT"
          ? { body: { SecretString: "new" } }
          : awsError("InternalServiceError"),
      );
      await assert.rejects(cache().read("a"), { name: "InternalServiceError" });
    });
  });

  describe("createSecrets", () => {
    it("gives the signing secrets of all subscriptions, those before too", async () => {
      stored["w AWSCURRENT"] = JSON.stringify(["one", "two"]);
      stored["w AWSPREVIOUS"] = JSON.stringify(["two", "three"]);
      const found = await secrets({ webhook: "w" }).webhookSecrets();
      assert.deepEqual(found, ["one", "two", "three"]);
    });

    it("reads signing secrets again on demand, as after a mismatch", async () => {
      stored["w AWSCURRENT"] = JSON.stringify(["one"]);
      const port = secrets({ webhook: "w" });
      await port.webhookSecrets();
      stored["w AWSCURRENT"] = JSON.stringify(["two"]);
      clock.advance(10 * SECOND);
      assert.deepEqual(await port.webhookSecrets(), ["one"]);
      assert.deepEqual(await port.webhookSecrets(true), ["two"]);
    });

    it("knows proposers by the hash of their token, also of the one before", async () => {
      const [now, before, other] = ["n".repeat(43), "b".repeat(43), "o".repeat(43)];
      stored["p AWSCURRENT"] = JSON.stringify({ agent: now, other });
      stored["p AWSPREVIOUS"] = JSON.stringify({ agent: before, other });
      const found = await secrets({ proposers: "p" }).proposers();
      const expected = new Map([
        [sha256(before), "agent"],
        [sha256(now), "agent"],
        [sha256(other), "other"],
      ]);
      assert.deepEqual(found, expected);
    });

    it("no longer knows a proposer who was taken off the list", async () => {
      stored["p AWSCURRENT"] = JSON.stringify({});
      stored["p AWSPREVIOUS"] = JSON.stringify({ agent: "b".repeat(43) });
      assert.deepEqual(await secrets({ proposers: "p" }).proposers(), new Map());
    });

    it("has no operators and no callback key unless it is told where they are", async () => {
      assert.deepEqual(await secrets({}).operators(), new Map());
      assert.deepEqual(await secrets({}).callbackSecrets(), []);
      assert.deepEqual(asked(), []);
      stored["o AWSCURRENT"] = JSON.stringify({ ana: "a".repeat(43) });
      stored["c AWSCURRENT"] = "callback key";
      const port = secrets({ operators: "o", callback: "c" });
      assert.deepEqual(await port.operators(), new Map([[sha256("a".repeat(43)), "ana"]]));
      assert.deepEqual(await port.callbackSecrets(), ["callback key"]);
    });

    it("accepts the callback key before while it is rotated", async () => {
      stored["c AWSCURRENT"] = "new key";
      stored["c AWSPREVIOUS"] = "old key";
      assert.deepEqual(await secrets({ callback: "c" }).callbackSecrets(), ["new key", "old key"]);
    });

    it("rejects what it was not told, instead of finding nobody", async () => {
      await assert.rejects(secrets({}).webhookSecrets(), {
        message: "this function was not told where the secret `webhook` is",
      });
      await assert.rejects(secrets({}).proposers(), {
        message: "this function was not told where the secret `proposers` is",
      });
    });

    it("rejects a secret of another shape without showing it", async () => {
      for (const text of ["hush", "[]", '["hush",""]', '{"a":"hush"}', '"hush"']) {
        stored["w AWSCURRENT"] = text;
        await assert.rejects(secrets({ webhook: "w" }).webhookSecrets(), {
          message: "secret w must be a JSON list of signing secrets",
        });
      }
      for (const text of ["hush", '["hush"]', '{"agent":"hush"}', '{"agent":7}']) {
        stored["p AWSCURRENT"] = text;
        await assert.rejects(secrets({ proposers: "p" }).proposers(), {
          message: "secret p must be a JSON object of tokens by name",
        });
      }
    });
  });

  it("gives a secret that is one text", async () => {
    stored["t AWSCURRENT"] = "token";
    assert.equal(await secretText(cache(), "t"), "token");
  });
});
