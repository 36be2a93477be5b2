import { z } from "zod";
import { referenceTo, userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { StatusUpdate } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { restTime } from "../account/time.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { optionalText } from "../http/schemas.ts";
import { incidentById } from "./find.ts";
import { addLogEntry, by, emitForIncident } from "./record.ts";

const Update = z.object({
  message: z.string().trim().min(1),
  subject: optionalText,
  html_message: optionalText,
});

/** Messages to those who follow an incident. */
export function statusUpdateRoutes(account: Account): Route[] {
  return [
    {
      method: "POST",
      path: "/incidents/:id/status_updates",
      from: "required",
      handle: (call) => {
        const incident = incidentById(account, param(call, "id"));
        const wanted = parseBody(call, Update);
        const agent = userReference(account, call.user);
        const update: StatusUpdate = {
          id: objectId(),
          incident: incident.id,
          message: wanted.message,
          subject: wanted.subject ?? null,
          htmlMessage: wanted.html_message ?? null,
          sender: agent,
          createdAtMs: account.now(),
        };
        account.store.put("statusUpdates", update);
        addLogEntry(account, incident, {
          type: "status_update",
          summary: `Status update sent${by(agent)}`,
          agent,
          details: { message: update.message },
        });
        emitForIncident(account, incident, "status_update_published", agent, {
          id: update.id,
          type: "incident_status_update",
          message: update.message,
          trimmed: false,
          incident: referenceTo(account, "incident", incident.id),
        });
        return {
          status: 200,
          body: {
            status_update: {
              id: update.id,
              message: update.message,
              ...(update.subject === null ? {} : { subject: update.subject }),
              ...(update.htmlMessage === null ? {} : { html_message: update.htmlMessage }),
              created_at: restTime(update.createdAtMs),
              sender: agent,
            },
          },
        };
      },
    },
  ];
}
