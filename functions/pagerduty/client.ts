import type { PagerDuty } from "../gate/ports/index.ts";
import { actionCalls } from "./execute.ts";
import { incidentCalls } from "./incidents.ts";
import { createRest } from "./rest.ts";
import type { PagerDutyOptions } from "./rest.ts";
import { serviceCalls } from "./services.ts";
import { subscriptionCalls } from "./subscriptions.ts";

export type { PagerDutyOptions } from "./rest.ts";

/**
 * PagerDuty over its REST API. Reads are repeated once where that may help, writes never, except what was refused for a
 * token that has been renewed.
 */
export function createPagerDuty(options: PagerDutyOptions): PagerDuty {
  const rest = createRest(options);
  return {
    ...incidentCalls(rest),
    ...serviceCalls(rest),
    ...actionCalls(rest),
    ...subscriptionCalls(rest),
  };
}
