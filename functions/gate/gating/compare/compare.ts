import { gatingForUnlisted } from "../schema/unlisted.ts";
import type { Gating, ServiceGating } from "../schema/types.ts";
import type { Verdict } from "./answer.ts";
import { verdictOf } from "./answer.ts";
import { compareServices } from "./service.ts";
import type { CompareOptions, Group } from "./service.ts";
import type { Unproven } from "./notProven.ts";

/** How the gating of one service differs. */
export interface ServiceChange {
  /** As it is listed; null: all services that are not listed. */
  service: string | null;
  /** Where it is not listed the defaults apply, and events propose nothing. */
  listed: { before: boolean; after: boolean };
  groups: Group[];
  unproven: Unproven | null;
}

export interface Comparison {
  /** Only those that differ, or of which it is not proven that they do not. */
  services: ServiceChange[];
  /** null: every proposal and every event is answered as it was, unless it is `unproven`. */
  verdict: Verdict | null;
  unproven: Unproven | null;
}

/** All that two gatings answer differently, for listed services and for all others. */
export function compareGatings(before: Gating, after: Gating, options: CompareOptions): Comparison {
  const names = Object.keys({ ...before.services, ...after.services }).sort();
  const services = [...names, null]
    .map((service): ServiceChange => {
      const [was, is] = [gatingOf(before, service), gatingOf(after, service)];
      return {
        service,
        listed: { before: was.listed, after: is.listed },
        ...compareServices(was.gating, is.gating, options),
      };
    })
    .filter(({ groups, unproven }) => groups.length > 0 || unproven !== null);
  const verdicts = services.flatMap(({ groups }) => groups.map(({ verdict }) => verdict));
  return {
    services,
    verdict: verdicts.length === 0 ? null : verdictOf(verdicts),
    unproven: services.find(({ unproven }) => unproven !== null)?.unproven ?? null,
  };
}

function gatingOf(
  { services, defaults }: Gating,
  service: string | null,
): { gating: ServiceGating; listed: boolean } {
  const own = service !== null && Object.hasOwn(services, service) ? services[service] : undefined;
  return own === undefined
    ? { gating: gatingForUnlisted(defaults), listed: false }
    : { gating: own, listed: true };
}
