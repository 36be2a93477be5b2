import type { Holder } from "../ports/index.ts";

/** Whether a key is another's at that time. */
export function isHeld(holder: Holder | null, proposalId: string, atMs: number): holder is Holder {
  return (
    holder !== null &&
    holder.proposalId !== proposalId &&
    (holder.untilMs === null || atMs < holder.untilMs)
  );
}
