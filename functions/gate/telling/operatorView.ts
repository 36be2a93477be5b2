import type { Alarm, KillSwitch } from "../ports/index.ts";

export function killSwitchView({ on, reason, by, atMs }: KillSwitch) {
  return { on, reason, by, since: atMs === 0 ? null : new Date(atMs).toISOString() };
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
