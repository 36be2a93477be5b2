/** What every proposal that comes from a PagerDuty event has in these fields: the gate proposes, and nobody claims anything. */
export const eventClaims = { proposer: "pagerduty", severity: null, regions: [] } as const;

/** Scope of such proposals' idempotency keys; those of others are their proposers' names. */
export const eventScope = "event";

/** Names that nobody with a token may have: such a proposer would be taken for the gate itself. */
const reservedProposers: readonly string[] = [eventScope, eventClaims.proposer];

/** Why somebody with a token may not have the name, to stand after what gives it; null: it is free. */
export function proposerNameProblem(name: string): string | null {
  return reservedProposers.includes(name.toLowerCase())
    ? `must not have the names ${reservedProposers.map((one) => `"${one}"`).join(" and ")}, under which the gate proposes for events, got ${JSON.stringify(name)}`
    : null;
}
