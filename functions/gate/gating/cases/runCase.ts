import { formatDuration, parseDuration } from "../../text/duration.ts";
import { evaluate, proposedRunbook, wouldPropose } from "../evaluate/evaluate.ts";
import { eventClaims } from "../schema/eventProposals.ts";
import { eventType } from "../schema/events.ts";
import { listOf } from "../schema/normalise.ts";
import { quote } from "../schema/show.ts";
import type {
  Evaluation,
  RuleDecision,
  RuleTerms,
  ServiceGating,
  Subject,
} from "../schema/types.ts";
import type { ExpectInput } from "./caseSchema.ts";
import type { Case } from "./readCases.ts";

/** What the gating answers to a case. */
export interface CaseAnswer {
  /** What an event proposes and by which rule; null: nothing. Absent: somebody proposes. */
  proposes?: { runbook: string; rule: string } | null;
  /** The rule that would propose for the event if no rule were in a dry run, where that is another. */
  wouldPropose?: string;
  /** null: nothing is proposed. */
  evaluation: Evaluation | null;
}

export interface CaseResult {
  name: string;
  service: string;
  /** What is not as expected, one line each; none: the case holds. */
  problems: string[];
  /** null: the case cannot be answered. */
  answer: CaseAnswer | null;
}

/**
 * Weighs one case. `gating`: that of its service, or what applies to services that are not listed.
 */
export function runCase(one: Case, gating: ServiceGating, isListed: boolean): CaseResult {
  const { name, service, listed = true } = one;
  const failed = (problem: string): CaseResult => ({
    name,
    service,
    problems: [problem],
    answer: null,
  });
  if (listed !== isListed) {
    return failed(
      isListed
        ? `the gating lists ${quote(service)}, expected that it does not`
        : `the gating does not list a service ${quote(service)}; \`listed: false\` tests what applies then`,
    );
  }
  const answer = answerTo(one, gating, isListed);
  return typeof answer === "string"
    ? failed(answer)
    : { name, service, problems: differences(one.expect, answer), answer };
}

/** A text: why there is none. */
function answerTo(one: Case, gating: ServiceGating, isListed: boolean): CaseAnswer | string {
  const about = subjectOf(one);
  if (one.proposal !== undefined) {
    const runbook = runbookIn(gating, one.proposal.runbook);
    if (runbook === null) {
      const names = Object.keys(gating.runbooks).sort().map(quote).join(", ");
      return `there is no runbook ${quote(one.proposal.runbook)}; allowed: ${names === "" ? "none" : names}`;
    }
    return {
      evaluation: evaluate(gating, { ...about, runbook: runbook.name, action: runbook.action }),
    };
  }
  // Events of a service that is not listed propose nothing.
  const proposed = isListed ? proposedRunbook(gating, about) : null;
  const dry = isListed ? wouldPropose(gating, about) : null;
  const would = dry === null ? {} : { wouldPropose: dry.rule };
  const runbook = proposed === null ? null : runbookIn(gating, proposed.runbook);
  if (proposed === null || runbook === null) return { proposes: null, ...would, evaluation: null };
  return {
    ...would,
    proposes: { runbook: proposed.runbook, rule: proposed.rule },
    evaluation: evaluate(gating, { ...about, runbook: runbook.name, action: runbook.action }),
  };
}

function runbookIn({ runbooks }: ServiceGating, name: string) {
  return Object.hasOwn(runbooks, name) ? (runbooks[name] ?? null) : null;
}

function subjectOf({ proposal, event, atMs }: Case): Omit<Subject, "action" | "runbook"> {
  const incident = event ?? proposal;
  return {
    event: event === undefined ? null : eventType(event.type),
    proposer: event === undefined ? (proposal?.proposer ?? "ai-agent") : eventClaims.proposer,
    priority: incident?.priority ?? null,
    severity: proposal?.severity ?? null,
    urgency: incident?.urgency ?? null,
    regions: listOf(proposal?.region) ?? [],
    title: incident?.title ?? "",
    atMs,
  };
}

