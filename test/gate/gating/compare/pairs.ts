import fc from "fast-check";
import { eventClaims, evaluate, proposedRunbook } from "../../../../functions/gate/gating/index.ts";
import type {
  Match,
  Rule,
  RuleTerms,
  ServiceGating,
  Subject,
  Window,
} from "../../../../functions/gate/gating/index.ts";
import { defaultTerms } from "../../../../functions/gate/gating/schema/normalise.ts";
import { tuesday } from "../subjects.ts";
import { unchecked } from "../check/problemsOf.ts";

/** When the comparison begins; random proposals come in the weeks after it. */
export const fromMs = tuesday;

const { runbooks, manualTask } = unchecked();

/** The same three with another label for one of them, so that rules by `action` mean another runbook. */
const relabelled = {
  ...runbooks,
  page: { ...unchecked().runbooks["page"], action: "restart_service" },
} as ServiceGating["runbooks"];
const { restart: _restart, ...fewer } = runbooks;

const windows: readonly Window[] = [
  { kind: "weekly", days: ["sat", "sun"], from: "00:00", to: "24:00", timeZone: "Europe/Berlin" },
  { kind: "weekly", days: ["fri"], from: "17:00", to: "09:00", timeZone: "Europe/Berlin" },
  {
    kind: "weekly",
    days: ["tue", "wed"],
    from: "22:00",
    to: "06:00",
    timeZone: "America/New_York",
  },
  { kind: "weekly", days: ["tue", "thu"], from: "09:00", to: "17:00", timeZone: "UTC" },
  { kind: "absolute", start: "2026-11-25T00:00", end: "2026-12-02T12:00", timeZone: "UTC" },
  { kind: "absolute", start: "2026-11-01T00:00", end: "2026-11-20T00:00", timeZone: "UTC" },
];

const names = {
  event: ["incident.triggered", "incident.annotated"],
  action: ["run_auto_remediation_runbook", "restart_service", "escalate_incident"],
  priority: ["P1", "p2"],
  severity: ["critical", "Warning"],
  urgency: ["high", "low"],
  region: ["us-east-1", "eu-west-1"],
  runbook: ["failover", "restart", "page"],
  proposer: ["healer", "ai-agent"],
  titlePattern: ["^pay", "CPU", "db$"],
} as const;

/** Most fields of most rules say nothing, so that rules and proposals often meet. */
function maybe<Value>(from: readonly Value[]): fc.Arbitrary<Value[] | null> {
  return fc.oneof(
    { weight: 7, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.subarray([...from], { minLength: 1 }) },
  );
}

const anyMatch: fc.Arbitrary<Match> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      event: fc.constant(null),
      action: maybe(names.action),
      priority: maybe(names.priority),
      severity: maybe(names.severity),
      urgency: maybe(names.urgency),
      region: maybe(names.region),
      runbook: maybe(names.runbook),
      proposer: maybe([...names.proposer, eventClaims.proposer]),
      titlePattern: maybe(names.titlePattern),
      during: maybe(windows),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      event: fc.subarray([...names.event], { minLength: 1 }),
      action: fc.constant(null),
      priority: maybe(names.priority),
      severity: fc.constant(null),
      urgency: maybe(names.urgency),
      region: fc.constant(null),
      runbook: fc.constant(null),
      proposer: fc.constant(null),
      titlePattern: maybe(names.titlePattern),
      during: maybe(windows),
    }),
  },
);

const anyTerms: fc.Arbitrary<Partial<RuleTerms>> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        risk: fc.constantFrom(0.2, 0.9),
        slaMs: fc.constantFrom(60_000, 120_000),
        validForMs: fc.constantFrom(60_000, 120_000),
        onExpiry: fc.constant("approve" as const),
        escalateAfterMs: fc.constant(30_000),
        escalateTo: fc.constant<RuleTerms["escalateTo"]>({
          users: ["PUSER01"],
          escalationPolicy: null,
        }),
        delivery: fc.constant("poll" as const),
        editable: fc.constant<string[]>(["max_replicas"]),
        coolDownMs: fc.constantFrom(0, 3_600_000),
        limits: fc.constantFrom(
          { openProposals: 1, executionsPerHour: 10 },
          { openProposals: 20, executionsPerHour: 50 },
        ),
        acceptRuleApprovals: fc.constant(true),
      },
      { requiredKeys: [] },
    ),
  },
);

const anyDecision = fc.constantFrom("allow", "deny", "requireApproval");

