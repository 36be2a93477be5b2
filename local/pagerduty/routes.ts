import type { Account } from "./account/account.ts";
import { invocationRoutes } from "./automation/invocations.ts";
import { workflowRoutes } from "./automation/workflows.ts";
import type { RateLimit } from "./http/rateLimit.ts";
import type { Route } from "./http/route.ts";
import { customFieldRoutes } from "./incidents/customFields.ts";
import { fieldValueRoutes } from "./incidents/fieldValues.ts";
import { noteRoutes } from "./incidents/notes.ts";
import { incidentRoutes } from "./incidents/routes.ts";
import { snoozeRoutes } from "./incidents/snooze.ts";
import type { Outbox } from "./webhooks/outbox.ts";
import { subscriptionRoutes } from "./webhooks/subscriptions.ts";

export interface RouteParts {
  outbox: Outbox;
  eventsLimit: RateLimit;
  control: Route[];
}

/** Every route, fixed paths before those with parameters. */
export function accountRoutes(account: Account, parts: RouteParts): Route[] {
  return [
    ...parts.control,
    ...customFieldRoutes(account),
    ...incidentRoutes(account),
    ...noteRoutes(account),
    ...fieldValueRoutes(account),
    ...snoozeRoutes(account),
    ...invocationRoutes(account),
    ...workflowRoutes(account),
    ...subscriptionRoutes(account, parts.outbox),
  ];
}
