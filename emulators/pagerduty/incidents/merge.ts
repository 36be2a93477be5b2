import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import { alreadyResolved, invalidInput } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { referenceSchema } from "../http/schemas.ts";
import { resolve } from "./changes.ts";
import { incidentById } from "./find.ts";
import { addLogEntry, by } from "./record.ts";

const Merge = z.object({ source_incidents: z.array(referenceSchema("incident")).min(1) });

/** Merging resolves the sources and moves their alerts to the target. */
export function mergeRoutes(account: Account): Route[] {
  const { store } = account;
  return [
    {
      method: "PUT",
      path: "/incidents/:id/merge",
      from: "required",
      handle: (call) => {
        const target = incidentById(account, param(call, "id"));
        const { source_incidents } = parseBody(call, Merge);
        if (target.status === "resolved") {
          throw alreadyResolved();
        }
        const agent = userReference(account, call.user);
        for (const { id } of source_incidents) {
          const source = store.get("incidents", id);
          if (!source || id === target.id) {
            throw invalidInput(`\`source_incidents\`: "${id}" is not another incident`);
          }
          for (const alert of store.list("alerts", id)) {
            store.put("alerts", { ...alert, incident: target.id });
          }
          if (source.status !== "resolved") {
            resolve(account, source, agent, { mergedInto: target.id });
          }
          addLogEntry(account, target, {
            type: "merge",
            summary: `Merged #${source.number} into this incident${by(agent)}`,
            agent,
          });
        }
        return {
          status: 200,
          body: { incident: referenceTo(account, "incident", target.id) },
        };
      },
    },
  ];
}
