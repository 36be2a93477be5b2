import * as pulumi from "@pulumi/pulumi";
import { eventType, neededEvents, subscribedEvents } from "../functions/gate/gating/index.ts";
import {
  checked,
  flag,
  flagInput,
  httpUrl,
  oneOf,
  onlyKnown,
  pagerdutyId,
  refuse,
  secretText,
  shown,
  textMap,
} from "./inputs.ts";
import { subscriptionProvider } from "./webhookSubscriptionProvider.ts";

/** Whose incidents a subscription reports. */
export const WebhookScope = { Account: "account", Team: "team", Service: "service" } as const;
export type WebhookScope = (typeof WebhookScope)[keyof typeof WebhookScope];

/** How a PagerDuty token is presented: an API key, or an OAuth access token. */
export const TokenType = { Token: "token", Bearer: "bearer" } as const;
export type TokenType = (typeof TokenType)[keyof typeof TokenType];

/** A subscription that exists already, with the signing secret that PagerDuty showed when it was created. */
export interface ExistingSubscription {
  /** Id of the subscription in PagerDuty. */
  id: pulumi.Input<string>;
  /** Its signing secret, which PagerDuty shows only once. */
  secret: pulumi.Input<string>;
}

/** Inputs of {@link WebhookSubscription}. */
export interface WebhookSubscriptionArgs {
  /** Where PagerDuty delivers to. A change makes a new subscription before the old one goes. */
  url: pulumi.Input<string>;
  /** Whose incidents are reported: "account", "team" or "service". Defaults to "account". */
  scope?: pulumi.Input<WebhookScope>;
  /** Id of the team or service; only with these scopes. */
  scopeId?: pulumi.Input<string>;
  /** PagerDuty event types. Defaults to all that an approval gate uses. */
  events?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether event types that this package does not know are let through. Defaults to false. */
  allowUnknownEvents?: boolean;
  /** What people see in PagerDuty. Defaults to a text that names this component. */
  description?: pulumi.Input<string>;
  /** Headers to send with each delivery; kept secret. A change makes a new subscription. */
  customHeaders?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Whether it is on. Set it to false when something else switches it on later. Defaults to true. */
  startActive?: pulumi.Input<boolean>;
  /** A changed value makes a new subscription, and so a new signing secret. Defaults to none. */
  keepers?: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  /** Takes over this subscription instead of making one; must be removed before a change that makes a new one. */
  existing?: ExistingSubscription;
  /** PagerDuty's REST API. Defaults to `pagerduty:apiUrlOverride`, PAGERDUTY_API_URL or the service region's address. */
  apiUrl?: pulumi.Input<string>;
  /** API token. Defaults to `pagerduty:token`, `pagerdutyToken` or PAGERDUTY_TOKEN, the first that there is. */
  token?: pulumi.Input<string>;
  /** "token" for an API key, "bearer" for an OAuth access token. Defaults to "token". */
  tokenType?: pulumi.Input<TokenType>;
}

/** All that can be subscribed to. */
const KNOWN_EVENTS: readonly string[] = [
  ...subscribedEvents,
  "incident.annotated",
  "incident.conference_bridge.updated",
  "incident.custom_field_values.updated",
  "incident.incident_type.changed",
  "incident.responder.added",
  "incident.responder.replied",
  "incident.role.assigned",
  "incident.status_update_published",
  "incident.task.completed",
  "incident.task.created",
  "incident.task.updated",
  "service.created",
  "service.custom_field_values.updated",
  "service.deleted",
  "service.updated",
];

/** Raised with every change of the providers' source, so that old resources get the new one; a test watches over it. */
export const PROVIDER_VERSION = "2";

/**
 * A PagerDuty webhook (v3) subscription whose signing secret is an output. PagerDuty tells the secret once, in its
 * answer to the creation, so that it must be kept from there.
 */
export class WebhookSubscription extends pulumi.ComponentResource {
  /** Id of the subscription in PagerDuty. */
  readonly subscriptionId: pulumi.Output<string>;
  /** Key of the deliveries' signatures; secret. */
  readonly secret: pulumi.Output<string>;
  /** Where PagerDuty delivers to. */
  readonly url: pulumi.Output<string>;

