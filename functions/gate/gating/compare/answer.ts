import { canonicalJson } from "../../text/canonical.ts";
import { formatDuration } from "../../text/duration.ts";
import { defaults } from "../schema/defaults.ts";
import type { RuleDecision, RuleTerms } from "../schema/types.ts";

/** Anything that JSON can carry, as the gating writes it. */
export type Written =
  string | number | boolean | null | readonly Written[] | { [key: string]: Written };

/** What a gating answers. */
export type Answer =
  /** Nothing can come of it: the runbook is not known, or nothing is proposed for the event. */
  | { decision: null; because: "unknownRunbook" | "nothingProposed" }
  | {
      decision: RuleDecision;
      /** null: `otherwise`. */
      rule: string | null;
      /** Those that mean something with the decision. */
      terms: RuleTerms;
      /** Of an event: what is proposed, and by which rule. */
      proposed: { runbook: string; by: string } | null;
    };

/** `loosened`: more can run, or easier. `tightened`: less, or harder. */
export type Verdict = "loosened" | "tightened" | "changed";

/** One thing that is not what it was. */
export interface Difference {
  /** As the gating calls it, such as `sla` or `limits.openProposals`. */
  field: string;
  /** null: nothing. */
  before: Written;
  after: Written;
  verdict: Verdict;
}

interface Term {
  /** With which decisions it means something. */
  with: readonly RuleDecision[];
  /** As it is written. */
  written(terms: RuleTerms): Written;
  verdict(before: RuleTerms, after: RuleTerms): Verdict;
  /** Where a wider term lets more run although what is decided does not run more easily; nowhere without it. */
  lets?(before: Decided, after: Decided): boolean;
}

type Decided = Exclude<Answer, { decision: null }>;

const RUNS: readonly RuleDecision[] = ["allow", "requireApproval"];
const ASKS: readonly RuleDecision[] = ["requireApproval"];
const changed = () => "changed" as const;

/** Every term of an answer. A term that the gating gets must be here: what is not compared would pass for the same. */
const TERMS: Readonly<Record<keyof Required<RuleTerms>, Readonly<Record<string, Term>>>> = {
  risk: { risk: { with: ASKS, written: ({ risk }) => risk, verdict: changed } },
  slaMs: {
    sla: {
      with: ASKS,
      written: ({ slaMs }) => formatDuration(slaMs),
      // Where silence is a yes, it runs the sooner.
      verdict: (before, after) =>
        before.onExpiry === "approve" && after.onExpiry === "approve"
          ? byNumber(after.slaMs, before.slaMs)
          : "changed",
    },
  },
  validForMs: {
    validFor: {
      with: RUNS,
      written: ({ validForMs }) => formatDuration(validForMs),
      verdict: (before, after) => byNumber(before.validForMs, after.validForMs),
    },
  },
  onExpiry: {
    onExpiry: {
      with: ASKS,
      written: ({ onExpiry }) => onExpiry,
      verdict: (_before, { onExpiry }) => (onExpiry === "approve" ? "loosened" : "tightened"),
    },
  },
  escalateAfterMs: {
    escalateAfter: {
      with: ASKS,
      written: ({ escalateAfterMs }) =>
        escalateAfterMs === null ? null : formatDuration(escalateAfterMs),
      verdict: changed,
    },
  },
  escalateTo: {
    escalateTo: {
      with: ASKS,
      written: ({ escalateTo }) => (escalateTo === null ? null : whomWritten(escalateTo)),
      verdict: changed,
    },
  },
  delivery: { delivery: { with: ASKS, written: ({ delivery }) => delivery, verdict: changed } },
  editable: {
    editable: {
      with: ASKS,
      written: ({ editable }) => [...editable].sort(),
      verdict: (before, after) =>
        after.editable.every((name) => before.editable.includes(name)) ? "tightened" : "loosened",
    },
  },
  coolDownMs: {
    coolDown: {
      with: ["allow", "deny", "requireApproval"],
      written: ({ coolDownMs }) => formatDuration(coolDownMs),
      verdict: (before, after) => byNumber(after.coolDownMs, before.coolDownMs),
      // The denial answers also when the rule does not match any more: by then it is what keeps the same from running.
      lets: (before, after) => after.decision === "deny" && before.rule === after.rule,
    },
  },
  limits: {
    "limits.openProposals": {
      with: RUNS,
      written: ({ limits }) => limits.openProposals,
      verdict: (before, after) => byNumber(before.limits.openProposals, after.limits.openProposals),
    },
    "limits.executionsPerHour": {
      with: RUNS,
      written: ({ limits }) => limits.executionsPerHour,
      verdict: (before, after) =>
        byNumber(before.limits.executionsPerHour, after.limits.executionsPerHour),
    },
  },
  acceptRuleApprovals: {
    acceptRuleApprovals: {
      with: ASKS,
      written: ({ acceptRuleApprovals }) => acceptRuleApprovals,
      verdict: (_before, after) => (after.acceptRuleApprovals ? "loosened" : "tightened"),
      // Silence is a yes only when the time is over, and while nobody says no.
      lets: () => true,
    },
  },
  onDeny: {
    onDeny: {
      with: ["deny"],
      written: ({ onDeny }) => onDeny ?? defaults.onDeny,
      verdict: changed,
    },
  },
};

