import type { Secrets } from "../functions/gate/ports/index.ts";
import { sha256Hex } from "../functions/gate/text/token.ts";

/** What authenticates callers of a gate on one machine. */
export interface LocalSecretsOptions {
  /** Signing secrets of the webhook subscriptions, current and earlier ones. Read at each request. */
  webhookSecrets: () => readonly string[];
  /** Key of Cheqpoint's signatures; absent: callbacks are not signed. */
  callbackSecret?: string | undefined;
  /** Token by name. */
  proposers: Readonly<Record<string, string>>;
  operators: Readonly<Record<string, string>>;
}

export function createLocalSecrets(options: LocalSecretsOptions): Secrets {
  const proposers = hashed(options.proposers);
  const operators = hashed(options.operators);
  const callbackSecrets = options.callbackSecret === undefined ? [] : [options.callbackSecret];
  return {
    // In an async function, so that a store that throws rejects.
    webhookSecrets: async () => ({ known: options.webhookSecrets(), isNewest: true }),
    proposers: () => Promise.resolve(proposers),
    operators: () => Promise.resolve(operators),
    callbackSecrets: () => Promise.resolve(callbackSecrets),
  };
}

function hashed(tokens: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(tokens).map(([name, token]) => [sha256Hex(token), name]));
}
