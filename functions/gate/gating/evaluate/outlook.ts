import { defaultTerms } from "../schema/normalise.ts";
import type { Match, RuleDecision, RuleTerms, ServiceGating } from "../schema/types.ts";
import { isInForce, termsOf } from "./evaluate.ts";
import { windowHolds } from "./window.ts";

/** What only the incident, or the proposer's claims, will tell. */
export interface OpenCondition {
  priority: string[];
  severity: string[];
  urgency: string[];
  region: string[];
  titlePattern: string[];
}

/** One answer that a proposal may get. */
export interface Outlook {
  /** Holds under these conditions, where no outlook before it does; each that is there has to. Empty: always. */
  when: Partial<OpenCondition>;
  /** Null: `otherwise`. */
  rule: string | null;
  decision: RuleDecision;
  terms: RuleTerms;
}

/**
 * What would be said to a proposal of that runbook by that proposer at that time, for all that is not known before it is
 * made: in order, the first that fits counts. Where a claim (severity, region) is left out, a stricter one that only the
 * claim keeps from fitting asks instead.
 */
export function outlook(
  gating: ServiceGating,
  asked: { runbook: string; action: string; proposer: string; atMs: number },
): Outlook[] {
  const found: Outlook[] = [];
  for (const rule of gating.rules) {
    const { match } = rule;
    const mayFit =
      isInForce(rule) &&
      // An explicit proposal has no event.
      match.event === null &&
      includes(match.runbook, asked.runbook) &&
      includes(match.action, asked.action) &&
      includes(match.proposer, asked.proposer) &&
      (match.during === null || match.during.some((window) => windowHolds(window, asked.atMs)));
    if (!mayFit) {
      continue;
    }
    const when = openConditions(match);
    found.push({ when, rule: rule.name, decision: rule.decision, terms: termsOf(rule) });
    if (Object.keys(when).length === 0) {
      return found;
    }
  }
  return [...found, { when: {}, rule: null, decision: gating.otherwise, terms: defaultTerms() }];
}

function openConditions({
  priority,
  severity,
  urgency,
  region,
  titlePattern,
}: Match): Partial<OpenCondition> {
  return {
    ...(priority === null ? {} : { priority }),
    ...(severity === null ? {} : { severity }),
    ...(urgency === null ? {} : { urgency }),
    ...(region === null ? {} : { region }),
    ...(titlePattern === null ? {} : { titlePattern }),
  };
}

function includes(wanted: readonly string[] | null, found: string): boolean {
  return wanted === null || wanted.includes(found);
}
