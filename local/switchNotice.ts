import { scopeText } from "../functions/gate/ledger/killSwitch.ts";
import type { Ledger } from "../functions/gate/ports/index.ts";

/**
 * What a reviewer should know who was asked before a switch was thrown: their request does not change any more. Null: no
 * switch is on. Real Cheqpoint has no place for it.
 */
export async function switchNotice(
  ledger: Pick<Ledger, "killSwitch" | "narrowerSwitches">,
): Promise<string | null> {
  const [all, narrower] = await Promise.all([ledger.killSwitch(), ledger.narrowerSwitches()]);
  const held = (all.on ? [all] : narrower).map(scopeText);
  return held.length === 0
    ? null
    : `The gate's kill switch holds ${held.join(", ")}: what you approve of that waits until it is off.`;
}

/** The same ledger, which tells what the switches say whenever one was thrown. */
export function noticing(ledger: Ledger, tell: (notice: string | null) => void): Ledger {
  return {
    ...ledger,
    async setKillSwitch(state) {
      const before = await ledger.setKillSwitch(state);
      tell(await switchNotice(ledger));
      return before;
    },
  };
}
