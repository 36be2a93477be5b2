import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { subscribedEvents } from "../functions/gate/gating/index.ts";
import { FunctionName, GateFunction } from "./gateFunction.ts";
import type { GateFunctionArgs } from "./gateFunction.ts";

export interface GateWebhooksArgs {
  url: pulumi.Input<string>;
  /** What people see in PagerDuty; no other gate's is the same. */
  description: pulumi.Input<string>;
  enabled: boolean;
  teams: { [name: string]: pulumi.Input<string> };
  services: { [name: string]: pulumi.Input<string> };
  events: pulumi.Input<pulumi.Input<string>[]> | undefined;
  keepers: pulumi.Input<{ [name: string]: pulumi.Input<string> }> | undefined;
  /** Of the function that looks after the subscriptions. */
  function: Omit<GateFunctionArgs, "function" | "timeoutSeconds">;
}

/**
 * Subscribes to PagerDuty's events. PagerDuty tells a signing secret once, in its answer to the creation, so the gate
 * makes its subscriptions itself: a function of its own looks at what is there, makes what lacks, stores its secret and
 * switches it on, and the stack only tells it what is wanted. No secret comes near Pulumi, a preview changes nothing, and
 * a lost answer leaves nothing behind.
 */
export function gateWebhooks(
  name: string,
  args: GateWebhooksArgs,
  opts: pulumi.CustomResourceOptions,
): {
  ids: pulumi.Output<{ [scope: string]: string }>;
  /** Of the function that looks after them; absent: there is none. */
  roleArn?: pulumi.Output<string>;
} {
  if (!args.enabled) {
    return { ids: pulumi.output<{ [scope: string]: string }>({}) };
  }
  const subscription = new GateFunction(
    `${name}-subscription`,
    { ...args.function, function: FunctionName.Subscription, timeoutSeconds: TIMEOUT },
    opts.parent === undefined ? {} : { parent: opts.parent },
  );
  const invocation = new aws.lambda.Invocation(
    `${name}-subscription`,
    {
      functionName: subscription.functionName,
      lifecycleScope: "CRUD",
      input: pulumi.jsonStringify({
        wanted: {
          url: args.url,
          description: args.description,
          events: pulumi
            .output(args.events ?? [...subscribedEvents])
            // In another order they are the same.
            .apply((events) => [...new Set(events)].sort()),
          scopes: scopesOf(args),
          serial: pulumi.output(args.keepers ?? {}).apply(serialOf),
        },
      }),
    },
    // Nothing may be delivered before its receiver is there.
    opts,
  );
  return {
    ids: invocation.result.apply((text) => answer.parse(JSON.parse(text)).subscriptionIds),
    roleArn: subscription.roleArn,
  };
}

/** PagerDuty may be slow, and a role that was made a moment ago is not known everywhere yet. */
const TIMEOUT = 120;

const answer = z.object({ subscriptionIds: z.record(z.string(), z.string()) });

/** Same text for the same keepers, whatever their order. */
function serialOf(keepers: { [name: string]: string }): string {
  const entries = Object.entries(keepers).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? "" : JSON.stringify(entries);
}

interface Scope {
  key: string;
  type: string;
  id: pulumi.Input<string> | null;
}

function scopesOf({ teams, services }: GateWebhooksArgs): Scope[] {
  const scoped = (scope: string, ids: { [name: string]: pulumi.Input<string> }): Scope[] =>
    Object.entries(ids).map(([key, id]) => ({
      key: `${scope}-${key}`,
      type: `${scope}_reference`,
      id,
    }));
  const scopes = [...scoped("team", teams), ...scoped("service", services)];
  return scopes.length > 0 ? scopes : [{ key: "account", type: "account_reference", id: null }];
}
