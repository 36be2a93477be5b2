// Does not show what an emulator lacks: IAM's refusals and indexes that lag behind.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { createSqsQueue } from "../../functions/aws/sqsQueue.ts";
import { DEFAULTS_KEY, nameKey, serviceKey } from "../../functions/aws/tableDefinition.ts";
import { createDynamoLedger } from "../../functions/aws/dynamoLedger.ts";
import { gatingTable, ledgerTable } from "../../functions/aws/tableDefinition.ts";
import { run, type Ran } from "../cli/support.ts";
import {
  START_MS,
  TestClock,
  newAlarm,
  newDelivery,
  newProposal,
  nextVersion,
} from "../contract/proposals.ts";
import { createTable, whyNoDynamo } from "./dynamoTables.ts";

const why = whyNoDynamo();

describe("The command line on a gate in AWS", function () {
  this.timeout(60_000);
  if (why !== null) {
    it(why);
    return;
  }
  const client = new DynamoDBClient({});
  const env = {
    AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"],
    AWS_REGION: process.env["AWS_REGION"] ?? "us-east-1",
  };
  const folder = mkdtempSync(join(tmpdir(), "gate-deployed-"));
  const outputsFile = join(folder, "outputs.json");
  let ledger: Awaited<ReturnType<typeof createTable>>;
  let gating: Awaited<ReturnType<typeof createTable>>;

  before(async () => {
    [ledger, gating] = await Promise.all([
      createTable(client, ledgerTable),
      createTable(client, gatingTable),
    ]);
    const put = (item: Record<string, string>) =>
      client.send(
        new PutItemCommand({
          TableName: gating.name,
          Item: Object.fromEntries(Object.entries(item).map(([name, S]) => [name, { S }])),
        }),
      );
    await put({ pk: DEFAULTS_KEY, gating: "{}" });
    await put({ pk: serviceKey("PSVC001"), serviceId: "PSVC001", gating: '{"runbooks":{}}' });
    await put({ pk: nameKey("payments-db"), serviceId: "PSVC001" });

    const store = createDynamoLedger(client, ledger.name, new TestClock());
    const one = newProposal("prop_one", { service: "PSVC001" });
    await store.create(one.proposal, one.events);
    const two = newProposal("prop_two", { receivedAtMs: START_MS + 1_000 });
    await store.create(two.proposal, two.events);
    await store.raise(newAlarm("a1"));
    writeFileSync(
      outputsFile,
      JSON.stringify({
        ledgerTableName: ledger.name,
        gatingTableName: gating.name,
        proposalsUrl: "http://127.0.0.1:9/proposals",
        webhookUrl: "http://127.0.0.1:9/pagerduty/webhook",
        gate: { name: "gate", region: env.AWS_REGION },
      }),
    );
  });

  after(async () => {
    rmSync(folder, { recursive: true });
    await Promise.all([ledger.remove(), gating.remove()]);
  });

  const byTable = (...args: string[]): Promise<Ran> =>
    run([...args, "--table", ledger.name], { env, cwd: folder });
  const byOutputs = (...args: string[]): Promise<Ran> =>
    run([...args, "--outputs", "outputs.json"], { env, cwd: folder });

  it("lists what the ledger holds, newest first and page by page", async () => {
    const first = await byTable("list", "--limit", "1", "--json");
    assert.equal(first.err, "");
    const page = JSON.parse(first.out) as { proposals: { id: string }[]; cursor: string };
    assert.deepEqual(
      page.proposals.map(({ id }) => id),
      ["prop_two"],
    );
    const second = await byTable("list", "--cursor", page.cursor, "--json");
    assert.deepEqual(
      (JSON.parse(second.out) as typeof page).proposals.map(({ id }) => id),
      ["prop_one"],
    );
    const { err, code } = await byTable("list", "--cursor", "nonsense");
    assert.equal(code, 2);
    assert.equal(err, "`cursor` must be the `cursor` of the page before, or absent\n");
  });

  it("finds a service by its name where it knows the gating table", async () => {
    const { out } = await byOutputs("list", "--service", "payments-db", "--json");
    const { proposals } = JSON.parse(out) as { proposals: { id: string }[] };
    assert.deepEqual(
      proposals.map(({ id }) => id),
      ["prop_one"],
    );
  });

  it("shows a proposal with its trail, and tells of one that is not there", async () => {
    const { out, code } = await byTable("show", "prop_one");
    assert.equal(code, 0);
    assert.match(out, /^prop_one: /);
    assert.match(out, /Chain whole: \d+ events?, ends in sha256:/);
    assert.deepEqual(await byTable("show", "prop_nine"), {
      code: 1,
      out: "",
      err: 'no proposal "prop_nine"\n',
    });
  });

  it("watches one, exports and verifies the trails, lists alarms", async () => {
    const stop = new AbortController();
    const watched = run(["watch", "prop_one", "--json", "--table", ledger.name], {
      env,
      stopping: stop.signal,
      sleep: async () => stop.abort(),
    });
    assert.match((await watched).out, /"id":"prop_one"/);

    const exported = await byTable("audit", "export", "--out", "audit.jsonl");
    assert.match(exported.out, /of 2 proposals and 1 trail of the gate's own in /);
    for (const args of [["audit.jsonl"], ["audit.jsonl", "--live"], []]) {
      const { out, code } = await byTable("audit", "verify", ...args);
      assert.match(
        out,
        /^Whole and unaltered: \d+ events? of 2 proposals and 1 trail of the gate's own\n$/,
      );
      assert.equal(code, 0);
    }
    assert.match((await byTable("alarms")).out, /bypass/);
  });

  it("turns the kill switch on and off, and says who did", async () => {
    const on = await byTable("kill-switch", "on", "--reason", "unclear data loss", "--json");
    const state = JSON.parse(on.out) as { on: boolean; by: string; reason: string };
    assert.equal(state.on, true);
    assert.equal(state.reason, "unclear data loss");
    assert.match(state.by, / \(gate CLI\)$/);
    const stored = createDynamoLedger(client, ledger.name, new TestClock());
    assert.equal((await stored.killSwitch()).on, true);
    assert.match((await byTable("kill-switch", "off")).out, /^The kill switch is off, since /);
    assert.match((await byTable("kill-switch")).out, /^The kill switch is off, since /);
  });

  it("refuses a table that is not there, and one that is not a ledger", async () => {
    const { AWS_REGION: region } = env;
    assert.deepEqual(await run(["list", "--table", "gate-nowhere"], { env }), {
      code: 1,
      out: "",
      err:
        `there is no DynamoDB table gate-nowhere in ${region}\n` +
        "→ check the name, --region and the AWS account that the credentials belong to\n",
    });
    assert.deepEqual(await run(["kill-switch", "on", "--table", gating.name], { env }), {
      code: 1,
      out: "",
      err:
        `the DynamoDB table ${gating.name} in ${region} is not a gate's\n` +
        "→ use the stack's outputs `ledgerTableName` and `gatingTableName`\n",
    });
  });

  describe("with dead letters in SQS", () => {
    const sqs = new SQSClient({});
    let queueUrl: string;
    let deadLetterQueueUrl: string;

    const makeQueue = async (name: string, attributes: Record<string, string> = {}) => {
      const { QueueUrl = "" } = await sqs.send(
        new CreateQueueCommand({
          QueueName: `${name}-${process.pid}-${Date.now()}`,
          Attributes: attributes,
        }),
      );
      return QueueUrl;
    };
    /** What can be taken from a queue, without taking it. */
    const counted = async (url: string): Promise<number> => {
      const { Attributes: attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }),
      );
      return (
        Number(attributes["ApproximateNumberOfMessages"]) +
        Number(attributes["ApproximateNumberOfMessagesNotVisible"])
      );
    };
    const taken = async (url: string): Promise<string[]> => {
      const { Messages: messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }),
      );
      return messages.map(({ Body = "" }) => Body);
    };
    const redrive = async (...args: string[]): Promise<Ran> => {
      const outputs = JSON.stringify({
        ledgerTableName: ledger.name,
        gatingTableName: gating.name,
        proposalsUrl: "http://127.0.0.1:9/proposals",
        webhookUrl: "http://127.0.0.1:9/pagerduty/webhook",
        queueUrl,
        deadLetterQueueUrl,
        gate: { name: "gate", region: env.AWS_REGION },
      });
      writeFileSync(join(folder, "queues.json"), outputs);
      return run(["redrive", "--outputs", "queues.json", ...args], { env, cwd: folder });
    };

    before(async () => {
      deadLetterQueueUrl = await makeQueue("gate-test-dead");
      const { Attributes: attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({
          QueueUrl: deadLetterQueueUrl,
          AttributeNames: ["QueueArn"],
        }),
      );
      queueUrl = await makeQueue("gate-test-work", {
        VisibilityTimeout: "0",
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: attributes["QueueArn"],
          maxReceiveCount: "1",
        }),
      });
      const store = createDynamoLedger(client, ledger.name, new TestClock());
      const { proposal, events } = newProposal("prop_closed");
      await store.create(proposal, events);
      const closed = nextVersion(proposal, { closedAtMs: START_MS, dueAtMs: null });
      assert.equal(await store.save(closed.proposal, closed.events), "saved");
      await store.accept(newDelivery("delivery_new"));
      await createSqsQueue(sqs, queueUrl).send([
        { kind: "proposal", id: "prop_one" },
        { kind: "proposal", id: "prop_closed" },
        { kind: "proposal", id: "prop_nine" },
        { kind: "delivery", id: "delivery_new" },
      ]);
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: "no item" }));
      // Nobody could work on them: taken more often than allowed, SQS itself puts them aside.
      for (let tries = 0; (await counted(deadLetterQueueUrl)) < 5; tries += 1) {
        assert.ok(tries < 20, "SQS puts nothing aside");
        await taken(queueUrl);
      }
    });
    after(async () => {
      for (const url of [queueUrl, deadLetterQueueUrl]) {
        await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
      }
    });

    const FATES = [
      "delivery delivery_new  put back into the work queue",
      "proposal prop_closed  removed: it has ended already",
      "proposal prop_nine  left where it is: not a message of this gate, or about what its ledger does not know",
      "proposal prop_one  put back into the work queue",
    ];
    const shown = (out: string): string[] =>
      out
        .split("\n")
        .filter((line) => /^(proposal|delivery) /.test(line))
        .sort();

    it("tells what would become of them, and does it right after", async () => {
      const looked = await redrive("--dry-run");
      assert.deepEqual(shown(looked.out), FATES);
      assert.match(looked.out, /^Nothing was changed: /m);
      assert.equal(await counted(deadLetterQueueUrl), 5);

      assert.equal(await counted(queueUrl), 0);
      const { out, err, code } = await redrive();
      assert.equal(err, "");
      assert.deepEqual(shown(out), FATES);
      assert.match(out, /^message \S+ {2}left where it is: .+$/m);
      assert.match(out, /^5 dead letters$/m);
      assert.equal(code, 1);
      assert.equal(await counted(queueUrl), 2);
      assert.deepEqual((await taken(queueUrl)).sort(), [
        '{"kind":"delivery","id":"delivery_new"}',
        '{"kind":"proposal","id":"prop_one"}',
      ]);
    });

    it("leaves what it does not know", async () => {
      const { out, code } = await redrive();
      assert.match(out, /^2 dead letters$/m);
      assert.deepEqual(shown(out), FATES.slice(2, 3));
      assert.equal(code, 1);
      assert.equal(await counted(deadLetterQueueUrl), 2);
    });
  });
});
