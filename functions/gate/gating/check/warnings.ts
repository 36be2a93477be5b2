import { defaults } from "../schema/defaults.ts";
import type { Rule, ServiceGating } from "../schema/types.ts";

/** What may run without a human's approval, of all rules of a service. */
interface Unattended {
  /** As people call it. */
  name: string;
  /** How many of it may run in an hour. */
  limit: number;
}

/**
 * What is right and may still turn out otherwise than meant, as sentences. A brake of the whole service has places for
 * what no human approved: one rule that allows can use them all up before a stricter rule, which asks first, needs one.
 */
export function gatingWarnings(service: string, gating: ServiceGating): string[] {
  const limit = gating.limits?.executionsPerHour ?? null;
  if (limit === null) return [];
  const needing = gating.rules.filter(runsUnattended).map(({ name }) => name);
  if (needing.length === 0) return [];
  return allowing(gating)
    .filter((rule) => rule.limit >= limit)
    .map(
      ({ name, limit: own }) =>
        `services.${service}: \`limits.executionsPerHour\` (${limit}) can be used up by ${name} alone, which allows ${own} in an hour, so that nothing is left for what ${needing.length === 1 ? "rule" : "rules"} ${needing.join(", ")} approve${needing.length === 1 ? "s" : ""} without a human; give ${name} a lower \`limits.executionsPerHour\`, or the service a higher one`,
    );
}

function allowing({ rules, otherwise }: ServiceGating): Unattended[] {
  const named = rules
    .filter(({ decision, dryRun }) => decision === "allow" && dryRun !== true)
    .map(({ name, limits }) => ({ name: `rule ${name}`, limit: limits.executionsPerHour }));
  return otherwise === "allow"
    ? [...named, { name: "`otherwise`", limit: defaults.executionsPerHour }]
    : named;
}

/** An approval that nobody gave: by silence, or by a rule at Cheqpoint. */
function runsUnattended({ decision, onExpiry, acceptRuleApprovals, dryRun }: Rule): boolean {
  if (dryRun === true) return false;
  return decision === "requireApproval" && (onExpiry === "approve" || acceptRuleApprovals);
}
