import type { LifecycleSettings } from "../gate/lifecycle/known.ts";
import type {
  Cheqpoint,
  Clock,
  GatingStore,
  Ids,
  Ledger,
  Log,
  Metrics,
  PagerDuty,
  Queue,
} from "../gate/ports/index.ts";

/** Everything that the worker moves a proposal on with. */
export interface WorkerPorts {
  clock: Clock;
  ids: Ids;
  ledger: Ledger;
  queue: Queue;
  gating: GatingStore;
  pagerDuty: PagerDuty;
  cheqpoint: Cheqpoint;
  log: Log;
  metrics: Metrics;
  settings: LifecycleSettings;
  /** Where Cheqpoint reaches the gate, without a slash at the end. */
  publicUrl: string;
  /** Mends the gate's own webhook subscriptions; false: there was nothing to mend. Absent: others look after them. */
  healSubscriptions?: () => Promise<boolean>;
}
