import type * as pulumi from "@pulumi/pulumi";
import { call, deliveryOf, path, readAccess, tokenKeyOf } from "./webhookApi.ts";
import type { Access } from "./webhookApi.ts";

export interface ActivationInputs {
  subscriptionId: string;
  apiUrl: string;
  token: string;
  tokenType: string;
  providerVersion: string;
}

export interface ActivationOutputs extends ActivationInputs {
  /** Where the token is configured; empty when it is not. */
  tokenKey: string;
}

/** Switches a subscription on once its receiver can verify what it sends, and off before the receiver goes. */
export function activationProvider(): pulumi.dynamic.ResourceProvider<
  ActivationInputs,
  ActivationOutputs
> {
  const access: Access = { tokens: {}, apiUrl: "" };
  /** What this run switched on. */
  const activated: string[] = [];
  const turn = async (inputs: ActivationInputs, active: boolean) => {
    const id = inputs.subscriptionId;
    const purpose = `${active ? "activate" : "deactivate"} webhook subscription ${id}`;
    const { status, subscription } = await call(access, inputs, purpose, "PUT", path(id), {
      webhook_subscription: { type: "webhook_subscription", active },
    });
    if (!active) {
      return;
    }
    if (status === 404) {
      throw new Error(`cannot ${purpose}: it is gone. Run: pulumi refresh, then pulumi up`);
    }
    if (deliveryOf(subscription).disabled) {
      await call(access, inputs, `enable webhook subscription ${id}`, "POST", path(id, "/enable"));
    }
  };
  return {
    configure: async ({ config }) => {
      // Assigned into the one object that all methods see: each method is serialised on its own.
      Object.assign(access, readAccess(config));
    },
    diff: async (_id, olds, news) => {
      const replaces = olds.subscriptionId === news.subscriptionId ? [] : ["subscriptionId"];
      const keys: (keyof ActivationInputs)[] = ["apiUrl", "token", "tokenType", "providerVersion"];
      return {
        changes: replaces.length > 0 || keys.some((key) => olds[key] !== news[key]),
        replaces,
        deleteBeforeReplace: false,
      };
    },
    create: async (inputs) => {
      await turn(inputs, true);
      activated.push(inputs.subscriptionId);
      const tokenKey = tokenKeyOf(access, inputs.token);
      return { id: inputs.subscriptionId, outs: { ...inputs, tokenKey } };
    },
    read: async (id, props) => {
      if (props === undefined) {
        return {};
      }
      const purpose = `read webhook subscription ${id}`;
      const { status, subscription } = await call(access, props, purpose, "GET", path(id));
      // Dropped from the state, so that the next update switches it on again.
      return status === 404 || subscription["active"] === false ? {} : { id, props };
    },
    update: async (_id, _olds, news) => {
      await turn(news, true);
      return { outs: { ...news, tokenKey: tokenKeyOf(access, news.token) } };
    },
    delete: async (id, props) => {
      if (activated.includes(id)) {
        // A renamed resource, or one that was replaced by force: its successor wants this subscription on.
        return;
      }
      await turn(props, false);
    },
  };
}
