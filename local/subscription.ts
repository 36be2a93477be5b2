import { z } from "zod";
import { subscribedEvents } from "../functions/gate/gating/index.ts";
import type { PagerDutyEmulator } from "../emulators/pagerduty/index.ts";

export const keptSubscription = z.object({ id: z.string(), url: z.string(), secret: z.string() });
/** The webhook subscription of the gate; its secret is told only when it is created. */
export type KeptSubscription = z.infer<typeof keptSubscription>;

const created = z.object({
  webhook_subscription: z.object({
    id: z.string(),
    delivery_method: z.object({ secret: z.string().min(1) }),
  }),
});
const listed = z.object({
  webhook_subscriptions: z.array(
    z.object({ id: z.string(), delivery_method: z.object({ url: z.string() }) }),
  ),
});

/** A deployment's own, and what an agent may leave on an incident as a proposal. */
const EVENTS = [...subscribedEvents, "incident.annotated"];

/**
 * Makes sure of one subscription to the gate: the kept one, at the gate's address of today, or a new one, which `keep`
 * must write down before others to the same address go.
 */
export async function subscribe(
  pagerDuty: PagerDutyEmulator,
  gateUrl: string,
  kept: KeptSubscription | null,
  keep: (subscription: KeptSubscription) => void,
): Promise<void> {
  const url = `${gateUrl}/pagerduty/webhook`;
  // What waits for the gate goes with it to its new address: PagerDuty itself would lose it.
  const isThere = kept !== null && pagerDuty.redirect(kept.id, url);
  const own = isThere ? { ...kept, url } : await create(pagerDuty, url);
  keep(own);
  // The secret of a subscription that was made and not kept is known to nobody: it fails at each delivery.
  const answer = await call(pagerDuty, "GET", "/webhook_subscriptions?limit=100");
  const { webhook_subscriptions: all } = listed.parse(await answer.json());
  for (const { id, delivery_method } of all) {
    if (delivery_method.url === url && id !== own.id) {
      await call(pagerDuty, "DELETE", `/webhook_subscriptions/${id}`);
    }
  }
}

async function create(pagerDuty: PagerDutyEmulator, url: string): Promise<KeptSubscription> {
  const answer = await call(pagerDuty, "POST", "/webhook_subscriptions", {
    webhook_subscription: {
      type: "webhook_subscription",
      description: "approval gate",
      delivery_method: { type: "http_delivery_method", url },
      events: EVENTS,
      filter: { type: "account_reference" },
    },
  });
  const { webhook_subscription: made } = created.parse(await answer.json());
  return { id: made.id, url, secret: made.delivery_method.secret };
}

async function call(
  pagerDuty: PagerDutyEmulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<Response> {
  const answer = await fetch(`${pagerDuty.url}${path}`, {
    method,
    headers: {
      authorization: `Token token=${pagerDuty.token}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) {
    throw new Error(
      `the webhook subscription is not set up: ${method} ${path}: ${answer.status} ${await answer.text()}`,
    );
  }
  return answer;
}