function differences(expected: ExpectInput, { proposes, evaluation }: CaseAnswer): string[] {
  const found: string[] = [];
  const compare = (field: string, wanted: string, got: string): void => {
    if (wanted !== got) found.push(`\`${field}\` is ${got}, expected ${wanted}`);
  };
  if (expected.proposes !== undefined) {
    compare(
      "proposes",
      expected.proposes === null ? "nothing" : quote(expected.proposes),
      proposes === null || proposes === undefined ? "nothing" : quote(proposes.runbook),
    );
  }
  if (evaluation === null) {
    return expected.proposes === undefined
      ? [`the event proposes nothing, expected \`decision: ${expected.decision ?? "none"}\``]
      : found;
  }
  if (expected.decision === undefined) return found;
  compare("decision", expected.decision, evaluation.decision);
  const rule = evaluation.rule ?? "otherwise";
  if (expected.rule !== undefined) compare("rule", expected.rule, rule);
  if (expected.wouldHave !== undefined) {
    const would: RuleDecision | null = evaluation.wouldHave?.decision ?? null;
    compare("wouldHave", expected.wouldHave ?? "null", would ?? "null");
  }
  for (const [field, term] of Object.entries(TERMS)) {
    const wanted = term.wanted(expected);
    if (wanted !== undefined) compare(field, wanted, term.got(evaluation.terms));
  }
  // Which rule it was helps to see why.
  return found.length === 0 || expected.rule !== undefined
    ? found
    : [...found, `rule ${rule} decides`];
}

interface Term {
  wanted: (expected: ExpectInput) => string | undefined;
  got: (terms: RuleTerms) => string;
}

type Durations = "slaMs" | "validForMs" | "escalateAfterMs" | "coolDownMs";

function lasting(field: "sla" | "validFor" | "escalateAfter" | "coolDown", of: Durations): Term {
  // The shortest way to write it, so that 60m and 1h are one.
  const written = (ms: number | null) => (ms === null ? "null" : formatDuration(ms));
  return {
    wanted: (expected) => {
      const text = expected[field];
      return text === undefined ? undefined : written(text === null ? null : parseDuration(text));
    },
    got: (terms) => written(terms[of]),
  };
}

function plainly<Field extends "risk" | "onExpiry" | "delivery" | "acceptRuleApprovals">(
  field: Field,
): Term {
  return {
    wanted: (expected) => (expected[field] === undefined ? undefined : String(expected[field])),
    got: (terms) => String(terms[field]),
  };
}

const TERMS: Readonly<Record<string, Term>> = {
  risk: plainly("risk"),
  sla: lasting("sla", "slaMs"),
  validFor: lasting("validFor", "validForMs"),
  onExpiry: plainly("onExpiry"),
  escalateAfter: lasting("escalateAfter", "escalateAfterMs"),
  escalateTo: {
    wanted: ({ escalateTo }) =>
      escalateTo === undefined
        ? undefined
        : escalateTo === null
          ? "nobody"
          : whomText(escalateTo.escalationPolicy ?? null, listOf(escalateTo.users) ?? []),
    got: ({ escalateTo }) =>
      escalateTo === null ? "nobody" : whomText(escalateTo.escalationPolicy, escalateTo.users),
  },
  delivery: plainly("delivery"),
  editable: {
    wanted: ({ editable }) => (editable === undefined ? undefined : listText(editable)),
    got: ({ editable }) => listText(editable),
  },
  coolDown: lasting("coolDown", "coolDownMs"),
  "limits.openProposals": {
    wanted: ({ limits }) => textOf(limits?.openProposals),
    got: ({ limits }) => String(limits.openProposals),
  },
  "limits.executionsPerHour": {
    wanted: ({ limits }) => textOf(limits?.executionsPerHour),
    got: ({ limits }) => String(limits.executionsPerHour),
  },
  onDeny: {
    wanted: ({ onDeny }) => onDeny,
    got: ({ onDeny = "task" }) => onDeny,
  },
  acceptRuleApprovals: plainly("acceptRuleApprovals"),
};

function textOf(value: number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

function whomText(policy: string | null, users: readonly string[]): string {
  return [...(policy === null ? [] : [policy]), ...[...users].sort()].join(", ");
}

function listText(values: readonly string[]): string {
  return values.length === 0 ? "nothing" : [...new Set(values)].sort().join(", ");
}
