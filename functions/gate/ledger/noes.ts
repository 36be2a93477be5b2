import type { No } from "../ports/index.ts";

/** What is kept when a human says no once more. */
export function joinedNo(kept: No | null, added: No): No {
  return {
    atMs: Math.max(kept?.atMs ?? added.atMs, added.atMs),
    untilMs: Math.max(kept?.untilMs ?? added.untilMs, added.untilMs),
  };
}
