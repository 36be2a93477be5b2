import { z } from "zod";
import { referenceTo, selfUrl } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import { shortId } from "../account/ids.ts";
import type {
  OrchestrationPath,
  OrchestrationPathType,
} from "../account/orchestrationDocuments.ts";
import { restTime } from "../account/time.ts";
import { serviceById } from "../directory/find.ts";
import { notFound } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Answer, Call, Route } from "../http/route.ts";
import { PathBody, checkRules, withIds } from "./rules.ts";

const TYPES = ["global", "router", "unrouted"] as const;
const Active = z.object({ active: z.boolean() });

/** The rules of event orchestrations and services. They are kept and told; no event runs through them. */
export function pathRoutes(account: Account): Route[] {
  const ofService = (call: Call) => serviceById(account, param(call, "id")).id;
  const active = "/event_orchestrations/services/:id/active";
  return [
    {
      method: "GET",
      path: active,
      handle: (call) => ({
        status: 200,
        body: { active: pathOf(account, "service", ofService(call)).active },
      }),
    },
    {
      method: "PUT",
      path: active,
      handle: (call) => {
        const before = pathOf(account, "service", ofService(call));
        const wanted = parseBody(call, Active);
        account.store.put("orchestrationPaths", { ...before, ...wanted });
        return { status: 200, body: wanted };
      },
    },
    ...readAndWrite(account, "service", "/event_orchestrations/services/:id", ofService),
    ...TYPES.flatMap((type) =>
      readAndWrite(account, type, `/event_orchestrations/:id/${type}`, (call) => {
        const id = param(call, "id");
        if (!account.store.get("orchestrations", id)) {
          throw notFound();
        }
        return id;
      }),
    ),
  ];
}

/** How many services the rules of a router lead to. */
export function routesFrom(account: Account, orchestration: string): number {
  const { sets } = pathOf(account, "router", orchestration);
  return sets.reduce((count, { rules }) => count + rules.length, 0);
}

function readAndWrite(
  account: Account,
  type: OrchestrationPathType,
  path: string,
  ownerOf: (call: Call) => string,
): Route[] {
  const shown = (found: OrchestrationPath, more = {}): Answer => ({
    status: 200,
    body: { orchestration_path: render(account, found), ...more },
  });
  return [
    {
      method: "GET",
      path,
      handle: (call) => shown(pathOf(account, type, ownerOf(call))),
    },
    {
      method: "PUT",
      path,
      handle: (call) => {
        const before = pathOf(account, type, ownerOf(call));
        const { orchestration_path: wanted } = parseBody(call, PathBody);
        checkRules(type, wanted);
        const after: OrchestrationPath = {
          ...before,
          sets: wanted.sets === undefined ? before.sets : withIds(wanted.sets, shortId),
          catchAll: wanted.catch_all?.actions ?? before.catchAll,
          updatedAtMs: account.now(),
          by: call.user.id,
        };
        account.store.put("orchestrationPaths", after);
        return shown(after, { warnings: [] });
      },
    },
  ];
}

/** As it was written, or without rules as it is at first. */
function pathOf(account: Account, type: OrchestrationPathType, owner: string): OrchestrationPath {
  const id = `${type}/${owner}`;
  const empty: OrchestrationPath = {
    id,
    type,
    owner,
    sets: [{ id: "start", rules: [] }],
    catchAll: type === "router" ? { route_to: "unrouted" } : {},
    active: false,
    updatedAtMs: account.now(),
    by: null,
  };
  return account.store.get("orchestrationPaths", id) ?? empty;
}

function render(account: Account, found: OrchestrationPath): Record<string, unknown> {
  const { type, owner, sets, catchAll, by } = found;
  const parent =
    type === "service"
      ? { id: owner, type: "service_reference", self: selfUrl(account, `/services/${owner}`) }
      : {
          id: owner,
          type: "event_orchestration_reference",
          self: selfUrl(account, `/event_orchestrations/${owner}`),
        };
  const path = type === "service" ? `services/${owner}` : `${owner}/${type}`;
  return {
    type,
    self: selfUrl(account, `/event_orchestrations/${path}`),
    parent,
    sets,
    catch_all: { actions: catchAll },
    updated_at: restTime(found.updatedAtMs),
    ...(by === null ? {} : { updated_by: referenceTo(account, "user", by) }),
  };
}
