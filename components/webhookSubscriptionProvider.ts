import type * as pulumi from "@pulumi/pulumi";
import { call, deliveryOf, path, readAccess, tokenKeyOf } from "./webhookApi.ts";
import type { Access } from "./webhookApi.ts";

/** What the subscription provider works with, once checked. */
export interface SubscriptionInputs {
  url: string;
  /** "account_reference", "service_reference" or "team_reference". */
  filterType: string;
  /** Empty for the account. */
  filterId: string;
  events: string[];
  description: string;
  /** Sent with each delivery; PagerDuty never shows their values again. */
  customHeaders: Record<string, string>;
  /** Left alone after creation when false: something else switches the subscription on. */
  startActive: boolean;
  /** A change makes a new subscription with a new signing secret. */
  keepers: Record<string, string>;
  adoptId: string;
  adoptSecret: string;
  apiUrl: string;
  token: string;
  /** "token" or "bearer". */
  tokenType: string;
  /** Raised when this file changes, so that the stored source is replaced. */
  providerVersion: string;
}

/** What it leaves in the state. */
export interface SubscriptionOutputs extends SubscriptionInputs {
  secret: string;
  /** Where the token is configured; empty when it is not. */
  tokenKey: string;
}

/** The engine's mark for a value that is not known before an update. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function filterOf(inputs: SubscriptionInputs): Record<string, string> {
  return inputs.filterType === "account_reference"
    ? { type: inputs.filterType }
    : { type: inputs.filterType, id: inputs.filterId };
}

/** Same text for the same value whatever the order of keys; an unknown value equals nothing. */
function textOf(value: unknown): string {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(entries);
  }
  return JSON.stringify(value) ?? "";
}

