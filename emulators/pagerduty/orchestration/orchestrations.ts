import { z } from "zod";
import { referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import { integrationKey, objectId } from "../account/ids.ts";
import type { Orchestration } from "../account/orchestrationDocuments.ts";
import { restTime } from "../account/time.ts";
import { invalidInput, notFound } from "../http/errors.ts";
import { pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import type { Call, Route } from "../http/route.ts";
import { optionalText } from "../http/schemas.ts";
import { pathRoutes, routesFrom } from "./paths.ts";

const Fields = z.object({
  name: z.string().min(1),
  description: optionalText,
  // PagerDuty's own samples write the team without a type.
  team: z.looseObject({ id: z.string().min(1) }).nullish(),
});
const Creation = z.object({ orchestration: Fields });
const Update = z.object({ orchestration: Fields.partial() });

/** Event orchestrations, and the rules of theirs and of services. */
export function orchestrationRoutes(account: Account): Route[] {
  const { store } = account;
  const one = (call: Call): Orchestration => {
    const found = store.get("orchestrations", param(call, "id"));
    if (!found) {
      throw notFound();
    }
    return found;
  };
  const shown = (orchestration: Orchestration) => ({
    orchestration: render(account, orchestration),
  });
  const teamOf = (wanted: z.infer<typeof Fields>["team"]): string | null => {
    if (wanted && !store.get("teams", wanted.id)) {
      throw invalidInput(`\`orchestration.team\`: no team has the id "${wanted.id}"`);
    }
    return wanted?.id ?? null;
  };
  return [
    ...pathRoutes(account),
    {
      method: "GET",
      path: "/event_orchestrations",
      handle: ({ query }) => {
        const { items, page } = pageOf(query, store.list("orchestrations"));
        return {
          status: 200,
          body: { orchestrations: items.map((item) => render(account, item)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/event_orchestrations",
      handle: (call) => {
        const wanted = parseBody(call, Creation).orchestration;
        const atMs = account.now();
        const made: Orchestration = {
          id: objectId(),
          name: wanted.name,
          description: wanted.description ?? "",
          team: teamOf(wanted.team),
          integration: objectId(),
          routingKey: integrationKey(),
          createdAtMs: atMs,
          updatedAtMs: atMs,
          by: call.user.id,
        };
        store.put("orchestrations", made);
        return { status: 201, body: shown(made) };
      },
    },
    {
      method: "GET",
      path: "/event_orchestrations/:id",
      handle: (call) => ({ status: 200, body: shown(one(call)) }),
    },
    {
      method: "PUT",
      path: "/event_orchestrations/:id",
      handle: (call) => {
        const before = one(call);
        const wanted = parseBody(call, Update).orchestration;
        const after: Orchestration = {
          ...before,
          name: wanted.name ?? before.name,
          description: wanted.description ?? before.description,
          team: wanted.team === undefined ? before.team : teamOf(wanted.team),
          updatedAtMs: account.now(),
          by: call.user.id,
        };
        store.put("orchestrations", after);
        return { status: 200, body: shown(after) };
      },
    },
  ];
}

function render(account: Account, orchestration: Orchestration): Record<string, unknown> {
  const { id, name, description, team, integration, routingKey, by } = orchestration;
  return {
    id,
    self: selfUrl(account, `/event_orchestrations/${id}`),
    name,
    description,
    team: team === null ? null : referenceTo(account, "team", team),
    integrations: [
      {
        id: integration,
        label: `${name} Default Integration`,
        parameters: { routing_key: routingKey, type: "global" },
      },
    ],
    routes: routesFrom(account, id),
    created_at: restTime(orchestration.createdAtMs),
    created_by: referenceTo(account, "user", by),
    updated_at: restTime(orchestration.updatedAtMs),
    updated_by: referenceTo(account, "user", by),
  };
}
