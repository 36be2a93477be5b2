// What `gate doctor` reads in AWS. Pulumi is a script that prints; IAM's refusals are not shown.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { z } from "zod";
import { DEFAULTS_KEY, nameKey, serviceKey } from "../../functions/aws/tableDefinition.ts";
import { gatingTable, ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { run } from "../cli/support.ts";
import { createTable, whyNoDynamo } from "./dynamoTables.ts";

const why = whyNoDynamo();
const report = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      about: z.string().nullable(),
      status: z.string(),
      found: z.string(),
    }),
  ),
});

describe("gate doctor on a gate in AWS", function () {
  this.timeout(60_000);
  if (why !== null) {
    it(why);
    return;
  }
  const dynamo = new DynamoDBClient({});
  const secrets = new SecretsManagerClient({});
  const region = process.env["AWS_REGION"] ?? "us-east-1";
  const folder = mkdtempSync(join(tmpdir(), "gate-doctor-"));
  const arns: string[] = [];
  let ledger: Awaited<ReturnType<typeof createTable>>;
  let gating: Awaited<ReturnType<typeof createTable>>;

  async function secret(name: string, value: string | null): Promise<unknown> {
    const { ARN = "" } = await secrets.send(
      new CreateSecretCommand({
        Name: `${name}-${process.pid}-${Date.now()}`,
        ...(value === null ? {} : { SecretString: value }),
      }),
    );
    arns.push(ARN);
    return {
      urn: `urn:pulumi:prod::p::pagerduty-approval-gate:index:ApprovalGate$aws:secretsmanager/secret:Secret::${name}`,
      type: "aws:secretsmanager/secret:Secret",
      id: ARN,
    };
  }

  before(async () => {
    [ledger, gating] = await Promise.all([
      createTable(dynamo, ledgerTable),
      createTable(dynamo, gatingTable),
    ]);
    const put = (item: Record<string, string>) =>
      dynamo.send(
        new PutItemCommand({
          TableName: gating.name,
          Item: Object.fromEntries(Object.entries(item).map(([name, S]) => [name, { S }])),
        }),
      );
    await put({ pk: DEFAULTS_KEY, gating: "{}" });
    await put({ pk: serviceKey("PSVC001"), serviceId: "PSVC001", gating: '{"runbooks":{}}' });
    await put({ pk: nameKey("payments-db"), serviceId: "PSVC001" });
    const resources = [
      await secret("gate-secret-pagerduty-token", "a-token-that-nobody-prints"),
      await secret("gate-secret-webhook", '["a-secret-that-nobody-prints"]'),
      await secret("gate-secret-proposers", "no JSON that-nobody-prints"),
      await secret("gate-secret-cheqpoint-key", null),
      {
        urn: "urn:pulumi:prod::p::aws:secretsmanager/secret:Secret::gate-secret-operators",
        type: "aws:secretsmanager/secret:Secret",
        id: `arn:aws:secretsmanager:${region}:000000000000:secret:gone-AbCdEf`,
      },
      { urn: "urn:pulumi:prod::p::pulumi:pulumi:Stack::prod", type: "pulumi:pulumi:Stack" },
    ];
    writeFileSync(
      join(folder, "export"),
      JSON.stringify({ version: 3, deployment: { resources } }),
    );
    writeFileSync(
      join(folder, "output"),
      JSON.stringify({
        ledgerTableName: ledger.name,
        gatingTableName: gating.name,
        proposalsUrl: "http://127.0.0.1:9/proposals",
        webhookUrl: "http://127.0.0.1:9/pagerduty/webhook",
        gate: { name: "gate", region },
        gating: { services: { "payments-db": { runbooks: {} } } },
      }),
    );
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\nexec /bin/cat "${folder}/$2"\n`);
    chmodSync(join(folder, "pulumi"), 0o755);
  });

  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([
      ledger.remove(),
      gating.remove(),
      ...arns.map((SecretId) =>
        secrets.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true })),
      ),
    ]);
  });

  async function examined(...args: string[]) {
    const env = {
      AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"],
      PATH: folder,
      // The deployed token is tried: nothing listens there.
      PAGERDUTY_API_URL: "http://127.0.0.1:9",
    };
    const ran = await run(["doctor", "--json", ...args], { env, cwd: folder });
    assert.equal(ran.err, "");
    assert.equal(ran.code, 1);
    assert.doesNotMatch(ran.out, /nobody-prints/);
    return report.parse(JSON.parse(ran.out)).checks;
  }

  it("tells of each secret whether it has a current value of its form, and prints none", async () => {
    const found = (await examined("--stack", "prod"))
      .filter(({ check }) => check.startsWith("secrets"))
      .map(({ check, status, found: text }) => [check, status, text]);
    assert.deepEqual(found, [
      ["secrets.pagerduty-token", "ok", "has a current value: a text"],
      [
        "secrets.webhook",
        "ok",
        "has a current value: a JSON record of webhook subscriptions and their signing secrets",
      ],
      ["secrets.proposers", "fail", "its current value must be a JSON object of tokens by name"],
      ["secrets.cheqpoint-key", "fail", "has no current value"],
      ["secrets.operators", "fail", "does not exist"],
    ]);
  });

  it("takes the gating that is deployed, and asks for services that are named", async () => {
    const found = (await examined("--stack", "prod", "--service", "search"))
      .filter(({ check }) => check === "gating")
      .map(({ about, status, found: text }) => [
        about,
        status,
        text.replace(gating.name, "TABLE").replace(/sha256:\w+/, "DIGEST"),
      ]);
    assert.deepEqual(found, [
      [null, "ok", "1 service in force, from DynamoDB table TABLE, DIGEST"],
      ["search", "fail", "is not in the gating"],
    ]);
  });

  it("says that the gate does not answer, and what it cannot know by outputs alone", async () => {
    const found = (await examined("--outputs", "output")).map(({ check, status }) => [
      check,
      status,
    ]);
    assert.deepEqual(found, [
      ["gate.answers", "fail"],
      ["gate.alarms", "ok"],
      ["gating", "ok"],
      ["secrets", "warn"],
      ["cheqpoint.key", "warn"],
      ["pagerduty.token", "warn"],
    ]);
  });
});
