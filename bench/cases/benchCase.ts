import type { Pair } from "../measure.ts";

/** `tiny` proves that a case runs; its figures mean nothing. */
export type Scale = "full" | "tiny";

/** A comparison that can be run. */
export interface Prepared {
  pair: Pair;
  rounds: number;
  stop(): Promise<void>;
}

/** Prepares one comparison, or tells why it cannot be made here. */
export type BenchCase = (scale: Scale) => Promise<Prepared | { skipped: string }>;
