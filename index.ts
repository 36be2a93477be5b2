import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { everyRuleByName } from "./components/gatingRecord.ts";
import { ApprovalGate } from "./components/index.ts";
import { readStackConfig } from "./components/stackConfig.ts";

const args = readStackConfig(new pulumi.Config());
const provider = new pagerduty.Provider("pagerduty", {
  token: pulumi.secret(args.pagerdutyToken),
  apiUrlOverride: args.pagerdutyApiUrl ?? "",
});
const approvals = new ApprovalGate("gate", args, { providers: { pagerduty: provider } });

export const {
  webhookUrl,
  proposalsUrl,
  callbackUrl,
  domainTarget,
  dashboardUrl,
  proposerTokens,
  operatorTokens,
  ledgerTableName,
  gatingTableName,
  queueUrl,
  deadLetterQueueUrl,
  functionNames,
  subscriptionIds,
  gate,
} = approvals;

/** As configured, with rules by name, so that a preview shows which rule of which service changes. */
export const gating: unknown = everyRuleByName(args.gating);