export const anyRule: fc.Arbitrary<Omit<Rule, "name">> = fc
  .record({
    match: anyMatch,
    decision: anyDecision,
    propose: fc.option(fc.constantFrom(...names.runbook)),
    terms: anyTerms,
    onDeny: fc.option(fc.constantFrom("note", "page"), { freq: 4 }),
    isDry: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ match, decision, propose, terms, onDeny, isDry }) => ({
    match,
    decision,
    propose: match.event === null ? null : propose,
    ...defaultTerms(),
    ...terms,
    ...(onDeny === null || decision !== "deny" ? {} : { onDeny }),
    ...(isDry === 0 ? { dryRun: true as const } : {}),
  }));

const anyRules: fc.Arbitrary<Rule[]> = fc
  .array(anyRule, { maxLength: 4 })
  .map((rules) => rules.map((rule, index) => ({ name: `r${index}`, ...rule })));

export const anyGating: fc.Arbitrary<ServiceGating> = fc
  .record({
    rules: anyRules,
    otherwise: anyDecision,
    runbooks: fc.constantFrom(runbooks, runbooks, runbooks, relabelled, fewer),
  })
  .map((parts) => ({ ...parts, manualTask }));

/** What people do to a gating: little, most of the time. */
type Edit = (gating: ServiceGating) => ServiceGating;
const anyEdit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(), anyRule).map(([at, rule]): Edit => (gating) => ({
    ...gating,
    rules: gating.rules.toSpliced(at % (gating.rules.length + 1), 0, { name: "new", ...rule }),
  })),
  fc.nat().map((at): Edit => (gating) => ({
    ...gating,
    rules: gating.rules.toSpliced(at % (gating.rules.length + 1), 1),
  })),
  fc.nat().map((at): Edit => (gating) => {
    const [first] = gating.rules;
    return first === undefined
      ? gating
      : { ...gating, rules: gating.rules.slice(1).toSpliced(at % gating.rules.length, 0, first) };
  }),
  fc.tuple(fc.nat(), anyRule).map(([at, rule]): Edit => (gating) => ({
    ...gating,
    rules: gating.rules.map((own, index) =>
      index === at % gating.rules.length
        ? { ...own, match: rule.match, propose: rule.propose }
        : own,
    ),
  })),
  fc
    .tuple(fc.nat(), anyRule)
    .map(([at, { match: _match, propose: _propose, ...rule }]): Edit => (gating) => ({
      ...gating,
      rules: gating.rules.map((own, index) =>
        index === at % gating.rules.length ? { ...own, ...rule } : own,
      ),
    })),
  anyDecision.map((otherwise): Edit => (gating) => ({ ...gating, otherwise })),
);

/** A gating and another: one after an edit or two, or one that has nothing to do with it. */
export const anyPair: fc.Arbitrary<[ServiceGating, ServiceGating]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(anyGating, fc.array(anyEdit, { minLength: 1, maxLength: 2 }))
      .map(([gating, edits]): [ServiceGating, ServiceGating] => [
        gating,
        edits.reduce((edited, edit) => edit(edited), gating),
      ]),
  },
  { weight: 1, arbitrary: fc.tuple(anyGating, anyGating) },
);

/** What a proposer proposes, or an event with no more than it has. */
export const anySubject: fc.Arbitrary<Omit<Subject, "action">> = fc
  .record({
    event: fc.constantFrom(...names.event, "incident.resolved", null, null, null, null),
    runbook: fc.constantFrom(...names.runbook, "unheard-of"),
    proposer: fc.constantFrom(...names.proposer, "somebody"),
    priority: fc.constantFrom("P1", "P2", "p1", "P4", null),
    severity: fc.constantFrom("critical", "warning", "info", null),
    urgency: fc.constantFrom("high", "low", null),
    regions: fc.subarray([...names.region, "elsewhere"]),
    title: fc.constantFrom("payments-db", "payments CPU", "CPU of db", "nothing", ""),
    // Four weeks and the winter's and summer's clocks.
    atMs: fc
      .tuple(fc.integer({ min: 0, max: 4 * 7 * 24 * 4 }), fc.constantFrom(0, 17, 30))
      .map(([quarter, weeks]) => fromMs + quarter * 900_000 + weeks * 7 * 86_400_000),
  })
  .map((subject) =>
    subject.event === null ? subject : { ...subject, ...eventClaims, regions: [] },
  );

/** What a gating answers, by plain evaluation, with the terms that mean something with its decision. */
export interface Answered {
  decision: "allow" | "deny" | "requireApproval" | "nothing" | "unknown";
  rule: string | null;
  proposes: string | null;
  by: string | null;
  terms: Record<string, unknown>;
}

