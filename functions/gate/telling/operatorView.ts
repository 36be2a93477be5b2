import type { Alarm, GatingInForce, KillSwitch } from "../ports/index.ts";

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

export function alarmView(alarm: Alarm) {
  const { key, kind, text, atMs, proposalId, incidentId, acknowledged } = alarm;
  return {
    key,
    kind,
    text,
    at: new Date(atMs).toISOString(),
    proposal: proposalId,
    incident_id: incidentId,
    acknowledged:
      acknowledged === undefined
        ? null
        : {
            by: acknowledged.by,
            note: acknowledged.note,
            at: new Date(acknowledged.atMs).toISOString(),
          },
  };
}

/** All gating that is in force, as it was written, with the hashes by which proposals and the audit trail name it. */
export function gatingView({ source, digest, services, defaults, problem }: GatingInForce) {
  return {
    source,
    digest,
    problem,
    services: services.map(({ key, listedAs, serviceId, hash, written }) => ({
      key,
      listed_as: listedAs,
      service_id: serviceId,
      hash,
      written,
    })),
    defaults,
  };
}
