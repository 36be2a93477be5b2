import { htmlUrl, referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { AutomationAction, Invocation } from "../account/documents.ts";
import { restTime, webhookTime } from "../account/time.ts";

export function renderAction(account: Account, action: AutomationAction): Record<string, unknown> {
  return {
    id: action.id,
    type: "action",
    summary: action.name,
    self: selfUrl(account, `/automation_actions/actions/${action.id}`),
    name: action.name,
    description: action.description,
    action_type: action.actionType,
    action_classification: action.classification,
    action_data_reference: action.data,
    ...(action.runner === null ? {} : { runner: action.runner }),
    runner_type: "sidecar",
    only_invocable_on_unresolved_incidents: action.onlyOnUnresolved,
    allow_invocation_manually: true,
    allow_invocation_from_event_orchestration: false,
    map_to_all_services: false,
    ...action.rest,
    services: action.services.map((id) => referenceTo(account, "service", id)),
    teams: action.teams.map((id) => referenceTo(account, "team", id)),
    privileges: { permissions: ["update", "delete", "invoke"] },
    creation_time: restTime(action.createdAtMs),
    modify_time: restTime(action.modifiedAtMs),
    // Of an action that never ran PagerDuty's document has neither, and null is none of their forms.
    ...(action.lastRunAtMs === null ? {} : { last_run: restTime(action.lastRunAtMs) }),
    ...(action.lastRunBy === null ? {} : { last_run_by: action.lastRunBy }),
  };
}

export function renderInvocation(invocation: Invocation): Record<string, unknown> {
  const { timing } = invocation;
  const firstMs = timing[0]?.atMs ?? 0;
  const lastMs = timing.at(-1)?.atMs ?? firstMs;
  return {
    id: invocation.id,
    type: "invocation",
    action_id: invocation.action,
    action_snapshot: invocation.snapshot,
    runner_id: invocation.runner,
    timing: timing.map(({ atMs, state }) => ({ timestamp: webhookTime(atMs), state })),
    duration: Math.round((lastMs - firstMs) / 1000),
    state: invocation.state,
    metadata: {
      agent: invocation.agent,
      incident: { id: invocation.incident, type: "incident_reference" },
      ...(invocation.alert === null
        ? {}
        : { alert: { id: invocation.alert, type: "alert_reference" } }),
    },
  };
}

/** An invocation as webhooks carry it. */
export function webhookInvocation(
  account: Account,
  invocation: Invocation,
): Record<string, unknown> {
  const { id, action } = invocation;
  return {
    id,
    type: "incident_action_invocation",
    state: invocation.state,
    self: selfUrl(account, `/automation/invocations/${id}`),
    html_url: htmlUrl(account, `/rundeck-actions/actions/${action}/invocations/${id}/report`),
    incident: referenceTo(account, "incident", invocation.incident),
    action: {
      id: action,
      type: "action_reference",
      summary: account.store.get("actions", action)?.name ?? null,
      self: selfUrl(account, `/automation/actions/${action}`),
      html_url: htmlUrl(account, `/rundeck-actions/actions/${action}`),
    },
  };
}
