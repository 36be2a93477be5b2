import * as z from "zod";
import type { PagerDuty } from "../gate/ports/index.ts";
import { asPathId } from "./ids.ts";
import type { Rest } from "./rest.ts";
import { id, listOf, optional } from "./shapes.ts";

const subscription = z.object({
  id,
  active: optional(z.boolean()),
  events: optional(z.array(z.string())),
  delivery_method: z.object({
    url: optional(z.string()),
    temporarily_disabled: optional(z.boolean()),
  }),
});
const page = z.object({
  webhook_subscriptions: listOf(subscription),
  more: optional(z.boolean()),
});

const PAGE = 100;
const LISTABLE = 10_000;

/** The webhook subscriptions, as far as the gate watches that it is still told what happens. */
export function subscriptionCalls(
  rest: Rest,
): Pick<PagerDuty, "subscriptions" | "enableSubscription"> {
  return {
    async subscriptions(url) {
      const found = [];
      for (let offset = 0; offset < LISTABLE; offset += PAGE) {
        const query = new URLSearchParams({ limit: `${PAGE}`, offset: `${offset}` });
        const { webhook_subscriptions: listed, more } = await rest.get(
          `/webhook_subscriptions?${query.toString()}`,
          page,
        );
        for (const one of listed.found) {
          if (one.delivery_method.url === url) {
            found.push({
              id: one.id,
              active: one.active !== false,
              temporarilyDisabled: one.delivery_method.temporarily_disabled === true,
              events: one.events ?? [],
            });
          }
        }
        if (more !== true) break;
      }
      return found;
    },
    async enableSubscription(subscriptionId) {
      await rest.writeBlind({
        method: "POST",
        path: `/webhook_subscriptions/${asPathId("subscription", subscriptionId)}/enable`,
        named: false,
      });
    },
  };
}
