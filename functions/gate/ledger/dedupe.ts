import type { DedupeChange, Joined } from "../ports/index.ts";
import type { Source } from "../proposal/proposal.ts";

/** What a ledger keeps under one dedupe key. Both parts may be there: an explicit proposal passes a cool-down for events. */
export interface DedupeState {
  /** The open proposal that holds the key. */
  readonly openId: string | null;
  readonly coolDown: CoolDown | null;
}

export interface CoolDown {
  readonly proposalId: string;
  readonly untilMs: number;
  readonly scope: "all" | "events";
  /** Only under that gating; null: under any. */
  readonly gatingHash: string | null;
}

export const FREE_KEY: DedupeState = { openId: null, coolDown: null };

/** The proposal that answers a new equal one; null when the new one may hold the key. */
export function joinedBy(
  state: DedupeState,
  source: Source["kind"],
  nowMs: number,
  gatingHash: string | undefined,
): { joined: Extract<Joined, "open" | "coolDown">; proposalId: string } | null {
  if (state.openId !== null) {
    return { joined: "open", proposalId: state.openId };
  }
  const { coolDown } = state;
  if (coolDown === null || nowMs >= coolDown.untilMs) {
    return null;
  }
  if (coolDown.gatingHash !== null && coolDown.gatingHash !== gatingHash) {
    return null;
  }
  return coolDown.scope === "all" || source === "event"
    ? { joined: "coolDown", proposalId: coolDown.proposalId }
    : null;
}

export function heldBy(state: DedupeState, proposalId: string): DedupeState {
  return { ...state, openId: proposalId };
}

/** The key after a proposal gave it back or let it cool down. What another proposal holds stays. */
export function afterwards(
  state: DedupeState,
  proposalId: string,
  change: Exclude<DedupeChange, { kind: "move" }>,
): DedupeState {
  const openId = state.openId === proposalId ? null : state.openId;
  if (change.kind === "coolDown") {
    const { untilMs, scope, gatingHash = null } = change;
    if (gatingHash !== null && state.coolDown !== null && outweighs(state.coolDown, untilMs)) {
      return { ...state, openId };
    }
    return { openId, coolDown: { proposalId, untilMs, scope, gatingHash } };
  }
  const coolDown = state.coolDown?.proposalId === proposalId ? null : state.coolDown;
  return { openId, coolDown };
}

/** A human's no, which stands under every gating, is not shortened by what only this gating says. */
function outweighs({ scope, gatingHash, untilMs }: CoolDown, otherUntilMs: number): boolean {
  return scope === "all" && gatingHash === null && untilMs >= otherUntilMs;
}
