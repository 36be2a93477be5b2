// What a receiver may do with the ledger is what it does: nothing that it needs is missing, nothing lies there unused.
// IAM itself is not enforced here; actions are derived from the requests that are sent.
import assert from "node:assert/strict";
import { z } from "zod";
import {
  callbackPermissions,
  middlewarePermissions,
  type PermissionSubjects,
} from "../../components/permissions.ts";
import type { Permission } from "../../components/functionPolicy.ts";
import { RECEIVER_LIMITS, dynamoClient } from "../../functions/aws/clients.ts";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import {
  brakeKey,
  invocationKey,
  killSwitchKey,
  linkKey,
  proposalKey,
  receivedKey,
} from "../../functions/aws/ledgerItems.ts";
import { handleCallback } from "../../functions/callback/callback.ts";
import { sha256Hex } from "../../functions/gate/text/token.ts";
import { deployedMiddleware } from "../../functions/middleware/deployed.ts";
import { signPagerDuty } from "../../functions/pagerduty/signature.ts";
import { startFakeAws } from "../aws/fakeAws.ts";
import type { AwsAnswer, AwsCall, FakeAws } from "../aws/fakeAws.ts";
import { TestClock } from "../contract/proposals.ts";
import { LogLines } from "../harness/log.ts";

const TOKEN = "token-of-one-submission";

type Item = Record<string, { S?: string | undefined }>;
const item = z.record(z.string(), z.looseObject({ S: z.string().optional() }));
const requests = z.looseObject({
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  Key: item.optional(),
  Item: item.optional(),
  ExpressionAttributeValues: item.optional(),
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(item) })).optional(),
  TransactItems: z
    .array(z.record(z.string(), z.looseObject({ Item: item.optional(), Key: item.optional() })))
    .optional(),
});

/** Keeps items as they are put and checks no condition. */
class FakeTables {
  /** What was done with the ledger, as IAM calls it. */
  readonly actions = new Set<string>();
  /** The same with the partition: what `dynamodb:LeadingKeys` is about. Of an index it is another key. */
  readonly uses: { action: string; partition: string }[] = [];
  usesIndex = false;
  readonly #items = new Map<string, Item>();

