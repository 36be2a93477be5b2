import { z } from "zod";
import { RISK_LEVELS } from "./approval.ts";
import type { Submission } from "./submission.ts";
import { must, oneOf, text } from "./parse.ts";

const words = z.union([text, z.array(text).min(1)], {
  error: must("be a string or a list of strings"),
});
const levels = z.union([oneOf(RISK_LEVELS), z.array(oneOf(RISK_LEVELS)).min(1)], {
  error: must('be one of "low", "medium", "high" or a list of them'),
});
const score = z
  .number({ error: must("be a number from 0 to 1") })
  .min(0)
  .max(1);

/** A dashboard rule that approves or rejects at once; absent fields match everything. */
export const autoRuleSchema = z.strictObject({
  name: text,
  decision: oneOf(["approve", "reject"]),
  action: words.optional(),
  riskLevel: levels.optional(),
  riskScoreAtLeast: score.optional(),
  riskScoreAtMost: score.optional(),
  /** Compared with `service` in the details. */
  service: words.optional(),
  note: text.optional(),
});
export type AutoRule = z.infer<typeof autoRuleSchema>;

/** The first rule that matches, in the order in which they were added. */
export function findRule(rules: readonly AutoRule[], asked: Submission): AutoRule | undefined {
  return rules.find(
    (rule) =>
      matches(rule.action, asked.action) &&
      matches(rule.riskLevel, asked.riskLevel) &&
      matches(rule.service, asked.details["service"]) &&
      withinScore(rule, asked.riskScore),
  );
}

function matches(wanted: string | string[] | undefined, found: unknown): boolean {
  if (wanted === undefined) return true;
  return typeof found === "string" && [wanted].flat().includes(found);
}

/** A rule that asks for a score never matches a request that has none. */
function withinScore(rule: AutoRule, found: number | null): boolean {
  const { riskScoreAtLeast: least, riskScoreAtMost: most } = rule;
  if (least === undefined && most === undefined) return true;
  return found !== null && found >= (least ?? 0) && found <= (most ?? 1);
}
