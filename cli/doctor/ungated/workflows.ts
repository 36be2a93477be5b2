import { checks, part, type Check } from "../check.ts";
import type { PagerDutyReader, Workflow, WorkflowTrigger } from "../pagerDutyReader.ts";
import { severity, standingOf, standingText, type Standing } from "../standing.ts";
import type { KnownService } from "../subject.ts";
import { openTo, type GateUser } from "./teams.ts";

/** The ids of PagerDuty's steps are not documented as a whole; these words are in those that run automation. */
const AUTOMATION_STEP = /automation|runbook|rundeck|run-script/i;

/** Which incident workflows that gated services start could run automation without the gate. */
export async function workflowCoverage(
  reader: PagerDutyReader,
  services: readonly KnownService[],
  { gate, proposalsUrl }: { gate: GateUser; proposalsUrl: string | null },
): Promise<Check[]> {
  const actionIds = new Set((await reader.actions()).map(({ id }) => id));
  const found: Check[] = [];
  let looked = 0;
  for (const service of services) {
    found.push(
      ...(await part("coverage.workflows", service.key, async () => {
        const own: Check[] = [];
        for (const trigger of await reader.triggers(service.id)) {
          looked += 1;
          const workflow = await reader.workflow(trigger.workflow.id);
          if (workflow !== null && workflow.is_enabled !== false) {
            const made = await triggerCheck(
              { reader, service, services, gate, proposalsUrl, actionIds },
              workflow,
              trigger,
            );
            own.push(...(made === null ? [] : [made]));
          }
        }
        return own;
      })),
    );
  }
  return found.length > 0
    ? found
    : [
        checks("coverage.workflows").ok(
          `${looked} ${looked === 1 ? "trigger" : "triggers"} of incident workflows on gated services, none runs automation that the API shows`,
        ),
      ];
}

interface Look {
  reader: PagerDutyReader;
  service: KnownService;
  services: readonly KnownService[];
  gate: GateUser;
  proposalsUrl: string | null;
  actionIds: ReadonlySet<string>;
}

async function triggerCheck(
  look: Look,
  workflow: Workflow,
  trigger: WorkflowTrigger,
): Promise<Check | null> {
  const { reader, service, services, gate } = look;
  const make = checks("coverage.workflows", service.key);
  const name = `workflow ${workflow.name ?? workflow.id} (${workflow.id})`;
  const what = automationIn(look, workflow);
  const target = standingOf({ kind: "workflow", id: workflow.id }, services);
  if (what === null && target === "unlisted") {
    return null;
  }
  const byHand = trigger.trigger_type === "manual";
  const team = trigger.permissions?.restricted === true ? trigger.permissions.team_id : null;
  const who = byHand
    ? await openTo(reader, team === null ? [] : [team], gate)
    : "PagerDuty itself, when its condition holds";
  if (who === null) {
    return null;
  }
  const starts = `is started by ${who}, trigger ${trigger.id}`;
  if (what?.asksFirst === true) {
    return make.ok(
      `${name} ${starts}; it calls the gate before its automation. That it waits for the answer cannot be seen by API`,
    );
  }
  const worst: Standing =
    target === "held" || what?.standing === "held" ? "held" : (what?.standing ?? target);
  return make[severity(worst)](
    `${name}${target === "unlisted" ? "" : `, ${standingText(target)},`} ${starts}${what === null ? "" : `; ${what.text}`}`,
    severity(worst) === "ok"
      ? null
      : `DELETE /incident_workflows/triggers/${trigger.id}, or limit it to a team of the gate's user alone, or let the workflow ask the gate first`,
  );
}

/** The first step that runs automation; null when none is seen to. */
function automationIn(
  { services, proposalsUrl, actionIds }: Look,
  { steps }: Workflow,
): { text: string; standing: Standing; asksFirst: boolean } | null {
  if (steps === null) {
    return {
      text: "its steps cannot be seen by API",
      standing: "unlisted",
      asksFirst: false,
    };
  }
  let asksFirst = false;
  for (const { name, action_configuration: configuration } of steps) {
    const values = (configuration?.inputs ?? []).map(({ value }) =>
      typeof value === "string" ? value : (JSON.stringify(value) ?? ""),
    );
    if (proposalsUrl !== null && values.some((value) => value.includes(proposalsUrl))) {
      asksFirst = true;
      continue;
    }
    const known = values.find((value) => actionIds.has(value));
    const step = `step "${name ?? "?"}"`;
    if (known !== undefined) {
      const standing = standingOf({ kind: "action", id: known }, services);
      return { text: `${step} runs ${known}, ${standingText(standing)}`, standing, asksFirst };
    }
    if (AUTOMATION_STEP.test(configuration?.action_id ?? "")) {
      return {
        text: `${step} runs automation; which cannot be seen by API`,
        standing: "unlisted",
        asksFirst,
      };
    }
  }
  return null;
}