const NAMED_TERMS: readonly (readonly [string, Term])[] = Object.values(TERMS).flatMap((terms) =>
  Object.entries(terms),
);

function byNumber(small: number, large: number): Verdict {
  return large > small ? "loosened" : "tightened";
}

/** People without what says nothing. */
export function whomWritten({
  users,
  escalationPolicy,
}: {
  users: readonly string[];
  escalationPolicy: string | null;
}): Written {
  return {
    ...(escalationPolicy === null ? {} : { escalationPolicy }),
    ...(users.length === 0 ? {} : { users: [...users].sort() }),
  };
}

/** What the answer's terms say with its decision, as the gating writes it. */
export function writtenTerms(answer: Answer): Record<string, Written> {
  const { decision } = answer;
  return decision === null
    ? {}
    : Object.fromEntries(
        NAMED_TERMS.filter(([, term]) => term.with.includes(decision)).map(([name, term]) => [
          name,
          term.written(answer.terms),
        ]),
      );
}

/** The same text for answers between which there is no difference. */
export function answerKey(answer: Answer): string {
  // Its parts always come in the same order.
  return answer.decision === null
    ? answer.because
    : JSON.stringify([
        answer.decision,
        answer.rule,
        answer.proposed?.runbook,
        answer.proposed?.by,
        Object.values(writtenTerms(answer)),
      ]);
}

/** In what the two answers differ; a term only where both have it. */
export function differencesOf(before: Answer, after: Answer): Difference[] {
  const found: Difference[] = [];
  const add = (field: string, one: Written, other: Written, verdict: Verdict) => {
    if (canonicalJson(one) !== canonicalJson(other)) {
      found.push({ field, before: one, after: other, verdict });
    }
  };
  const [eased, eases] = [laxityOf(before), laxityOf(after)];
  add(
    "decision",
    decisionWritten(before),
    decisionWritten(after),
    eased === eases ? "changed" : byNumber(eased, eases),
  );
  const isRefused = eases === 0;
  add("proposes", proposes(before), proposes(after), isRefused ? "changed" : "loosened");
  add("proposedBy", proposedBy(before), proposedBy(after), "changed");
  add("rule", ruleOf(before), ruleOf(after), "changed");
  // The no of a rule is not that of a human: what is said of the one cannot be compared with what is said of the other.
  const areAlike = (before.decision === "deny") === (after.decision === "deny");
  if (before.decision !== null && after.decision !== null && areAlike) {
    for (const [name, term] of NAMED_TERMS) {
      if (!term.with.includes(before.decision) || !term.with.includes(after.decision)) continue;
      const { terms: was } = before;
      const { terms: is } = after;
      const verdict = term.verdict(was, is);
      // What is denied does not run, and what needs a human's yes by now does not run more easily, for a wider term.
      const lets = (eases > 0 && eases >= eased) || term.lets?.(before, after) === true;
      add(
        name,
        term.written(was),
        term.written(is),
        verdict === "loosened" && !lets ? "changed" : verdict,
      );
    }
  }
  return found;
}

/** The verdict over several differences: what lets more run counts, whatever else there is. */
export function verdictOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes("loosened")) return "loosened";
  return verdicts.includes("tightened") ? "tightened" : "changed";
}

/** How easily something runs. Silence counts as a yes where the rule says so. */
export function laxityOf(answer: Answer): number {
  if (answer.decision === null || answer.decision === "deny") return 0;
  if (answer.decision === "allow") return 3;
  return answer.terms.onExpiry === "approve" ? 2 : 1;
}

function decisionWritten(answer: Answer): Written {
  return answer.decision ?? answer.because;
}

function ruleOf(answer: Answer): Written {
  if (answer.decision === null) return null;
  return answer.rule ?? "otherwise";
}

function proposes(answer: Answer): Written {
  return answer.decision === null ? null : (answer.proposed?.runbook ?? null);
}

function proposedBy(answer: Answer): Written {
  return answer.decision === null ? null : (answer.proposed?.by ?? null);
}
