import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { GateSecrets } from "../../components/gateSecrets.ts";
import { record, refused, valueOf } from "./mocks.ts";

const SECRET = "aws:secretsmanager/secret:Secret";
const VERSION = "aws:secretsmanager/secretVersion:SecretVersion";
const PASSWORD = "random:index/randomPassword:RandomPassword";

const required = { cheqpointConnectionKey: "ck", pagerdutyToken: "pt" };

describe("GateSecrets", () => {
  it("stores what it is given, secret on the way, and nothing that was not asked for", async () => {
    const { resources, find, ofType, value } = await record(
      (opts) => new GateSecrets("s", { ...required, tags: { a: "b" } }, opts),
    );
    assert.deepEqual(
      resources.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`),
      [
        "Secret s-pagerduty-token",
        "SecretVersion s-pagerduty-token",
        "Secret s-cheqpoint-key",
        "SecretVersion s-cheqpoint-key",
        "Secret s-proposers",
        "SecretVersion s-proposers",
        "Secret s-webhook",
      ],
    );
    for (const version of ofType(VERSION)) {
      assert.deepEqual(version.secrets, ["secretString"], version.name);
    }
    assert.deepEqual(find(SECRET, "s-pagerduty-token").inputs, {
      description: "PagerDuty API token that the worker acts with",
      recoveryWindowInDays: 7,
      tags: { a: "b" },
    });
    assert.deepEqual(find(VERSION, "s-pagerduty-token").inputs, {
      secretId: "s-pagerduty-token-id",
      secretString: "pt",
    });
    assert.equal(find(VERSION, "s-cheqpoint-key").inputs["secretString"], "ck");
    assert.equal(find(VERSION, "s-proposers").inputs["secretString"], "{}");
    assert.equal(value.operatorsArn, undefined);
    assert.equal(value.callbackArn, undefined);
    assert.equal(value.callbackSecret, undefined);
    assert.equal(await valueOf(value.webhookArn), "arn:aws:secretsmanager:::s-webhook");
  });

  it("makes a token for each proposer and operator, which keepers renew", async () => {
    const { find, ofType, value } = await record(
      (opts) =>
        new GateSecrets(
          "s",
          {
            ...required,
            proposers: { agent: { keepers: { serial: "2" } }, "event.rules": {} },
            operators: { sre: {} },
            recoveryWindowDays: 0,
          },
          opts,
        ),
    );
    assert.deepEqual(
      ofType(PASSWORD).map(({ name }) => name),
      ["s-proposer-agent", "s-proposer-event.rules", "s-operator-sre"],
    );
    assert.deepEqual(find(PASSWORD, "s-proposer-agent").inputs, {
      length: 43,
      special: false,
      keepers: { serial: "2" },
    });
    assert.equal(
      find(VERSION, "s-proposers").inputs["secretString"],
      '{"agent":"random-of-s-proposer-agent","event.rules":"random-of-s-proposer-event.rules"}',
    );
    assert.equal(
      find(VERSION, "s-operators").inputs["secretString"],
      '{"sre":"random-of-s-operator-sre"}',
    );
    assert.equal(find(SECRET, "s-operators").inputs["recoveryWindowInDays"], 0);
    assert.deepEqual(await valueOf(value.proposerTokens), {
      agent: "random-of-s-proposer-agent",
      "event.rules": "random-of-s-proposer-event.rules",
    });
    assert.equal(await pulumi.isSecret(value.proposerTokens), true);
    assert.equal(await pulumi.isSecret(value.operatorTokens), true);
  });

  it("keeps Cheqpoint's signing secret, or makes one", async () => {
    const stated = await record(
      (opts) => new GateSecrets("s", { ...required, callbackSigning: { secret: "told" } }, opts),
    );
    assert.equal(stated.find(VERSION, "s-callback").inputs["secretString"], "told");
    assert.deepEqual(stated.ofType(PASSWORD), []);

    const made = await record(
      (opts) => new GateSecrets("s", { ...required, callbackSigning: {} }, opts),
    );
    assert.equal(made.find(VERSION, "s-callback").inputs["secretString"], "random-of-s-callback");
    assert.ok(made.value.callbackSecret !== undefined);
    assert.equal(await pulumi.isSecret(made.value.callbackSecret), true);
  });

  it("refuses what cannot work, without showing a secret", async () => {
    const make = (more: object) => () => new GateSecrets("s", { ...required, ...more });
    await refused(make({ pagerdutyToken: "" }), "`pagerdutyToken` must not be empty");
    await refused(
      make({ cheqpointConnectionKey: "key\n" }),
      "`cheqpointConnectionKey` must not begin or end with white space",
    );
    await refused(
      make({ recoveryWindowDays: 3 }),
      "`recoveryWindowDays` must be 0 or 7 to 30, got 3",
    );
    await refused(
      make({ recoveryWindowDays: 31 }),
      "`recoveryWindowDays` must be 0 or 7 to 30, got 31",
    );
    await refused(
      make({ proposers: { "An Agent": {} } }),
      '`proposers` must have names of small letters, digits, ".", "_" and "-", got "An Agent"',
    );
    for (const field of ["proposers", "operators"]) {
      for (const name of ["event", "pagerduty"]) {
        await refused(
          make({ [field]: { [name]: {} } }),
          `\`${field}\` must not have the names "event" and "pagerduty", under which the gate proposes for events, got "${name}"`,
        );
      }
    }
    await refused(
      make({ callbackSigning: { secret: "x", keepers: {} } }),
      "Only one of `callbackSigning.secret` and `callbackSigning.keepers` can be given",
    );
    await refused(
      make({ callbackSigning: { secret: " " } }),
      "`callbackSigning.secret` must not be empty",
    );
  });
});
