import type { Alarm, KillSwitch } from "../ports/index.ts";

function switchView({ on, reason, by, atMs }: KillSwitch) {
  return { on, reason, by, since: atMs === 0 ? null : new Date(atMs).toISOString() };
}

/** The switch for everything, and those for less that are on. */
export function killSwitchView(all: KillSwitch, narrower: readonly KillSwitch[]) {
  return {
    ...switchView(all),
    narrower: narrower.map((one) => ({
      service: one.service ?? null,
      runbook: one.runbook ?? null,
      ...switchView(one),
    })),
  };
}

export function alarmView({ kind, text, atMs, proposalId, incidentId }: Alarm) {
  return {
    kind,
    text,
    at: new Date(atMs).toISOString(),
    proposal: proposalId,
    incident_id: incidentId,
  };
}
