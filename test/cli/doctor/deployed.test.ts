// AWS is a server that answers as Secrets Manager does, Pulumi a script that prints; DynamoDB refuses.
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { DoctorBench } from "./support.ts";

const NAMES = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
const asked = z.object({ SecretId: z.string() });

describe("gate doctor: which credentials of a deployed gate it tries", function () {
  const bench = new DoctorBench();
  const folder = mkdtempSync(join(tmpdir(), "gate-doctor-"));
  const kept = NAMES.map((name) => [name, process.env[name]] as const);
  /** By name; null: these credentials may not read it. */
  let secrets: Record<string, string | null> = {};
  let aws: Server;

  before(async () => {
    await bench.start();
    for (const name of NAMES) {
      process.env[name] = "test";
    }
    aws = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk) => {
        text += String(chunk);
      });
      request.on("end", () => {
        const [status, body] = answer(String(request.headers["x-amz-target"]), text);
        response.writeHead(status, { connection: "close" }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => aws.listen(0, "127.0.0.1", resolve));
    const resources = ["pagerduty-token", "cheqpoint-key"].map((name) => ({
      urn: `urn:pulumi:prod::p::aws:secretsmanager/secret:Secret::gate-secret-${name}`,
      type: "aws:secretsmanager/secret:Secret",
      id: name,
    }));
    const { gate } = bench.embedded;
    const printed = {
      export: { version: 3, deployment: { resources } },
      output: {
        ledgerTableName: "ledger",
        gatingTableName: "gating",
        proposalsUrl: `${gate.url}/proposals`,
        webhookUrl: `${gate.url}/pagerduty/webhook`,
        gate: { name: "gate", region: "eu-central-1" },
        gating: { services: { "payments-db": { runbooks: {} } } },
      },
    };
    for (const [name, content] of Object.entries(printed)) {
      writeFileSync(join(folder, name), JSON.stringify(content));
    }
    writeFileSync(join(folder, "pulumi"), `#!/bin/sh\nexec /bin/cat "${folder}/$2"\n`);
    chmodSync(join(folder, "pulumi"), 0o755);
  });
  after(async () => {
    for (const [name, value] of kept) {
      if (value === undefined) {
        delete process.env[name];
      } else {
        process.env[name] = value;
      }
    }
    rmSync(folder, { recursive: true });
    await new Promise((resolve) => aws.close(resolve));
    await bench.stop();
  });

  function answer(target: string, body: string): [number, unknown] {
    const value = secrets[asked.safeParse(JSON.parse(body)).data?.SecretId ?? ""] ?? null;
    return target.endsWith("DescribeSecret")
      ? [200, { VersionIdsToStages: { v1: ["AWSCURRENT"] } }]
      : target.endsWith("GetSecretValue") && value !== null
        ? [200, { SecretString: value }]
        : [400, { __type: "AccessDeniedException" }];
  }

  async function tried(
    deployed: { token: string | null; key: string | null },
    shell: { token?: string; key?: string },
  ) {
    secrets = { "pagerduty-token": deployed.token, "cheqpoint-key": deployed.key };
    const { pagerduty, cheqpoint } = bench.embedded.endpoints();
    const { checks } = await bench.examined(["--stack", "prod"], {
      cwd: folder,
      env: {
        PATH: folder,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(aws.address() as AddressInfo).port}`,
        PAGERDUTY_API_URL: pagerduty.url,
        PAGERDUTY_TOKEN: shell.token,
        CHEQPOINT_API_URL: cheqpoint.url,
        CHEQPOINT_CONNECTION_KEY: shell.key,
      },
    });
    return checks
      .filter(({ check }) => check === "cheqpoint.key" || check === "pagerduty.token")
      .map(({ status, found }) => `${status} ${found.replace(/http:\/\/[\d.:]+/, "URL")}`);
  }
  const good = () => {
    const { pagerduty, cheqpoint } = bench.embedded.endpoints();
    return { token: pagerduty.token, key: cheqpoint.connectionKey };
  };
  const wrong = { token: "a-token-of-nobody", key: "a-key-of-nobody" };

  it("tries the gate's own, not what the shell holds", async () => {
    assert.deepEqual(await tried(good(), wrong), [
      "ok the deployed key is accepted by URL",
      "ok the deployed token is accepted by URL",
    ]);
    const [key, token] = await tried(wrong, good());
    assert.match(key ?? "", /^fail Cheqpoint answered 401 to GET [^()]*$/);
    assert.match(token ?? "", /^fail PagerDuty answered 401 to GET \/abilities/);
    assert.doesNotMatch(`${key} ${token}`, /of this shell|of-nobody/);
  });

  it("warns that the gate's own were not tried where they cannot be read", async () => {
    const unread = { token: null, key: null };
    assert.deepEqual(await tried(unread, good()), [
      "warn CHEQPOINT_CONNECTION_KEY of this shell is accepted by URL; the key that the deployed gate uses was not tried",
      "warn PAGERDUTY_TOKEN of this shell is accepted by URL; the token that the deployed gate uses was not tried",
    ]);
    const [key, token] = await tried(unread, wrong);
    assert.match(key ?? "", /^warn Cheqpoint answered 401 .* \(CHEQPOINT_CONNECTION_KEY of this/);
    assert.match(token ?? "", /^warn PagerDuty answered 401 .* \(PAGERDUTY_TOKEN of this shell; /);
    assert.deepEqual(await tried(unread, {}), [
      "warn not tried: the deployed gate's key was not read, and none was given",
      "warn not tried: the deployed gate's token was not read, and none was given, so nothing in PagerDuty was looked at",
    ]);
  });
});
