import { RemoteError } from "../../../functions/gate/ports/index.ts";
import type { Proposal } from "../../../functions/gate/proposal/proposal.ts";
import type { SaveOptions, StoredGating } from "../../../functions/gate/ports/index.ts";
import type { MiddlewarePorts } from "../../../functions/middleware/ports.ts";
import type { WorkerPorts } from "../../../functions/worker/ports.ts";

/**
 * Ways to make the gate careless on purpose. The judge must find each of them by itself: a simulator that finds nothing
 * shows nothing unless it is known to find what is there. `from`: a seed from which it is not far.
 */
export const WEAKNESSES = {
  "sees no kill switch": { breaks: "11 kill switch", from: 1 },
  "reads the gating once": { breaks: "11 gating", from: 1 },
  "sees only the switch for everything": { breaks: "11 kill switch", from: 1 },
  "puts dry runs in force": { breaks: "1 permitted", from: 1 },
  "believes whoever wrote the ledger": { breaks: "1 permitted", from: 130 },
  "takes any signature": { breaks: "3 forged", from: 200 },
  "takes a no for silence": { breaks: "10 own no", from: 1 },
  "takes an unclear answer for a refusal": { breaks: "2 once", from: 250 },
  "leaves out the manual task": { breaks: "5 one task", from: 1 },
  "drops edits": { breaks: "11 value", from: 1 },
  "believes the incident is as it was": { breaks: "8 incident", from: 1 },
} as const;

export type Weakness = keyof typeof WEAKNESSES | "asks Cheqpoint before everything";

/** `remembered`: what the gate has read once. */
export function weakened<T extends WorkerPorts & MiddlewarePorts>(
  ports: T,
  weakness: Weakness | null,
  remembered: Map<string, StoredGating>,
): T {
  const { ledger, gating, cheqpoint, pagerDuty, secrets } = ports;
  const saveWith = (change: (options: SaveOptions) => SaveOptions): WorkerPorts["ledger"] => {
    const save: typeof ledger.save = (next: Proposal, events, options) =>
      ledger.save(next, events, options === undefined ? options : change(options));
    return proxied(ledger, { save });
  };
  switch (weakness) {
    case null:
      return ports;
    case "sees no kill switch": {
      const blind = saveWith(({ requireKillSwitchOff: _, ...rest }) => rest);
      const killSwitch: typeof ledger.killSwitch = async (over) => ({
        ...(await ledger.killSwitch(over)),
        on: false,
      });
      return { ...ports, ledger: proxied(blind, { killSwitch }) };
    }
    case "reads the gating once": {
      const find: typeof gating.find = async (service) => {
        const id = service.id ?? service.name ?? "";
        const known = remembered.get(id) ?? { ...(await gating.find(service)), seen: [] };
        remembered.set(id, known);
        return known;
      };
      return { ...ports, gating: { find } };
    }
    case "sees only the switch for everything": {
      const blind = saveWith(({ requireKillSwitchOff: _, ...rest }) => rest);
      const killSwitch: typeof ledger.killSwitch = () => ledger.killSwitch();
      return { ...ports, ledger: proxied(blind, { killSwitch }) };
    }
    case "puts dry runs in force": {
      const find: typeof gating.find = async (service) => {
        const found = await gating.find(service);
        const rules = found.gating.rules.map(({ dryRun: _, ...rule }) => rule);
        return { ...found, gating: { ...found.gating, rules } };
      };
      return { ...ports, gating: proxied(gating, { find }) };
    }
    case "believes whoever wrote the ledger": {
      const read: typeof cheqpoint.read = async (id) => {
        const reading = await cheqpoint.read(id);
        const item =
          reading === null ? null : await ledger.get(String(reading.details["proposal_id"]));
        const decision = item?.proposal.decision;
        return reading === null || decision?.outcome !== "approved"
          ? reading
          : { ...reading, status: "APPROVED", decidedAtMs: decision.atMs };
      };
      return { ...ports, cheqpoint: { ...cheqpoint, read } };
    }
    case "asks Cheqpoint before everything": {
      const first = async <R>(then: () => Promise<R>): Promise<R> => {
        await cheqpoint.read("req_1").catch(() => null);
        return then();
      };
      const find: typeof gating.find = (service) => first(() => gating.find(service));
      const incident: typeof pagerDuty.incident = (id) => first(() => pagerDuty.incident(id));
      return {
        ...ports,
        gating: proxied(gating, { find }),
        pagerDuty: { ...pagerDuty, incident },
      };
    }
    case "takes any signature":
      return { ...ports, secrets: { ...secrets, callbackSecrets: () => Promise.resolve([]) } };
    case "takes a no for silence": {
      const read: typeof cheqpoint.read = async (id) => {
        const reading = await cheqpoint.read(id);
        return reading?.status === "REJECTED" ? { ...reading, status: "PENDING" } : reading;
      };
      return { ...ports, cheqpoint: { ...cheqpoint, read } };
    }
    case "takes an unclear answer for a refusal": {
      const execute: typeof pagerDuty.execute = async (order, check) => {
        try {
          return await pagerDuty.execute(order, check);
        } catch (error) {
          throw new RemoteError(String(error), { nothingDone: true, retryable: true });
        }
      };
      return { ...ports, pagerDuty: { ...pagerDuty, execute } };
    }
    case "leaves out the manual task": {
      const createIncident: typeof pagerDuty.createIncident = () =>
        Promise.resolve({ id: "PNONE1", url: null });
      return { ...ports, pagerDuty: { ...pagerDuty, createIncident } };
    }
    case "drops edits": {
      const read: typeof cheqpoint.read = async (id) => {
        const reading = await cheqpoint.read(id);
        return reading === null ? null : { ...reading, modifiedDetails: null };
      };
      return { ...ports, cheqpoint: { ...cheqpoint, read } };
    }
    case "believes the incident is as it was": {
      const incident: typeof pagerDuty.incident = async (id) => {
        const found = await pagerDuty.incident(id);
        return found === null ? null : { ...found, status: "triggered" };
      };
      return { ...ports, pagerDuty: { ...pagerDuty, incident } };
    }
  }
}

function proxied<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get: (of, property, receiver) =>
      Object.hasOwn(changes, property)
        ? Reflect.get(changes, property)
        : Reflect.get(of, property, receiver),
  });
}
