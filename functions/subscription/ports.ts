import type { SigningRecord } from "../aws/signingRecord.ts";
import type { Clock, Log } from "../gate/ports/index.ts";
import type { WebhookAdmin } from "../pagerduty/webhookAdmin.ts";

/** Where signing secrets are kept. */
export interface SigningStore {
  /** Null: nothing was stored yet. */
  read(): Promise<SigningRecord | null>;
  /** Durable when it resolves. */
  write(record: SigningRecord): Promise<void>;
}

/** What the gate's own subscriptions are looked after with. */
export interface SubscriptionPorts {
  admin: WebhookAdmin;
  store: SigningStore;
  clock: Clock;
  log: Log;
}