  #used(operation: string, key: Item | undefined): void {
    this.actions.add(`dynamodb:${operation}`);
    this.uses.push({ action: `dynamodb:${operation}`, partition: key?.["pk"]?.S ?? "" });
  }

  put(given: Item): void {
    this.#items.set(keyText(given), given);
  }

  answer({ operation, input }: AwsCall): AwsAnswer {
    const asked = requests.parse(input);
    if (operation === "SendMessageBatch") {
      return { body: {} };
    }
    if (operation !== "TransactWriteItems" && asked.TableName !== "gating") {
      this.#used(operation, asked.Key ?? asked.Item);
    }
    switch (operation) {
      case "GetItem":
        return { body: { Item: this.#items.get(keyText(asked.Key ?? {})) } };
      case "PutItem":
        this.put(asked.Item ?? {});
        return { body: {} };
      case "BatchGetItem": {
        const keys = Object.values(asked.RequestItems ?? {}).flatMap(({ Keys }) => Keys);
        keys.forEach((key) => this.#used(operation, key));
        const found = keys.flatMap((key) => this.#items.get(keyText(key)) ?? []);
        return { body: { Responses: { ledger: found } } };
      }
      case "Query": {
        this.usesIndex ||= asked.IndexName !== undefined;
        const pk = asked.ExpressionAttributeValues?.[":pk"]?.S;
        this.#used(operation, { pk: { S: pk } });
        const all = [...this.#items.values()];
        const found =
          asked.IndexName === undefined
            ? all.filter((each) => each["pk"]?.S === pk && !each["sk"]?.S?.startsWith("EVENT#"))
            : all.filter((each) => each["listKey"] !== undefined);
        return { body: { Items: found } };
      }
      case "TransactWriteItems":
        for (const [kind, { Item: written, Key: key }] of (asked.TransactItems ?? []).flatMap(
          (each) => Object.entries(each),
        )) {
          this.#used(`${kind}Item`, key ?? written);
          if (written !== undefined) {
            this.put(written);
          }
        }
        return { body: {} };
      default:
        return { body: {} };
    }
  }
}

/** What IAM would refuse. */
function refused(permissions: readonly Permission[], uses: FakeTables["uses"]): string[] {
  return uses
    .filter(
      ({ action, partition }) =>
        !permissions.some(
          ({ sid, actions, partitions }) =>
            sid.endsWith("Ledger") &&
            actions.includes(action) &&
            (partitions ?? ["*"]).some((pattern) => matches(pattern, partition)),
        ),
    )
    .map(({ action, partition }) => `${action} ${partition}`);
}

/** As `StringLike` does where the only `*` stands at the end. */
function matches(pattern: string, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

function keyText(key: Item): string {
  return `${key["pk"]?.S} ${key["sk"]?.S ?? ""}`;
}

const subjects: PermissionSubjects = {
  ledgerTableArn: "ledger",
  gatingTableArn: "gating",
  queueArn: "queue",
  pagerdutyTokenArn: "token",
  cheqpointKeyArn: "key",
  proposersArn: "proposers",
  operatorsArn: "operators",
  callbackArn: "callback",
  webhookArn: "webhook",
  subscribes: true,
};

const ledgerActions = (permissions: readonly Permission[]) =>
  permissions.filter(({ sid }) => sid.endsWith("Ledger")).flatMap(({ actions }) => actions);

describe("what a receiver may do with the ledger", () => {
  const clock = new TestClock();
  const secrets: Record<string, string> = {
    webhook: '["signing-secret"]',
    proposers: '{"agent":"token-of-the-agent","other":"token-of-another"}',
    operators: '{"sre":"token-of-an-operator"}',
  };
  let tables: FakeTables;
  let aws: FakeAws;

  beforeEach(async () => {
    tables = new FakeTables();
    aws = await startFakeAws((call) =>
      call.operation === "GetSecretValue"
        ? { body: { SecretString: secrets[String(call.input["SecretId"])] } }
        : tables.answer(call),
    );
  });
  afterEach(() => aws.close());

  it("is what the middleware does on all its routes", async () => {
    const gating = { runbooks: { restart: { automationAction: "01RESTART" } } };
    tables.put({ pk: { S: "name#db" }, serviceId: { S: "PSVC001" } });
    tables.put({ pk: { S: "defaults" }, gating: { S: "{}" } });
    tables.put({
      pk: { S: "service#PSVC001" },
      serviceId: { S: "PSVC001" },
      gating: { S: JSON.stringify(gating) },
    });
    const handler = deployedMiddleware({
      environment: {
        LEDGER_TABLE: "ledger",
        GATING_TABLE: "gating",
        QUEUE_URL: "https://sqs/queue",
        WEBHOOK_SECRET_ARN: "webhook",
        PROPOSERS_SECRET_ARN: "proposers",
        OPERATORS_SECRET_ARN: "operators",
      },
      limits: RECEIVER_LIMITS,
      place: aws.place,
      clock,
      sleep: (_ms, signal) =>
        new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
      telemetry: {
        log: new LogLines(),
        metrics: { count: () => undefined },
      },
    });
    const send = async (
      routeKey: string,
      headers: Record<string, string>,
      body = "",
      pathParameters: Record<string, string> = {},
    ) => {
      const [method = "", rawPath = ""] = routeKey.split(" ");
      const { statusCode, body: text } = await handler({
        version: "2.0",
        routeKey,
        rawPath,
        headers,
        pathParameters,
        requestContext: { http: { method } },
        body,
      });
      return { status: statusCode, told: JSON.parse(text) as { id?: string } };
    };
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    const proposal = JSON.stringify({
      incident_id: "Q1",
      service: "db",
      runbook: "restart",
      justification: "because",
    });
    const propose = (token: string, key: string) =>
      send("POST /proposals", { ...as(token), "idempotency-key": key }, proposal);

    const made = await propose("token-of-the-agent", "a");
    assert.equal(made.status, 202);
    assert.equal((await propose("token-of-another", "b")).status, 200);
    assert.equal((await propose("token-of-the-agent", "a")).status, 200);
    const operator = as("token-of-an-operator");
    const id = { id: made.told.id ?? "" };
    assert.equal((await send("GET /proposals/{id}", operator, "", id)).status, 200);
    assert.equal((await send("GET /proposals/{id}/events", operator, "", id)).status, 200);
    assert.equal((await send("GET /proposals", operator)).status, 200);
    assert.equal((await send("GET /healthz", {})).status, 200);
    for (const event of ["{", '{"event":{"id":"E1","event_type":"incident.annotated"}}']) {
      const signature = signPagerDuty(Buffer.from(event), "signing-secret");
      const headers = { "x-webhook-id": event, "x-pagerduty-signature": signature };
      assert.equal((await send("POST /pagerduty/webhook", headers, event)).status, 202);
    }

    // What an Event Orchestration rule loses is an alarm.
    const lost = { "x-gate-token": "token-of-the-agent" };
    assert.equal((await send("POST /proposals", lost, "{}")).status, 400);

    assert.deepEqual(
      [...tables.actions].sort(),
      [...new Set(ledgerActions(middlewarePermissions(subjects)))].sort(),
    );
    assert.deepEqual(refused(middlewarePermissions(subjects), tables.uses), []);
    assert.equal(tables.usesIndex, true);
    const written = tables.uses.filter(({ action }) => action === "dynamodb:PutItem");
    assert.deepEqual(
      middlewarePermissions(subjects)
        .flatMap(({ partitions = [] }) => partitions)
        .filter((pattern) => !written.some(({ partition }) => matches(pattern, partition))),
      [],
    );
  });

  it("is what the callback does, which needs no index", async () => {
    const hash = sha256Hex(TOKEN);
    const ledger = createDynamoLedger(
      dynamoClient(RECEIVER_LIMITS.dynamo, aws.place),
      "ledger",
      clock,
    );
    const answer = () =>
      handleCallback(
        {
          clock,
          ledger,
          queue: { send: () => Promise.resolve() },
          secrets: { callbackSecrets: () => Promise.resolve([]) },
          log: new LogLines(),
          metrics: { count: () => undefined },
        },
        {
          method: "POST",
          path: "/cheqpoint/callback/token",
          headers: {},
          params: { token: TOKEN },
          query: {},
          body: Buffer.from("{}"),
        },
      );
    assert.equal((await answer()).status, 404);
    const { pk, sk } = linkKey(`token/${hash}`);
    tables.put({ pk: { S: pk }, sk: { S: sk }, proposalId: { S: "p1" } });
    assert.equal((await answer()).status, 200);

    const permissions = callbackPermissions(subjects);
    assert.deepEqual([...tables.actions].sort(), ledgerActions(permissions).sort());
    assert.deepEqual(refused(permissions, tables.uses), []);
    assert.deepEqual(permissions[0]?.resources, ["ledger"]);
    assert.equal(tables.usesIndex, false);
  });

  it("lets neither touch what decides: a proposal that is begun with, its history, the switch, places", () => {
    const decisive = [
      proposalKey("prop_1"),
      killSwitchKey,
      brakeKey("executions/approved/[]"),
      linkKey("token/hash"),
      invocationKey("01INV"),
    ].map(({ pk }) => pk);
    for (const permissions of [middlewarePermissions(subjects), callbackPermissions(subjects)]) {
      const writes = ["PutItem", "UpdateItem", "DeleteItem"].flatMap((action) =>
        decisive.map((partition) => ({ action: `dynamodb:${action}`, partition })),
      );
      assert.equal(refused(permissions, writes).length, writes.length);
    }
    // The callback can make no proposal either.
    const made = [{ action: "dynamodb:PutItem", partition: receivedKey("prop_1").pk }];
    assert.deepEqual(refused(middlewarePermissions(subjects), made), []);
    assert.equal(refused(callbackPermissions(subjects), made).length, 1);
  });
});
