/*
 * The programs of other people that `programs.test.ts` compiles and previews: one gate with something of everything, once
 * with types and once without.
 */

const BODY = (topic: string) => `
const config = new pulumi.Config();
const topic = new aws.sns.Topic("made");
const gating = defineServiceGating({
  runbooks: {
    failover: {
      automationAction: ${topic},
      parameters: { replicas: { type: "integer", maximum: 5 } },
    },
  },
  rules: [
    { name: "failover", match: { runbook: "failover", urgency: ["high"] }, decision: "requireApproval", sla: "5m" },
  ],
});
const gate = new ApprovalGate("gate", {
  cheqpointConnectionKey: config.requireSecret("connectionKey"),
  pagerdutyToken: config.requireSecret("token"),
  pagerdutyFrom: "gate@example.com",
  gating: { defaults: { proposals: "deny" } },
  proposers: { agent: {} },
  functions: { logLevel: LogLevel.Debug },
  transform: { ledger: { ledger: { streamEnabled: true, streamViewType: "KEYS_ONLY" } } },
});
new ServiceGating("other", { gate: gate.gate, pagerdutyService: { id: "PSVC002", name: "other" }, gating });
`;
const NAMES = "ApprovalGate, LogLevel, ServiceGating, defineServiceGating";
const ACTION = 'topic.name.apply(() => "01FAILOVER")';

export const ESM = `import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ${NAMES} } from "pagerduty-approval-gate";
${BODY(ACTION)}
export const proposalsUrl = gate.proposalsUrl;
`;

export const COMMONJS = `const aws = require("@pulumi/aws");
const pulumi = require("@pulumi/pulumi");
const { ${NAMES} } = require("pagerduty-approval-gate");
${BODY(ACTION)}
exports.proposalsUrl = gate.proposalsUrl;
`;

/** With what the types must refuse, and every public type in use. */
export const TYPED = `${ESM}
import type { ApprovalGateArgs, GateReference, Gating, GatingRule } from "pagerduty-approval-gate";

export const rule: GatingRule = { name: "r", decision: "allow", risk: 0.5 };
export const whole: Gating = { services: { PSVC001: { rules: [rule] } } };
export const reference: pulumi.Output<GateReference> = gate.gate;
export const agents: pulumi.Output<string[]> = gate.proposerTokens.apply((tokens) => Object.keys(tokens));
const args: ApprovalGateArgs = { cheqpointConnectionKey: "k", pagerdutyToken: "t", pagerdutyFrom: "f@example.com" };
// @ts-expect-error: no such decision
export const wrongWord: GatingRule = { name: "r", decision: "maybe" };
// @ts-expect-error: no such field
export const wrongField: GatingRule = { name: "r", decision: "allow", slaMinutes: 5 };
// @ts-expect-error: a table has no such argument
export const wrongTransform: ApprovalGateArgs = { ...args, transform: { ledger: { ledger: { streams: true } } } };
// @ts-expect-error: which services there are is plain
export const wrongOutput: ApprovalGateArgs = { ...args, gating: pulumi.output({ services: {} }) };
`;
