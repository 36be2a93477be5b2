/** What a field is when it is left out; the JSON Schema shows it, `normalise.ts` fills it in. */
export const defaults = {
  risk: 0.5,
  sla: "15m",
  validFor: "15m",
  onExpiry: "reject",
  delivery: "callback",
  coolDown: "30m",
  openProposals: 20,
  executionsPerHour: 10,
  incidentAppearsWithin: "20m",
  otherwise: "requireApproval",
  onDeny: "task",
  maxLength: 200,
} as const;
