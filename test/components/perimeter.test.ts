// No emulator enforces a policy: they are compared whole.
import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { ApprovalGate } from "../../components/index.ts";
import { checkedPrincipals } from "../../components/perimeter.ts";
import type { ApprovalGateArgs } from "../../components/index.ts";
import { record } from "./mocks.ts";

const SECRET_POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy";
const TABLE_POLICY = "aws:dynamodb/resourcePolicy:ResourcePolicy";
const DEPLOYER = "arn:aws:iam::123456789012:role/ci/deploy";

const gateWith = (more: Partial<ApprovalGateArgs>) => (opts: pulumi.ComponentResourceOptions) =>
  new ApprovalGate(
    "gate",
    {
      cheqpointConnectionKey: "ck",
      pagerdutyToken: "pt",
      pagerdutyFrom: "gate@example.com",
      ...more,
    },
    opts,
  );
const role = (name: string) => `arn:aws:iam:::role/${name}`;

describe("The perimeter of a gate", () => {
  const policyIn = ({ inputs }: { inputs: Record<string, unknown> }): unknown =>
    JSON.parse(String(inputs["policy"]));
  const denied = (
    Sid: string,
    Action: string[],
    Resource: string,
    principals: string[],
  ): unknown => ({
    Version: "2012-10-17",
    Statement: [
      {
        Sid,
        Effect: "Deny",
        Principal: "*",
        Action,
        Resource,
        Condition: {
          ArnNotLike: { "aws:PrincipalArn": principals },
          Bool: { "aws:PrincipalIsAWSService": "false" },
        },
      },
    ],
  });

  it("is open unless it is asked for: what an account's policies allow is allowed", async () => {
    const { ofType } = await record(gateWith({}));
    assert.deepEqual([...ofType(SECRET_POLICY), ...ofType(TABLE_POLICY)], []);
  });

  it("leaves the token to the functions that act, the ledger to those that write, and both to who is named", async () => {
    const operators = "arn:aws:iam::123456789012:user/oncall/*";
    const { find } = await record(gateWith({ perimeter: { principals: [DEPLOYER, operators] } }));
    const secret = find(SECRET_POLICY, "gate-perimeter-pagerduty-token");
    assert.equal(
      secret.inputs["secretArn"],
      "arn:aws:secretsmanager:::gate-secret-pagerduty-token",
    );
    assert.deepEqual(
      policyIn(secret),
      denied(
        "OnlyWhoActs",
        [
          "secretsmanager:GetSecretValue",
          "secretsmanager:PutSecretValue",
          "secretsmanager:UpdateSecret",
        ],
        "arn:aws:secretsmanager:::gate-secret-pagerduty-token",
        [role("gate-worker"), role("gate-subscription"), DEPLOYER, operators],
      ),
    );
    const table = find(TABLE_POLICY, "gate-perimeter-ledger");
    assert.equal(table.inputs["resourceArn"], "arn:aws:dynamodb:::table/gate-ledger");
    assert.deepEqual(
      policyIn(table),
      denied(
        "OnlyTheGate",
        [
          "dynamodb:BatchWriteItem",
          "dynamodb:DeleteItem",
          "dynamodb:PartiQLDelete",
          "dynamodb:PartiQLInsert",
          "dynamodb:PartiQLUpdate",
          "dynamodb:PutItem",
          "dynamodb:UpdateItem",
        ],
        "arn:aws:dynamodb:::table/gate-ledger",
        [role("gate-worker"), role("gate-middleware"), role("gate-callback"), DEPLOYER, operators],
      ),
    );
  });

  it("does without the function that subscribes where there is none, and takes patterns", async () => {
    const principals = ["arn:aws:iam::*:role/ci/*"];
    const { find } = await record(
      gateWith({ perimeter: { principals }, webhook: { enabled: false } }),
    );
    const text = String(find(SECRET_POLICY, "gate-perimeter-pagerduty-token").inputs["policy"]);
    assert.ok(text.includes(JSON.stringify([role("gate-worker"), ...principals])), text);
  });

  for (const [what, principals, message] of [
    [
      "that shuts out who deploys",
      ["arn:aws:iam::123456789012:role/deploy", "arn:aws:iam::123456789012:role/ci/deploy2"],
      '`perimeter.principals` must have who deploys, or the next update may not read PagerDuty\'s token: add "arn:aws:iam::123456789012:role/ci/deploy"',
    ],
    [
      "of what is no role or user",
      ["*"],
      '`perimeter.principals` must be ARNs of roles and users such as "arn:aws:iam::123456789012:role/deploy", got "*"',
    ],
  ] as const) {
    it(`is refused where it is one ${what}`, () => {
      assert.throws(() => checkedPrincipals([...principals], DEPLOYER), { message });
    });
  }
});
