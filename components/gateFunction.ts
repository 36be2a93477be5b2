import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { bundleFiles } from "./bundle.ts";
import { accessPolicy, checkPermissions, trustPolicy } from "./functionPolicy.ts";
import type { Permission } from "./functionPolicy.ts";
import { flagInput, integer, oneOf, refuse, shown, textMap, texts } from "./inputs.ts";
import { merged } from "./overrides.ts";
import { onceWithin } from "./onceWithin.ts";

/** The functions of a gate. */
export const FunctionName = {
  Middleware: "middleware",
  Callback: "callback",
  Worker: "worker",
  Subscription: "subscription",
} as const;
export type FunctionName = (typeof FunctionName)[keyof typeof FunctionName];

/** How much a function logs. */
export const LogLevel = { Debug: "DEBUG", Info: "INFO", Warn: "WARN", Error: "ERROR" } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** A VPC for functions to run in. */
export interface FunctionNetwork {
  /** Subnets with a way out to PagerDuty and Cheqpoint. */
  subnetIds: pulumi.Input<pulumi.Input<string>[]>;
  /** Security groups; only outgoing https is needed. */
  securityGroupIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** Arguments to set on a function's resources whatever the component says. */
export interface GateFunctionTransform {
  /** For the Lambda function. */
  function?: Partial<aws.lambda.FunctionArgs>;
  /** For its role. */
  role?: Partial<aws.iam.RoleArgs>;
  /** For its log group. */
  logGroup?: Partial<aws.cloudwatch.LogGroupArgs>;
}

/** Inputs of {@link GateFunction}. */
export interface GateFunctionArgs {
  /** Which function: "middleware", "callback", "worker" or "subscription". */
  function: FunctionName;
  /** What it may do beyond writing its own log. */
  permissions: Permission[];
  /** Its environment; never a secret, only where secrets are. */
  environment: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Seconds until it is stopped. */
  timeoutSeconds: pulumi.Input<number>;
  /** Memory in MB, and with it the share of a processor. Defaults to 512. */
  memoryMb?: pulumi.Input<number>;
  /** How many run at once at most; absent: only the account's limit. */
  reservedConcurrency?: pulumi.Input<number>;
  /** How much it logs: "DEBUG", "INFO", "WARN" or "ERROR". Defaults to "INFO". */
  logLevel?: pulumi.Input<LogLevel>;
  /** Days that its log is kept. Defaults to 30. */
  logRetentionDays?: pulumi.Input<number>;
  /** Key for its log and environment. Defaults to keys that AWS owns. */
  kmsKeyArn?: pulumi.Input<string>;
  /** Whether calls are traced with X-Ray. Defaults to false. */
  tracing?: pulumi.Input<boolean>;
  /** Runs it in a VPC. Defaults to none. */
  network?: FunctionNetwork;
  /** Tags of all its resources. */
  tags?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Arguments to set whatever this component says. */
  transform?: GateFunctionTransform;
}

/** One Lambda function of a gate, with a role and a log group of its own. */
export class GateFunction {
  /** Name of the Lambda function. */
  readonly functionName: pulumi.Output<string>;
  /** ARN of the Lambda function. */
  readonly arn: pulumi.Output<string>;
  /** What an API integration calls. */
  readonly invokeArn: pulumi.Output<string>;
  /** ARN of the role that it runs in. */
  readonly roleArn: pulumi.Output<string>;
  /** Name of its log group. */
  readonly logGroupName: pulumi.Output<string>;
  /** It is there, with its rights and its log, once this is. */
  readonly resource: pulumi.Resource;