/** A member that should be a text. */
function textIn(of: Record<string, unknown>, key: string, otherwise: string): string {
  const found = of[key];
  return typeof found === "string" ? found : otherwise;
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** Makes PagerDuty's subscription equal the inputs, and delivers again if PagerDuty had switched delivery off. */
async function settle(access: Access, id: string, inputs: SubscriptionInputs): Promise<void> {
  const { status, subscription } = await call(
    access,
    inputs,
    `update webhook subscription ${id}`,
    "PUT",
    path(id),
    {
      webhook_subscription: {
        type: "webhook_subscription",
        description: inputs.description,
        events: inputs.events,
        filter: filterOf(inputs),
        ...(inputs.startActive ? { active: true } : {}),
      },
    },
  );
  if (status === 404) {
    throw new Error(
      `cannot update webhook subscription ${id}: it is gone. Run: pulumi refresh, then pulumi up`,
    );
  }
  if (deliveryOf(subscription).disabled) {
    await call(access, inputs, `enable webhook subscription ${id}`, "POST", path(id, "/enable"));
  }
}

/** Whether the inputs state the secret of just this subscription. */
function statesSecret(id: string, inputs: SubscriptionInputs): boolean {
  return inputs.adoptId === id && inputs.adoptSecret !== "";
}

/** What a change of the inputs asks for. */
function changesOf(
  id: string,
  olds: SubscriptionOutputs,
  news: SubscriptionInputs,
): pulumi.dynamic.DiffResult {
  const unknown = (key: keyof SubscriptionInputs) => textOf(news[key]).includes(UNKNOWN);
  const differs = (key: keyof SubscriptionInputs) =>
    unknown(key) || textOf(olds[key]) !== textOf(news[key]);
  const fixed: (keyof SubscriptionInputs)[] = ["url", "customHeaders", "keepers"];
  const changeable: (keyof SubscriptionInputs)[] = [
    "filterType",
    "filterId",
    "events",
    "description",
    "apiUrl",
    "token",
    "tokenType",
    "providerVersion",
  ];
  const replaces = fixed.filter(differs);
  const certain = replaces.filter((key) => !unknown(key));
  if (news.adoptId === id && certain.length > 0) {
    // The new resource would take over the very subscription that is deleted as the old one.
    throw new Error(
      `cannot replace webhook subscription ${id} for its changed \`${certain.join("`, `")}\` while \`existing\` names it. Remove \`existing\`: then a new one is made, with a secret of its own, before this one goes`,
    );
  }
  if (news.adoptId !== "" && news.adoptId !== id) {
    replaces.push("adoptId");
  }
  const restated =
    statesSecret(id, news) && (unknown("adoptSecret") || news.adoptSecret !== olds.secret);
  // Inactive as it was last read, or made so while something else was to switch it on.
  const activates = news.startActive && !olds.startActive;
  return {
    changes: replaces.length > 0 || changeable.some(differs) || restated || activates,
    replaces,
    deleteBeforeReplace: false,
  };
}

async function adopt(
  access: Access,
  inputs: SubscriptionInputs,
): Promise<pulumi.dynamic.CreateResult<SubscriptionOutputs>> {
  const id = inputs.adoptId;
  const { status, subscription } = await call(
    access,
    inputs,
    `adopt webhook subscription ${id}`,
    "GET",
    path(id),
  );
  if (status === 404) {
    throw new Error(
      `cannot adopt webhook subscription ${id}: PagerDuty has none with this id. Remove \`existing\` to make a new one`,
    );
  }
  const { url } = deliveryOf(subscription);
  if (url !== inputs.url) {
    throw new Error(
      `cannot adopt webhook subscription ${id}: it delivers to ${url}, not to ${inputs.url}, and PagerDuty cannot change that`,
    );
  }
  await settle(access, id, inputs);
  const tokenKey = tokenKeyOf(access, inputs.token);
  return { id, outs: { ...inputs, secret: inputs.adoptSecret, tokenKey } };
}

/** The subscription itself: its signing secret is only in the answer to its creation. */
export function subscriptionProvider(): pulumi.dynamic.ResourceProvider<
  SubscriptionInputs,
  SubscriptionOutputs
> {
  const access: Access = { tokens: {}, apiUrl: "" };
  /** What this run took over. */
  const adopted: string[] = [];
  return {
    configure: async ({ config }) => {
      // Assigned into the one object that all methods see: each method is serialised on its own.
      Object.assign(access, readAccess(config));
    },
    check: async (_olds, news) => {
      // Unknown lists arrive as the mark itself.
      const events = Array.isArray(news.events) ? sortedUnique(news.events) : news.events;
      return { inputs: { ...news, events } };
    },
    diff: async (id, olds, news) => changesOf(id, olds, news),
    create: async (inputs) => {
      if (inputs.adoptId !== "") {
        const result = await adopt(access, inputs);
        adopted.push(result.id);
        return result;
      }
      const customHeaders = Object.entries(inputs.customHeaders)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => ({ name, value }));
      const { status, subscription } = await call(
        access,
        inputs,
        "create the webhook subscription",
        "POST",
        "/webhook_subscriptions",
        {
          webhook_subscription: {
            type: "webhook_subscription",
            active: inputs.startActive,
            description: inputs.description,
            events: inputs.events,
            filter: filterOf(inputs),
            delivery_method: {
              type: "http_delivery_method",
              url: inputs.url,
              ...(customHeaders.length > 0 ? { custom_headers: customHeaders } : {}),
            },
          },
        },
      );
      const id = subscription["id"];
      if (status === 404 || typeof id !== "string") {
        throw new Error(
          `cannot create the webhook subscription: PagerDuty answered HTTP ${status} without an id`,
        );
      }
      const { secret } = deliveryOf(subscription);
      if (secret === "") {
        // Without its secret nothing that it sends can be verified, and PagerDuty never shows it again.
        await call(access, inputs, `remove webhook subscription ${id}`, "DELETE", path(id));
        throw new Error(
          `cannot create the webhook subscription: PagerDuty returned no signing secret for ${id}, which was removed again`,
        );
      }
      return { id, outs: { ...inputs, secret, tokenKey: tokenKeyOf(access, inputs.token) } };
    },
    read: async (id, props) => {
      if (props === undefined) {
        return {};
      }
      const { status, subscription } = await call(
        access,
        props,
        `read webhook subscription ${id}`,
        "GET",
        path(id),
      );
      if (status === 404) {
        return {};
      }
      const delivery = deliveryOf(subscription);
      if (delivery.disabled) {
        await call(access, props, `enable webhook subscription ${id}`, "POST", path(id, "/enable"));
      }
      const filter = (subscription["filter"] ?? {}) as Record<string, unknown>;
      const events = Array.isArray(subscription["events"])
        ? sortedUnique(subscription["events"].map(String))
        : props.events;
      const outs: SubscriptionOutputs = {
        ...props,
        url: delivery.url,
        events,
        description: textIn(subscription, "description", ""),
        filterType: textIn(filter, "type", props.filterType),
        filterId: textIn(filter, "id", ""),
        // Switched off by somebody: the next update switches it on again, unless that is something else's task.
        startActive: props.startActive && subscription["active"] !== false,
      };
      return { id, props: outs };
    },
    update: async (id, olds, news) => {
      await settle(access, id, news);
      const secret = statesSecret(id, news) ? news.adoptSecret : olds.secret;
      return { outs: { ...news, secret, tokenKey: tokenKeyOf(access, news.token) } };
    },
    delete: async (id, props) => {
      if (adopted.includes(id)) {
        // A renamed resource, or one that was replaced by force: its successor has this subscription now.
        return;
      }
      // 404: somebody removed it already, which is what is wanted.
      await call(access, props, `delete webhook subscription ${id}`, "DELETE", path(id));
    },
  };
}
