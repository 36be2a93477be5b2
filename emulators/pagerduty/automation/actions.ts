import { z } from "zod";
import { referenceTo } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { AutomationAction } from "../account/documents.ts";
import { longId } from "../account/ids.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { optionalText, referenceSchema } from "../http/schemas.ts";
import { renderAction } from "./render.ts";

const MAX_LISTED = 100;

/** What is run: a script, or a job of Process Automation. */
const DataReference = z.union(
  [
    z.looseObject({ script: z.string() }),
    z.looseObject({ process_automation_job_id: z.string().max(36) }),
  ],
  "must have `script` or `process_automation_job_id`",
);

const ActionFields = z.looseObject({
  type: z.literal("action").optional(),
  name: z.string().min(1).max(255),
  description: optionalText,
  action_type: z.enum(["script", "process_automation"]),
  action_classification: z.enum(["diagnostic", "remediation"]).nullish(),
  action_data_reference: DataReference,
  runner: z.string().nullish(),
  services: z.array(referenceSchema("service")).optional(),
  teams: z.array(referenceSchema("team")).optional(),
  only_invocable_on_unresolved_incidents: z.boolean().optional(),
});

const Creation = z.object({ action: ActionFields });
const Update = z.object({ action: ActionFields.partial() });

const COMPUTED = [
  "id",
  "self",
  "summary",
  "privileges",
  "creation_time",
  "modify_time",
  "last_run",
  "last_run_by",
];

/** Automation actions and the services and teams that they belong to. */
export function actionRoutes(account: Account): Route[] {
  const { store } = account;
  const shown = (action: AutomationAction) => ({ action: renderAction(account, action) });
  return [
    {
      method: "GET",
      path: "/automation_actions/actions",
      handle: ({ query }) => {
        const found = listed(account, query);
        return {
          status: 200,
          body: {
            actions: found.map((action) => renderAction(account, action)),
            limit: MAX_LISTED,
            next_cursor: null,
            privileges: { permissions: ["create"] },
          },
        };
      },
    },
    {
      method: "POST",
      path: "/automation_actions/actions",
      handle: (call) => {
        const wanted = parseBody(call, Creation).action;
        const atMs = account.now();
        const empty: AutomationAction = {
          id: longId(),
          name: wanted.name,
          description: "",
          actionType: wanted.action_type,
          classification: null,
          data: {},
          runner: null,
          services: [],
          teams: [],
          onlyOnUnresolved: false,
          createdAtMs: atMs,
          modifiedAtMs: atMs,
          lastRunAtMs: null,
          lastRunBy: null,
          outcome: "completed",
          rest: {},
        };
        const action = merge(account, empty, wanted);
        store.put("actions", action);
        return { status: 201, body: shown(action) };
      },
    },
    {
      method: "GET",
      path: "/automation_actions/actions/:id",
      handle: (call) => ({ status: 200, body: shown(one(account, call)) }),
    },
    {
      method: "PUT",
      path: "/automation_actions/actions/:id",
      handle: (call) => {
        const before = one(account, call);
        const action = merge(account, before, parseBody(call, Update).action);
        store.put("actions", action);
        return { status: 200, body: shown(action) };
      },
    },
    {
      method: "DELETE",
      path: "/automation_actions/actions/:id",
      handle: (call) => {
        store.delete("actions", one(account, call).id);
        return { status: 204 };
      },
    },
    ...associations(account, "service", "services"),
    ...associations(account, "team", "teams"),
  ];
}

function associations(
  account: Account,
  kind: "service" | "team",
  member: "services" | "teams",
): Route[] {
  const { store } = account;
  const path = `/automation_actions/actions/:id/${member}`;
  return [
    {
      method: "GET",
      path,
      handle: (call) => ({
        status: 200,
        body: { [member]: one(account, call)[member].map((id) => referenceTo(account, kind, id)) },
      }),
    },
    {
      method: "POST",
      path,
      handle: (call) => {
        const action = one(account, call);
        const wanted = parseBody(call, z.object({ [kind]: referenceSchema(kind) }));
        const id = wanted[kind]?.id ?? "";
        if (!store.get(member, id)) {
          throw invalidInput(`\`${kind}\`: no ${kind} has the id "${id}"`);
        }
        const after = [...new Set([...action[member], id])];
        store.put("actions", { ...action, [member]: after, modifiedAtMs: account.now() });
        return { status: 201, body: { [kind]: referenceTo(account, kind, id) } };
      },
    },
    {
      method: "DELETE",
      path: `${path}/:member`,
      handle: (call) => {
        const action = one(account, call);
        const id = param(call, "member");
        if (!action[member].includes(id)) {
          throw notFound();
        }
        const after = action[member].filter((other) => other !== id);
        store.put("actions", { ...action, [member]: after, modifiedAtMs: account.now() });
        return { status: 204 };
      },
    },
  ];
}

function one({ store }: Account, call: Call): AutomationAction {
  const action = store.get("actions", param(call, "id"));
  if (!action) {
    throw notFound();
  }
  return action;
}

function listed({ store }: Account, query: URLSearchParams): AutomationAction[] {
  const name = query.get("name")?.toLowerCase() ?? "";
  const service = query.get("service_id");
  const team = query.get("team_id");
  const classification = query.get("classification");
  return store
    .list("actions")
    .filter(
      (action) =>
        action.name.toLowerCase().includes(name) &&
        (service === null || action.services.includes(service)) &&
        (team === null || action.teams.includes(team)) &&
        (classification === null || action.classification === classification),
    )
    .slice(0, MAX_LISTED);
}

function merge(
  account: Account,
  action: AutomationAction,
  wanted: z.infer<typeof Update>["action"],
): AutomationAction {
  const { store } = account;
  const {
    type: _type,
    name,
    description,
    action_type,
    action_classification,
    action_data_reference,
    runner,
    services,
    teams,
    only_invocable_on_unresolved_incidents,
    ...rest
  } = wanted;
  for (const [kind, collection, list] of [
    ["service", "services", services],
    ["team", "teams", teams],
  ] as const) {
    for (const { id } of list ?? []) {
      if (!store.get(collection, id)) {
        throw invalidInput(`\`${collection}\`: no ${kind} has the id "${id}"`);
      }
    }
  }
  if (action_type !== undefined && action_type !== action.actionType) {
    throw invalidInput("`action_type` cannot be changed");
  }
  return {
    ...action,
    name: name ?? action.name,
    description: description ?? action.description,
    classification:
      action_classification === undefined ? action.classification : action_classification,
    data: { ...action.data, ...action_data_reference },
    runner: runner === undefined ? action.runner : runner,
    services: services?.map(({ id }) => id) ?? action.services,
    teams: teams?.map(({ id }) => id) ?? action.teams,
    onlyOnUnresolved: only_invocable_on_unresolved_incidents ?? action.onlyOnUnresolved,
    modifiedAtMs: account.now(),
    rest: {
      ...action.rest,
      ...Object.fromEntries(Object.entries(rest).filter(([key]) => !COMPUTED.includes(key))),
    },
  };
}