  /** @param name Begins the names of its resources. */
  constructor(name: string, args: GateFunctionArgs, opts?: pulumi.CustomResourceOptions) {
    checkPermissions(args.permissions);
    const parent = onceWithin("GateFunction", name, opts);
    const tags = args.tags ?? {};
    const { transform = {} } = args;
    const logLevel = oneOf("logLevel", args.logLevel ?? LogLevel.Info, Object.values(LogLevel));
    const tracing = flagInput("tracing", args.tracing ?? false);
    const vpcConfig = args.network && checkedNetwork("network", args.network);

    const logGroup = new aws.cloudwatch.LogGroup(
      name,
      merged(
        {
          namePrefix: `/aws/lambda/${name}-`,
          retentionInDays: oneOf("logRetentionDays", args.logRetentionDays ?? 30, RETENTION_DAYS),
          ...(args.kmsKeyArn === undefined ? {} : { kmsKeyId: args.kmsKeyArn }),
          tags,
        },
        transform.logGroup,
      ),
      parent,
    );
    const role = new aws.iam.Role(
      name,
      merged({ assumeRolePolicy: trustPolicy(), tags }, transform.role),
      parent,
    );
    const policy = new aws.iam.RolePolicy(
      name,
      { role: role.name, policy: accessPolicy({ ...args, tracing }, logGroup.arn) },
      parent,
    );
    const lambda = new aws.lambda.Function(
      name,
      merged(
        {
          runtime: "nodejs24.x",
          architectures: ["arm64"],
          handler: "index.handler",
          role: role.arn,
          code: archive(args.function),
          timeout: integer("timeoutSeconds", args.timeoutSeconds, 1, 900),
          memorySize: integer("memoryMb", args.memoryMb ?? 512, 128, 10240),
          ...(args.reservedConcurrency === undefined
            ? {}
            : {
                reservedConcurrentExecutions: integer(
                  "reservedConcurrency",
                  args.reservedConcurrency,
                  1,
                  1000,
                ),
              }),
          environment: {
            variables: pulumi
              .all([textMap("environment", args.environment), logLevel])
              .apply(([environment, level]) => ({
                ...environment,
                LOG_LEVEL: level,
                NODE_OPTIONS: "--enable-source-maps",
              })),
          },
          ...(args.kmsKeyArn === undefined ? {} : { kmsKeyArn: args.kmsKeyArn }),
          loggingConfig: {
            logFormat: "JSON",
            logGroup: logGroup.name,
            // Left to AWS, it is INFO, and holds back what the function itself would log.
            applicationLogLevel: logLevel,
            // Lambda's own lines know no ERROR.
            systemLogLevel: logLevel.apply((level) => (level === LogLevel.Error ? "WARN" : level)),
          },
          tracingConfig: {
            mode: tracing.apply((on) => (on ? "Active" : "PassThrough")),
          },
          ...(vpcConfig === undefined ? {} : { vpcConfig }),
          tags,
        },
        transform.function,
      ),
      // A function must not run before it may read its secrets.
      { ...parent, dependsOn: [policy] },
    );

    this.resource = lambda;
    this.functionName = lambda.name;
    this.arn = lambda.arn;
    this.invokeArn = lambda.invokeArn;
    this.roleArn = role.arn;
    this.logGroupName = logGroup.name;
  }
}

export function checkedNetwork(field: string, network: FunctionNetwork): FunctionNetwork {
  return {
    subnetIds: texts(`${field}.subnetIds`, network.subnetIds),
    securityGroupIds: texts(`${field}.securityGroupIds`, network.securityGroupIds),
  };
}

/** The only periods that CloudWatch Logs takes. */
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];

function archive(name: FunctionName): pulumi.asset.Archive {
  const known: readonly string[] = Object.values(FunctionName);
  if (!known.includes(name)) {
    refuse(`\`function\` must be one of ${known.join(", ")}, got ${shown(name)}`);
  }
  const assets = Object.entries(bundleFiles(name)).map(
    ([file, path]): [string, pulumi.asset.Asset] => [file, new pulumi.asset.FileAsset(path)],
  );
  return new pulumi.asset.AssetArchive(Object.fromEntries(assets));
}
