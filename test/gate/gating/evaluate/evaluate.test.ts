import assert from "node:assert/strict";
import fc from "fast-check";
import {
  evaluate,
  parseServiceGating,
  proposedRunbook,
} from "../../../../functions/gate/gating/index.ts";
import type { Rule, ServiceGating, Subject } from "../../../../functions/gate/gating/index.ts";
import { runbooks, unchecked } from "../check/problemsOf.ts";
import { anyMatch, anySubject, subject, tuesday } from "../subjects.ts";

function gatingOf(...rules: unknown[]): ServiceGating {
  return parseServiceGating("db", { runbooks, rules });
}

/** What the trace says of one rule with this match. */
function because(match: unknown, fields: Partial<Subject> = {}): string {
  const gating = unchecked({ name: "r", decision: "deny", match });
  const [entry] = evaluate(gating, subject(fields)).trace;
  assert(entry !== undefined);
  return `${entry.matched ? "yes" : "no"}: ${entry.because}`;
}

describe("evaluate", () => {
  it("says who hears of a denial: by the rule, else by the service, else as the default", () => {
    const onDenyOf = (service: object, rule: object) =>
      evaluate(
        parseServiceGating("db", {
          runbooks,
          rules: [{ name: "no", match: { runbook: "page" }, decision: "deny", ...rule }],
          otherwise: "deny",
          ...service,
        }),
        subject({ runbook: "page" }),
      ).terms.onDeny;
    assert.equal(onDenyOf({}, {}), undefined);
    assert.equal(onDenyOf({ onDeny: "page" }, {}), "page");
    assert.equal(onDenyOf({ onDeny: "page" }, { onDeny: "note" }), "note");
    assert.equal(onDenyOf({ onDeny: "page" }, { match: { runbook: "restart" } }), "page");
  });

  it("takes the first rule that matches, with its terms, and explains the ones before it", () => {
    const gating = gatingOf(
      { name: "low", decision: "allow", match: { priority: ["P3", "P4"] } },
      {
        name: "failover",
        decision: "requireApproval",
        match: { runbook: "failover", priority: "P1" },
        sla: "5m",
        risk: 0.9,
      },
      { name: "rest", decision: "deny" },
    );
    const { rule, decision, terms, trace } = evaluate(gating, subject());
    assert.equal(rule, "failover");
    assert.equal(decision, "requireApproval");
    assert.deepEqual(terms, {
      risk: 0.9,
      slaMs: 300_000,
      validForMs: 900_000,
      onExpiry: "reject",
      escalateAfterMs: null,
      escalateTo: null,
      delivery: "callback",
      editable: [],
      coolDownMs: 1_800_000,
      limits: { openProposals: 20, executionsPerHour: 10 },
      acceptRuleApprovals: false,
    });
    assert.deepEqual(trace, [
      { rule: "low", matched: false, because: '`priority` is "P1", not "P3" or "P4"' },
      { rule: "failover", matched: true, because: "`runbook`, `priority` hold" },
    ]);
  });

  it("falls back on `otherwise` with the default terms", () => {
    const gating = gatingOf({ name: "a", decision: "allow", match: { runbook: "page" } });
    const evaluation = evaluate(gating, subject());
    assert.equal(evaluation.rule, null);
    assert.equal(evaluation.decision, "requireApproval");
    assert.equal(evaluation.terms.slaMs, 900_000);
    assert.deepEqual(evaluation.trace, [
      { rule: "a", matched: false, because: '`runbook` is "failover", not "page"' },
    ]);
  });

  it("hands out default terms that a caller cannot spoil for the next", () => {
    evaluate(gatingOf(), subject()).terms.limits.openProposals = 0;
    assert.equal(evaluate(gatingOf(), subject()).terms.limits.openProposals, 20);
  });

  const cases: readonly (readonly [unknown, Partial<Subject>, string])[] = [
    [undefined, {}, "yes: it matches everything"],
    [{}, {}, "yes: it matches everything"],
    [{ priority: "P1" }, {}, "yes: `priority` holds"],
    [{ priority: "p1" }, { priority: "P1" }, "yes: `priority` holds"],
    [{ severity: "Critical" }, { severity: "cRITICAL" }, "yes: `severity` holds"],
    [{ severity: "critical" }, { severity: null }, "no: `severity` is not stated"],
    [
      { severity: "critical", region: "eu" },
      { severity: null, regions: [] },
      "no: `severity`, `region` are not stated",
    ],
    [
      { severity: "critical", region: "eu" },
      { severity: null },
      'no: `region` is "us-east-1", not "eu"',
    ],
    [{ priority: "P2" }, { priority: null }, 'no: `priority` is not known, not "P2"'],
    [
      { event: "incident.triggered" },
      { event: null },
      'no: `event` is absent: nothing but the proposal itself came, not "incident.triggered"',
    ],
    [{ event: "custom:incident.new" }, { event: "incident.new" }, "yes: `event` holds"],
    [
      { event: "incident.triggered" },
      { event: "Incident.Triggered" },
      'no: `event` is "Incident.Triggered", not "incident.triggered"',
    ],
    [{ proposer: "healer" }, { proposer: "Healer" }, 'no: `proposer` is "Healer", not "healer"'],
    [{ urgency: "low" }, { urgency: "high" }, 'no: `urgency` is "high", not "low"'],
    [
      { action: "escalate_incident" },
      {},
      'no: `action` is "run_auto_remediation_runbook", not "escalate_incident"',
    ],
    [
      { region: ["eu-west-1", "us-east-1"] },
      { regions: ["ap-south-1", "us-east-1"] },
      "yes: `region` holds",
    ],
    [
      { region: ["eu-west-1"] },
      { regions: ["ap-south-1", "us-east-1"] },
      'no: `region` is "ap-south-1", "us-east-1", not "eu-west-1"',
    ],
    [{ region: "eu-west-1" }, { regions: [] }, "no: `region` is not stated"],
    [{ titlePattern: "CPU at \\d+%$" }, {}, "yes: `titlePattern` holds"],
    [{ titlePattern: ["^CPU", "(?i)cpu"] }, {}, "yes: `titlePattern` holds"],
    [
      { titlePattern: "^CPU" },
      {},
      'no: `titlePattern` is not found in the first 1024 characters of the title: "^CPU"',
    ],
    [
      { titlePattern: "end$" },
      { title: `${"x".repeat(1024)}end` },
      'no: `titlePattern` is not found in the first 1024 characters of the title: "end$"',
    ],
    [{ during: { days: "tue", timeZone: "UTC" } }, {}, "yes: `during` holds"],
    [
      {
        during: [
          { days: "mon", timeZone: "UTC" },
          { days: "tue", timeZone: "UTC" },
        ],
      },
      {},
      "yes: `during` holds",
    ],
    [
      { during: [{ days: "mon", timeZone: "UTC" }] },
      {},
      "no: `during` does not hold at 2026-11-24T10:00:00.000Z",
    ],
    [
      { priority: ["A", "B", "C", "D", "E", "F", "G"] },
      { priority: "p".repeat(70) },
      `no: \`priority\` is "${"p".repeat(60)}"… (70 characters), not "A", "B", "C", "D", "E" or 2 more`,
    ],
  ];
  for (const [match, fields, expected] of cases) {
    it(`says ${expected} for ${JSON.stringify(match)}`, () => {
      assert.equal(because(match, fields), expected);
    });
  }

  it("accepts a pattern that makes backtracking engines explode, because RE2 runs it", () => {
    const match = { titlePattern: "(a+)+$" };
    assert.equal(
      because(match, { title: `${"a".repeat(1023)}!` }),
      'no: `titlePattern` is not found in the first 1024 characters of the title: "(a+)+$"',
    );
    assert.equal(because(match, { title: "a".repeat(5000) }), "yes: `titlePattern` holds");
  });

  it("decides as the first rule does whose every field holds", () => {
    const decision = fc.constantFrom("allow", "deny", "requireApproval");
    const claims = anyMatch.map((match) =>
      Object.fromEntries(
        Object.entries(match).filter(([field]) => field === "severity" || field === "region"),
      ),
    );
    const match = fc.oneof(anyMatch, claims);
    const silent = anySubject.map((one) => ({ ...one, severity: null, regions: [] }));
    const rules = fc.array(fc.record({ match, decision }), { maxLength: 4 });
    let asked = 0;
    fc.assert(
      fc.property(rules, fc.oneof(anySubject, silent), decision, (written, subject, otherwise) => {
        const gating = {
          ...unchecked(...written.map((rule, index) => ({ name: `r${index}`, ...rule }))),
          otherwise,
        };
        const { rule, decision, trace } = evaluate(gating, subject);
        const expected = gating.rules.findIndex((candidate) => oracle(candidate, subject));
        const found = gating.rules[expected];
        const stricter =
          (found?.decision ?? gating.otherwise) !== "allow"
            ? undefined
            : gating.rules
                .slice(0, expected < 0 ? undefined : expected)
                .find((before) => before.decision !== "allow" && mightApply(before, subject));
        asked += stricter === undefined ? 0 : 1;
        assert.equal(rule, stricter?.name ?? found?.name ?? null);
        assert.equal(
          decision,
          stricter === undefined ? (found?.decision ?? gating.otherwise) : "requireApproval",
        );
        assert.deepEqual(
          trace.map((entry) => [entry.rule, entry.matched]),
          gating.rules
            .slice(0, expected < 0 ? undefined : expected + 1)
            .map((tried, index) => [tried.name, index === expected]),
        );
      }),
      { numRuns: 500, seed: 4421 },
    );
    assert(asked > 10, `only ${asked} claims were missed`);
  });

  describe("a claim that the proposer leaves out", () => {
    const critical = { name: "critical", match: { severity: "critical" } };
    const european = { name: "european", match: { region: "eu" } };
    const rest = { name: "rest", decision: "allow" };
    const silent = { severity: null, regions: [] };
    const asking = { decision: "requireApproval", sla: "5m", risk: 0.9 };
    /** Which rule decides what, and whether the terms are those of a rule that asks with `asking`. */
    const outcome = (fields: Partial<Subject>, ...rules: object[]) => {
      const { rule, decision, terms } = evaluate(gatingOf(...rules), subject(fields));
      return `${rule}: ${decision}, ${terms.risk === 0.9 ? "own" : "default"} terms`;
    };

    it("lets nothing past the rules for it that an `allow` stands below", () => {
      const rules = [{ ...critical, ...asking }, { ...european, ...asking }, rest];
      assert.equal(outcome(silent, ...rules), "critical: requireApproval, own terms");
      assert.equal(
        outcome({ severity: "low", regions: [] }, ...rules),
        "european: requireApproval, own terms",
      );
      assert.equal(outcome({ severity: "low" }, ...rules), "rest: allow, default terms");
      assert.deepEqual(evaluate(gatingOf(...rules), subject(silent)).trace, [
        {
          rule: "critical",
          matched: false,
          because: "`severity` is not stated; a stricter rule could apply: asking",
        },
        { rule: "european", matched: false, because: "`region` is not stated" },
        { rule: "rest", matched: true, because: "it matches everything" },
      ]);
    });

    it("asks with the default terms where it might be denied", () => {
      const denying = { ...critical, ...asking, decision: "deny", onDeny: "note" };
      assert.equal(outcome(silent, denying, rest), "critical: requireApproval, default terms");
      const { terms } = evaluate(gatingOf(denying, rest), subject(silent));
      assert.deepEqual([terms.slaMs, terms.onDeny], [900_000, undefined]);
    });

    it("asks as well where `otherwise` allows", () => {
      const gating = parseServiceGating("db", {
        runbooks,
        rules: [{ ...critical, ...asking }],
        otherwise: "allow",
      });
      const { rule, decision } = evaluate(gating, subject(silent));
      assert.deepEqual([rule, decision], ["critical", "requireApproval"]);
      assert.equal(evaluate(gating, subject({ severity: "low" })).decision, "allow");
    });

    it("does not let silence run it either, and asks by the rule that is strictest about that", () => {
      const silence = { ...asking, onExpiry: "approve", acknowledgeRisk: true };
      const last = { name: "rest", ...silence, risk: 0.1 };
      for (const below of [last, rest]) {
        assert.equal(
          outcome(silent, { ...critical, ...silence }, { ...european, ...asking }, below),
          "european: requireApproval, own terms",
        );
      }
      assert.equal(
        outcome(silent, { ...critical, ...silence }, last),
        "rest: requireApproval, default terms",
      );
      assert.equal(
        outcome(silent, { ...critical, ...silence }, rest),
        "critical: requireApproval, own terms",
      );
    });

    it("changes nothing where another field does not hold, or the rules below are as strict", () => {
      const other = { ...critical, match: { severity: "critical", priority: "P2" }, ...asking };
      assert.equal(outcome(silent, other, rest), "rest: allow, default terms");
      assert.equal(
        outcome(silent, { ...critical, decision: "allow" }, rest),
        "rest: allow, default terms",
      );
      const denied = { name: "rest", decision: "deny" };
      assert.equal(
        outcome(silent, { ...critical, ...asking }, denied),
        "rest: deny, default terms",
      );
      const asked = { name: "rest", decision: "requireApproval" };
      assert.equal(
        outcome(silent, { ...critical, decision: "deny" }, asked),
        "rest: requireApproval, default terms",
      );
    });

    it("is none where PagerDuty itself has no value", () => {
      const urgent = { name: "urgent", match: { priority: "P1" }, ...asking };
      assert.equal(outcome({ priority: null }, urgent, rest), "rest: allow, default terms");
    });
  });
});

