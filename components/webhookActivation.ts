import * as pulumi from "@pulumi/pulumi";
import { activationProvider } from "./webhookActivationProvider.ts";
import { PROVIDER_VERSION } from "./webhookSubscription.ts";

/** Inputs of {@link WebhookActivation}. */
export interface WebhookActivationArgs {
  /** The subscription to switch on. */
  subscriptionId: pulumi.Input<string>;
  /** As for the subscription. */
  apiUrl: pulumi.Input<string>;
  /** As for the subscription. */
  token: pulumi.Input<string>;
  /** As for the subscription. */
  tokenType: pulumi.Input<string>;
}

const PROVIDER = activationProvider();

/**
 * Switches a subscription on once whatever this resource depends on exists. A subscription that delivered before the
 * receiver can read its signing secret would be answered 401, and PagerDuty disables it after three of those.
 */
export class WebhookActivation extends pulumi.dynamic.Resource {
  /** @param name The unique name of this resource. */
  constructor(name: string, args: WebhookActivationArgs, opts: pulumi.CustomResourceOptions) {
    super(
      PROVIDER,
      name,
      { ...args, token: pulumi.secret(args.token), providerVersion: PROVIDER_VERSION },
      pulumi.mergeOptions({ additionalSecretOutputs: ["token"] }, opts),
      "pagerduty-approval-gate",
      "WebhookActivation",
    );
  }
}
