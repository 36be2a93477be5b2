import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import type { StoredSubscription } from "../engine/fixtures/pagerduty.ts";

export const TOKEN = "token-of-this-account";
export const url = "https://gate.example.com/pagerduty/webhook";

/** A subscription that no program made. */
export const existing = (more: Partial<StoredSubscription> = {}): StoredSubscription => ({
  id: "PSUB777",
  active: true,
  description: "made by hand",
  events: ["incident.triggered"],
  filter: { type: "account_reference" },
  url,
  secret: "never told",
  customHeaders: [],
  temporarilyDisabled: false,
  ...more,
});

/** A provider in one run of the engine: its methods, configured, without what only tells that one is missing. */
export async function run<I, O extends I>(
  provider: pulumi.dynamic.ResourceProvider<I, O>,
  config: Record<string, string> = {},
) {
  const { configure, diff, read, update } = provider;
  assert.ok(configure !== undefined && diff !== undefined);
  assert.ok(read !== undefined && update !== undefined);
  const get = (key: string) => config[key];
  await configure({ config: { get } as pulumi.dynamic.Config });
  return {
    diff: (id: string, olds: O, news: I) => diff(id, olds, news),
    create: async (inputs: I) => {
      const { id, outs } = await provider.create(inputs);
      assert.ok(outs !== undefined);
      return { id, outs };
    },
    read: async (id: string, props: O) => (await read(id, props)).props,
    update: async (id: string, olds: O, news: I) => {
      const { outs } = await update(id, olds, news);
      assert.ok(outs !== undefined);
      return outs;
    },
    delete: async (id: string, props: O) => {
      assert.ok(provider.delete !== undefined);
      await provider.delete(id, props);
    },
  };
}