describe("proposedRunbook", () => {
  const event = () => {
    const {
      action: _action,
      runbook: _runbook,
      ...rest
    } = subject({ event: "incident.triggered" });
    return rest;
  };

  it("proposes the runbook of the first rule with `propose` that matches the event", () => {
    const gating = gatingOf(
      { name: "pages", decision: "allow", match: { event: "incident.triggered", runbook: "page" } },
      {
        name: "low",
        decision: "requireApproval",
        match: { event: "incident.triggered", priority: "P3" },
        propose: "restart",
      },
      {
        name: "cpu",
        decision: "requireApproval",
        match: { event: "incident.triggered", titlePattern: "CPU" },
        propose: "failover",
      },
      {
        name: "any",
        decision: "requireApproval",
        match: { event: "incident.triggered" },
        propose: "page",
      },
    );
    assert.deepEqual(proposedRunbook(gating, event()), {
      runbook: "failover",
      rule: "cpu",
      trace: [
        { rule: "low", matched: false, because: '`priority` is "P1", not "P3"' },
        { rule: "cpu", matched: true, because: "`event`, `titlePattern` hold" },
      ],
    });
    assert.equal(proposedRunbook(gating, { ...event(), title: "x" })?.rule, "any");
    assert.equal(proposedRunbook(gating, { ...event(), event: "incident.resolved" }), null);
    assert.equal(proposedRunbook(gating, { ...event(), event: null }), null);
  });

  it("fills the runbook and its action in before it tries the match", () => {
    const gating = gatingOf({
      name: "r",
      decision: "requireApproval",
      match: { event: "incident.triggered", action: "restart_service", runbook: "restart" },
      propose: "restart",
    });
    assert.equal(proposedRunbook(gating, event())?.runbook, "restart");
  });

  it("proposes nothing where no rule names a runbook", () => {
    const gating = unchecked({
      name: "r",
      decision: "allow",
      match: { event: "incident.triggered" },
    });
    assert.equal(proposedRunbook(gating, event()), null);
  });
});

