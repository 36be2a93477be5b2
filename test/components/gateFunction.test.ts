// Policies are compared whole, since no emulator enforces them.
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { FunctionName, GateFunction } from "../../components/gateFunction.ts";
import type { GateFunctionArgs } from "../../components/gateFunction.ts";
import { record, refused, valueOf } from "./mocks.ts";

const FUNCTION = "aws:lambda/function:Function";
const POLICY = "aws:iam/rolePolicy:RolePolicy";

const args: GateFunctionArgs = {
  function: FunctionName.Worker,
  permissions: [{ sid: "SendWork", actions: ["sqs:SendMessage"], resources: ["arn:queue"] }],
  environment: { QUEUE_URL: pulumi.output("https://queue") },
  timeoutSeconds: 60,
};

const LOG_STATEMENT = {
  Sid: "WriteOwnLog",
  Effect: "Allow",
  Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
  Resource: ["arn:aws:logs:::f:*"],
};
const QUEUE_STATEMENT = {
  Sid: "SendWork",
  Effect: "Allow",
  Action: ["sqs:SendMessage"],
  Resource: ["arn:queue"],
};

const make = (more: Partial<GateFunctionArgs> = {}) =>
  record((opts) => new GateFunction("f", { ...args, ...more }, opts));

const policyOf = (inputs: Record<string, unknown>): unknown =>
  JSON.parse(String(inputs["policy"])) as unknown;

