import assert from "node:assert/strict";
import { SQSClient } from "@aws-sdk/client-sqs";
import { z } from "zod";
import { createSqsQueue, readWorkItem, writeWorkItem } from "../../functions/aws/sqsQueue.ts";
import type { WorkItem } from "../../functions/gate/ports/index.ts";
import { startFakeAws } from "./fakeAws.ts";
import type { FakeAws } from "./fakeAws.ts";

const batch = z.object({
  QueueUrl: z.string(),
  Entries: z.array(z.object({ Id: z.string(), MessageBody: z.string() })),
});

describe("createSqsQueue", () => {
  let aws: FakeAws | null = null;
  let failing: string[] = [];

  const queue = async () => {
    aws = await startFakeAws(({ input }) => {
      const { Entries: entries } = batch.parse(input);
      const failed = entries.filter(({ MessageBody }) => failing.includes(MessageBody));
      return {
        body: {
          Successful: [],
          Failed: failed.map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false })),
        },
      };
    });
    return createSqsQueue(new SQSClient({ ...aws.config, md5: false }), "https://sqs/queue");
  };

  beforeEach(() => {
    failing = [];
  });

  afterEach(async () => {
    await aws?.close();
    aws = null;
  });

  it("sends each item once, ten in a call", async () => {
    const items = Array.from({ length: 12 }, (_, i): WorkItem => ({
      kind: i % 2 === 0 ? "proposal" : "delivery",
      id: `i${i}`,
    }));
    await (await queue()).send([...items, ...items]);
    const sent = aws?.calls.map(({ input }) => batch.parse(input)) ?? [];
    assert.deepEqual(
      sent.map(({ Entries }) => Entries.length),
      [10, 2],
    );
    const bodies = sent.flatMap(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody));
    assert.deepEqual(bodies, items.map(writeWorkItem));
    assert.deepEqual(new Set(sent.map(({ QueueUrl }) => QueueUrl)), new Set(["https://sqs/queue"]));
  });

  it("holds back what is for later, as long as SQS does at most", async () => {
    const subject = await queue();
    const delays = z.object({
      Entries: z.array(z.object({ DelaySeconds: z.number().optional() })),
    });
    for (const [afterMs, seconds] of [
      [0, undefined],
      [1, 1],
      [59_001, 60],
      [3_600_000, 900],
    ] as const) {
      await subject.send([{ kind: "proposal", id: "a" }], { afterMs });
      const { Entries: entries } = delays.parse(aws?.calls.at(-1)?.input);
      assert.equal(entries[0]?.DelaySeconds, seconds);
    }
  });

  it("calls nobody for nothing", async () => {
    await (await queue()).send([]);
    assert.deepEqual(aws?.calls, []);
  });

  it("rejects with how many were not queued, after trying all", async () => {
    const items = Array.from({ length: 11 }, (_, i): WorkItem => ({
      kind: "proposal",
      id: `${i}`,
    }));
    failing = [writeWorkItem({ kind: "proposal", id: "3" })];
    await assert.rejects((await queue()).send(items), {
      message: "1 of 11 items were not queued: InternalError",
    });
    assert.equal(aws?.calls.length, 2);
  });
});

describe("readWorkItem", () => {
  it("reads what was written", () => {
    const item: WorkItem = { kind: "delivery", id: 'a "strange" id' };
    assert.deepEqual(readWorkItem(writeWorkItem(item)), item);
  });

  for (const body of [
    "",
    "{",
    "null",
    '{"kind":"alarm","id":"a"}',
    '{"kind":"proposal","id":""}',
  ]) {
    it(`takes ${JSON.stringify(body)} for none of the gate's`, () => {
      assert.equal(readWorkItem(body), null);
    });
  }
});
