import { ScenarioError } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

/** Less than a proposer may send in a minute; a second storm within it meets that brake. */
const COUNT = 40;

export const storm: Scenario = {
  name: "storm",
  title: "Duplicate storm",
  shows: `An agent sends ${COUNT} equal proposals at once, and PagerDuty its event twice: one request results.`,
  async run(calls, endpoints) {
    // The gating has a rule that proposes the same for an incident with this title.
    await calls.deliverTwice("incident.triggered");
    const incident = await calls.incident({
      service: "payments-db",
      title: "Primary unreachable",
      priority: "P1",
    });
    const ids = new Set<string>();
    let refused = 0;
    const send = async (): Promise<void> => {
      try {
        const { id } = await calls.propose({
          incident_id: incident.id,
          service: "payments-db",
          runbook: "db_failover_primary_to_replica",
          justification: "The primary does not answer.",
        });
        ids.add(id);
      } catch (error) {
        if (!(error instanceof ScenarioError) || error.status !== 429) {
          throw error;
        }
        refused += 1;
      }
    };
    await Promise.all(Array.from({ length: COUNT }, send));
    for (const { id } of await calls.proposalsOf(incident.id)) {
      ids.add(id);
    }
    const proposalIds = [...ids];
    for (const id of proposalIds) {
      await calls.settled(id);
    }
    const requests = await calls.requestsFor(proposalIds);
    return {
      happened: [
        `Incident ${incident.label} was opened on payments-db; a rule proposes a failover for it, and PagerDuty delivers its event twice.`,
        `An agent proposed the same ${COUNT} times at once.${refused === 0 ? "" : ` ${refused} of them were refused: it proposes too often.`}`,
        `The ledger holds ${counted(proposalIds.length, "proposal")}, the inbox ${counted(requests, "request")}.`,
      ],
      proposalIds,
      lookAt: [`The inbox: ${endpoints.cheqpoint.url}`],
    };
  },
};

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
