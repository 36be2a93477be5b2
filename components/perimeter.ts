import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { optional, refuse, texts } from "./inputs.ts";

/** Who, besides the gate's functions, keeps what matters most. */
export interface Perimeter {
  /**
   * ARNs of roles and users, perhaps with `*`, that may go on reading PagerDuty's token and writing the ledger, as far as
   * their own policies allow it. Whoever deploys must be among them, and whoever uses `gate` with AWS credentials should.
   */
  principals: pulumi.Input<pulumi.Input<string>[]>;
}

const ARN = /^arn:[a-z-]+:iam::[0-9*]+:(role|user)\/.+$/;

/**
 * Refuses everybody else, whatever the account's policies allow. Policies themselves can still be changed by those who
 * may, so that nobody can be shut out for good.
 */
export function closePerimeter(
  name: string,
  args: {
    perimeter: Perimeter;
    tokenArn: pulumi.Input<string>;
    /** Roles of the functions that read the token. */
    tokenReaders: pulumi.Input<string>[];
    ledgerArn: pulumi.Input<string>;
    /** Roles of the functions that write the ledger. */
    ledgerWriters: pulumi.Input<string>[];
  },
  opts: pulumi.CustomResourceOptions,
): void {
  const principals = allowed(args.perimeter, opts);
  const policy = (
    sid: string,
    actions: string[],
    resource: pulumi.Input<string>,
    own: pulumi.Input<string>[],
  ) =>
    pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: sid,
          Effect: "Deny",
          Principal: "*",
          Action: actions,
          Resource: resource,
          Condition: {
            ArnNotLike: {
              "aws:PrincipalArn": pulumi
                .all([pulumi.all(own), principals])
                .apply(([roles, others]) => [...roles, ...others]),
            },
            // Backups and the like are AWS's own doing.
            Bool: { "aws:PrincipalIsAWSService": "false" },
          },
        },
      ],
    });
  new aws.secretsmanager.SecretPolicy(
    `${name}-pagerduty-token`,
    {
      secretArn: args.tokenArn,
      policy: policy("OnlyWhoActs", TOKEN_ACTIONS, args.tokenArn, args.tokenReaders),
    },
    opts,
  );
  new aws.dynamodb.ResourcePolicy(
    `${name}-ledger`,
    {
      resourceArn: args.ledgerArn,
      policy: policy("OnlyTheGate", LEDGER_ACTIONS, args.ledgerArn, args.ledgerWriters),
    },
    opts,
  );
}

const TOKEN_ACTIONS = [
  "secretsmanager:GetSecretValue",
  "secretsmanager:PutSecretValue",
  "secretsmanager:UpdateSecret",
];
/** A transaction is allowed or refused by its single writes. */
const LEDGER_ACTIONS = [
  "dynamodb:BatchWriteItem",
  "dynamodb:DeleteItem",
  "dynamodb:PartiQLDelete",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
];

function allowed(
  perimeter: Perimeter,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string[]> {
  const invoke = optional("parent", opts.parent);
  const { arn } = aws.getCallerIdentityOutput({}, invoke);
  // A session is known by the role that it was begun with.
  const { issuerArn } = aws.iam.getSessionContextOutput({ arn }, invoke);
  return pulumi
    .all([texts("perimeter.principals", perimeter.principals), issuerArn])
    .apply(([principals, deployer]) => checkedPrincipals(principals, deployer));
}

/** Whoever deploys must be among them: else the next update would fail, and only a change of the policy by hand help. */
export function checkedPrincipals(principals: string[], deployer: string): string[] {
  const wrong = principals.find((principal) => !ARN.test(principal));
  if (wrong !== undefined) {
    refuse(
      `\`perimeter.principals\` must be ARNs of roles and users such as "arn:aws:iam::123456789012:role/deploy", got ${JSON.stringify(wrong)}`,
    );
  }
  return principals.some((principal) => isLike(principal, deployer))
    ? principals
    : refuse(
        `\`perimeter.principals\` must have who deploys, or the next update may not read PagerDuty's token: add "${deployer}"`,
      );
}

/** As IAM's ArnLike does: a `*` stands for any part. */
function isLike(pattern: string, arn: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(arn);
}
