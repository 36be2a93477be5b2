import assert from "node:assert/strict";
import { assertSafe, play, type Ending, type Flow } from "./flows.ts";
import { isMore } from "./more.ts";
import { faultAt, isEffect, isLedgerWrite, isRemote, isWrite, type FaultMode } from "./taps.ts";
import type { World } from "./world.ts";

export interface Strike {
  /** Its name as well. */
  what: string;
  mode: FaultMode;
  counts: (call: string) => boolean;
}

/**
 * Where each kind of fault strikes. Between two writes nothing changes outside the process, so that dying before one
 * is dying after the one before it: only effects on other systems are struck on both sides.
 */
const STRIKES: readonly Strike[] = [
  { mode: "crashAfter", counts: isWrite, what: "dies after every write and every effect" },
  { mode: "crashBefore", counts: isEffect, what: "dies before every effect" },
  { mode: "lost", counts: isRemote, what: "loses every answer of PagerDuty and Cheqpoint" },
  { mode: "undone", counts: isEffect, what: "takes every effect for possibly done that was not" },
];
/** Leaves behind what dying after the same write does, in a process that lives on. */
const MORE_STRIKES: readonly Strike[] = [
  { mode: "lost", counts: isLedgerWrite, what: "loses every answer of the ledger" },
];

export function strikes(): readonly Strike[] {
  return isMore() ? MORE_STRIKES : STRIKES;
}

/** Plays a flow once for every call that a fault can strike; gives how many there were. */
export async function strike(world: World, flow: Flow, what: string): Promise<number> {
  const found = strikes().find((one) => one.what === what);
  assert.ok(found !== undefined, `no strike "${what}"`);
  const { mode, counts } = found;
  for (let index = 0; ; index++) {
    const fault = faultAt(index, mode, counts);
    const ending = await play(world, flow, fault);
    const hit = fault.hit();
    try {
      assertSafe(world, flow, ending);
      assertFlowsOn(flow, ending, fault.cutOff());
    } catch (error) {
      throw new Error(`${mode} at call ${index}, ${hit ?? "none"}: ${String(error)}`, {
        cause: error,
      });
    }
    if (hit === null) {
      assert.ok(index > 0, "nothing was struck");
      return index;
    }
  }
}

/**
 * One fault changes no outcome, with two exceptions: an execution that it cut off may end as uncertain, and a request
 * whose submission it cut off may carry a no that nobody can read, so that silence is no yes any more.
 */
function assertFlowsOn(flow: Flow, { proposal, notes }: Ending, cutOff: readonly string[]): void {
  const kind = proposal.outcome?.kind;
  const wasCutOff = (...calls: string[]): boolean => calls.some((call) => cutOff.includes(call));
  const isRunCutOff = wasCutOff("pagerDuty.execute", "ledger.save execution.claimed");
  const isRequestCutOff = wasCutOff("cheqpoint.submit", "ledger.save approval.submitting");
  const isSilence = flow.rule["onExpiry"] === "approve";
  assert.ok(
    kind === flow.ends ||
      (isRunCutOff && kind === "uncertain") ||
      (isRequestCutOff && isSilence && proposal.outcome?.reason === "expired"),
    `ended as ${kind} (${proposal.outcome?.reason})`,
  );
  const isTold = notes.some((note) => note.startsWith(`[gate ${proposal.id} proposed]`));
  // Who decides at once makes a note needless that could not be written at once.
  assert.ok(isTold || flow.reviewer === null || cutOff.length > 0, "no note of the proposal");
}
