import { z } from "zod";
import type { Account } from "../account/account.ts";
import type { Subscription } from "../account/documents.ts";
import { objectId, signingSecret } from "../account/ids.ts";
import { ApiError, invalidInput, notFound } from "../http/errors.ts";
import { pageOf } from "../http/pages.ts";
import { param, parseBody } from "../http/route.ts";
import { requireManager } from "../http/roles.ts";
import type { Call, Route } from "../http/route.ts";
import { EVENT_TYPES } from "./eventTypes.ts";
import { isSwitchedOff, loseQueue } from "./outbox.ts";
import type { Outbox } from "./outbox.ts";

const MAX_PER_SCOPE = 10;
const REDACTED = "-- redacted --";

const Events = z
  .array(z.enum(EVENT_TYPES))
  .min(1)
  .refine((events) => new Set(events).size === events.length, "must not name an event twice");

const Filter = z
  .object({
    type: z.enum(["account_reference", "service_reference", "team_reference"]),
    id: z.string().nullish(),
  })
  .refine(({ type, id }) => type === "account_reference" || id, {
    path: ["id"],
    message: "is needed for a service or a team",
  });

const CustomHeaders = z
  .array(z.object({ name: z.string().regex(/^[A-Za-z0-9-]+$/), value: z.string() }))
  .refine(
    (headers) => new Set(headers.map(({ name }) => name.toLowerCase())).size === headers.length,
    "names must be unique",
  );

const Creation = z.object({
  webhook_subscription: z.object({
    type: z.literal("webhook_subscription"),
    active: z.boolean().default(true),
    description: z.string().nullish(),
    events: Events,
    filter: Filter,
    delivery_method: z.object({
      type: z.literal("http_delivery_method"),
      url: z.url({ protocol: /^https?$/ }),
      custom_headers: CustomHeaders.default([]),
    }),
    oauth_client_id: z.string().nullish(),
  }),
});

const Update = z.object({
  webhook_subscription: z.object({
    active: z.boolean().optional(),
    description: z.string().nullish(),
    events: Events.optional(),
    filter: Filter.optional(),
    delivery_method: z.looseObject({ url: z.string().optional() }).optional(),
    oauth_client_id: z.string().nullish(),
  }),
});

/** Webhook subscriptions, of which nobody below a manager learns. */
export function subscriptionRoutes(account: Account, outbox: Outbox): Route[] {
  return routes(account, outbox).map((route) => ({
    ...route,
    handle(call) {
      requireManager(call.user);
      return route.handle(call);
    },
  }));
}