export function answered(gating: ServiceGating, subject: Omit<Subject, "action">): Answered {
  const { runbook: named, ...rest } = subject;
  const found = subject.event === null ? null : proposedRunbook(gating, rest);
  const none = { rule: null, proposes: null, by: null, terms: {} };
  if (subject.event !== null && found === null) return { decision: "nothing", ...none };
  const name = found?.runbook ?? named;
  const runbook = Object.hasOwn(gating.runbooks, name) ? gating.runbooks[name] : undefined;
  if (runbook === undefined) return { decision: "unknown", ...none };
  const { decision, rule, terms } = evaluate(gating, {
    ...rest,
    runbook: name,
    action: runbook.action,
  });
  const {
    onDeny = "task",
    coolDownMs,
    validForMs,
    limits: { openProposals, executionsPerHour },
    risk,
    slaMs,
    onExpiry,
    escalateAfterMs,
    escalateTo,
    delivery,
    editable,
    acceptRuleApprovals,
  } = terms;
  const running = { coolDownMs, validForMs, openProposals, executionsPerHour };
  const escalation = { escalateAfterMs, escalateTo };
  const asking = { risk, slaMs, onExpiry, ...escalation, delivery, editable, acceptRuleApprovals };
  const meant = {
    deny: { onDeny, coolDownMs },
    allow: running,
    requireApproval: { ...running, ...asking },
  }[decision];
  return {
    decision,
    rule,
    proposes: found?.runbook ?? null,
    by: found?.rule ?? null,
    terms: meant,
  };
}

const EASE = { nothing: 0, unknown: 0, deny: 0, requireApproval: 1, allow: 3 };

/** How easily something runs. */
export function ease({ decision, terms }: Answered): number {
  return EASE[decision] + (terms["onExpiry"] === "approve" ? 1 : 0);
}

/**
 * Whether more can run unattended because a part of a rule has become a rule of its own: each counts its places alone, and
 * the first one keeps its own.
 */
export function hasMorePlaces(
  [before, after]: readonly [ServiceGating, ServiceGating],
  was: Answered,
  is: Answered,
): boolean {
  const named = (gating: ServiceGating) =>
    gating.rules.filter(({ dryRun }) => dryRun === undefined).map(({ name }) => name);
  const unattended = after.rules.filter(
    ({ dryRun, decision, onExpiry }) =>
      dryRun === undefined &&
      (decision === "allow" || (decision === "requireApproval" && onExpiry === "approve")),
  );
  const isSplit =
    ease(was) >= 2 &&
    ease(is) >= 2 &&
    is.rule !== null &&
    is.rule !== was.rule &&
    !named(before).includes(is.rule);
  const first =
    was.rule === null
      ? after.otherwise === "allow"
        ? defaultTerms()
        : undefined
      : unattended.find(({ name }) => name === was.rule);
  if (!isSplit || first === undefined) return false;
  const counted = [first, ...unattended.filter(({ name }) => !named(before).includes(name))];
  return (["openProposals", "executionsPerHour"] as const).some((of) => {
    let sum = 0;
    for (const { limits } of counted) sum += limits[of];
    return sum > Number(was.terms[of]);
  });
}

/** Whether more can run than before, or easier: the promise of the verdict, written down once more. */
export function isLooser(before: Answered, after: Answered): boolean {
  const [was, is] = [before.terms, after.terms];
  const more = (name: string) => Number(is[name]) > Number(was[name]);
  const less = (name: string) => Number(is[name]) < Number(was[name]);
  // A yes without a human counts at once, where silence counts only at the end.
  if (was["acceptRuleApprovals"] === false && is["acceptRuleApprovals"] === true) return true;
  // The no of the same rule is over sooner.
  const isDenial = before.decision === "deny" && after.decision === "deny";
  if (isDenial && before.rule === after.rule && less("coolDownMs")) return true;
  if (ease(after) !== ease(before)) {
    return ease(after) > ease(before) || (ease(after) > 0 && after.proposes !== before.proposes);
  }
  if (ease(after) > 0 && after.proposes !== before.proposes) return true;
  if (ease(after) === 0) return false;
  return (
    less("coolDownMs") ||
    more("validForMs") ||
    more("openProposals") ||
    more("executionsPerHour") ||
    JSON.stringify(is["editable"] ?? []).length > JSON.stringify(was["editable"] ?? []).length ||
    (is["onExpiry"] === "approve" && less("slaMs"))
  );
}
