import type { Runbook } from "../../functions/gate/gating/index.ts";
import { checks, part, type Check } from "./check.ts";
import type { PagerDutyReader } from "./pagerDutyReader.ts";
import type { KnownService } from "./subject.ts";

/** Whether everything exists that the gating names. */
export async function runbookChecks(
  reader: PagerDutyReader,
  services: readonly KnownService[],
): Promise<Check[]> {
  const found: Check[] = [];
  let count = 0;
  for (const service of services) {
    for (const runbook of Object.values(service.gating.runbooks)) {
      count += 1;
      found.push(
        ...(await part("runbook.target", about(service, runbook), () =>
          targetChecks(reader, service, runbook),
        )),
        ...(await part("runbook.fields", about(service, runbook), () =>
          fieldChecks(reader, service, runbook),
        )),
      );
    }
    found.push(...(await part("gating.people", service.key, () => peopleChecks(reader, service))));
  }
  return found.length === 0 && count > 0
    ? [checks("runbook.target").ok(`what all ${count} runbooks and their rules name is there`)]
    : found;
}

function about({ key }: KnownService, { name }: Runbook): string {
  return `${key}/${name}`;
}

async function targetChecks(
  reader: PagerDutyReader,
  service: KnownService,
  runbook: Runbook,
): Promise<Check[]> {
  const { fail, warn } = checks("runbook.target", about(service, runbook));
  const { target } = runbook;
  switch (target.kind) {
    case "automationAction":
      return actionTarget(reader, service, runbook, target.actionId);
    case "incidentWorkflow": {
      const workflow = await reader.workflow(target.workflowId);
      if (workflow === null) {
        return [fail(`there is no incident workflow ${target.workflowId}`, "correct the gating")];
      }
      return workflow.is_enabled === false
        ? [fail(`workflow ${target.workflowId} is switched off`, "switch it on in PagerDuty")]
        : [];
    }
    case "reassign":
      return missingPeople(reader, target, fail);
    case "escalate": {
      const policy = service.escalationPolicyId;
      const levels = policy === null ? null : await reader.escalationLevels(policy);
      return levels !== null && levels < target.level
        ? [
            warn(
              `escalates to level ${target.level}, and the service's policy ${policy ?? ""} has ${levels}`,
              "lower `escalate.level`, or add a level to the policy",
            ),
          ]
        : [];
    }
  }
}

async function actionTarget(
  reader: PagerDutyReader,
  service: KnownService,
  runbook: Runbook,
  actionId: string,
): Promise<Check[]> {
  const { fail, warn } = checks("runbook.target", about(service, runbook));
  const action = await reader.action(actionId);
  if (action === null) {
    return [fail(`there is no automation action ${actionId}`, "correct the gating")];
  }
  const permissions = action.privileges?.permissions ?? null;
  if (permissions !== null && !permissions.includes("invoke")) {
    return [
      fail(
        `this token may not invoke ${actionId}`,
        "put the gate's user into a team that the action is associated with",
      ),
    ];
  }
  const isThere =
    isTrue(action.map_to_all_services) ||
    (action.services ?? []).some(({ id }) => id === service.id);
  return isThere
    ? []
    : [
        warn(
          `${actionId} is not associated with the service; PagerDuty does not say whether it then runs`,
          `POST /automation_actions/actions/${actionId}/services {"service":{"id":"${service.id}","type":"service_reference"}}`,
        ),
      ];
}

export function isTrue(flag: boolean | string | null): boolean {
  return flag === true || flag === "true";
}

async function fieldChecks(
  reader: PagerDutyReader,
  service: KnownService,
  runbook: Runbook,
): Promise<Check[]> {
  const wanted = Object.values(runbook.parameters).flatMap(({ customField }) => customField ?? []);
  if (wanted.length === 0) {
    return [];
  }
  const known = await reader.customFields();
  return wanted
    .filter((name) => !known.includes(name))
    .map((name) =>
      checks("runbook.fields", about(service, runbook)).fail(
        `incidents of the base type have no custom field \`${name}\``,
        "make it in PagerDuty (Incidents → Custom fields), or correct `customField`",
      ),
    );
}

/** Where manual tasks and escalations go. */
async function peopleChecks(reader: PagerDutyReader, service: KnownService): Promise<Check[]> {
  const { manualTask, rules } = service.gating;
  const { fail } = checks("gating.people", service.key);
  const found: Check[] = [];
  if (manualTask.service !== null && (await reader.findService(manualTask.service)) === null) {
    found.push(fail(`\`manualTask.service\`: there is no service "${manualTask.service}"`));
  }
  const named = [manualTask, ...rules.flatMap(({ escalateTo }) => escalateTo ?? [])];
  const users = [...new Set(named.flatMap((one) => one.users))];
  const policies = [...new Set(named.flatMap((one) => one.escalationPolicy ?? []))];
  for (const escalationPolicy of policies) {
    found.push(...(await missingPeople(reader, { users: [], escalationPolicy }, fail)));
  }
  return [...found, ...(await missingPeople(reader, { users, escalationPolicy: null }, fail))];
}

async function missingPeople(
  reader: PagerDutyReader,
  { users, escalationPolicy }: { users: readonly string[]; escalationPolicy: string | null },
  fail: (found: string, todo: string) => Check,
): Promise<Check[]> {
  const found: Check[] = [];
  for (const user of users) {
    if (!(await reader.hasUser(user))) {
      found.push(fail(`there is no user ${user}`, "correct the gating"));
    }
  }
  if (escalationPolicy !== null && (await reader.escalationLevels(escalationPolicy)) === null) {
    found.push(fail(`there is no escalation policy ${escalationPolicy}`, "correct the gating"));
  }
  return found;
}
