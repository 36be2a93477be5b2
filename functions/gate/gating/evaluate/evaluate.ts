import { defaultTerms } from "../schema/normalise.ts";
import { anyOf, quote } from "../schema/show.ts";
import { maxTitleLength, titleMatches } from "../schema/titlePattern.ts";
import type {
  Evaluation,
  Match,
  OnDeny,
  Rule,
  RuleDecision,
  RuleTerms,
  ServiceGating,
  Subject,
  TraceEntry,
} from "../schema/types.ts";
import { windowHolds } from "./window.ts";

/**
 * What the service's gating says about a proposal: the first rule that matches, or `otherwise`. Where that is laxer than
 * a rule before it which only a claim that the proposer left out kept from matching, that rule asks instead: nobody gets
 * past a rule by saying less. Rules in a dry run are tried and passed over; what they would change is told beside it.
 */
export function evaluate(gating: ServiceGating, subject: Subject): Evaluation {
  const found = answerOf(gating, subject, isInForce);
  if (gating.rules.every(isInForce)) return found;
  const { rule, decision } = answerOf(gating, subject, () => true);
  return rule === found.rule && decision === found.decision
    ? found
    : { ...found, wouldHave: { rule, decision } };
}

/** Whether the rule decides; one in a dry run is only tried. */
export function isInForce({ dryRun }: Rule): boolean {
  return dryRun !== true;
}

function answerOf(
  gating: ServiceGating,
  subject: Subject,
  counts: (rule: Rule) => boolean,
): Evaluation {
  const trace: TraceEntry[] = [];
  const possible: { rule: Rule; entry: TraceEntry }[] = [];
  let found: Evaluation = {
    rule: null,
    decision: gating.otherwise,
    terms: { ...defaultTerms(), ...onDenyOf(gating) },
    trace,
  };
  for (const rule of gating.rules) {
    const { entry, mightMatch } = tryRule(rule, subject);
    if (!counts(rule)) {
      trace.push(passedOver(entry));
      continue;
    }
    trace.push(entry);
    if (mightMatch && rule.decision !== "allow") possible.push({ rule, entry });
    if (entry.matched) {
      const terms = { ...onDenyOf(gating), ...termsOf(rule) };
      found = { rule: rule.name, decision: rule.decision, terms, trace };
      break;
    }
  }
  const asking = possible
    .map(({ rule, entry }) => ({ rule, entry, terms: askingTerms(rule) }))
    .filter(({ terms }) => laxity("requireApproval", terms) < laxity(found.decision, found.terms))
    .sort((a, b) => laxity("requireApproval", a.terms) - laxity("requireApproval", b.terms))[0];
  if (asking === undefined) return found;
  asking.entry.because += "; a stricter rule could apply: asking";
  return { rule: asking.rule.name, decision: "requireApproval", terms: asking.terms, trace };
}

function passedOver(entry: TraceEntry): TraceEntry {
  const because = entry.matched ? `${entry.because}; passed over in its dry run` : entry.because;
  return { ...entry, because, dryRun: true };
}

/** How easily something runs. Silence counts as a yes where the rule says so. */
export function laxity(decision: RuleDecision, terms: RuleTerms): number {
  if (decision === "deny") return 0;
  if (decision === "allow") return 3;
  return terms.onExpiry === "approve" ? 2 : 1;
}

/** How a rule that may or may not apply is asked about; one that denies has no terms of its own. */
export function askingTerms(rule: Rule): RuleTerms {
  return rule.decision === "deny" ? defaultTerms() : termsOf(rule);
}

/**
 * Which runbook to propose for a webhook event: that of the first rule with `propose` whose match
 * holds once that runbook and its action are filled in; null: none. Only such rules are traced.
 * A rule in a dry run proposes nothing.
 */
export function proposedRunbook(
  gating: ServiceGating,
  event: Omit<Subject, "action" | "runbook">,
): { runbook: string; rule: string; trace: TraceEntry[] } | null {
  return proposing(gating, event, isInForce);
}

/** What a rule in a dry run would propose for a webhook event; null: none would. */
export function wouldPropose(
  gating: ServiceGating,
  event: Omit<Subject, "action" | "runbook">,
): { runbook: string; rule: string } | null {
  if (gating.rules.every(isInForce)) return null;
  const now = proposing(gating, event, isInForce);
  const then = proposing(gating, event, () => true);
  return then === null || then.rule === now?.rule
    ? null
    : { runbook: then.runbook, rule: then.rule };
}

function proposing(
  gating: ServiceGating,
  event: Omit<Subject, "action" | "runbook">,
  counts: (rule: Rule) => boolean,
): { runbook: string; rule: string; trace: TraceEntry[] } | null {
  const trace: TraceEntry[] = [];
  for (const rule of gating.rules) {
    const tried = tryProposing(gating, rule, event);
    if (tried === null) continue;
    trace.push(tried.entry);
    if (tried.entry.matched && counts(rule))
      return { runbook: tried.runbook, rule: rule.name, trace };
  }
  return null;
}

/** Of each rule, whether it proposes something for a webhook event, and why not. */
export function explainProposing(
  gating: ServiceGating,
  event: Omit<Subject, "action" | "runbook">,
): TraceEntry[] {
  return gating.rules.map(
    (rule) =>
      tryProposing(gating, rule, event)?.entry ?? {
        rule: rule.name,
        matched: false,
        because: "it has no `propose`",
      },
  );
}

