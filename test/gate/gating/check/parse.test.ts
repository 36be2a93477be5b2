import assert from "node:assert/strict";
import fc from "fast-check";
import {
  incidentAppearsWithinMs,
  GatingError,
  gatingForUnlisted,
  parseGating,
  parseServiceGating,
} from "../../../../functions/gate/gating/index.ts";
import type { GatingInput } from "../../../../functions/gate/gating/index.ts";
import { problemsOf, runbooks, withRules } from "./problemsOf.ts";

describe("parseGating", () => {
  it("fills in every default", () => {
    assert.deepEqual(parseGating({}), {
      services: {},
      defaults: {
        events: "ignore",
        proposals: "requireApproval",
        runbooks: {},
        manualTask: { service: null, escalationPolicy: null, users: [], urgency: null },
      },
    });
    assert.deepEqual(parseServiceGating("db", {}), {
      runbooks: {},
      rules: [],
      otherwise: "requireApproval",
      manualTask: { service: null, escalationPolicy: null, users: [], urgency: null },
    });
  });

  it("fills in the defaults of a rule", () => {
    const gating = parseServiceGating("db", {
      runbooks,
      rules: [{ name: "all", decision: "requireApproval" }],
    });
    assert.deepEqual(gating.rules, [
      {
        name: "all",
        match: {
          event: null,
          action: null,
          priority: null,
          severity: null,
          urgency: null,
          region: null,
          runbook: null,
          proposer: null,
          titlePattern: null,
          during: null,
        },
        decision: "requireApproval",
        propose: null,
        risk: 0.5,
        slaMs: 900_000,
        validForMs: 900_000,
        onExpiry: "reject",
        escalateAfterMs: null,
        escalateTo: null,
        delivery: "callback",
        editable: [],
        coolDownMs: 1_800_000,
        limits: { openProposals: 20, executionsPerHour: 10 },
        acceptRuleApprovals: false,
      },
    ]);
  });

  it("reads everything that a rule can say", () => {
    const gating = parseServiceGating("db", {
      runbooks,
      rules: [
        {
          name: "full",
          match: {
            event: ["incident.triggered", "custom:incident.new_thing", "incident.triggered"],
            action: "run_auto_remediation_runbook",
            priority: "P1",
            urgency: "high",
            runbook: "failover",
            proposer: "pagerduty",
            titlePattern: "^payments",
            during: [
              { days: ["sat", "fri"], from: "17:00", to: "09:00", timeZone: "Europe/Berlin" },
              { timeZone: "UTC", start: "2026-12-20T00:00", end: "2027-01-02T00:00" },
              { timeZone: "UTC", days: "mon" },
            ],
          },
          decision: "requireApproval",
          risk: 0.9,
          sla: "5m",
          validFor: "1h",
          onExpiry: "approve",
          acknowledgeRisk: true,
          escalateAfter: "2m",
          escalateTo: { escalationPolicy: "PEP0002", users: ["PUSER02", "PUSER02"] },
          delivery: "poll",
          propose: "failover",
          editable: ["max_replicas"],
          coolDown: "0s",
          limits: { openProposals: 5 },
          acceptRuleApprovals: true,
        },
        {
          name: "claims",
          match: { severity: ["critical"], region: "us-east-1", proposer: ["healer", "pagerduty"] },
          decision: "deny",
        },
      ],
    });
    assert.deepEqual(gating.rules[1]?.match, {
      event: null,
      action: null,
      priority: null,
      severity: ["critical"],
      urgency: null,
      region: ["us-east-1"],
      runbook: null,
      proposer: ["healer", "pagerduty"],
      titlePattern: null,
      during: null,
    });
    assert.deepEqual(gating.rules[0], {
      name: "full",
      match: {
        event: ["incident.triggered", "incident.new_thing"],
        action: ["run_auto_remediation_runbook"],
        priority: ["P1"],
        severity: null,
        urgency: ["high"],
        region: null,
        runbook: ["failover"],
        proposer: ["pagerduty"],
        titlePattern: ["^payments"],
        during: [
          {
            kind: "weekly",
            days: ["fri", "sat"],
            from: "17:00",
            to: "09:00",
            timeZone: "Europe/Berlin",
          },
          { kind: "absolute", start: "2026-12-20T00:00", end: "2027-01-02T00:00", timeZone: "UTC" },
          { kind: "weekly", days: ["mon"], from: "00:00", to: "24:00", timeZone: "UTC" },
        ],
      },
      decision: "requireApproval",
      propose: "failover",
      risk: 0.9,
      slaMs: 300_000,
      validForMs: 3_600_000,
      onExpiry: "approve",
      escalateAfterMs: 120_000,
      escalateTo: { users: ["PUSER02"], escalationPolicy: "PEP0002" },
      delivery: "poll",
      editable: ["max_replicas"],
      coolDownMs: 0,
      limits: { openProposals: 5, executionsPerHour: 10 },
      acceptRuleApprovals: true,
    });
  });

  it("reads how long an incident may take to appear, and changes no hash where nothing is said", () => {
    const said = parseServiceGating("db", { incidentAppearsWithin: "1h30m" });
    assert.equal(incidentAppearsWithinMs(said), 90 * 60_000);
    const unsaid = parseServiceGating("db", {});
    assert.equal(incidentAppearsWithinMs(unsaid), 20 * 60_000);
    assert(!("incidentAppearsWithinMs" in unsaid));
  });

  it("reads every kind of runbook, with the action that its kind has by default", () => {
    const gating = parseServiceGating("db", {
      runbooks: {
        a: {
          automationAction: "01A",
          description: "What it does.",
          parameters: { n: { type: "number", required: true, enum: [1, 2.5] } },
        },
        b: { incidentWorkflow: "PWF0001" },
        c: { reassign: { users: ["PUSER02"] } },
        d: { reassign: { escalationPolicy: "PEP0002" } },
        e: { escalate: { level: 2 }, action: "page_more" },
      },
    });
    const none = { description: null, parameters: {} };
    assert.deepEqual(gating.runbooks, {
      a: {
        name: "a",
        action: "run_auto_remediation_runbook",
        description: "What it does.",
        target: { kind: "automationAction", actionId: "01A" },
        parameters: {
          n: {
            type: "number",
            description: null,
            required: true,
            default: null,
            enum: [1, 2.5],
            minimum: null,
            maximum: null,
            maxLength: null,
            customField: null,
          },
        },
      },
      b: {
        name: "b",
        action: "start_incident_workflow",
        target: { kind: "incidentWorkflow", workflowId: "PWF0001" },
        ...none,
      },
      c: {
        name: "c",
        action: "reassign_incident",
        target: { kind: "reassign", users: ["PUSER02"], escalationPolicy: null },
        ...none,
      },
      d: {
        name: "d",
        action: "reassign_incident",
        target: { kind: "reassign", users: [], escalationPolicy: "PEP0002" },
        ...none,
      },
      e: { name: "e", action: "page_more", target: { kind: "escalate", level: 2 }, ...none },
    });
  });

  it("takes the same input from TypeScript, where keys may be undefined", () => {
    const input: GatingInput = {
      services: { db: { otherwise: "deny", manualTask: { urgency: "low", users: ["PUSER01"] } } },
      defaults: { proposals: "deny" },
    };
    const gating = parseGating(input);
    assert.equal(gating.services["db"]?.otherwise, "deny");
    assert.deepEqual(gating.services["db"].manualTask, {
      service: null,
      escalationPolicy: null,
      users: ["PUSER01"],
      urgency: "low",
    });
    assert.deepEqual(parseServiceGating("db", { rules: undefined }), parseServiceGating("db", {}));
  });

  it("gives services that are not listed the runbooks and the routing of the defaults", () => {
    const { defaults } = parseGating({
      defaults: {
        proposals: "deny",
        runbooks: { page: { escalate: { level: 2 } } },
        manualTask: { service: "PSVC009" },
      },
    });
    const gating = gatingForUnlisted(defaults);
    assert.deepEqual(gating.rules, []);
    assert.equal(gating.otherwise, "deny");
    assert.deepEqual(Object.keys(gating.runbooks), ["page"]);
    assert.equal(gating.manualTask.service, "PSVC009");
  });

  it("tells every problem at once, each on one line, with its path", () => {
    const input = {
      services: {
        db: { runbooks, rules: [{ name: "a", decision: "deny", sla: "30s", risk: 2 }] },
        "my api": { otherwise: "alow" },
      },
    };
    assert.throws(
      () => parseGating(input),
      (error) => {
        assert(error instanceof GatingError);
        assert.deepEqual(
          error.problems.map((problem) => problem.path),
          ["services.db.rules[0].risk", "services.db.rules[0].sla", 'services["my api"].otherwise'],
        );
        assert.equal(
          error.message,
          [
            "3 problems in the gating:",
            "- services.db.rules[0] (a): `risk` must be a number between 0 and 1, got 2",
            '- services.db.rules[0] (a): `sla` must be between 1m and 7d, got "30s"',
            '- services["my api"]: `otherwise` must be allow, deny or requireApproval, got "alow"',
          ].join("\n"),
        );
        return true;
      },
    );
  });

  it("does not hide a problem across fields behind one of a single field", () => {
    assert.deepEqual(
      problemsOf(
        withRules({
          name: "a",
          decision: "dney",
          match: { runbook: "failovr", priority: [] },
          escalateAfter: "20m",
          propose: "page",
        }),
      ),
      [
        'services.db.rules[0] (a): `decision` must be allow, deny or requireApproval, got "dney"',
        "services.db.rules[0] (a): `match.priority` must hold at least one value or be left out, got an empty list",
        'services.db.rules[0] (a): `match.runbook` must be a runbook of this service ("failover", "restart", "page"), got "failovr"; did you mean `failover`?',
        'services.db.rules[0] (a): `propose` must stand with `match.event`, which says for which events to propose, got "page" without it',
        'services.db.rules[0] (a): `propose` must be a runbook that `match.runbook` and `match.action` of the same rule let through, got "page"',
        'services.db.rules[0] (a): `escalateAfter` must be less than `sla` (15m, the default), got "20m"',
        'services.db.rules[0] (a): `escalateAfter` must stand with `escalateTo`, which says whom to page, got "20m" without it',
      ],
    );
  });

  it("never throws anything but a GatingError, in its own words and on one line a problem", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue({ maxDepth: 2 }), nearlyGating()), (input) => {
        for (const line of problemsOf(input)) {
          assert.doesNotMatch(line, /\n|Invalid |: expected|Too |undefined|\[object/);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("refuses keys that JavaScript gives a meaning", () => {
    assert.deepEqual(problemsOf(JSON.parse('{"services":{"__proto__":{"rules":[]}}}')), [
      'services: `__proto__` must have a service\'s name or id of 1 to 255 characters as its key, got "__proto__"',
    ]);
    assert.deepEqual(
      problemsOf(
        JSON.parse('{"services":{"db":{"runbooks":{"__proto__":{"escalate":{"level":1}}}}}}'),
      ),
      [
        "services.db.runbooks.__proto__: a runbook's name must be a letter, then up to 63 letters, digits, `_`, `-` or `.`",
      ],
    );
    assert.deepEqual(problemsOf(JSON.parse('{"__proto__":1}')), [
      "gating: `__proto__` is not a known key (known: `services`, `defaults`)",
    ]);
  });
});

/** JSON of the gating's shape in which any part may be something else. */
function nearlyGating(): fc.Arbitrary<unknown> {
  const junk = fc.constantFrom<unknown>(null, true, -1.5, 3, "", "x\n", [], ["x"], {}, { a: [1] });
  const or = (arbitrary: fc.Arbitrary<unknown>) =>
    fc.oneof({ arbitrary, weight: 6 }, { arbitrary: junk, weight: 1 });
  const some = (fields: Record<string, fc.Arbitrary<unknown>>) =>
    or(fc.record(fields, { requiredKeys: [] }));
  const name = fc.constantFrom("failover", "page", "a", "", "__proto__", "x y");
  const span = fc.constantFrom("30s", "5m", "15m", "8d", "x");
  const rule = some({
    name: or(name),
    decision: or(fc.constantFrom("allow", "deny", "requireApproval", "maybe")),
    match: some({
      event: or(fc.constantFrom("incident.triggered", "incident.trigered", "custom:x")),
      runbook: or(fc.array(name)),
      action: or(fc.constantFrom("escalate_incident", "other")),
      priority: or(fc.array(fc.constantFrom("P1", "p2"))),
      titlePattern: or(fc.constantFrom("a+", "(", "(a)\\1", "[\n")),
      during: or(
        fc.record(
          {
            days: or(fc.constantFrom("mon", "noday")),
            from: or(fc.constantFrom("00:00", "9:00")),
            to: or(fc.constantFrom("00:00", "24:00")),
            start: or(fc.constantFrom("2026-02-30T00:00", "2026-02-03T00:00")),
            end: or(fc.constantFrom("2026-02-03T00:00")),
            timeZone: or(fc.constantFrom("UTC", "Mars/Base")),
          },
          { requiredKeys: [] },
        ),
      ),
    }),
    sla: or(span),
    escalateAfter: or(span),
    escalateTo: some({ users: or(fc.array(fc.constant("PUSER01"))) }),
    onExpiry: or(fc.constantFrom("approve", "reject")),
    propose: or(name),
    editable: or(fc.array(name)),
    risk: or(fc.double()),
    extra: junk,
  });
  const runbook = some({
    automationAction: or(fc.constant("01A")),
    escalate: some({ level: or(fc.integer()) }),
    parameters: or(
      fc.dictionary(
        fc.constantFrom("n", "service", "X"),
        some({
          type: or(fc.constantFrom("integer", "string")),
          minimum: or(fc.integer()),
          maximum: or(fc.integer()),
          enum: or(fc.array(junk)),
          default: junk,
          maxLength: junk,
        }),
      ),
    ),
  });
  const service = some({
    runbooks: or(fc.dictionary(name, runbook)),
    rules: or(fc.array(rule, { maxLength: 4 })),
    otherwise: junk,
    manualTask: some({ users: junk, escalationPolicy: or(fc.constant("PEP0001")) }),
  });
  return some({ services: or(fc.dictionary(name, service)), defaults: service });
}
