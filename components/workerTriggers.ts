import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Everything that starts the worker: messages, and once a minute the search for what is due. */
export function triggerWorker(
  name: string,
  args: {
    workerName: pulumi.Input<string>;
    workerArn: pulumi.Input<string>;
    queueArn: pulumi.Input<string>;
    maximumConcurrency: pulumi.Input<number>;
    tags: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  },
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const mapping = new aws.lambda.EventSourceMapping(
    name,
    {
      functionName: args.workerName,
      eventSourceArn: args.queueArn,
      // All of a batch are visited at once, so that the timeout, which holds for the batch, need not be longer.
      batchSize: 10,
      functionResponseTypes: ["ReportBatchItemFailures"],
      scalingConfig: { maximumConcurrency: args.maximumConcurrency },
      tags: args.tags,
    },
    opts,
  );
  // The schedule calls it asynchronously, and Lambda would repeat a sweep for up to six hours.
  const asynchronous = new aws.lambda.FunctionEventInvokeConfig(
    name,
    { functionName: args.workerName, maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
    opts,
  );
  const role = new aws.iam.Role(
    `${name}-sweep`,
    { assumeRolePolicy: schedulerTrust(), tags: args.tags },
    opts,
  );
  new aws.iam.RolePolicy(
    `${name}-sweep`,
    {
      role: role.name,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "StartWorker",
            Effect: "Allow",
            Action: ["lambda:InvokeFunction"],
            Resource: [args.workerArn],
          },
        ],
      }),
    },
    opts,
  );
  const sweep = new aws.scheduler.Schedule(
    `${name}-sweep`,
    {
      description: "Has the gate's worker look for what is due",
      scheduleExpression: "rate(1 minute)",
      flexibleTimeWindow: { mode: "OFF" },
      target: {
        arn: args.workerArn,
        roleArn: role.arn,
        input: JSON.stringify({ sweep: true }),
        // The next minute's sweep is the repetition.
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: 60 },
      },
    },
    opts,
  );
  return [mapping, asynchronous, sweep];
}

function schedulerTrust(): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "SchedulerMayAssume",
        Effect: "Allow",
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
      },
    ],
  });
}
