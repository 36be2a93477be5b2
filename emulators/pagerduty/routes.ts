import type { Account } from "./account/account.ts";
import { actionRoutes } from "./automation/actions.ts";
import { invocationRoutes } from "./automation/invocations.ts";
import { workflowRoutes } from "./automation/workflows.ts";
import { workflowTriggerRoutes } from "./automation/workflowTriggers.ts";
import { abilityRoutes } from "./directory/abilities.ts";
import { catalogueRoutes } from "./directory/catalogue.ts";
import { escalationPolicyRoutes } from "./directory/escalationPolicies.ts";
import { integrationRoutes } from "./directory/integrations.ts";
import { peopleRoutes } from "./directory/people.ts";
import { serviceRoutes } from "./directory/services.ts";
import { cloudWatchRoutes } from "./events/cloudWatch.ts";
import type { Confirmations } from "./events/confirmations.ts";
import { eventRoutes } from "./events/enqueue.ts";
import type { RateLimit } from "./http/rateLimit.ts";
import type { Route } from "./http/route.ts";
import { webRoutes } from "./web.ts";
import { alertRoutes } from "./incidents/alerts.ts";
import { customFieldRoutes } from "./incidents/customFields.ts";
import { fieldValueRoutes } from "./incidents/fieldValues.ts";
import { logEntryRoutes } from "./incidents/logEntries.ts";
import { mergeRoutes } from "./incidents/merge.ts";
import { noteRoutes } from "./incidents/notes.ts";
import { responderRoutes } from "./incidents/responders.ts";
import { incidentRoutes } from "./incidents/routes.ts";
import { snoozeRoutes } from "./incidents/snooze.ts";
import { statusUpdateRoutes } from "./incidents/statusUpdates.ts";
import { orchestrationRoutes } from "./orchestration/orchestrations.ts";
import type { Outbox } from "./webhooks/outbox.ts";
import { subscriptionRoutes } from "./webhooks/subscriptions.ts";

export interface RouteParts {
  outbox: Outbox;
  eventsLimit: RateLimit;
  confirmations: Confirmations;
  control: Route[];
}

/** Every route, fixed paths before those with parameters. */
export function accountRoutes(account: Account, parts: RouteParts): Route[] {
  const routes = [
    ...parts.control,
    ...customFieldRoutes(account),
    ...incidentRoutes(account),
    ...noteRoutes(account),
    ...fieldValueRoutes(account),
    ...responderRoutes(account),
    ...statusUpdateRoutes(account),
    ...snoozeRoutes(account),
    ...mergeRoutes(account),
    ...alertRoutes(account),
    ...logEntryRoutes(account),
    ...invocationRoutes(account),
    ...actionRoutes(account),
    ...workflowTriggerRoutes(account),
    ...workflowRoutes(account),
    ...orchestrationRoutes(account),
    ...serviceRoutes(account),
    ...integrationRoutes(account),
    ...escalationPolicyRoutes(account),
    ...peopleRoutes(account),
    ...abilityRoutes(account),
    ...catalogueRoutes(account),
    ...subscriptionRoutes(account, parts.outbox),
    ...eventRoutes(account, parts.eventsLimit),
    ...cloudWatchRoutes(account, parts.eventsLimit, parts.confirmations),
  ];
  return [...webRoutes(account, routes), ...routes];
}
