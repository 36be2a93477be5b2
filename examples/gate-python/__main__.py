"""A gate that asks a reviewer before the payments database is failed over."""

import pulumi


class ApprovalGate(pulumi.ComponentResource):
    """The component as it is, without types. `pulumi package add` makes a class with them instead."""

    proposalsUrl: pulumi.Output[str]
    webhookUrl: pulumi.Output[str]
    proposerTokens: pulumi.Output[dict]
    operatorTokens: pulumi.Output[dict]
    gate: pulumi.Output[dict]

    def __init__(self, name, args, opts=None):
        outputs = ApprovalGate.__annotations__
        super().__init__(
            "pagerduty-approval-gate:index:ApprovalGate",
            name,
            {**args, **{output: None for output in outputs}},
            opts,
            remote=True,
        )


config = pulumi.Config()
approvals = ApprovalGate(
    "approvals",
    {
        "cheqpointConnectionKey": config.require_secret("cheqpointConnectionKey"),
        "pagerdutyToken": config.require_secret("pagerdutyToken"),
        "pagerdutyFrom": config.require("pagerdutyFrom"),
        "pagerdutyApiUrl": config.require("pagerdutyApiUrl"),
        "cheqpointApiUrl": config.require("cheqpointApiUrl"),
        "proposers": {"agent": {}},
        "operators": {"sre": {}},
        "gating": {
            "services": {
                "payments-db": {
                    "runbooks": {
                        "failover": {
                            "automationAction": "01DBFAILOVER",
                            "description": "Makes the replica the primary.",
                        },
                    },
                    "rules": [
                        {
                            "name": "failover",
                            "match": {"runbook": "failover"},
                            "decision": "requireApproval",
                            "risk": 0.8,
                            "sla": "5m",
                        },
                    ],
                },
            },
        },
        "retention": {
            "deletionProtection": config.require_bool("deletionProtection"),
            "secretRecoveryDays": config.require_int("secretRecoveryDays"),
        },
    },
)

pulumi.export("proposalsUrl", approvals.proposalsUrl)
pulumi.export("webhookUrl", approvals.webhookUrl)
pulumi.export("proposerTokens", approvals.proposerTokens)
pulumi.export("operatorTokens", approvals.operatorTokens)
pulumi.export("gate", approvals.gate)
