import type { Endpoints } from "../embedded.ts";
import { isHeld, type ProposalAnswer } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

/** The public recipe's own case. */
export const failover: Scenario = {
  name: "failover",
  title: "Database failover",
  shows:
    "An AI asks to fail payments-db over for a P1 incident, INC-4421 if it is the first of all; a human decides within 5 minutes.",
  async run(calls, endpoints) {
    const incident = await calls.incident({
      service: "payments-db",
      title: "Primary DB CPU at 98% for 8 minutes",
      priority: "P1",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "payments-db",
      runbook: "db_failover_primary_to_replica",
      severity: "P1",
      affected_regions: ["us-east-1"],
      summary: `AI requesting automated DB failover for incident ${incident.label}`,
      justification: "Primary DB CPU at 98% for 8 minutes. Automated diagnosis suggests failover.",
    });
    const proposal = await calls.asked(id);
    return asked(
      [
        `Incident ${incident.label} was opened on payments-db with priority P1.`,
        `An AI agent proposed db_failover_primary_to_replica: ${proposal.id}.`,
        "Nothing runs until somebody approves; if nobody answers, the on-call engineer gets it.",
      ],
      proposal,
      endpoints,
    );
  },
};

export const restart: Scenario = {
  name: "restart",
  title: "Service restart",
  shows: "An AI asks to restart checkout-api; without an answer the request expires in a minute.",
  async run(calls, endpoints) {
    const incident = await calls.incident({
      service: "checkout-api",
      title: "checkout-api answers with errors",
      priority: "P3",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "checkout-api",
      runbook: "restart_api",
      justification: "Error rate is 12% since the last deployment. A restart cleared it last time.",
    });
    const proposal = await calls.asked(id);
    return asked(
      [
        `Incident ${incident.label} was opened on checkout-api.`,
        `An AI agent proposed restart_api: ${proposal.id}.`,
      ],
      proposal,
      endpoints,
    );
  },
};

export const reassign: Scenario = {
  name: "reassign",
  title: "Reassignment",
  shows: "An AI asks to hand an incident of payments-db to the DBA leads.",
  async run(calls, endpoints) {
    const incident = await calls.incident({
      service: "payments-db",
      title: "Replication lag grows on payments-db",
      priority: "P2",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "payments-db",
      runbook: "hand_to_dba",
      justification: "Lag has grown for 20 minutes and the cause is a schema change.",
    });
    const proposal = await calls.asked(id);
    return asked(
      [
        `Incident ${incident.label} was opened on payments-db.`,
        `An AI agent proposed hand_to_dba: ${proposal.id}.`,
      ],
      proposal,
      endpoints,
    );
  },
};

/** What policy allows. */
export const diagnostics: Scenario = {
  name: "diagnostics",
  title: "Harmless diagnostics",
  shows: "An AI asks to read logs of checkout-api; a rule allows it, so it runs at once.",
  async run(calls) {
    const incident = await calls.incident({
      service: "checkout-api",
      title: "checkout-api is slow",
      priority: "P4",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "checkout-api",
      runbook: "diagnostics",
      justification: "Slow answers since 10 minutes; logs and metrics will tell why.",
    });
    const proposal = await calls.ended(id);
    return {
      happened: [
        `Incident ${incident.label} was opened on checkout-api.`,
        `An AI agent proposed diagnostics: ${id}.`,
        `A rule allows it, so nobody was asked${
          proposal.outcome !== null
            ? `: ${proposal.outcome.text}`
            : isHeld(proposal)
              ? ", but the kill switch is on and holds it."
              : ". It has not ended yet."
        }`,
      ],
      proposalIds: [proposal.id],
      lookAt: [`The rule that decided: \`npx gate show ${proposal.id}\`.`],
    };
  },
};

function asked(happened: string[], proposal: ProposalAnswer, endpoints: Endpoints) {
  return {
    happened,
    proposalIds: [proposal.id],
    lookAt: [
      `Decide in the inbox: ${proposal.review_url ?? endpoints.cheqpoint.url}`,
      `Or here: \`npx gate decide ${proposal.id} approve\`.`,
    ],
  };
}
