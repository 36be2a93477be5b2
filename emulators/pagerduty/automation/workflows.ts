import { z } from "zod";
import { htmlUrl, referenceTo, selfUrl, userReference } from "../account/account.ts";
import type { Account, Agent } from "../account/account.ts";
import type { Incident, Task, Workflow, WorkflowInstance } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { restTime, restTimeOrNull } from "../account/time.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { requireManager } from "../http/roles.ts";
import { optionalText, referenceSchema } from "../http/schemas.ts";
import { addLogEntry, by, emitForIncident } from "../incidents/record.ts";

const WorkflowBody = z.object({
  incident_workflow: z.object({
    type: z.literal("incident_workflow").optional(),
    name: z.string().min(1),
    description: optionalText,
    is_enabled: z.boolean().optional(),
    team: referenceSchema("team").nullish(),
    steps: z.array(z.unknown()).optional(),
  }),
});

const Start = z.object({
  incident_workflow_instance: z.object({
    id: z.string().optional(),
    type: z.literal("incident_workflow_instance").optional(),
    incident: referenceSchema("incident"),
  }),
});

/** Incident workflows. Nothing reads, pauses or cancels a started one. */
export function workflowRoutes(account: Account): Route[] {
  const { store } = account;
  const one = (call: Call): Workflow => {
    const workflow = store.get("workflows", param(call, "id"));
    if (!workflow) {
      throw notFound();
    }
    return workflow;
  };
  const shown = (workflow: Workflow) => ({ incident_workflow: render(account, workflow) });
  return [
    {
      method: "GET",
      path: "/incident_workflows",
      handle: ({ query }) => {
        const words = query.get("query")?.toLowerCase() ?? "";
        const found = store
          .list("workflows")
          .filter(({ name }) => name.toLowerCase().includes(words));
        const { items, page } = pageOf(query, found);
        return {
          status: 200,
          body: { incident_workflows: items.map((item) => render(account, item)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/incident_workflows",
      handle: (call) => {
        const wanted = parseBody(call, WorkflowBody).incident_workflow;
        const workflow: Workflow = {
          id: objectId(),
          name: wanted.name,
          description: wanted.description ?? "",
          enabled: wanted.is_enabled ?? true,
          team: wanted.team?.id ?? null,
          steps: wanted.steps ?? [],
          createdAtMs: account.now(),
        };
        store.put("workflows", workflow);
        return { status: 201, body: shown(workflow) };
      },
    },
    {
      method: "GET",
      path: "/incident_workflows/:id",
      handle: (call) => ({ status: 200, body: shown(one(call)) }),
    },
    {
      method: "PUT",
      path: "/incident_workflows/:id",
      handle: (call) => {
        const before = one(call);
        const wanted = parseBody(
          call,
          z.object({ incident_workflow: WorkflowBody.shape.incident_workflow.partial() }),
        ).incident_workflow;
        const after: Workflow = {
          ...before,
          name: wanted.name ?? before.name,
          description: wanted.description ?? before.description,
          enabled: wanted.is_enabled ?? before.enabled,
          team: wanted.team === undefined ? before.team : (wanted.team?.id ?? null),
          steps: wanted.steps ?? before.steps,
        };
        store.put("workflows", after);
        return { status: 200, body: shown(after) };
      },
    },
    {
      method: "DELETE",
      path: "/incident_workflows/:id",
      handle: (call) => {
        store.delete("workflows", one(call).id);
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: "/incident_workflows/:id/instances",
      handle: (call) => {
        requireManager(call.user);
        const workflow = one(call);
        const wanted = parseBody(call, Start).incident_workflow_instance;
        const incident = store.get("incidents", wanted.incident.id);
        if (!incident) {
          throw invalidInput(`\`incident\`: no incident has the id "${wanted.incident.id}"`);
        }
        if (!workflow.enabled) {
          throw invalidInput(`the workflow ${workflow.id} is not enabled`);
        }
        const instance = start(account, workflow, incident, userReference(account, call.user));
        return {
          status: 201,
          body: { incident_workflow_instance: renderInstance(account, instance, workflow) },
        };
      },
    },
  ];
}

function start(
  account: Account,
  workflow: Workflow,
  incident: Incident,
  agent: Agent,
): WorkflowInstance {
  const { store } = account;
  const atMs = account.now();
  // PagerDuty does not say that the caller's `id` makes a start idempotent: here it does not.
  const instance: WorkflowInstance = {
    id: objectId(),
    workflow: workflow.id,
    incident: incident.id,
    startedAtMs: atMs,
    completedAtMs: null,
  };
  store.put("workflowInstances", instance);
  addLogEntry(account, incident, {
    type: "incident_workflow_start",
    summary: `Workflow "${workflow.name}" started${by(agent)}`,
    agent,
  });
  emitInstance(account, instance, "workflow.started", agent);
  store.put("tasks", {
    id: objectId(),
    kind: "workflowCompletion",
    target: instance.id,
    dueAtMs: atMs + account.stepMs,
  });
  return instance;
}

/** Ends a workflow instance. */
export function completeWorkflow(account: Account, { target, dueAtMs }: Task): void {
  const instance = account.store.get("workflowInstances", target);
  if (instance) {
    const completed = { ...instance, completedAtMs: dueAtMs };
    account.store.put("workflowInstances", completed);
    emitInstance(account, completed, "workflow.completed", null);
  }
}

function emitInstance(
  account: Account,
  instance: WorkflowInstance,
  type: string,
  agent: Agent,
): void {
  const incident = account.store.get("incidents", instance.incident);
  if (!incident) {
    return;
  }
  emitForIncident(account, incident, type, agent, {
    id: instance.id,
    type: "incident_workflow_instance",
    summary: account.store.get("workflows", instance.workflow)?.name ?? null,
    incident_workflow: workflowReference(account, instance.workflow),
    workflow_trigger: {
      id: `${instance.workflow}-manual`,
      type: "workflow_trigger_reference",
      summary: "manual",
      self: null,
      html_url: null,
    },
    incident: referenceTo(account, "incident", incident.id),
    service: referenceTo(account, "service", incident.service),
  });
}

function workflowReference(account: Account, id: string): Record<string, unknown> {
  return {
    id,
    type: "incident_workflow_reference",
    summary: account.store.get("workflows", id)?.name ?? null,
    self: selfUrl(account, `/incident_workflows/${id}`),
    html_url: null,
  };
}

function render(account: Account, workflow: Workflow): Record<string, unknown> {
  return {
    id: workflow.id,
    type: "incident_workflow",
    summary: workflow.name,
    self: selfUrl(account, `/incident_workflows/${workflow.id}`),
    html_url: htmlUrl(account, `/incident_workflows/${workflow.id}`),
    name: workflow.name,
    description: workflow.description,
    is_enabled: workflow.enabled,
    created_at: restTime(workflow.createdAtMs),
    ...(workflow.team === null ? {} : { team: referenceTo(account, "team", workflow.team) }),
    steps: workflow.steps,
  };
}

function renderInstance(
  account: Account,
  instance: WorkflowInstance,
  workflow: Workflow,
): Record<string, unknown> {
  return {
    id: instance.id,
    type: "incident_workflow_instance",
    summary: workflow.name,
    self: null,
    html_url: null,
    incident: referenceTo(account, "incident", instance.incident),
    incident_workflow: workflowReference(account, workflow.id),
    created_at: restTime(instance.startedAtMs),
    completed_at: restTimeOrNull(instance.completedAtMs),
  };
}
