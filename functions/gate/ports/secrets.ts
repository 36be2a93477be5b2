export interface WebhookSecrets {
  known: readonly string[];
  /** They were read after they were asked for: what fits none of them is certainly wrong. */
  isNewest: boolean;
}

/**
 * What authenticates callers. Each method throws when the store cannot be read. `refresh` asks the store again, which may
 * be done about once a second; then a value from before does not do when the store cannot be read.
 */
export interface Secrets {
  /**
   * Signing secrets of all subscriptions, current and previous. With `refresh` from a reading that begins after the call,
   * and that is waited for; where the store was asked so within the last half minute, from that reading.
   */
  webhookSecrets(refresh?: boolean): Promise<WebhookSecrets>;
  /** Proposers by the SHA-256 (hex) of their token. `refresh` does not wait where the store was read a moment ago. */
  proposers(refresh?: boolean): Promise<ReadonlyMap<string, string>>;
  /** Operators, who may read every proposal, likewise. */
  operators(refresh?: boolean): Promise<ReadonlyMap<string, string>>;
  /** Keys of `x-cheqpoint-signature`, current and previous, likewise; none when callbacks are not signed. */
  callbackSecrets(refresh?: boolean): Promise<readonly string[]>;
}
