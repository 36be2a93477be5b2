import * as pulumi from "@pulumi/pulumi";
import { later, pagerdutyId, refuse, shown } from "./inputs.ts";
import type { AlarmRouting } from "./monitoring.ts";

const FIELD = "alarms.pagerdutyServiceId";

/**
 * Alarms, with a service to page that the gate does not hold back itself: what it pages for is its own illness.
 *
 * @param gated Ids of the gated services, by the name or id that each was written under.
 */
export function ungatedAlarms(
  alarms: AlarmRouting,
  gated: { [service: string]: pulumi.Output<string> },
): AlarmRouting {
  const { pagerdutyServiceId } = alarms;
  if (pagerdutyServiceId === undefined) {
    return alarms;
  }
  const id = pagerdutyId(FIELD, pagerdutyServiceId);
  // Written by id, it is seen at once; written by name, as soon as that is looked up.
  if (typeof pagerdutyServiceId === "string" && pagerdutyServiceId in gated) {
    refuseGated(pagerdutyServiceId, pagerdutyServiceId);
  }
  return {
    ...alarms,
    pagerdutyServiceId: pulumi.all([id, pulumi.output(gated)]).apply(
      later(([text, ids]: [string, Record<string, string>]) => {
        const service = Object.keys(ids).find((key) => ids[key] === text);
        return service === undefined ? text : refuseGated(text, service);
      }),
    ),
  };
}

function refuseGated(id: string, service: string): never {
  refuse(`\`${FIELD}\` must be a service that is not gated, got ${shown(id)}, which is ${service}`);
}
