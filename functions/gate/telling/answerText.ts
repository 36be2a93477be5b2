import type { RuleDecision, RuleTerms } from "../gating/index.ts";
import { formatDuration } from "../text/duration.ts";

/** What a rule says to a proposal, to stand after "it". */
export function answerText({
  decision,
  terms,
}: {
  decision: RuleDecision;
  terms: RuleTerms;
}): string {
  switch (decision) {
    case "allow":
      return "runs without asking anybody";
    case "deny":
      return "is denied";
    case "requireApproval":
      return terms.onExpiry === "approve"
        ? `asks a human, who has ${formatDuration(terms.slaMs)}; runs without an answer`
        : `asks a human, who has ${formatDuration(terms.slaMs)}; does not run without an answer`;
  }
}
