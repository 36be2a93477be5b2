import { GENESIS, chainFacts } from "../proposal/audit.ts";
import type { AuditEvent, AuditFact } from "../proposal/audit.ts";
import type { Alarm, KillSwitch, Trail } from "../ports/index.ts";

/*
 * The gate's own history, beside that of its proposals: one chain for each subject. A subject is no proposal's id, which
 * begins with `prop_`.
 */

export const SWITCH_TRAIL = "kill-switch";
export const GATING_TRAIL = "gating";

export function alarmTrail(key: string): string {
  return `alarm/${key}`;
}

/** A trail with facts added, and the events that they become. `before` is null where it has none yet. */
export function extended(
  before: Trail | null,
  { subject, state }: Pick<Trail, "subject" | "state">,
  facts: readonly AuditFact[],
  atMs: number,
): { trail: Trail; events: AuditEvent[] } {
  const events = chainFacts(subject, before?.head ?? { seq: 0, head: GENESIS }, facts, atMs);
  const last = events.at(-1);
  if (last === undefined) {
    throw new Error(`the trail ${subject} grows by facts only`);
  }
  return { trail: { subject, state, head: { seq: last.seq, head: last.hash } }, events };
}

export function switchFact({ on, service, runbook, reason, by }: KillSwitch): AuditFact {
  return {
    type: on ? "killSwitch.on" : "killSwitch.off",
    data: { service: service ?? null, runbook: runbook ?? null, reason, by },
  };
}

export function raisedFact({ kind, text, proposalId, incidentId }: Alarm): AuditFact {
  return { type: "alarm.raised", data: { kind, text, proposalId, incidentId } };
}

export function acknowledgedFact({ by, note }: NonNullable<Alarm["acknowledged"]>): AuditFact {
  return { type: "alarm.acknowledged", data: { by, note } };
}
