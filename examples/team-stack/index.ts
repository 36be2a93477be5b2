import * as aws from "@pulumi/aws";
import * as pagerduty from "@pulumi/pagerduty";
import * as pulumi from "@pulumi/pulumi";
import { ServiceGating, defineServiceGating } from "pagerduty-approval-gate";
import type { GateReference } from "pagerduty-approval-gate";

const config = new pulumi.Config();
const escalationPolicy = config.require("escalationPolicy");

// What the team runs: here a queue, and its PagerDuty service.
const jobs = new aws.sqs.Queue("search-jobs", { visibilityTimeoutSeconds: 120 });
const service = new pagerduty.Service("search", { name: "search", escalationPolicy });

// What may be done about its incidents, reviewed in this repository's pull requests.
const gating = defineServiceGating({
  runbooks: {
    purge_jobs: {
      automationAction: "01PURGEJOBS",
      description: "Empties the queue of index jobs; they are made again within an hour.",
    },
    hand_over: { reassign: { escalationPolicy } },
  },
  rules: [
    { name: "hand-over", match: { runbook: "hand_over" }, decision: "allow" },
    {
      name: "purge",
      match: { runbook: "purge_jobs" },
      decision: "requireApproval",
      risk: 0.6,
      sla: "10m",
    },
  ],
  otherwise: "deny",
});

// The gate lives in the platform team's stack. Of it, this stack writes to the table of gating only.
const platform = new pulumi.StackReference(config.require("gateStack"));
const gated = new ServiceGating("search", {
  gate: platform.requireOutput("gate") as pulumi.Output<GateReference>,
  pagerdutyService: service,
  gating,
  manualTaskIntegration: true,
});

export const queueUrl = jobs.url;
export const { serviceId, manualTaskKey } = gated;
