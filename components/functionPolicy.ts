import * as pulumi from "@pulumi/pulumi";
import { refuse, shown } from "./inputs.ts";

/** What a function may do, and with what. */
export interface Permission {
  /** What it is for, as the statement's id: letters and digits. */
  sid: string;
  /** Actions such as "sqs:SendMessage"; no wildcards. */
  actions: string[];
  /** ARNs that the actions are allowed on. */
  resources: pulumi.Input<string>[];
  /** Patterns of the partition keys that the actions are allowed on, for DynamoDB. Defaults to all. */
  partitions?: string[];
}

/** What of a function's arguments its policy depends on. */
interface PolicySubject {
  permissions: readonly Permission[];
  kmsKeyArn?: pulumi.Input<string>;
  tracing?: pulumi.Input<boolean>;
  network?: object;
}

export function checkPermissions(permissions: readonly Permission[]): void {
  permissions.forEach(({ sid, actions }, index) => {
    if (!/^[A-Za-z0-9]+$/.test(sid)) {
      refuse(`\`permissions[${index}].sid\` must be letters and digits, got ${shown(sid)}`);
    }
    const wide = actions.find((action) => !/^[a-z0-9-]+:[A-Za-z0-9]+$/.test(action));
    if (wide !== undefined || actions.length === 0) {
      refuse(
        `\`permissions[${index}].actions\` must name each action such as "sqs:SendMessage", got ${shown(wide ?? [])}`,
      );
    }
  });
}

export function trustPolicy(): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "LambdaMayAssume",
        Effect: "Allow",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: "sts:AssumeRole",
      },
    ],
  });
}

/** What the function may do: write its own log, and what was asked for. */
export function accessPolicy(
  args: PolicySubject,
  logGroupArn: pulumi.Output<string>,
): pulumi.Output<string> {
  const statement = ({ sid, actions, resources, partitions }: Permission) => ({
    Sid: sid,
    Effect: "Allow",
    Action: actions,
    Resource: resources,
    ...(partitions === undefined
      ? {}
      : { Condition: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": partitions } } }),
  });
  const fixed: Permission[] = [
    {
      sid: "WriteOwnLog",
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [pulumi.interpolate`${logGroupArn}:*`],
    },
    ...args.permissions,
    ...(args.kmsKeyArn === undefined
      ? []
      : [
          {
            sid: "UseKey",
            actions: ["kms:Decrypt", "kms:GenerateDataKey"],
            resources: [args.kmsKeyArn],
          },
        ]),
  ];
  return pulumi.output(args.tracing ?? false).apply((tracing) =>
    pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        ...fixed.map(statement),
        // X-Ray knows no resources.
        ...(tracing
          ? [
              statement({
                sid: "WriteTraces",
                actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                resources: ["*"],
              }),
            ]
          : []),
        ...(args.network === undefined
          ? []
          : // Lambda checks these before it makes the function, on no particular resource.
            [
              statement({
                sid: "JoinNetwork",
                actions: [
                  "ec2:AssignPrivateIpAddresses",
                  "ec2:CreateNetworkInterface",
                  "ec2:DeleteNetworkInterface",
                  "ec2:DescribeNetworkInterfaces",
                  "ec2:DescribeSubnets",
                  "ec2:UnassignPrivateIpAddresses",
                ],
                resources: ["*"],
              }),
            ]),
      ],
    }),
  );
}
