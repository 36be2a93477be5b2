import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { WorkQueue } from "../../components/workQueue.ts";
import { record, refused, valueOf } from "./mocks.ts";

describe("WorkQueue", () => {
  it("makes a queue and its dead letters, nothing else", async () => {
    const { resources, find, value } = await record(
      (opts) => new WorkQueue("q", { consumerTimeoutSeconds: 60, tags: { team: "sre" } }, opts),
    );
    assert.equal(resources.length, 2);
    assert.deepEqual(find("aws:sqs/queue:Queue", "q-dead-letters").inputs, {
      messageRetentionSeconds: 1_209_600,
      sqsManagedSseEnabled: true,
      tags: { team: "sre" },
    });
    const queue = find("aws:sqs/queue:Queue", "q");
    assert.deepEqual(queue.inputs, {
      visibilityTimeoutSeconds: 360,
      messageRetentionSeconds: 345_600,
      redrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:::q-dead-letters","maxReceiveCount":5}',
      sqsManagedSseEnabled: true,
      tags: { team: "sre" },
    });
    assert.equal(await valueOf(value.url), "https://sqs/q");
    assert.equal(await valueOf(value.deadLetterQueueUrl), "https://sqs/q-dead-letters");
  });

  it("encrypts with a given key, counts attempts and lets arguments be replaced", async () => {
    const { find } = await record(
      (opts) =>
        new WorkQueue(
          "q",
          {
            consumerTimeoutSeconds: pulumi.output(30),
            maxAttempts: 2,
            kmsKeyArn: "arn:aws:kms:::key/1",
            transform: {
              queue: { delaySeconds: 3 },
              deadLetters: { messageRetentionSeconds: 60 },
            },
          },
          opts,
        ),
    );
    assert.deepEqual(find("aws:sqs/queue:Queue", "q").inputs, {
      visibilityTimeoutSeconds: 180,
      messageRetentionSeconds: 345_600,
      redrivePolicy: '{"deadLetterTargetArn":"arn:aws:sqs:::q-dead-letters","maxReceiveCount":2}',
      kmsMasterKeyId: "arn:aws:kms:::key/1",
      kmsDataKeyReusePeriodSeconds: 300,
      tags: {},
      delaySeconds: 3,
    });
    assert.equal(
      find("aws:sqs/queue:Queue", "q-dead-letters").inputs["messageRetentionSeconds"],
      60,
    );
  });

  it("refuses what cannot work", async () => {
    await refused(
      () => new WorkQueue("q", { consumerTimeoutSeconds: 901 }),
      "`consumerTimeoutSeconds` must be a whole number from 1 to 900, got 901",
    );
    await refused(
      () => new WorkQueue("q", { consumerTimeoutSeconds: 1, maxAttempts: 0 }),
      "`maxAttempts` must be a whole number from 1 to 100, got 0",
    );
  });
});
