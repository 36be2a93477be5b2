import { isInForce } from "../evaluate/evaluate.ts";
import { defaultTerms } from "../schema/normalise.ts";
import type { Rule, RuleTerms, ServiceGating } from "../schema/types.ts";
import { laxityOf } from "./answer.ts";
import type { Answer, Difference } from "./answer.ts";

type Limits = RuleTerms["limits"];

/**
 * Limits count for each rule alone: what was a part of one rule and is a rule of its own by now has places of its own,
 * beside those that the first one keeps. Null: nothing more can run by that without a human. What is asked of a human
 * each time is not held by places in the first place.
 */
export function placesOfItsOwn(
  before: Answer,
  after: Answer,
  was: ServiceGating,
  is: ServiceGating,
): Difference | null {
  if (before.decision === null || after.decision === null || after.rule === null) return null;
  if (laxityOf(before) < UNATTENDED || laxityOf(after) < UNATTENDED) return null;
  const old = new Set(was.rules.filter(isInForce).map(({ name }) => name));
  if (before.rule === after.rule || old.has(after.rule)) return null;
  const kept = placesOf(before.rule, is);
  if (kept === null) return null;
  // Several new rules may share what one had.
  const all = [
    kept,
    ...is.rules.flatMap((rule) => (!old.has(rule.name) && runs(rule) ? [rule.limits] : [])),
  ];
  const { limits } = before.terms;
  return isMore(all, limits, "openProposals") || isMore(all, limits, "executionsPerHour")
    ? {
        field: "limits",
        before: `shared with ${before.rule ?? "otherwise"}`,
        after: "its own",
        verdict: "loosened",
      }
    : null;
}

/** Allowed, or approved by silence. */
const UNATTENDED = 2;

/** Null: nothing runs by it unattended. */
function placesOf(name: string | null, gating: ServiceGating): Limits | null {
  if (name === null) return gating.otherwise === "allow" ? defaultTerms().limits : null;
  return gating.rules.find((rule) => rule.name === name && runs(rule))?.limits ?? null;
}

function runs(rule: Rule): boolean {
  const { decision, onExpiry } = rule;
  return (
    isInForce(rule) &&
    (decision === "allow" || (decision === "requireApproval" && onExpiry === "approve"))
  );
}

function isMore(all: readonly Limits[], before: Limits, of: keyof Limits): boolean {
  return all.reduce((sum, limits) => sum + limits[of], 0) > before[of];
}
