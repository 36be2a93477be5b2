import type { Brake } from "../../functions/gate/proposal/proposal.ts";

/** Things that want places, each from `at` until `until` at all of its brakes; `at` NaN: it wants none. */
export interface Wishes {
  at: Float64Array;
  until: Float64Array;
  of(index: number): { service: string; rule: string | null; brakes: readonly Brake[] };
}

/** How often a limit left no place. */
export interface LimitHits {
  service: string;
  /** null: the service's own, for all rules together. */
  rule: string | null;
  limit: "openProposals" | "executionsPerHour";
  value: number;
  hits: number;
}

/** Gives places away in the order of time, as the ledger does, and counts for whom there was none. */
export function hitsOf({ at, until, of }: Wishes, limit: LimitHits["limit"]): LimitHits[] {
  const taken = new Map<string, number[]>();
  const hits = new Map<string, LimitHits>();
  for (const index of inOrder(at)) {
    const { service, rule, brakes } = of(index);
    const full = brakes.find((brake) => isFull(brake, taken, at[index] ?? 0));
    if (full === undefined) {
      for (const { key } of brakes) {
        const places = taken.get(key);
        if (places === undefined) taken.set(key, [until[index] ?? 0]);
        else places.push(until[index] ?? 0);
      }
      continue;
    }
    const own = hits.get(full.key) ?? {
      service,
      rule: full.of === "rule" ? rule : null,
      limit,
      value: full.limit,
      hits: 0,
    };
    own.hits += 1;
    hits.set(full.key, own);
  }
  return [...hits.values()].sort(
    (a, b) =>
      b.hits - a.hits || compare(a.service, b.service) || compare(a.rule ?? "", b.rule ?? ""),
  );
}

function isFull({ key, limit }: Brake, taken: Map<string, number[]>, atMs: number): boolean {
  const places = taken.get(key);
  // What is over is cleared away only where that may make a difference.
  if (places === undefined || places.length < limit) return false;
  const open = places.filter((until) => until > atMs);
  taken.set(key, open);
  return open.length >= limit;
}

function inOrder(at: Float64Array): Uint32Array {
  const wanting = new Uint32Array(at.length);
  let count = 0;
  at.forEach((atMs, index) => {
    if (Number.isNaN(atMs)) return;
    wanting[count] = index;
    count += 1;
  });
  return wanting.subarray(0, count).sort((a, b) => (at[a] ?? 0) - (at[b] ?? 0) || a - b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