/** Null: the rule proposes nothing, whatever the event. */
function tryProposing(
  gating: ServiceGating,
  rule: Rule,
  event: Omit<Subject, "action" | "runbook">,
): { runbook: string; entry: TraceEntry } | null {
  if (rule.propose === null || !Object.hasOwn(gating.runbooks, rule.propose)) return null;
  const runbook = gating.runbooks[rule.propose];
  if (runbook === undefined) return null;
  const { entry } = tryRule(rule, { ...event, runbook: runbook.name, action: runbook.action });
  return { runbook: runbook.name, entry: isInForce(rule) ? entry : passedOver(entry) };
}

/** `mightMatch`: it does not match, but would if the proposer made the right claim where it made none. */
function tryRule(rule: Rule, subject: Subject): { entry: TraceEntry; mightMatch: boolean } {
  const unstated: string[] = [];
  for (const [field, test] of TESTS) {
    const why = test(rule.match, subject);
    if (why === null) continue;
    if (!isUnstated(field, subject)) {
      const because = `\`${field}\` ${why}`;
      return { entry: { rule: rule.name, matched: false, because }, mightMatch: false };
    }
    unstated.push(`\`${field}\``);
  }
  if (unstated.length > 0) {
    const because = `${unstated.join(", ")} ${unstated.length === 1 ? "is" : "are"} not stated`;
    return { entry: { rule: rule.name, matched: false, because }, mightMatch: true };
  }
  const looked = TESTS.map(([field]) => field).filter((field) => rule.match[field] !== null);
  const because =
    looked.length === 0
      ? "it matches everything"
      : `${looked.map((field) => `\`${field}\``).join(", ")} ${looked.length === 1 ? "holds" : "hold"}`;
  return { entry: { rule: rule.name, matched: true, because }, mightMatch: false };
}

/** Severity and regions are the proposer's own claims; everything else is read from PagerDuty, or known to be absent. */
function isUnstated(field: keyof Match, subject: Subject): boolean {
  return (
    (field === "severity" && subject.severity === null) ||
    (field === "region" && subject.regions.length === 0)
  );
}

/** Why a field of a match does not hold; null: it does. Cheap fields first. */
type Test = (match: Match, subject: Subject) => string | null;

const TESTS: readonly (readonly [keyof Match, Test])[] = [
  [
    "event",
    ({ event }, subject) =>
      exactly(event, subject.event, "absent: nothing but the proposal itself came"),
  ],
  ["runbook", ({ runbook }, subject) => exactly(runbook, subject.runbook)],
  ["action", ({ action }, subject) => exactly(action, subject.action)],
  ["priority", ({ priority }, subject) => folded(priority, subject.priority)],
  ["severity", ({ severity }, subject) => folded(severity, subject.severity)],
  ["urgency", ({ urgency }, subject) => exactly(urgency, subject.urgency)],
  ["region", ({ region }, subject) => anyRegion(region, subject.regions)],
  ["proposer", ({ proposer }, subject) => exactly(proposer, subject.proposer)],
  ["titlePattern", titleTest],
  ["during", duringTest],
];

function exactly(
  wanted: readonly string[] | null,
  found: string | null,
  absent = "not known",
): string | null {
  if (wanted === null || (found !== null && wanted.includes(found))) return null;
  return differs(wanted, found, absent);
}

/** Priorities and severities: people write P1 and p1. */
function folded(wanted: readonly string[] | null, found: string | null): string | null {
  if (wanted === null) return null;
  const lower = found?.toLowerCase();
  return wanted.some((value) => value.toLowerCase() === lower)
    ? null
    : differs(wanted, found, "not known");
}

function anyRegion(wanted: readonly string[] | null, found: readonly string[]): string | null {
  if (wanted === null || found.some((region) => wanted.includes(region))) return null;
  return `is ${listed(found)}, not ${anyOf(wanted, 5)}`;
}

function titleTest({ titlePattern }: Match, subject: Subject): string | null {
  if (titlePattern === null) return null;
  return titlePattern.some((pattern) => titleMatches(pattern, subject.title))
    ? null
    : `is not found in the first ${maxTitleLength} characters of the title: ${anyOf(titlePattern, 5)}`;
}

function duringTest({ during }: Match, subject: Subject): string | null {
  if (during === null) return null;
  return during.some((window) => windowHolds(window, subject.atMs))
    ? null
    : `does not hold at ${new Date(subject.atMs).toISOString()}`;
}

function differs(wanted: readonly string[], found: string | null, absent: string): string {
  return `is ${found === null ? absent : quote(found)}, not ${anyOf(wanted, 5)}`;
}

function listed(values: readonly string[]): string {
  const more = values.length > 5 ? ` and ${values.length - 5} more` : "";
  return values.slice(0, 5).map(quote).join(", ") + more;
}

export function termsOf(rule: Rule): RuleTerms {
  return {
    risk: rule.risk,
    slaMs: rule.slaMs,
    validForMs: rule.validForMs,
    onExpiry: rule.onExpiry,
    escalateAfterMs: rule.escalateAfterMs,
    escalateTo: rule.escalateTo,
    delivery: rule.delivery,
    editable: rule.editable,
    coolDownMs: rule.coolDownMs,
    limits: rule.limits,
    acceptRuleApprovals: rule.acceptRuleApprovals,
    ...onDenyOf(rule),
  };
}

export function onDenyOf({ onDeny }: { onDeny?: OnDeny }): { onDeny?: OnDeny } {
  return onDeny === undefined ? {} : { onDeny };
}
