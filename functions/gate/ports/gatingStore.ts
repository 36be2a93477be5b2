import type { ServiceGating } from "../gating/index.ts";
import type { Seen } from "./ledger.ts";

export interface StoredGating {
  /** The key under which the service is listed; its name or id as given when it is not. */
  key: string;
  /** PagerDuty's id of the service that is listed; absent: it is not listed, or nobody knows yet. */
  serviceId?: string;
  /** False: no gating of its own, the gate's defaults apply. */
  listed: boolean;
  hash: string;
  gating: ServiceGating;
  /** What it was read from: a claim requires it unchanged. */
  seen: readonly Seen[];
}

/** One listed service's gating, as it is in force. */
export interface ListedGating {
  /** As {@link StoredGating.key}. */
  key: string;
  /** By which name or id it was listed. */
  listedAs: string;
  /** PagerDuty's id of the service; null: nobody knows yet. */
  serviceId: string | null;
  hash: string;
  gating: ServiceGating;
  /** As it was written and reviewed. */
  written: unknown;
}

/** All gating that is in force. */
export interface GatingInForce {
  /** Where it is read from, for people: a file, a table. */
  source: string;
  /** Of all of it, by what it says and not by how it is written. */
  digest: string;
  services: readonly ListedGating[];
  defaults: { hash: string; written: unknown };
  /** Why what was written last is not in force; null: it is. */
  problem: string | null;
}

export interface GatingStore {
  /**
   * Strongly consistent. Looks by id first, then by name or id as people wrote it: the name that is listed, or what the
   * service was called when it was learned last. A service keeps its gating when it is renamed; another that takes over its
   * name does not get it. Throws when the store cannot be read.
   */
  find(service: { id: string | null; name: string | null }): Promise<StoredGating>;
  /** Everything, strongly consistent. */
  inForce(): Promise<GatingInForce>;
  /** What PagerDuty has under that key: it stands for that service for good, which is called so by now. True when that is news. */
  learn(key: string, service: { id: string; name: string }): Promise<boolean>;
}
