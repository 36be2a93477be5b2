/** Gating of payments-db with one runbook for each kind of target, and a rule for each kind of decision. */
export function gatingOf(
  rule: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
): object {
  return {
    services: {
      "payments-db": {
        runbooks: {
          failover: {
            automationAction: "01DBFAILOVER",
            parameters: {
              max_replicas: {
                type: "integer",
                minimum: 1,
                maximum: 5,
                default: 3,
                customField: "max_replicas",
              },
            },
          },
          workflow: { incidentWorkflow: "PWF0001" },
          handover: { reassign: { escalationPolicy: "PEP0002" } },
          raise: { escalate: { level: 2 } },
        },
        rules: [
          {
            name: "only",
            match: {},
            decision: "requireApproval",
            risk: 0.5,
            sla: "5m",
            ...rule,
          },
        ],
        manualTask: { escalationPolicy: "PEP0001" },
        ...more,
      },
    },
  };
}
