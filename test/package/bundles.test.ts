// Runs the bundles as Lambda would load them, against an endpoint that stands for all of AWS and refuses every call.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeBundle } from "../../components/bundle.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "secret-key-of-the-role",
  AWS_SESSION_TOKEN: "session-of-the-role",
};

const apiEvent = (routeKey: string, path: string, headers: Record<string, string> = {}) => ({
  version: "2.0",
  routeKey,
  rawPath: path,
  headers,
  pathParameters: { token: "t".repeat(43) },
  requestContext: { http: { method: "POST" } },
  body: "{}",
});

/** A message of the work queue. */
const MESSAGE = { messageId: "m1", body: JSON.stringify({ kind: "proposal", id: "prop_1" }) };

/** An event that needs AWS, and what the function makes of an AWS that refuses. */
const cases = [
  {
    name: "middleware",
    event: apiEvent("POST /pagerduty/webhook", "/pagerduty/webhook", {
      "x-pagerduty-signature": `v1=${"0".repeat(64)}`,
      "x-webhook-id": "bundle-1",
    }),
    service: "secretsmanager",
    outcome: { status: 503 },
  },
  {
    name: "callback",
    event: apiEvent("POST /cheqpoint/callback/{token}", `/cheqpoint/callback/${"t".repeat(43)}`),
    service: "dynamodb",
    outcome: { status: 503 },
  },
  {
    name: "worker",
    event: { Records: [MESSAGE] },
    service: "dynamodb",
    outcome: { batchItemFailures: [{ itemIdentifier: "m1" }] },
  },
];

interface Told {
  bad: string;
  outcome: object;
}

const RUNNER = `
import { writeFileSync } from "node:fs";
const { handler } = await import(process.argv[2]);
const failure = (error) => ({ error: error.name });
const bad = await handler({ nobody: "sends this" }).then(() => "accepted", ({ name }) => name);
const outcome = await handler(JSON.parse(process.argv[3])).then(
  ({ statusCode, ...more }) => (statusCode === undefined ? more : { status: statusCode }),
  failure,
);
writeFileSync("told.json", JSON.stringify({ bad, outcome }));
`;

describe("the functions' bundles", function () {
  let folder: string;
  let server: Server;
  let asked: IncomingHttpHeaders[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "gate-bundles-"));
    writeFileSync(join(folder, "run.mjs"), RUNNER);
    for (const { name } of cases) {
      mkdirSync(join(folder, name));
      for (const [file, text] of Object.entries(makeBundle(join(root, "functions", name)))) {
        writeFileSync(join(folder, name, file), text);
      }
    }
    server = createServer((request, response) => {
      asked.push(request.headers);
      response
        .writeHead(400, { "content-type": "application/x-amz-json-1.0" })
        .end(JSON.stringify({ __type: "AccessDeniedException", message: "no" }));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await new Promise((done) => server.close(done));
  });
  beforeEach(() => {
    asked = [];
  });

  const call = async (name: string, event: object, credentials: Record<string, string>) => {
    const { port } = server.address() as AddressInfo;
    const { stderr } = await run(
      process.execPath,
      ["run.mjs", `./${name}/index.mjs`, JSON.stringify(event)],
      {
        cwd: folder,
        env: {
          ...credentials,
          AWS_REGION: "eu-central-1",
          AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
          LEDGER_TABLE: "ledger",
          GATING_TABLE: "gating",
          QUEUE_URL: `http://127.0.0.1:${port}/queue`,
          WEBHOOK_SECRET_ARN: "arn:webhook",
          PROPOSERS_SECRET_ARN: "arn:proposers",
          PAGERDUTY_TOKEN_ARN: "arn:pagerduty",
          CHEQPOINT_KEY_ARN: "arn:cheqpoint",
          PAGERDUTY_API_URL: `http://127.0.0.1:${port}`,
          PAGERDUTY_FROM: "gate@example.com",
          CHEQPOINT_API_URL: `http://127.0.0.1:${port}`,
          GATE_PUBLIC_URL: "https://gate.example.com",
        },
      },
    );
    return { ...(JSON.parse(readFileSync(join(folder, "told.json"), "utf8")) as Told), stderr };
  };

  for (const { name, event, service, outcome } of cases) {
    it(`${name}: refuses what nobody sends, and calls AWS as its role`, async () => {
      const told = await call(name, event, CREDENTIALS);
      assert.equal(told.bad, "ZodError");
      assert.deepEqual(told.outcome, outcome);
      const [first] = asked;
      assert.match(
        first?.authorization ?? "",
        new RegExp(
          `^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\\d{8}/eu-central-1/${service}/aws4_request,`,
        ),
      );
      assert.equal(first?.["x-amz-security-token"], "session-of-the-role");
    });
  }

  it("do not complain of having no metrics to write", async () => {
    const { stderr } = await call("worker", { Records: [] }, CREDENTIALS);
    assert.equal(stderr, "");
  });

  it("fail at once where the environment has no credentials", async () => {
    const { outcome, stderr } = await call("worker", { Records: [MESSAGE] }, {});
    assert.deepEqual(outcome, { batchItemFailures: [{ itemIdentifier: "m1" }] });
    assert.match(stderr, /CredentialsProviderError/);
    assert.deepEqual(asked, []);
  });
});
