import { z } from "zod";
import { referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import { objectId } from "../account/ids.ts";
import type { WorkflowTrigger } from "../account/orchestrationDocuments.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { referenceSchema } from "../http/schemas.ts";

const DEFAULT_LIMIT = 25;

const Permissions = z.object({ restricted: z.boolean(), team_id: z.string().nullish() });

const Creation = z.object({
  trigger: z.object({
    type: z.literal("workflow_trigger").optional(),
    trigger_type: z.enum(["manual", "conditional", "incident_type"]),
    workflow: z.looseObject({ id: z.string() }),
    services: z.array(referenceSchema("service")).default([]),
    is_subscribed_to_all_services: z.boolean().default(false),
    condition: z.string().nullish(),
    permissions: Permissions.optional(),
  }),
});

/** Its workflow and its type stay what they were. */
const Update = z.object({
  trigger: z.object({
    services: z.array(referenceSchema("service")).optional(),
    is_subscribed_to_all_services: z.boolean().optional(),
    condition: z.string().nullish(),
    permissions: Permissions.optional(),
  }),
});

/** When workflows start. The emulator keeps triggers and tells them; none starts anything by itself. */
export function workflowTriggerRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "GET",
      path: "/incident_workflows/triggers",
      handle: ({ query }) => {
        const service = query.get("service_id");
        const workflow = query.get("workflow_id");
        const type = query.get("trigger_type");
        const found = store
          .list("workflowTriggers")
          .filter(
            (one) =>
              (service === null || one.everyService || one.services.includes(service)) &&
              (workflow === null || one.workflow === workflow) &&
              (type === null || one.triggerType === type),
          );
        const from = Number(query.get("cursor") ?? 0);
        const limit = Number(query.get("limit") ?? DEFAULT_LIMIT);
        const next = from + limit < found.length ? String(from + limit) : null;
        return {
          status: 200,
          body: {
            triggers: found.slice(from, from + limit).map((one) => render(account, one)),
            limit,
            next_cursor: next,
          },
        };
      },
    },
    {
      method: "POST",
      path: "/incident_workflows/triggers",
      handle: (call) => {
        const wanted = parseBody(call, Creation).trigger;
        if (!store.get("workflows", wanted.workflow.id)) {
          throw invalidInput(
            `\`trigger.workflow\`: no workflow has the id "${wanted.workflow.id}"`,
          );
        }
        const made: WorkflowTrigger = {
          id: objectId(),
          triggerType: wanted.trigger_type,
          workflow: wanted.workflow.id,
          services: wanted.services.map(({ id }) => id),
          everyService: wanted.is_subscribed_to_all_services,
          condition: wanted.condition ?? null,
          team: teamOf(wanted.permissions),
        };
        store.put("workflowTriggers", made);
        return { status: 201, body: { trigger: render(account, made) } };
      },
    },
    {
      method: "GET",
      path: "/incident_workflows/triggers/:id",
      handle: (call) => ({ status: 200, body: { trigger: render(account, one(account, call)) } }),
    },
    {
      method: "PUT",
      path: "/incident_workflows/triggers/:id",
      handle: (call) => {
        const before = one(account, call);
        const wanted = parseBody(call, Update).trigger;
        const after: WorkflowTrigger = {
          ...before,
          services: wanted.services?.map(({ id }) => id) ?? before.services,
          everyService: wanted.is_subscribed_to_all_services ?? before.everyService,
          condition: wanted.condition === undefined ? before.condition : wanted.condition,
          team: wanted.permissions === undefined ? before.team : teamOf(wanted.permissions),
        };
        store.put("workflowTriggers", after);
        return { status: 200, body: { trigger: render(account, after) } };
      },
    },
    {
      method: "DELETE",
      path: "/incident_workflows/triggers/:id",
      handle: (call) => {
        if (!store.delete("workflowTriggers", param(call, "id"))) {
          throw notFound();
        }
        return { status: 204 };
      },
    },
  ];
}

function one({ store }: Account, call: Call): WorkflowTrigger {
  const trigger = store.get("workflowTriggers", param(call, "id"));
  if (!trigger) {
    throw notFound();
  }
  return trigger;
}

function teamOf(permissions: z.infer<typeof Permissions> | undefined): string | null {
  return permissions?.restricted === true ? (permissions.team_id ?? null) : null;
}

function render(account: Account, trigger: WorkflowTrigger): Record<string, unknown> {
  const { id, workflow, team } = trigger;
  return {
    id,
    type: "workflow_trigger",
    trigger_type: trigger.triggerType,
    workflow: {
      id: workflow,
      type: "workflow_reference",
      summary: account.store.get("workflows", workflow)?.name ?? null,
      self: selfUrl(account, `/incident_workflows/${workflow}`),
    },
    services: trigger.services.map((one) => ({
      ...referenceTo(account, "service", one),
      type: "service",
    })),
    is_subscribed_to_all_services: trigger.everyService,
    ...(trigger.condition === null ? {} : { condition: trigger.condition }),
    permissions: team === null ? { restricted: false } : { restricted: true, team_id: team },
  };
}
