import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { optional } from "./inputs.ts";
import { WebhookActivation } from "./webhookActivation.ts";
import { WebhookScope, WebhookSubscription } from "./webhookSubscription.ts";
import type { TokenType } from "./webhookSubscription.ts";

export interface GateWebhooksArgs {
  url: pulumi.Input<string>;
  /** Secret that receives the signing secrets, as a JSON list. */
  secretArn: pulumi.Input<string>;
  enabled: boolean;
  teams: { [name: string]: pulumi.Input<string> };
  services: { [name: string]: pulumi.Input<string> };
  events: pulumi.Input<pulumi.Input<string>[]> | undefined;
  keepers: pulumi.Input<{ [name: string]: pulumi.Input<string> }> | undefined;
  apiUrl: pulumi.Input<string> | undefined;
  token: pulumi.Input<string>;
  tokenType: pulumi.Input<TokenType>;
}

interface Scope {
  key: string;
  scope: WebhookScope;
  scopeId?: pulumi.Input<string>;
}

/**
 * Subscribes to PagerDuty's events. A subscription is switched on only after its signing secret is stored: PagerDuty
 * disables one whose deliveries are refused. When it is replaced, the old one delivers until then, so nothing is lost.
 */
export function gateWebhooks(
  name: string,
  args: GateWebhooksArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<{ [scope: string]: string }> {
  if (!args.enabled) {
    return pulumi.output<{ [scope: string]: string }>({});
  }
  const subscriptions = scopesOf(args).map(({ key, ...scope }) => ({
    key,
    subscription: new WebhookSubscription(
      `${name}-webhook-${key}`,
      {
        url: args.url,
        ...scope,
        ...optional("events", args.events),
        // They were checked with the gate, which takes new ones that are marked.
        allowUnknownEvents: true,
        ...optional("keepers", args.keepers),
        ...optional("apiUrl", args.apiUrl),
        token: args.token,
        tokenType: args.tokenType,
        startActive: false,
      },
      opts,
    ),
  }));
  const stored = new aws.secretsmanager.SecretVersion(
    `${name}-webhook`,
    {
      secretId: args.secretArn,
      secretString: pulumi.secret(
        pulumi.jsonStringify(subscriptions.map(({ subscription }) => subscription.secret)),
      ),
    },
    opts,
  );
  for (const { key, subscription } of subscriptions) {
    new WebhookActivation(
      `${name}-webhook-${key}`,
      {
        subscriptionId: subscription.subscriptionId,
        apiUrl: args.apiUrl ?? "",
        token: args.token,
        tokenType: args.tokenType,
      },
      pulumi.mergeOptions(opts, { dependsOn: [stored] }),
    );
  }
  return pulumi.output(
    Object.fromEntries(
      subscriptions.map(({ key, subscription }) => [key, subscription.subscriptionId]),
    ),
  );
}

function scopesOf({ teams, services }: GateWebhooksArgs): Scope[] {
  const scoped = (scope: WebhookScope, ids: { [name: string]: pulumi.Input<string> }): Scope[] =>
    Object.entries(ids).map(([key, scopeId]) => ({ key: `${scope}-${key}`, scope, scopeId }));
  const scopes = [...scoped(WebhookScope.Team, teams), ...scoped(WebhookScope.Service, services)];
  return scopes.length > 0 ? scopes : [{ key: "account", scope: WebhookScope.Account }];
}
