import { list, oneOf, pagerDutyId } from "./fields.ts";

/** Parts that several objects of the gating share. */
export const policyId = pagerDutyId("an escalation policy", "PEP0002");
export const userId = pagerDutyId("a user", "PUSER02");
export const serviceId = pagerDutyId("a service", "PSVC001");
export const urgency = oneOf(["high", "low"]);

export const whom = {
  escalationPolicy: policyId
    .meta({ description: "PagerDuty id of an escalation policy." })
    .optional(),
  users: list(userId, 20).meta({ description: "PagerDuty ids of users." }).optional(),
};
