import { z } from "zod";
import { userReference } from "../account/account.ts";
import type { Account } from "../account/account.ts";
import type { Task } from "../account/documents.ts";
import { objectId } from "../account/ids.ts";
import { alreadyResolved } from "../http/errors.ts";
import { param, parseBody } from "../http/route.ts";
import type { Route } from "../http/route.ts";
import { acknowledge, unacknowledge } from "./changes.ts";
import { incidentById } from "./find.ts";
import { addLogEntry, by, saveIncident } from "./record.ts";
import { renderIncident } from "./render.ts";

const Snooze = z.object({ duration: z.int().min(1).max(604_800) });

/** Snoozing takes an incident on and gives it back after a while. */
export function snoozeRoutes(account: Account): Route[] {
  return [
    {
      method: "POST",
      path: "/incidents/:id/snooze",
      from: "required",
      handle: (call) => {
        const before = incidentById(account, param(call, "id"));
        const { duration } = parseBody(call, Snooze);
        if (before.status === "resolved") {
          throw alreadyResolved();
        }
        const agent = userReference(account, call.user);
        const snoozedUntilMs = account.now() + duration * 1000;
        const taken = acknowledge(account, before, agent);
        const incident = saveIncident(account, taken, { snoozedUntilMs });
        addLogEntry(account, incident, {
          type: "snooze",
          summary: `Snoozed for ${duration} s${by(agent)}`,
          agent,
        });
        account.store.put("tasks", {
          id: objectId(),
          kind: "unsnooze",
          target: incident.id,
          dueAtMs: snoozedUntilMs,
        });
        return { status: 201, body: { incident: renderIncident(account, incident) } };
      },
    },
  ];
}

/** Gives an incident back whose snooze is over, unless it went another way meanwhile. */
export function endSnooze(account: Account, { target, dueAtMs }: Task): void {
  const incident = account.store.get("incidents", target);
  if (incident?.status === "acknowledged" && incident.snoozedUntilMs === dueAtMs) {
    unacknowledge(account, incident, null);
  }
}
