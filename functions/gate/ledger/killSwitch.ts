import { cut } from "../text/cut.ts";
import type { KillSwitch } from "../ports/index.ts";
import type { Proposal } from "../proposal/proposal.ts";

/** What a switch holds: a service, a runbook wherever it is listed, a runbook of one service; with neither, everything. */
export interface SwitchScope {
  service?: string;
  runbook?: string;
}

/** What a ledger keeps of its switches: the one for everything, and every narrower one that is on. */
export interface KillSwitches {
  all: KillSwitch;
  narrower: readonly KillSwitch[];
}

/** Of a ledger that was never told. */
const KILL_SWITCH_OFF: KillSwitch = { on: false, reason: null, by: null, atMs: 0 };
export const ALL_OFF: KillSwitches = { all: KILL_SWITCH_OFF, narrower: [] };

/** More could not be looked through in the write that claims; the switch for everything always can be thrown. */
const MOST_NARROWER = 200;

/** The name of what a switch holds. A narrower one never has that of another. */
export function switchKey({ service, runbook }: SwitchScope): string {
  return JSON.stringify([service ?? null, runbook ?? null]);
}

/**
 * The keys of the narrower switches that hold a proposal. Its service counts by the gating's key and by PagerDuty's id
 * and name, so that whatever an operator calls it is held.
 */
export function keysOver({ request, incident }: Pick<Proposal, "request" | "incident">): string[] {
  const { runbook } = request;
  const names = [
    request.service,
    ...(incident === null ? [] : [incident.serviceId, incident.serviceName]),
  ];
  return [
    ...[...new Set(names)].flatMap((service) => [
      switchKey({ service }),
      switchKey({ service, runbook }),
    ]),
    switchKey({ runbook }),
  ];
}

/** What a switch holds, in words. */
export function scopeText({ service, runbook }: SwitchScope): string {
  if (runbook !== undefined) {
    return `runbook ${runbook} of ${service === undefined ? "every service" : `service ${service}`}`;
  }
  return service === undefined ? "everything" : `service ${service}`;
}

/** The switch that holds a proposal, the widest first; that for everything when none does. */
export function switchOver(
  { all, narrower }: KillSwitches,
  proposal: Pick<Proposal, "request" | "incident">,
): KillSwitch {
  const keys = new Set(keysOver(proposal));
  return all.on ? all : (narrower.find((one) => keys.has(switchKey(one))) ?? all);
}

/** The switches after one was thrown, and how that one was; null: it was off. One that is on stays on since it was. */
export function withSwitch(
  switches: KillSwitches,
  state: KillSwitch,
): { next: KillSwitches; before: KillSwitch | null } {
  const key = switchKey(state);
  const isAll = state.service === undefined && state.runbook === undefined;
  const found = isAll ? switches.all : switches.narrower.find((one) => switchKey(one) === key);
  const before = found?.on === true ? found : null;
  const { atMs, by } = before ?? state;
  const now =
    before === null || !state.on ? state : { ...state, atMs, by, reason: reasons(before, state) };
  if (isAll) {
    return { next: { ...switches, all: now }, before };
  }
  const others = switches.narrower.filter((one) => switchKey(one) !== key);
  if (state.on && others.length >= MOST_NARROWER) {
    throw new Error(
      `${MOST_NARROWER} services and runbooks are held already: release some, or hold everything`,
    );
  }
  return { next: { ...switches, narrower: now.on ? [...others, now] : others }, before };
}

const ALSO = "; also: ";
const LONGEST_REASON = 2_000;

/** Why it is on, once it was thrown again: the first reason first. All of them are in the switch's trail. */
function reasons(first: KillSwitch, again: KillSwitch): string | null {
  if (first.reason === null || again.reason === null) {
    return first.reason ?? again.reason;
  }
  return first.reason.split(ALSO).includes(again.reason)
    ? first.reason
    : cut(`${first.reason}${ALSO}${again.reason}`, LONGEST_REASON);
}