/** Whether a rule matches, told another way: by taking all values apart instead of testing fields. */
function oracle({ match }: Rule, subject: Subject): boolean {
  const lower = (values: readonly (string | null)[]) => values.map((value) => value?.toLowerCase());
  const meets = (wanted: readonly unknown[] | null, found: readonly unknown[]) =>
    wanted === null || wanted.some((value) => found.includes(value));
  const clock = new Date(subject.atMs);
  const berlinDay = clock.toLocaleString("en-US", { timeZone: "Europe/Berlin", weekday: "short" });
  const isNight = clock.getUTCHours() >= 22 || clock.getUTCHours() < 6;
  const isWeekend = ["Sat", "Sun"].includes(berlinDay);
  return (
    meets(match.event, [subject.event]) &&
    meets(match.action, [subject.action]) &&
    meets(match.runbook, [subject.runbook]) &&
    meets(match.proposer, [subject.proposer]) &&
    meets(match.urgency, [subject.urgency]) &&
    meets(match.region, subject.regions) &&
    meets(match.priority && lower(match.priority), lower([subject.priority])) &&
    meets(match.severity && lower(match.severity), lower([subject.severity])) &&
    (match.titlePattern?.some((pattern) => new RegExp(pattern).test(subject.title)) ?? true) &&
    (match.during?.some((window) => (window.timeZone === "UTC" ? isNight : isWeekend)) ?? true)
  );
}

/** Whether the rule matches for some claim where the proposer makes none. */
function mightApply(rule: Rule, subject: Subject): boolean {
  const { severity, region } = rule.match;
  const claiming = {
    ...subject,
    severity: subject.severity ?? severity?.[0] ?? null,
    regions: subject.regions.length > 0 ? subject.regions : (region ?? []),
  };
  return oracle(rule, claiming);
}

// The windows of the generated rules are told apart by their zone, and the times begin on a Tuesday.
assert.equal(new Date(tuesday).getUTCDay(), 2);