  /** @param name The unique name of this component. */
  constructor(name: string, args: WebhookSubscriptionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pagerduty-approval-gate:index:WebhookSubscription", name, {}, opts);
    onlyKnown("", args, ARGUMENTS);
    if (args.existing !== undefined) {
      onlyKnown("existing.", args.existing, ["id", "secret"]);
    }
    const scope = checkedScope(args.scope ?? WebhookScope.Account, args.scopeId);
    const subscription = new Subscription(
      name,
      {
        url: httpUrl("url", args.url),
        filterType: scope.type,
        filterId: scope.id,
        events: checkedEvents(
          args.events ?? [...subscribedEvents],
          flag("allowUnknownEvents", args.allowUnknownEvents ?? false),
        ),
        description: checkedDescription(args.description ?? `Approval gate ${name}`),
        customHeaders: pulumi.secret(checkedHeaders(args.customHeaders ?? {})),
        startActive: flagInput("startActive", args.startActive ?? true),
        keepers: textMap("keepers", args.keepers ?? {}),
        adoptId: args.existing === undefined ? "" : pagerdutyId("existing.id", args.existing.id),
        adoptSecret: pulumi.secret(
          args.existing === undefined ? "" : secretText("existing.secret", args.existing.secret),
        ),
        apiUrl: args.apiUrl === undefined ? "" : httpUrl("apiUrl", args.apiUrl),
        token: pulumi.secret(args.token === undefined ? "" : secretText("token", args.token)),
        tokenType: oneOf("tokenType", args.tokenType ?? TokenType.Token, Object.values(TokenType)),
        providerVersion: PROVIDER_VERSION,
      },
      { parent: this },
    );

    this.subscriptionId = subscription.id;
    this.secret = pulumi.secret(subscription.secret);
    this.url = subscription.url;
    this.registerOutputs({
      subscriptionId: this.subscriptionId,
      secret: this.secret,
      url: this.url,
    });
  }
}

const ARGUMENTS: readonly (keyof WebhookSubscriptionArgs)[] = [
  "url",
  "scope",
  "scopeId",
  "events",
  "allowUnknownEvents",
  "description",
  "customHeaders",
  "startActive",
  "keepers",
  "existing",
  "apiUrl",
  "token",
  "tokenType",
];

interface SubscriptionProps {
  url: pulumi.Input<string>;
  filterType: pulumi.Input<string>;
  filterId: pulumi.Input<string>;
  events: pulumi.Input<string[]>;
  description: pulumi.Input<string>;
  customHeaders: pulumi.Input<{ [name: string]: string }>;
  startActive: pulumi.Input<boolean>;
  keepers: pulumi.Input<{ [name: string]: pulumi.Input<string> }>;
  adoptId: pulumi.Input<string>;
  adoptSecret: pulumi.Input<string>;
  apiUrl: pulumi.Input<string>;
  token: pulumi.Input<string>;
  tokenType: pulumi.Input<string>;
  providerVersion: string;
}

const PROVIDER = subscriptionProvider();

class Subscription extends pulumi.dynamic.Resource {
  declare readonly url: pulumi.Output<string>;
  declare readonly secret: pulumi.Output<string>;

  constructor(name: string, props: SubscriptionProps, opts: pulumi.CustomResourceOptions) {
    super(
      PROVIDER,
      name,
      // Named as undefined, `secret` becomes an output of the resource.
      { ...props, secret: undefined },
      pulumi.mergeOptions(
        { additionalSecretOutputs: ["secret", "token", "adoptSecret", "customHeaders"] },
        opts,
      ),
      "pagerduty-approval-gate",
      "WebhookSubscription",
    );
  }
}

