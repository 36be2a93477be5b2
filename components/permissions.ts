import * as pulumi from "@pulumi/pulumi";
import type { Permission } from "./functionPolicy.ts";

/** What the functions' permissions are about. */
export interface PermissionSubjects {
  ledgerTableArn: pulumi.Input<string>;
  gatingTableArn: pulumi.Input<string>;
  queueArn: pulumi.Input<string>;
  pagerdutyTokenArn: pulumi.Input<string>;
  cheqpointKeyArn: pulumi.Input<string>;
  proposersArn: pulumi.Input<string>;
  operatorsArn: pulumi.Input<string> | undefined;
  callbackArn: pulumi.Input<string> | undefined;
  webhookArn: pulumi.Input<string>;
  /** Whether the gate has webhook subscriptions of its own. */
  subscribes: boolean;
}

/** May write down what comes in and hand it on; cannot act: it never reads PagerDuty's token or Cheqpoint's key. */
export function middlewarePermissions(of: PermissionSubjects): Permission[] {
  return [
    ...useLedger(of, READ),
    writeLedger(of, [
      "IN#*",
      "ADMITTED#*",
      "DEDUPE#*",
      "IDEMPOTENCY#*",
      "DELIVERY#*",
      "EVENTID#*",
      "HINT#*",
      "ALARM#unintelligible/*",
      "TRAIL#alarm/unintelligible/*",
      "ALARM#proposalRefused/*",
      "TRAIL#alarm/proposalRefused/*",
    ]),
    readGating(of),
    sendWork(of),
    readSecrets([
      of.webhookArn,
      of.proposersArn,
      ...(of.operatorsArn === undefined ? [] : [of.operatorsArn]),
    ]),
  ];
}

/** May write down a hint and hand it on. */
export function callbackPermissions(of: PermissionSubjects): Permission[] {
  return [
    // The submission that a callback's token belongs to; no index.
    {
      sid: "UseLedger",
      actions: ["dynamodb:GetItem"],
      resources: [of.ledgerTableArn],
      partitions: ["LINK#token/*"],
    },
    writeLedger(of, ["HINT#*"]),
    sendWork(of),
    ...(of.callbackArn === undefined ? [] : [readSecrets([of.callbackArn])]),
  ];
}

/** The only one that acts. */
export function workerPermissions(of: PermissionSubjects): Permission[] {
  return [
    // Deletions are of hints and keys that are used up.
    ...useLedger(of, [
      ...READ,
      "dynamodb:ConditionCheckItem",
      "dynamodb:DeleteItem",
      "dynamodb:PutItem",
      "dynamodb:UpdateItem",
    ]),
    // A claim requires in its transaction that the gating is as it was read.
    // And all of it is looked through for the audit trail.
    readGating(of, ["dynamodb:ConditionCheckItem", "dynamodb:Scan"]),
    // What a service is called by now; no gating.
    {
      sid: "LearnNames",
      actions: ["dynamodb:PutItem"],
      resources: [of.gatingTableArn],
      partitions: ["called#*", "current#*"],
    },
    sendWork(of),
    {
      sid: "TakeWork",
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      resources: [of.queueArn],
    },
    // It makes a subscription again that somebody removed.
    readSecrets([
      of.pagerdutyTokenArn,
      of.cheqpointKeyArn,
      ...(of.subscribes ? [of.webhookArn] : []),
    ]),
    ...(of.subscribes ? [storeSigningSecrets(of)] : []),
  ];
}

/** May use PagerDuty's token, and store the signing secrets that PagerDuty tells; knows nothing of proposals. */
export function subscriptionPermissions(
  of: Pick<PermissionSubjects, "pagerdutyTokenArn" | "webhookArn">,
): Permission[] {
  return [readSecrets([of.pagerdutyTokenArn, of.webhookArn]), storeSigningSecrets(of)];
}

function storeSigningSecrets({ webhookArn }: Pick<PermissionSubjects, "webhookArn">): Permission {
  return {
    sid: "StoreSigningSecrets",
    actions: ["secretsmanager:PutSecretValue"],
    resources: [webhookArn],
  };
}

/** No scan: nothing looks through the whole ledger. */
const READ = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"];

function useLedger({ ledgerTableArn }: PermissionSubjects, actions: string[]): Permission[] {
  return [
    { sid: "UseLedger", actions, resources: [ledgerTableArn] },
    {
      sid: "ListLedger",
      actions: ["dynamodb:Query"],
      resources: [pulumi.interpolate`${ledgerTableArn}/index/*`],
    },
  ];
}

/**
 * New items of some kinds (`functions/aws/ledgerItems.ts`). What the worker has made of a proposal, the kill switch and
 * the places of limits are in other partitions.
 */
function writeLedger({ ledgerTableArn }: PermissionSubjects, partitions: string[]): Permission {
  return {
    sid: "WriteLedger",
    actions: ["dynamodb:PutItem"],
    resources: [ledgerTableArn],
    partitions,
  };
}

function readGating(
  { gatingTableArn }: PermissionSubjects,
  more: readonly string[] = [],
): Permission {
  const actions = ["dynamodb:GetItem", ...more];
  return { sid: "ReadGating", actions, resources: [gatingTableArn] };
}

function sendWork({ queueArn }: PermissionSubjects): Permission {
  return { sid: "SendWork", actions: ["sqs:SendMessage"], resources: [queueArn] };
}

function readSecrets(arns: pulumi.Input<string>[]): Permission {
  return { sid: "ReadSecrets", actions: ["secretsmanager:GetSecretValue"], resources: arns };
}
