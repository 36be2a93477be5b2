import type { DryRunAnswer } from "../gate/telling/dryRun.ts";
import type { DryRunAsked } from "../gate/proposal/intake.ts";
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
  /** Tells what would become of a proposal. That takes a look at PagerDuty, to which the receiver has no key; absent: nobody can. */
  dryRun?: (asked: DryRunAsked) => Promise<DryRunAnswer>;
  secrets: Secrets;
  log: Log;
  metrics: Metrics;
  /** For long polling, and to answer a webhook in time. */
  sleep: Sleep;
  /** Whether one more caller may be kept waiting for an outcome. Defaults to any number. */
  mayWait?: () => Promise<boolean>;
}
