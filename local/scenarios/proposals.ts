import { isHeld, type ProposalAnswer } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

/** The public recipe's own case. */
export const failover: Scenario = {
  name: "failover",
  title: "Database failover",
  shows:
    "An AI asks to fail payments-db over for a P1 incident, INC-4421 if it is the first of all; a human decides within 5 minutes.",
  async run(calls) {
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
    return told(
      [
        `Incident ${incident.label} was opened on payments-db with priority P1.`,
        `An AI agent proposed db_failover_primary_to_replica: ${id}.`,
      ],
      await calls.settled(id),
    );
  },
};

export const restart: Scenario = {
  name: "restart",
  title: "Database restart",
  shows:
    "An AI asks to restart the primary of payments-db; without an answer the request expires in a minute.",
  async run(calls) {
    const incident = await calls.incident({
      service: "payments-db",
      title: "payments-db refuses connections",
      priority: "P3",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "payments-db",
      runbook: "restart_primary",
      justification:
        "All connections are taken since the last deployment. A restart cleared it last time.",
    });
    return told(
      [
        `Incident ${incident.label} was opened on payments-db.`,
        `An AI agent proposed restart_primary: ${id}.`,
      ],
      await calls.settled(id),
    );
  },
};

export const reassign: Scenario = {
  name: "reassign",
  title: "Reassignment",
  shows:
    "An AI asks to hand an incident of payments-db to the DBA leads; a rule allows it, so it is done at once.",
  async run(calls) {
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
    return told(
      [
        `Incident ${incident.label} was opened on payments-db.`,
        `An AI agent proposed hand_to_dba: ${id}.`,
      ],
      await calls.settled(id),
    );
  },
};

export const diagnostics: Scenario = {
  name: "diagnostics",
  title: "Harmless diagnostics",
  shows: "An AI asks to read logs of payments-db; a rule allows it, so it runs at once.",
  async run(calls) {
    const incident = await calls.incident({
      service: "payments-db",
      title: "payments-db is slow",
      priority: "P4",
    });
    const { id } = await calls.propose({
      incident_id: incident.id,
      service: "payments-db",
      runbook: "diagnostics",
      justification: "Slow answers since 10 minutes; logs and metrics will tell why.",
    });
    return told(
      [
        `Incident ${incident.label} was opened on payments-db.`,
        `An AI agent proposed diagnostics: ${id}.`,
      ],
      await calls.settled(id),
    );
  },
};

/** Told by what happened: whoever runs this may have changed the gating. */
function told(happened: string[], proposal: ProposalAnswer) {
  const { id, review_url: reviewUrl, final } = proposal;
  return {
    happened: [...happened, cameOf(proposal)],
    proposalIds: [id],
    lookAt:
      reviewUrl !== null && !final
        ? [`Decide in the inbox: ${reviewUrl}`, `Or here: \`npx gate decide ${id} approve\`.`]
        : [`Which rule decided, and what came of it: \`npx gate show ${id}\`.`],
  };
}

function cameOf(proposal: ProposalAnswer): string {
  const { rule_decision: decision, on_expiry: onExpiry, review_url: reviewUrl } = proposal;
  const ended = proposal.outcome?.text ?? null;
  if (decision === "allow") {
    const came =
      ended !== null
        ? `: ${ended}`
        : isHeld(proposal)
          ? ", but the kill switch is on and holds it."
          : ". It has not ended yet.";
    return `The gating allows it, so nobody was asked${came}`;
  }
  if (ended !== null) {
    return `It has ended: ${ended}`;
  }
  if (reviewUrl === null) {
    return "It waits: nobody could be asked yet.";
  }
  return onExpiry === "approve"
    ? "Nothing runs until somebody approves; if nobody answers, it runs."
    : "Nothing runs until somebody approves; if nobody answers, the on-call engineer gets it.";
}
