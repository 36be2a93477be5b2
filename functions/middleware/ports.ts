import type { LimitsOf } from "../gate/ledger/admission.ts";
import type {
  Clock,
  GatingStore,
  Ids,
  Ledger,
  Log,
  Metrics,
  Queue,
  Secrets,
  Sleep,
} from "../gate/ports/index.ts";

/** Everything that the receiver needs: no key to PagerDuty's API or to Cheqpoint is among it. */
export interface MiddlewarePorts {
  clock: Clock;
  ids: Ids;
  ledger: Ledger;
  queue: Queue;
  gating: GatingStore;
  /** How often each proposer may propose. */
  limitsOf: LimitsOf;
  secrets: Secrets;
  log: Log;
  metrics: Metrics;
  /** For long polling, and to answer a webhook in time. */
  sleep: Sleep;
  /** Whether one more caller may be kept waiting for an outcome. Defaults to any number. */
  mayWait?: () => Promise<boolean>;
}
