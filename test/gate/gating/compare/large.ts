/** A gating as large as one may be, as teams write them: a hundred rules over twenty runbooks. */
export function largeGating(): {
  runbooks: Record<string, unknown>;
  rules: Record<string, unknown>[];
} {
  const runbooks = Object.fromEntries(
    Array.from({ length: 20 }, (_, index) => [
      `runbook_${index}`,
      { automationAction: `01RUN${index}` },
    ]),
  );
  const rules = Array.from({ length: 100 }, (_, index) => ({
    name: `rule-${index}`,
    match: matchOf(index),
    decision: (["requireApproval", "allow", "deny"] as const)[index % 3],
    ...(index % 3 === 0 ? { sla: `${5 + (index % 7)}m` } : {}),
  }));
  return { runbooks, rules };
}

function matchOf(index: number): Record<string, unknown> {
  const own = [`runbook_${index % 20}`, `runbook_${(index * 7) % 20}`];
  return {
    runbook: own[0] === own[1] ? own[0] : own,
    priority: [`P${1 + (index % 4)}`],
    ...(index % 4 === 0 ? { severity: index % 8 === 0 ? "critical" : "warning" } : {}),
    ...(index % 5 === 0 ? { region: [`region-${index % 6}`, "eu-west-1"] } : {}),
    ...(index % 6 === 0 ? { proposer: [`agent-${index % 5}`, "ai-agent"] } : {}),
    ...(index % 7 === 0 ? { urgency: "high" } : {}),
    ...(index % 9 === 0 ? { titlePattern: [`service-${index % 4}`] } : {}),
    ...(index % 8 === 0
      ? {
          during: {
            days: ["fri", "sat"],
            from: `${10 + (index % 12)}:00`,
            to: "09:00",
            timeZone: index % 16 === 0 ? "Europe/Berlin" : "America/New_York",
          },
        }
      : {}),
  };
}

/** Rules of which each looks at titles and regions of its own, so that what none of them matches falls into very many parts. */
export function manySided(count: number, more: Record<string, unknown>): Record<string, unknown> {
  return {
    runbooks: { page: { escalate: { level: 2 } } },
    rules: Array.from({ length: count }, (_, index) => ({
      name: `rule-${index}`,
      decision: index % 2 === 0 ? "deny" : "allow",
      match: {
        titlePattern: [`one ${index}`, `other ${index}`],
        region: [`region-${index}`, `zone-${index}`],
      },
    })),
    ...more,
  };
}
