import * as z from "zod";
import { asPathId } from "./ids.ts";
import { createRest } from "./rest.ts";
import type { PagerDutyOptions, Rest } from "./rest.ts";
import { id, optional } from "./shapes.ts";

export interface Filter {
  type: string;
  /** Null for the account. */
  id: string | null;
}

/** One webhook subscription as PagerDuty lists it. */
export interface ListedSubscription {
  id: string;
  url: string;
  description: string;
  events: string[];
  filter: Filter;
  active: boolean;
  /** Switched off by PagerDuty after dropped deliveries. */
  temporarilyDisabled: boolean;
}

export interface SubscriptionTerms {
  description: string;
  events: readonly string[];
  filter: Filter;
}

/** Makes, changes and removes webhook subscriptions. Needs the scope `webhook_subscriptions.write`. */
export interface WebhookAdmin {
  list(): Promise<ListedSubscription[]>;
  /** Inactive. The answer is the only one that tells the signing secret; null: it did not. */
  create(
    terms: SubscriptionTerms & { url: string },
  ): Promise<{ id: string; secret: string | null }>;
  /** Sets the terms and switches it on. */
  activate(id: string, terms: SubscriptionTerms): Promise<void>;
  /** Lets one deliver again that PagerDuty had switched off. */
  enable(id: string): Promise<void>;
  /** Also where it is gone already. */
  remove(id: string): Promise<void>;
}

const filter = z.object({ type: z.string(), id: optional(z.string()) });
const listed = z.object({
  id,
  active: optional(z.boolean()),
  description: optional(z.string()),
  events: optional(z.array(z.string())),
  filter: optional(filter),
  delivery_method: z.object({
    url: optional(z.string()),
    temporarily_disabled: optional(z.boolean()),
  }),
});
const page = z.object({ webhook_subscriptions: z.array(listed), more: optional(z.boolean()) });
const created = z.object({
  webhook_subscription: z.object({
    id,
    delivery_method: z.object({ secret: optional(z.string()) }),
  }),
});

const PAGE = 100;
const LISTABLE = 10_000;

export function createWebhookAdmin(options: PagerDutyOptions): WebhookAdmin {
  const rest = createRest(options);
  return {
    list: () => listAll(rest),
    async create({ url, ...terms }) {
      const { webhook_subscription: made } = await rest.write(
        {
          method: "POST",
          path: "/webhook_subscriptions",
          body: {
            webhook_subscription: {
              ...bodyOf(terms),
              active: false,
              delivery_method: { type: "http_delivery_method", url },
            },
          },
          named: false,
        },
        created,
      );
      const secret = made.delivery_method.secret ?? "";
      return { id: made.id, secret: secret === "" ? null : secret };
    },
    async activate(of, terms) {
      await rest.writeBlind({
        method: "PUT",
        path: pathOf(of),
        body: { webhook_subscription: { ...bodyOf(terms), active: true } },
        named: false,
      });
    },
    async enable(of) {
      await rest.writeBlind({
        method: "POST",
        path: `${pathOf(of)}/enable`,
        body: {},
        named: false,
      });
    },
    async remove(of) {
      await rest.remove(pathOf(of));
    },
  };
}

async function listAll(rest: Rest): Promise<ListedSubscription[]> {
  const found: ListedSubscription[] = [];
  for (let offset = 0; offset < LISTABLE; offset += PAGE) {
    const query = new URLSearchParams({ limit: `${PAGE}`, offset: `${offset}` });
    const { webhook_subscriptions: some, more } = await rest.get(
      `/webhook_subscriptions?${query.toString()}`,
      page,
    );
    found.push(
      ...some.map((one) => ({
        id: one.id,
        url: one.delivery_method.url ?? "",
        description: one.description ?? "",
        events: one.events ?? [],
        filter: { type: one.filter?.type ?? "", id: one.filter?.id ?? null },
        active: one.active !== false,
        temporarilyDisabled: one.delivery_method.temporarily_disabled === true,
      })),
    );
    if (more !== true) break;
  }
  return found;
}

function bodyOf({ description, events, filter: { type, id: of } }: SubscriptionTerms) {
  return {
    type: "webhook_subscription",
    description,
    events,
    filter: of === null ? { type } : { type, id: of },
  };
}

function pathOf(of: string): string {
  return `/webhook_subscriptions/${asPathId("subscription", of)}`;
}
