import type { Account } from "../account/account.ts";
import type { EscalationPolicy, Incident, Target } from "../account/documents.ts";
import { notFound } from "../http/errors.ts";

/** The incident, or PagerDuty's 404. */
export function incidentById(account: Account, id: string): Incident {
  const incident = account.store.get("incidents", id);
  if (!incident) {
    throw notFound();
  }
  return incident;
}

/** The same, also by the number that people see: `4421`. */
export function incidentByIdOrNumber(account: Account, idOrNumber: string): Incident {
  const byNumber = /^\d+$/.test(idOrNumber)
    ? account.store.list("incidents").find(({ number }) => `${number}` === idOrNumber)
    : undefined;
  return byNumber ?? incidentById(account, idOrNumber);
}

/** The teams of an incident are those of its escalation policy. */
export function teamsOf(account: Account, incident: Incident): string[] {
  return account.store.get("escalationPolicies", incident.escalationPolicy)?.teams ?? [];
}

/** The users on call for targets: users themselves, of a schedule its first one. */
export function usersOf(account: Account, targets: readonly Target[]): string[] {
  return targets.flatMap(({ id, type }) => {
    if (!type.startsWith("schedule")) {
      return [id];
    }
    const [onCall] = account.store.get("schedules", id)?.users ?? [];
    return onCall === undefined ? [] : [onCall];
  });
}

/** The users on call at a level of an escalation policy, which starts at 1. */
export function usersAtLevel(
  account: Account,
  policy: EscalationPolicy | undefined,
  level: number,
): string[] {
  return usersOf(account, policy?.rules[level - 1]?.targets ?? []);
}
