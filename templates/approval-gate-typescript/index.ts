import * as pulumi from "@pulumi/pulumi";
import { ApprovalGate } from "pagerduty-approval-gate";

const config = new pulumi.Config();

const approvals = new ApprovalGate("approvals", {
  cheqpointConnectionKey: config.requireSecret("cheqpointConnectionKey"),
  pagerdutyToken: config.requireSecret("pagerdutyToken"),
  pagerdutyFrom: config.require("pagerdutyFrom"),
  pagerdutyApiUrl: config.require("pagerdutyApiUrl"),
  // Who may propose; each gets a token in the output `proposerTokens`.
  proposers: { agent: {} },
  gating: {
    services: {
      [config.require("service")]: {
        runbooks: { remediate: { automationAction: config.require("automationAction") } },
        // In order; the first that matches decides. Hover over a field to see what it means and its default.
        rules: [
          {
            name: "remediate",
            match: { runbook: "remediate" },
            decision: "requireApproval",
            risk: 0.8,
            sla: "5m",
          },
        ],
      },
    },
  },
});

export const { proposalsUrl, proposerTokens, dashboardUrl, gate } = approvals;
