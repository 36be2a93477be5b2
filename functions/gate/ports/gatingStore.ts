import type { ServiceGating } from "../gating/index.ts";
import type { Seen } from "./ledger.ts";

export interface StoredGating {
  /** The key under which the service is listed; its name or id as given when it is not. */
  key: string;
  /** False: no gating of its own, the gate's defaults apply. */
  listed: boolean;
  hash: string;
  gating: ServiceGating;
  /** What it was read from: a claim requires it unchanged. */
  seen: readonly Seen[];
}

export interface GatingStore {
  /** Strongly consistent. Looks by id first, then by name. Throws when the store cannot be read. */
  find(service: { id: string | null; name: string | null }): Promise<StoredGating>;
}
