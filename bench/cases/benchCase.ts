import type { Pair } from "../measure.ts";

/** `tiny` proves that a case runs; its figures mean nothing. */
export type Scale = "full" | "tiny";

/** Prepares one comparison. */
export type BenchCase = (scale: Scale) => Promise<{
  pair: Pair;
  rounds: number;
  stop(): Promise<void>;
}>;
