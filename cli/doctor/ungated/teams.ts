import type { PagerDutyReader, PagerDutyUser } from "../pagerDutyReader.ts";
import { listed } from "../check.ts";

/** The gate's user, and a team of it alone when there is one. */
export interface GateUser {
  user: PagerDutyUser | null;
  ownTeam: string | null;
}

export async function gateUserOf(
  reader: PagerDutyReader,
  user: PagerDutyUser | null,
): Promise<GateUser> {
  for (const { id } of user?.teams ?? []) {
    const members = await reader.members(id);
    if (members.every((one) => one.id === user?.id)) {
      return { user, ownTeam: id };
    }
  }
  return { user, ownTeam: null };
}

/** Who else is in one of these teams, by name. */
async function othersIn(
  reader: PagerDutyReader,
  teamIds: readonly string[],
  { user }: GateUser,
): Promise<string[]> {
  const others = new Map<string, string>();
  for (const team of teamIds) {
    for (const member of await reader.members(team)) {
      if (member.id !== user?.id) {
        others.set(member.id, member.name ?? member.id);
      }
    }
  }
  return [...others.values()];
}

/** Who may run what is limited to these teams; null: nobody but the gate, as far as teams tell. */
export async function openTo(
  reader: PagerDutyReader,
  teamIds: readonly string[],
  gate: GateUser,
): Promise<string | null> {
  if (teamIds.length === 0) {
    return "every responder (no team limits it)";
  }
  const others = await othersIn(reader, teamIds, gate);
  return others.length === 0 ? null : `${listed(others)} (team ${listed(teamIds)})`;
}