function routes(account: Account, outbox: Outbox): Route[] {
  const { store } = account;
  const one = (call: Call): Subscription => {
    const subscription = store.get("subscriptions", param(call, "id"));
    if (!subscription) {
      throw notFound();
    }
    return subscription;
  };
  const shown = (subscription: Subscription, secret: string | null = null) => ({
    webhook_subscription: render(subscription, account.now(), secret),
  });
  return [
    {
      method: "GET",
      path: "/webhook_subscriptions",
      handle: ({ query }) => {
        const type = filterTypeOf(query);
        const id = query.get("filter_id");
        const found = store
          .list("subscriptions")
          .filter(
            ({ filter }) =>
              (type === null || filter.type === type) && (id === null || filter.id === id),
          );
        const { items, page } = pageOf(query, found);
        const now = account.now();
        return {
          status: 200,
          body: { webhook_subscriptions: items.map((item) => render(item, now, null)), ...page },
        };
      },
    },
    {
      method: "POST",
      path: "/webhook_subscriptions",
      handle: (call) => {
        const wanted = parseBody(call, Creation).webhook_subscription;
        const filter = { type: wanted.filter.type, id: wanted.filter.id || null };
        checkScope(account, filter);
        refuseEleventh(account, filter);
        const subscription: Subscription = {
          id: objectId(),
          deliveryMethodId: objectId(),
          url: wanted.delivery_method.url,
          secret: signingSecret(),
          customHeaders: wanted.delivery_method.custom_headers,
          description: wanted.description ?? null,
          active: wanted.active,
          events: wanted.events,
          filter,
          oauthClient: wanted.oauth_client_id ?? null,
          consecutiveDrops: 0,
          disabledUntilMs: null,
        };
        store.put("subscriptions", subscription);
        return { status: 200, body: shown(subscription, subscription.secret) };
      },
    },
    {
      method: "GET",
      path: "/webhook_subscriptions/:id",
      handle: (call) => ({ status: 200, body: shown(one(call)) }),
    },
    {
      method: "PUT",
      path: "/webhook_subscriptions/:id",
      handle: (call) => {
        const before = one(call);
        const wanted = parseBody(call, Update).webhook_subscription;
        const url = wanted.delivery_method?.url;
        // Providers send the whole subscription back; only a real change is refused.
        if (url !== undefined && url !== before.url) {
          throw invalidInput("`delivery_method` cannot be changed; create another subscription");
        }
        const filter = wanted.filter && { type: wanted.filter.type, id: wanted.filter.id || null };
        if (filter && !sameScope(filter, before.filter)) {
          checkScope(account, filter);
          refuseEleventh(account, filter);
        }
        const after: Subscription = {
          ...before,
          active: wanted.active ?? before.active,
          description: wanted.description === undefined ? before.description : wanted.description,
          events: wanted.events ?? before.events,
          filter: filter ?? before.filter,
          oauthClient:
            wanted.oauth_client_id === undefined ? before.oauthClient : wanted.oauth_client_id,
        };
        store.put("subscriptions", after);
        return { status: 200, body: shown(after) };
      },
    },
    {
      method: "DELETE",
      path: "/webhook_subscriptions/:id",
      handle: (call) => {
        const { id } = one(call);
        store.delete("subscriptions", id);
        loseQueue(store, id);
        return { status: 204 };
      },
    },
    {
      method: "POST",
      path: "/webhook_subscriptions/:id/enable",
      handle: (call) => {
        const enabled = { ...one(call), disabledUntilMs: null, consecutiveDrops: 0 };
        store.put("subscriptions", enabled);
        return { status: 200, body: shown(enabled) };
      },
    },
    {
      method: "POST",
      path: "/webhook_subscriptions/:id/ping",
      handle: (call) => {
        outbox.ping(one(call), { id: call.user.id, type: "user_reference" });
        return { status: 202 };
      },
    },
  ];
}

const FILTER_TYPES: Record<string, string> = {
  account: "account_reference",
  service: "service_reference",
  team: "team_reference",
};

function filterTypeOf(query: URLSearchParams): string | null {
  const type = query.get("filter_type");
  return type === null ? null : (FILTER_TYPES[type] ?? type);
}

function sameScope(a: Subscription["filter"], b: Subscription["filter"]): boolean {
  return a.type === b.type && a.id === b.id;
}

function checkScope({ store }: Account, { type, id }: Subscription["filter"]): void {
  if (type === "service_reference" && !store.get("services", id ?? "")) {
    throw invalidInput(`\`filter.id\`: no service has the id "${id}"`);
  }
  if (type === "team_reference" && !store.get("teams", id ?? "")) {
    throw invalidInput(`\`filter.id\`: no team has the id "${id}"`);
  }
}

function refuseEleventh({ store }: Account, filter: Subscription["filter"]): void {
  const others = store.list("subscriptions").filter((other) => sameScope(other.filter, filter));
  if (others.length >= MAX_PER_SCOPE) {
    throw new ApiError(400, 2019, "Webhook subscription limit exceeded for the selected scope");
  }
}

function render(
  subscription: Subscription,
  nowMs: number,
  secret: string | null,
): Record<string, unknown> {
  return {
    id: subscription.id,
    type: "webhook_subscription",
    active: subscription.active,
    description: subscription.description,
    events: subscription.events,
    filter:
      subscription.filter.id === null
        ? { type: subscription.filter.type }
        : { type: subscription.filter.type, id: subscription.filter.id },
    delivery_method: {
      id: subscription.deliveryMethodId,
      type: "http_delivery_method",
      url: subscription.url,
      secret,
      temporarily_disabled: isSwitchedOff(subscription, nowMs),
      custom_headers: subscription.customHeaders.map(({ name }) => ({ name, value: REDACTED })),
    },
    ...(subscription.oauthClient === null ? {} : { oauth_client_id: subscription.oauthClient }),
  };
}
