import { checks, type Check } from "../check.ts";
import type { AutomationAction, PagerDutyReader } from "../pagerDutyReader.ts";
import { isTrue } from "../runbookChecks.ts";
import { severity, standingOf, standingText } from "../standing.ts";
import type { KnownService } from "../subject.ts";
import { openTo, type GateUser } from "./teams.ts";

/** Which automation actions of a gated service can be run without the gate. */
export async function actionCoverage(
  reader: PagerDutyReader,
  services: readonly KnownService[],
  gate: GateUser,
): Promise<Check[]> {
  const actions = await reader.actions();
  const found: Check[] = [];
  for (const service of services) {
    const own = actions.filter((action) => belongsTo(action, service));
    const gaps: Check[] = [];
    for (const action of own) {
      gaps.push(...(await gapsOf(reader, service, action, services, gate)));
    }
    found.push(
      ...(gaps.some(({ status }) => status !== "ok")
        ? gaps
        : [
            checks("coverage.actions", service.key).ok(
              own.length === 0
                ? "no automation actions"
                : `${own.length} automation ${own.length === 1 ? "action" : "actions"}, none that is held can be run by others as far as teams and flags tell${alwaysAllowed(gaps)}`,
            ),
          ]),
    );
  }
  return found;
}

function alwaysAllowed(gaps: readonly Check[]): string {
  return gaps.length === 0 ? "" : `; ${gaps.map(({ found }) => found).join("; ")}`;
}

/** Associated with it, or the target of one of its runbooks. */
function belongsTo(
  { id, services, map_to_all_services: every }: AutomationAction,
  service: KnownService,
): boolean {
  return (
    isTrue(every) ||
    (services ?? []).some((one) => one.id === service.id) ||
    standingOf({ kind: "action", id }, [service]) !== "unlisted"
  );
}

async function gapsOf(
  reader: PagerDutyReader,
  service: KnownService,
  action: AutomationAction,
  services: readonly KnownService[],
  gate: GateUser,
): Promise<Check[]> {
  const { id } = action;
  const standing = standingOf({ kind: "action", id }, services);
  const make = checks("coverage.actions", service.key)[severity(standing)];
  const name = `${action.name ?? id} (${id}), ${standingText(standing)},`;
  const gaps: Check[] = [];

  const manually = action.allow_invocation_manually;
  if (action.teams === null) {
    gaps.push(
      checks("coverage.actions", service.key).warn(
        `${name} has no word on its teams: who may run it cannot be seen by API`,
        "look at its teams in PagerDuty (Automation → Actions)",
      ),
    );
  } else {
    const teams = action.teams.map((team) => team.id);
    const who = await openTo(reader, teams, gate);
    if (who !== null && (manually === null || isTrue(manually))) {
      gaps.push(make(`${name} can be run by ${who}`, closeTo(id, teams, gate)));
    } else if (who !== null && standing === "held") {
      gaps.push(
        checks("coverage.actions", service.key).warn(
          `${name} cannot be run manually; whether ${who} may still run it by API is not documented`,
          closeTo(id, teams, gate),
        ),
      );
    }
  }
  const byRules = action.allow_invocation_from_event_orchestration;
  const close = `PUT /automation_actions/actions/${id} {"action":{"allow_invocation_from_event_orchestration":false}} (Pulumi: allowInvocationFromEventOrchestration: "false")`;
  if (isTrue(byRules)) {
    gaps.push(make(`${name} can be run by event-orchestration rules`, close));
  } else if (byRules === null && standing !== "free") {
    gaps.push(
      checks("coverage.actions", service.key).warn(
        `${name} has no word on event-orchestration rules: whether they can run it cannot be seen by API`,
        close,
      ),
    );
  }
  return gaps;
}

/** Whether an invocation by API counts as "manual" is not documented, so the flag is no way to close it. */
function closeTo(id: string, teams: readonly string[], { ownTeam }: GateUser): string {
  const team = ownTeam ?? "<a team of the gate's user alone>";
  const others = teams.filter((one) => one !== ownTeam);
  const add = teams.includes(team)
    ? []
    : [
        `POST /automation_actions/actions/${id}/teams {"team":{"id":"${team}","type":"team_reference"}}`,
      ];
  const remove = others.map((one) => `DELETE /automation_actions/actions/${id}/teams/${one}`);
  return [...add, ...remove].join(", then ");
}