/** The filter in PagerDuty's words. */
function checkedScope(
  scope: pulumi.Input<WebhookScope>,
  scopeId: pulumi.Input<string> | undefined,
): { type: pulumi.Output<string>; id: pulumi.Output<string> } {
  const both = checked({ kind: scope, id: scopeId ?? "" }, ({ kind, id }) => {
    const allowed = Object.values(WebhookScope);
    if (!allowed.includes(kind)) {
      refuse(`\`scope\` must be one of ${allowed.join(", ")}, got ${shown(kind)}`);
    }
    if (kind === WebhookScope.Account && id !== "") {
      refuse(`\`scopeId\` must be absent when \`scope\` is "account", got ${shown(id)}`);
    }
    if (kind !== WebhookScope.Account && !/^[A-Z0-9]{4,40}$/.test(id)) {
      refuse(`\`scopeId\` must be the id of a ${kind} such as "PIJ90N7", got ${shown(id)}`);
    }
    return { type: `${kind}_reference`, id };
  });
  return { type: both.type, id: both.id };
}

/** Sorted and without repetition: the order in which PagerDuty tells them back has no meaning. */
function checkedEvents(
  events: pulumi.Input<pulumi.Input<string>[]>,
  allowUnknown: boolean,
): pulumi.Output<string[]> {
  return checked(events, (list) => {
    const types = eventTypes("events", list);
    if (!allowUnknown) {
      mustBeKnown("events", types, "set `allowUnknownEvents` if it is a new one");
    }
    return [...new Set(types)].sort();
  });
}

/** Those of a gate: never fewer than it needs; a new one is marked as in a rule, "custom:incident.new_type". */
export function checkedGateEvents(
  field: string,
  events: pulumi.Input<pulumi.Input<string>[]>,
): pulumi.Output<string[]> {
  return checked(events, (list) => {
    const written = eventTypes(field, list, /^(custom:)?[a-z_]+(\.[a-z0-9_]+)+$/);
    const types = written.map(eventType);
    const unmarked = written.filter((event, index) => event === types[index]);
    mustBeKnown(field, unmarked, 'write "custom:" before one that is new');
    const missing = neededEvents.filter((event) => !types.includes(event));
    if (missing.length > 0) {
      refuse(
        `\`${field}\` must also hold ${missing.join(", ")}: without them the gate does not see what runs or is over`,
      );
    }
    return [...new Set(types)].sort();
  });
}

function eventTypes(field: string, list: unknown, pattern = /^[a-z_]+(\.[a-z0-9_]+)+$/): string[] {
  if (!Array.isArray(list) || list.length === 0) {
    refuse(`\`${field}\` must name at least one event type, got ${shown(list)}`);
  }
  return list.map((event: unknown) =>
    typeof event === "string" && pattern.test(event)
      ? event
      : refuse(
          `\`${field}\` must hold event types such as "incident.triggered", got ${shown(event)}`,
        ),
  );
}

function mustBeKnown(field: string, events: readonly string[], hint: string): void {
  const unknown = events.find((event) => !KNOWN_EVENTS.includes(event));
  if (unknown !== undefined) {
    refuse(`\`${field}\` must hold event types that PagerDuty has, got ${shown(unknown)}; ${hint}`);
  }
}

/** Headers as HTTP has them: in a name case does not count, and a value is one line. Values are never shown. */
function checkedHeaders(
  headers: NonNullable<WebhookSubscriptionArgs["customHeaders"]>,
): pulumi.Output<{ [name: string]: string }> {
  return checked(textMap("customHeaders", headers), (map) => {
    const seen = new Map<string, string>();
    for (const [name, value] of Object.entries(map)) {
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
        refuse(`\`customHeaders\` must have names of HTTP headers, got ${shown(name)}`);
      }
      const same = seen.get(name.toLowerCase());
      if (same !== undefined) {
        refuse(
          `\`customHeaders\` must name each header once, got ${shown(same)} and ${shown(name)}`,
        );
      }
      seen.set(name.toLowerCase(), name);
      if (!/^[\t\x20-\x7e]*$/.test(value)) {
        refuse(`\`customHeaders.${name}\` must be one line of ASCII characters`);
      }
    }
    return map;
  });
}

function checkedDescription(description: pulumi.Input<string>): pulumi.Output<string> {
  return checked(description, (text) => {
    if (text.length > 255) {
      refuse(`\`description\` must have at most 255 characters, got ${text.length}`);
    }
    return text;
  });
}