describe("GateFunction", () => {
  it("makes a function with its own role and log", async () => {
    const { resources, find, value } = await make({ tags: { a: "b" } });
    assert.deepEqual(
      resources.map(({ type }) => type.split(":").at(-1)),
      ["LogGroup", "Role", "RolePolicy", "Function"],
    );
    const { code, ...inputs } = find(FUNCTION, "f").inputs;
    assert.deepEqual(inputs, {
      runtime: "nodejs24.x",
      architectures: ["arm64"],
      handler: "index.handler",
      role: "arn:aws:iam:::role/f",
      timeout: 60,
      memorySize: 512,
      environment: {
        variables: {
          QUEUE_URL: "https://queue",
          LOG_LEVEL: "INFO",
          NODE_OPTIONS: "--enable-source-maps",
        },
      },
      loggingConfig: {
        logFormat: "JSON",
        logGroup: "f",
        applicationLogLevel: "INFO",
        systemLogLevel: "INFO",
      },
      tracingConfig: { mode: "PassThrough" },
      tags: { a: "b" },
    });
    assert.ok(pulumi.asset.Archive.isInstance(code));
    assert.deepEqual(find("aws:cloudwatch/logGroup:LogGroup", "f").inputs, {
      namePrefix: "/aws/lambda/f-",
      retentionInDays: 30,
      tags: { a: "b" },
    });
    assert.deepEqual(
      JSON.parse(String(find("aws:iam/role:Role", "f").inputs["assumeRolePolicy"])),
      {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "LambdaMayAssume",
            Effect: "Allow",
            Principal: { Service: "lambda.amazonaws.com" },
            Action: "sts:AssumeRole",
          },
        ],
      },
    );
    assert.deepEqual(policyOf(find(POLICY, "f").inputs), {
      Version: "2012-10-17",
      Statement: [LOG_STATEMENT, QUEUE_STATEMENT],
    });
    assert.equal(await valueOf(value.arn), "arn:aws:lambda:::f");
  });

  it("runs only once its role may do what it needs", async () => {
    const { find } = await make();
    const [dependency] = [find(FUNCTION, "f").options.dependsOn].flat();
    assert.equal((dependency as { __pulumiType?: string }).__pulumiType, POLICY);
  });

  it("takes memory, concurrency, log level, key, tracing and a network", async () => {
    const { find } = await make({
      memoryMb: 1024,
      reservedConcurrency: 5,
      logLevel: "DEBUG",
      logRetentionDays: 365,
      kmsKeyArn: "arn:aws:kms:::key/1",
      tracing: true,
      network: { subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] },
    });
    const { inputs } = find(FUNCTION, "f");
    assert.equal(inputs["memorySize"], 1024);
    assert.equal(inputs["reservedConcurrentExecutions"], 5);
    assert.equal(inputs["kmsKeyArn"], "arn:aws:kms:::key/1");
    assert.deepEqual(inputs["tracingConfig"], { mode: "Active" });
    assert.deepEqual(inputs["vpcConfig"], { subnetIds: ["subnet-1"], securityGroupIds: ["sg-1"] });
    const logGroup = find("aws:cloudwatch/logGroup:LogGroup", "f").inputs;
    assert.equal(logGroup["retentionInDays"], 365);
    assert.equal(logGroup["kmsKeyId"], "arn:aws:kms:::key/1");
    assert.deepEqual(policyOf(find(POLICY, "f").inputs), {
      Version: "2012-10-17",
      Statement: [
        LOG_STATEMENT,
        QUEUE_STATEMENT,
        {
          Sid: "UseKey",
          Effect: "Allow",
          Action: ["kms:Decrypt", "kms:GenerateDataKey"],
          Resource: ["arn:aws:kms:::key/1"],
        },
        {
          Sid: "WriteTraces",
          Effect: "Allow",
          Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
          Resource: ["*"],
        },
        {
          Sid: "JoinNetwork",
          Effect: "Allow",
          Action: [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
          ],
          Resource: ["*"],
        },
      ],
    });
  });

  it("lets arguments be replaced", async () => {
    const { find } = await make({
      transform: {
        function: { ephemeralStorage: { size: 1024 } },
        role: { path: "/gate/" },
        logGroup: { skipDestroy: true },
      },
    });
    assert.deepEqual(find(FUNCTION, "f").inputs["ephemeralStorage"], { size: 1024 });
    assert.equal(find("aws:iam/role:Role", "f").inputs["path"], "/gate/");
    assert.equal(find("aws:cloudwatch/logGroup:LogGroup", "f").inputs["skipDestroy"], true);
  });

  it("logs as much as it is told, its runtime too", async () => {
    for (const [logLevel, systemLogLevel] of [
      ["DEBUG", "DEBUG"],
      ["WARN", "WARN"],
      ["ERROR", "WARN"],
    ] as const) {
      const { find } = await make({ logLevel });
      const { loggingConfig, environment } = find(FUNCTION, "f").inputs as {
        loggingConfig: object;
        environment: { variables: Record<string, string> };
      };
      assert.deepEqual(loggingConfig, {
        logFormat: "JSON",
        logGroup: "f",
        applicationLogLevel: logLevel,
        systemLogLevel,
      });
      assert.equal(environment.variables["LOG_LEVEL"], logLevel);
    }
  });

  it("refuses what cannot work", async () => {
    const bad = (more: object) => () => new GateFunction("f", { ...args, ...more });
    await refused(
      bad({ function: "sweeper" }),
      '`function` must be one of middleware, callback, worker, subscription, got "sweeper"',
    );
    await refused(
      bad({ timeoutSeconds: 0 }),
      "`timeoutSeconds` must be a whole number from 1 to 900, got 0",
    );
    await refused(
      bad({ memoryMb: 64 }),
      "`memoryMb` must be a whole number from 128 to 10240, got 64",
    );
    await refused(
      bad({ reservedConcurrency: 0 }),
      "`reservedConcurrency` must be a whole number from 1 to 1000, got 0",
    );
    await refused(
      bad({ logLevel: "TRACE" }),
      '`logLevel` must be one of DEBUG, INFO, WARN, ERROR, got "TRACE"',
    );
    await refused(
      bad({ logRetentionDays: 31 }),
      "`logRetentionDays` must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653, got 31",
    );
    await refused(
      bad({ permissions: [{ sid: "Send", actions: ["sqs:*"], resources: ["arn:queue"] }] }),
      '`permissions[0].actions` must name each action such as "sqs:SendMessage", got "sqs:*"',
    );
    await refused(
      bad({ permissions: [{ sid: "Send", actions: [], resources: ["arn:queue"] }] }),
      '`permissions[0].actions` must name each action such as "sqs:SendMessage", got []',
    );
    await refused(
      bad({ permissions: [{ sid: "Send work", actions: ["sqs:SendMessage"], resources: [] }] }),
      '`permissions[0].sid` must be letters and digits, got "Send work"',
    );
  });
});
