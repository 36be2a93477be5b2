import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { z } from "zod";
import { createSecretCache } from "../../functions/aws/secretCache.ts";
import { createSecrets, secretText } from "../../functions/aws/secretsManager.ts";
import type { SecretArns } from "../../functions/aws/secretsManager.ts";
import type { Log } from "../../functions/gate/ports/index.ts";
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
  let slept: number[];
  /** What happens while a question is under way. */
  let meanwhile: () => void;

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
    const sleep = (ms: number) => {
      slept.push(ms);
      clock.advance(ms);
      return Promise.resolve();
    };
    return createSecretCache({ client: new SecretsManagerClient(aws.config), clock, sleep, log });
  };
  const secrets = (arns: SecretArns) => createSecrets(cache(), arns, clock);

  beforeEach(async () => {
    clock = new TestClock();
    warnings = [];
    stored = {};
    storedAtMs = START_MS;
    refusal = null;
    slept = [];
    meanwhile = () => undefined;
    aws = await startFakeAws(({ input }) => {
      const { SecretId, VersionStage } = question.parse(input);
      const text = stored[`${SecretId} ${VersionStage}`];
      meanwhile();
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
      const ways = ["kept", "lately"] as const;
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, i) => read.read("a", ways[i % 2])),
      );
      assert.deepEqual(new Set(all.map(({ current }) => current)), new Set(["one"]));
      assert.equal(asked().length, 2);
    });

    it("asks anew for whoever wants that, and before a second has gone only after the pause", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      stored["a AWSCURRENT"] = "two";
      clock.advance(300);
      assert.equal((await read.read("a", "anew")).current, "two");
      assert.deepEqual(slept, [700]);
      clock.advance(SECOND);
      stored["a AWSCURRENT"] = "three";
      assert.equal((await read.read("a", "anew")).current, "three");
      assert.deepEqual(slept, [700]);
      assert.equal((await read.read("a")).current, "three");
      assert.equal(asked().length, 6);
    });

    it("asks anew once for all who wait, and again for whoever comes after it began", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      const waiting = Array.from({ length: 20 }, () => read.read("a", "anew"));
      stored["a AWSCURRENT"] = "two";
      // Comes while the question of the others is under way: what it finds may have been read before.
      const late: Promise<unknown>[] = [];
      meanwhile = () => {
        late.push(read.read("a", "anew"));
        meanwhile = () => undefined;
      };
      assert.deepEqual(
        new Set((await Promise.all(waiting)).map(({ current }) => current)),
        new Set(["two"]),
      );
      stored["a AWSCURRENT"] = "three";
      assert.deepEqual(await Promise.all(late), [{ current: "three", previous: null }]);
      assert.equal(asked().length, 6);
      assert.deepEqual(slept, [SECOND, SECOND]);
    });

    it("does not wait longer because the clock was put back", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      clock.advance(-HOUR);
      await read.read("a", "anew");
      assert.deepEqual(slept, [SECOND]);
    });

    it("says lately what it was told a moment ago, and waits for no question", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      stored["a AWSCURRENT"] = "two";
      clock.advance(SECOND - 1);
      for (let forged = 0; forged < 20; forged += 1) {
        assert.equal((await read.read("a", "lately")).current, "one");
      }
      assert.equal(asked().length, 2);
      clock.advance(1);
      assert.equal((await read.read("a", "lately")).current, "two");
      assert.equal(asked().length, 4);
      assert.deepEqual(slept, []);
    });

    it("goes on with what it has for an hour when asking fails, and asks every ten seconds at most", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      refusal = awsError("InternalServiceError");
      clock.advance(5 * MINUTE);
      assert.equal((await read.read("a")).current, "one");
      clock.advance(10 * SECOND - 1);
      assert.equal((await read.read("a")).current, "one");
      assert.equal(asked().length, 4);
      assert.deepEqual(warnings, [
        [
          "secret not read, the value before is used",
          { arn: "a", problem: "InternalServiceError" },
        ],
      ]);
      clock.advance(55 * MINUTE - 10 * SECOND);
      assert.equal((await read.read("a")).current, "one");
      clock.advance(10 * SECOND);
      await assert.rejects(read.read("a"), { name: "InternalServiceError" });
      refusal = null;
      clock.advance(SECOND);
      assert.equal((await read.read("a")).current, "one");
    });

    it("does not take what it has for the newest when asking fails", async () => {
      stored["a AWSCURRENT"] = "one";
      const read = cache();
      await read.read("a");
      refusal = awsError("InternalServiceError");
      await assert.rejects(read.read("a", "anew"), { name: "InternalServiceError" });
      await assert.rejects(read.read("a", "lately"), { name: "InternalServiceError" });
      assert.equal(asked().length, 4);
      assert.equal((await read.read("a")).current, "one");
    });

    it("rejects when it has nothing, and tries again for who asks a second later", async () => {
      refusal = awsError("InternalServiceError");
      const read = cache();
      await assert.rejects(read.read("a"), { name: "InternalServiceError" });
      refusal = null;
      stored["a AWSCURRENT"] = "one";
      await assert.rejects(read.read("a"), { name: "InternalServiceError" });
      clock.advance(SECOND);
      assert.equal((await read.read("a")).current, "one");
      assert.equal(asked().length, 4);
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
      const { known } = await secrets({ webhook: "w" }).webhookSecrets();
      assert.deepEqual(known, ["one", "two", "three"]);
    });

    it("waits for signing secrets that are certainly the newest, as after a mismatch", async () => {
      stored["w AWSCURRENT"] = JSON.stringify(["one"]);
      const port = secrets({ webhook: "w" });
      await port.webhookSecrets();
      stored["w AWSCURRENT"] = JSON.stringify(["two"]);
      assert.deepEqual(await port.webhookSecrets(), { known: ["one"], isNewest: false });
      assert.deepEqual(await port.webhookSecrets(true), { known: ["two"], isNewest: true });
      assert.deepEqual(slept, [SECOND]);
    });

    it("asks for them at most once in half a minute, whoever comes with what fits none", async () => {
      stored["w AWSCURRENT"] = JSON.stringify(["one"]);
      const port = secrets({ webhook: "w" });
      assert.equal((await port.webhookSecrets()).isNewest, true, "asked for just now");
      clock.advance(SECOND);
      assert.equal((await port.webhookSecrets(true)).isNewest, true);
      stored["w AWSCURRENT"] = JSON.stringify(["two"]);
      clock.advance(30 * SECOND - 1);
      for (let forged = 0; forged < 20; forged += 1) {
        const found = await port.webhookSecrets(true);
        assert.deepEqual(found, { known: ["one"], isNewest: false });
      }
      assert.equal(asked().length, 4);
      clock.advance(1);
      assert.deepEqual(await port.webhookSecrets(true), { known: ["two"], isNewest: true });
      assert.deepEqual(slept, []);
    });

    it("lets no one without a token wait for more than one reading", async () => {
      for (const arn of ["p", "o"]) {
        stored[`${arn} AWSCURRENT`] = JSON.stringify({});
      }
      stored["c AWSCURRENT"] = "callback key";
      const port = secrets({ proposers: "p", operators: "o", callback: "c" });
      const readAll = async (refresh: boolean) => {
        await port.proposers(refresh);
        await port.operators(refresh);
        await port.callbackSecrets(refresh);
      };
      await readAll(false);
      await readAll(true);
      assert.equal(asked().length, 6);
      clock.advance(SECOND);
      await readAll(true);
      assert.equal(asked().length, 12);
      assert.deepEqual(slept, []);
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
          message:
            "secret w must be a JSON record of webhook subscriptions and their signing secrets",
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
    const read = cache();
    assert.equal(await secretText(read, "t"), "token");
    stored["t AWSCURRENT"] = "renewed";
    assert.equal(await secretText(read, "t"), "token");
    assert.equal(await secretText(read, "t", true), "renewed");
  });
});
