import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account, Agent } from "../account/account.ts";
import type { AutomationAction, Invocation, Task, User } from "../account/documents.ts";
import { longId, objectId } from "../account/ids.ts";
import { requireAbility } from "../directory/abilities.ts";
import { accessDenied, invalidInput, notFound } from "../http/errors.ts";
import { many } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { addLogEntry, by, emitForIncident } from "../incidents/record.ts";
import { namedValues } from "../incidents/fieldValues.ts";
import { renderInvocation, webhookInvocation } from "./render.ts";

const MAX_LISTED = 25;

const Invoke = z.object({
  invocation: z.object({
    metadata: z.object({
      incident_id: z.string().min(1),
      alert_id: z.string().min(1).nullish(),
    }),
  }),
});

/** Start automation actions and see how they end. Nothing cancels one. */
export function invocationRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "POST",
      path: "/automation_actions/actions/:id/invocations",
      handle: (call) => {
        const action = store.get("actions", param(call, "id"));
        if (!action) {
          throw notFound();
        }
        const { metadata } = parseBody(call, Invoke).invocation;
        requireAbility(account, "automation_actions");
        refuseStrangers(action, call.user);
        const invocation = invoke(account, action, call.user, {
          incident: metadata.incident_id,
          alert: metadata.alert_id ?? null,
        });
        return { status: 201, body: { invocation: renderInvocation(invocation) } };
      },
    },
    {
      method: "GET",
      path: "/automation_actions/invocations",
      handle: ({ query }) => {
        const incident = query.get("incident_id");
        const action = query.get("action_id");
        const states = many(query, "invocation_state");
        const otherThan = many(query, "not_invocation_state");
        if (states.length > 0 && otherThan.length > 0) {
          throw invalidInput(
            "`invocation_state` and `not_invocation_state` cannot be given together",
          );
        }
        const found = store
          .list("invocations", incident ?? undefined)
          .map((invocation) => asRead(account, invocation))
          .filter(
            (invocation) =>
              (action === null || invocation.action === action) &&
              (states.length === 0 || states.includes(invocation.state)) &&
              !otherThan.includes(invocation.state),
          )
          .toReversed();
        return {
          status: 200,
          body: { invocations: found.slice(0, MAX_LISTED).map(renderInvocation) },
        };
      },
    },
    {
      method: "GET",
      path: "/automation_actions/invocations/:id",
      handle: (call) => {
        const invocation = store.get("invocations", param(call, "id"));
        if (!invocation) {
          throw notFound();
        }
        return {
          status: 200,
          body: { invocation: renderInvocation(asRead(account, invocation)) },
        };
      },
    },
  ];
}

/** What a reader is told: where the state cannot be fetched for the moment, the run goes on all the same. */
function asRead({ store }: Account, invocation: Invocation): Invocation {
  const isUnknown = store.get("actions", invocation.action)?.outcome === "unknown";
  return isUnknown ? { ...invocation, state: "unknown" } : invocation;
}

// A team on an action limits who may run it; administrators always may.
function refuseStrangers(action: AutomationAction, user: User): void {
  const member = action.teams.some((team) => user.teams.includes(team));
  if (action.teams.length > 0 && !member && !["admin", "owner"].includes(user.role)) {
    throw accessDenied(`the user ${user.id} is in none of the action's teams`);
  }
}

function invoke(
  account: Account,
  action: AutomationAction,
  user: User,
  target: { incident: string; alert: string | null },
): Invocation {
  const { store } = account;
  const incident = store.get("incidents", target.incident);
  if (!incident) {
    throw invalidInput(`\`metadata.incident_id\`: no incident has the id "${target.incident}"`);
  }
  if (action.onlyOnUnresolved && incident.status === "resolved") {
    throw invalidInput("the action can only be invoked on incidents that are not resolved");
  }
  const atMs = account.now();
  const agent = userReference(account, user);
  const invocation: Invocation = {
    id: longId(),
    action: action.id,
    incident: incident.id,
    alert: target.alert,
    snapshot: {
      name: action.name,
      action_type: action.actionType,
      action_data_reference: action.data,
    },
    runner: action.runner,
    state: "created",
    timing: [{ atMs, state: "created" }],
    agent: { id: user.id, type: "user_reference" },
  };
  store.put("invocations", invocation);
  store.put("actions", { ...action, lastRunAtMs: atMs, lastRunBy: invocation.agent });
  addLogEntry(account, incident, {
    type: "automation_action_invocation",
    summary: `Action "${action.name}" invoked${by(agent)}`,
    agent,
    details: { action: action.id, invocation: invocation.id },
  });
  emitForIncident(
    account,
    incident,
    "action_invocation.created",
    agent,
    webhookInvocation(account, invocation),
  );
  store.put("tasks", {
    id: objectId(),
    kind: "invocationStep",
    target: invocation.id,
    dueAtMs: atMs + account.stepMs,
  });
  return invocation;
}

const PATH = ["created", "sent", "queued", "running"];

/** Moves an invocation to its next state. The answer is when the following step is due. */
export function stepInvocation(account: Account, { target, dueAtMs }: Task): number | null {
  const { store } = account;
  const invocation = store.get("invocations", target);
  const action = invocation && store.get("actions", invocation.action);
  const atMs = dueAtMs ?? account.now();
  // A deleted action no longer says how it ends; what was started ends well.
  const outcome = action?.outcome ?? "completed";
  if (!invocation) {
    return null;
  }
  if (invocation.state === "created" && outcome === "stuck") {
    // Its runner is offline: it waits until somebody sets another outcome.
    return null;
  }
  const next = PATH[PATH.indexOf(invocation.state) + 1];
  const state = next ?? (["stuck", "unknown"].includes(outcome) ? "completed" : outcome);
  const incident = store.get("incidents", invocation.incident);
  const changed = {
    ...invocation,
    state,
    timing: [...invocation.timing, { atMs, state }],
    ...(state === "running" && incident ? { fieldsFound: namedValues(account, incident) } : {}),
  };
  store.put("invocations", changed);
  if (incident) {
    emitForIncident(
      account,
      incident,
      next === undefined ? "action_invocation.terminated" : "action_invocation.updated",
      agentOf(account, invocation),
      webhookInvocation(account, changed),
    );
  }
  return next === undefined ? null : atMs + account.stepMs;
}

/** Lets the invocations go on that waited for an action's runner. */
export function resumeInvocations(account: Account, action: AutomationAction): void {
  const { store } = account;
  const moving = new Set(store.list("tasks").map(({ target }) => target));
  for (const invocation of store.list("invocations")) {
    if (
      invocation.action === action.id &&
      invocation.state === "created" &&
      !moving.has(invocation.id)
    ) {
      store.put("tasks", {
        id: objectId(),
        kind: "invocationStep",
        target: invocation.id,
        dueAtMs: account.now(),
      });
    }
  }
}

function agentOf(account: Account, { agent }: Invocation): Agent {
  return referenceTo(account, "user", agent.id);
}
