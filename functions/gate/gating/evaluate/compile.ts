import { defaultTerms } from "../schema/normalise.ts";
import { titleMatches } from "../schema/titlePattern.ts";
import type { Evaluation, Match, Rule, ServiceGating, Subject, Window } from "../schema/types.ts";
import { instantOf, minutesOf, offsetMs } from "../../text/localTime.ts";
import { askingTerms, isInForce, laxity, onDenyOf, termsOf } from "./evaluate.ts";

/** What a gating says, without why. Answers that are the same are the same object. */
export type Answered = Pick<Evaluation, "rule" | "decision" | "terms">;

/** What a webhook event leads to. */
export interface Proposed {
  rule: string;
  runbook: string;
}

export interface CompiledGating {
  gating: ServiceGating;
  /** As `evaluate`. */
  answer(subject: Subject): Answered;
  /** As `proposedRunbook`. */
  proposed(event: Omit<Subject, "action" | "runbook">): Proposed | null;
}

/** Of the cases in which a rule does not hold, `might` is that in which only claims are missing. */
type Standing = "holds" | "might" | "fails";

interface CompiledRule {
  isAsking: boolean;
  /** How easily something runs when it is asked about by this rule. */
  askingLaxity: number;
  own: Answered;
  asking: Answered;
  ownLaxity: number;
  standing(subject: Subject): Standing;
}

/**
 * The same gating made fast, for looking at very many proposals: patterns, windows and lists are prepared once, and what a
 * title or a minute gives is kept. `evaluate` is what counts; a test holds this one to it.
 */
export function compileGating(gating: ServiceGating): CompiledGating {
  const rules = gating.rules.filter(isInForce).map((rule) => compiledRule(gating, rule));
  const otherwise: Answered = {
    rule: null,
    decision: gating.otherwise,
    terms: { ...defaultTerms(), ...onDenyOf(gating) },
  };
  const laxityOfOtherwise = laxity(otherwise.decision, otherwise.terms);
  const proposing = gating.rules.filter(isInForce).flatMap((rule) => {
    const { propose, match } = rule;
    if (propose === null || !Object.hasOwn(gating.runbooks, propose)) return [];
    const runbook = gating.runbooks[propose];
    if (runbook === undefined) return [];
    const { name, action } = runbook;
    const test = compiledMatch(match);
    return [{ rule: rule.name, name, action, test }];
  });
  return {
    gating,
    answer(subject) {
      let found = otherwise;
      let foundLaxity = laxityOfOtherwise;
      let asking: CompiledRule | null = null;
      for (const rule of rules) {
        const standing = rule.standing(subject);
        if (standing === "fails") continue;
        if (standing === "holds") {
          found = rule.own;
          foundLaxity = rule.ownLaxity;
          break;
        }
        if (rule.isAsking && (asking === null || rule.askingLaxity < asking.askingLaxity)) {
          asking = rule;
        }
      }
      return asking !== null && asking.askingLaxity < foundLaxity ? asking.asking : found;
    },
    proposed(event) {
      for (const { rule, name, action, test } of proposing) {
        if (test({ ...event, runbook: name, action }) === "holds") return { rule, runbook: name };
      }
      return null;
    },
  };
}

function compiledRule(gating: ServiceGating, rule: Rule): CompiledRule {
  const terms = { ...onDenyOf(gating), ...termsOf(rule) };
  const asked = askingTerms(rule);
  return {
    isAsking: rule.decision !== "allow",
    askingLaxity: laxity("requireApproval", asked),
    own: { rule: rule.name, decision: rule.decision, terms },
    asking: { rule: rule.name, decision: "requireApproval", terms: asked },
    ownLaxity: laxity(rule.decision, terms),
    standing: compiledMatch(rule.match),
  };
}

function compiledMatch(match: Match): (subject: Subject) => Standing {
  const tests: ((subject: Subject) => boolean)[] = [];
  const exactly = (field: "event" | "runbook" | "action" | "urgency" | "proposer") => {
    const values = match[field];
    if (values === null) return;
    const wanted = new Set<string>(values);
    tests.push((subject) => {
      const found = subject[field];
      return found !== null && wanted.has(found);
    });
  };
  exactly("runbook");
  exactly("action");
  exactly("event");
  exactly("urgency");
  exactly("proposer");
  if (match.priority !== null) {
    const wanted = new Set(match.priority.map((value) => value.toLowerCase()));
    tests.push(({ priority }) => priority !== null && wanted.has(priority.toLowerCase()));
  }
  if (match.during !== null) {
    const windows = match.during.map(compiledWindow);
    tests.push(({ atMs }) => windows.some((holds) => holds(atMs)));
  }
  if (match.titlePattern !== null) {
    const patterns = match.titlePattern.map(titles);
    tests.push(({ title }) => patterns.some((found) => found(title)));
  }
  const severity =
    match.severity === null ? null : new Set(match.severity.map((value) => value.toLowerCase()));
  const region = match.region === null ? null : new Set(match.region);
  return (subject) => {
    for (const test of tests) {
      if (!test(subject)) return "fails";
    }
    let standing: Standing = "holds";
    if (severity !== null) {
      if (subject.severity === null) standing = "might";
      else if (!severity.has(subject.severity.toLowerCase())) return "fails";
    }
    if (region !== null) {
      if (subject.regions.length === 0) standing = "might";
      else if (!subject.regions.some((one) => region.has(one))) return "fails";
    }
    return standing;
  };
}

const MOST_KEPT = 200_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
/** 1 January 1970 was a Thursday. */
const WEEKDAYS = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"] as const;

function compiledWindow(window: Window): (atMs: number) => boolean {
  if (window.kind === "absolute") {
    const start = instantOf(window.start, window.timeZone);
    const end = instantOf(window.end, window.timeZone);
    return (atMs) => atMs >= start && atMs < end;
  }
  const offset = offsets(window.timeZone);
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)];
  const begins = WEEKDAYS.map((day) => window.days.includes(day));
  return (atMs) => {
    const local = atMs + offset(atMs);
    const day = Math.floor(local / DAY_MS);
    const minute = Math.floor((local - day * DAY_MS) / MINUTE_MS);
    const weekday = ((day % 7) + 7) % 7;
    const today = begins[weekday] === true;
    if (from < to) return today && minute >= from && minute < to;
    return (today && minute >= from) || (begins[(weekday + 6) % 7] === true && minute < to);
  };
}

/**
 * What the clocks of a zone show less UTC. Where it is the same at both ends of a quarter of an hour nobody set them inside it;
 * they are set at full minutes. The services of a gating share it.
 */
export const offsets = kept((timeZone: string): ((atMs: number) => number) => {
  const ofQuarter = kept((quarter: number) => offsetMs(timeZone, quarter * QUARTER_MS), MOST_KEPT);
  return (atMs) => {
    const quarter = Math.floor(atMs / QUARTER_MS);
    const offset = ofQuarter(quarter);
    return offset === ofQuarter(quarter + 1) ? offset : offsetMs(timeZone, atMs);
  };
}, 500);

/** Whether a pattern is found in a title. */
const titles = kept(
  (pattern: string) => kept((title: string) => titleMatches(pattern, title), MOST_KEPT / 10),
  1_000,
);

/** The same function, which remembers what it gave. */
function kept<Key, Value>(make: (key: Key) => Value, most: number): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    if (made.size >= most) made.clear();
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
