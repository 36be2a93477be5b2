import assert from "node:assert/strict";
import { proposingEvents, reservedDetailKeys } from "../../../../functions/gate/gating/index.ts";
import { problemsOf, runbooks, withRules } from "./problemsOf.ts";

const ruleKeys =
  "`name`, `match`, `decision`, `dryRun`, `risk`, `sla`, `validFor`, `onExpiry`, `acknowledgeRisk`, `escalateAfter`, `escalateTo`, `delivery`, `propose`, `editable`, `coolDown`, `limits`, `onDeny`, `acceptRuleApprovals`";
const noPattern =
  "must be a regular expression of RE2, which has no back-references and no look-around";
const hidden = (found: string) =>
  `must be text without invisible and control characters, got ${found}; in double quotes YAML makes such a character of an escape like \`\\b\`: write it in single quotes`;
const known = '("failover", "restart", "page")';

/** One rule's fields, and what is said of it after the place. */
const ofRules: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
  [
    "a pattern whose backslashes were eaten by double quotes",
    { match: { titlePattern: ["\bledger\b", "\tpayments"] } },
    [
      `\`match.titlePattern[0]\` ${hidden("U+0008")}`,
      `\`match.titlePattern[1]\` ${hidden("U+0009")}`,
    ],
  ],
  [
    "a pattern with a character that no title holds",
    { match: { titlePattern: "led\u200Bger" } },
    [`\`match.titlePattern\` ${hidden("U+200B")}`],
  ],
  [
    "a name of somebody with a character that nobody sees",
    { match: { proposer: ["robot", "ro\u00ADbot"], region: "eu\u2060" } },
    [`\`match.proposer[1]\` ${hidden("U+00AD")}`, `\`match.region\` ${hidden("U+2060")}`],
  ],
  [
    "an unknown key that is close to a known one",
    { slaa: "5m" },
    [`\`slaa\` is not a known key; did you mean \`sla\`? (known: ${ruleKeys})`],
  ],
  [
    "an unknown key",
    { "with space": 1 },
    [`\`["with space"]\` is not a known key (known: ${ruleKeys})`],
  ],
  [
    "a missing decision",
    { decision: undefined },
    ["`decision` is required and must be allow, deny or requireApproval"],
  ],
  [
    "an empty key",
    { risk: null },
    ["`risk` must be a number between 0 and 1, got null (an empty key)"],
  ],
  [
    "a number in quotes",
    { risk: "0.9" },
    ['`risk` must be a number between 0 and 1, written without quotes, got "0.9"'],
  ],
  ["a risk over 1", { risk: 1.01 }, ["`risk` must be a number between 0 and 1, got 1.01"]],
  ["a risk that is no number", { risk: NaN }, ["`risk` must be a number between 0 and 1, got NaN"]],
  ["a short sla", { sla: "59s" }, ['`sla` must be between 1m and 7d, got "59s"']],
  ["a long sla", { sla: "7d1s" }, ['`sla` must be between 1m and 7d, got "7d1s"']],
  [
    "an sla that is no duration",
    { sla: "5 minutes" },
    ['`sla` must be a duration such as "5m" between 1m and 7d, got "5 minutes"'],
  ],
  [
    "an sla that is a number",
    { sla: 300 },
    ['`sla` must be a duration such as "5m" between 1m and 7d, got 300'],
  ],
  ["a short validFor", { validFor: "30s" }, ['`validFor` must be between 1m and 24h, got "30s"']],
  ["a long validFor", { validFor: "25h" }, ['`validFor` must be between 1m and 24h, got "25h"']],
  ["a long coolDown", { coolDown: "8d" }, ['`coolDown` must be between 0s and 7d, got "8d"']],
  [
    "another onExpiry",
    { onExpiry: "allow" },
    ['`onExpiry` must be reject or approve, got "allow"'],
  ],
  ["another delivery", { delivery: "push" }, ['`delivery` must be callback or poll, got "push"']],
  [
    "a flag in quotes",
    { acceptRuleApprovals: "true" },
    ['`acceptRuleApprovals` must be true or false, written without quotes, got "true"'],
  ],
  [
    "another onDeny",
    { decision: "deny", onDeny: "mail" },
    ['`onDeny` must be note, task or page, got "mail"'],
  ],
  [
    "an onDeny of what does not deny",
    { decision: "allow", onDeny: "note" },
    ['`onDeny` must stand with `decision: deny`, got "note" with `decision: allow`'],
  ],
  [
    "limits out of range",
    { limits: { openProposals: 0, executionsPerHour: 1001 } },
    [
      "`limits.openProposals` must be a whole number between 1 and 1000, got 0",
      "`limits.executionsPerHour` must be a whole number between 1 and 1000, got 1001",
    ],
  ],
  [
    "limits that are no object",
    { limits: 5 },
    ["`limits` must be an object such as { openProposals: 5 }, got 5"],
  ],
  [
    "an unknown limit",
    { limits: { openProposal: 5 } },
    [
      "`limits.openProposal` is not a known key; did you mean `openProposals`? (known: `openProposals`, `executionsPerHour`)",
    ],
  ],
  [
    "escalateAfter that is not less than sla",
    { sla: "5m", escalateAfter: "5m", escalateTo: { users: ["PUSER02"] } },
    ['`escalateAfter` must be less than `sla` (5m), got "5m"'],
  ],
  [
    "escalateAfter that is not less than the default sla",
    { escalateAfter: "15m", escalateTo: { users: ["PUSER02"] } },
    ['`escalateAfter` must be less than `sla` (15m, the default), got "15m"'],
  ],
  [
    "escalateAfter without escalateTo",
    { escalateAfter: "2m" },
    ['`escalateAfter` must stand with `escalateTo`, which says whom to page, got "2m" without it'],
  ],
  [
    "escalateTo without escalateAfter",
    { escalateTo: { escalationPolicy: "PEP0002" } },
    [
      "`escalateTo` must stand with `escalateAfter`, which says when to page, got no `escalateAfter`",
    ],
  ],
  [
    "escalateTo nobody",
    { escalateAfter: "2m", escalateTo: {} },
    ["`escalateTo` must have `escalationPolicy`, `users` or both, got neither"],
  ],
  [
    "a name instead of an id",
    { escalateAfter: "2m", escalateTo: { escalationPolicy: "DBA leads" } },
    [
      '`escalateTo.escalationPolicy` must be the PagerDuty id of an escalation policy such as "PEP0002" (capital letters and digits), got "DBA leads"',
    ],
  ],
  [
    "an id that YAML took for a number",
    { escalateAfter: "2m", escalateTo: { users: [123] } },
    [
      '`escalateTo.users[0]` must be the PagerDuty id of a user such as "PUSER02" (capital letters and digits), written in quotes, got 123',
    ],
  ],
  [
    "approve on expiry where P1 is not excluded",
    { onExpiry: "approve" },
    [
      '`onExpiry` must not be "approve" on a rule that can match P1 (an absent `match.priority` matches P1 as well): write `onExpiry: reject`, or a `match.priority` without P1, or state `acknowledgeRisk: true`, got "approve"',
    ],
  ],
  [
    "approve on expiry where P1 is named",
    { onExpiry: "approve", match: { priority: ["P2", "p1"] } },
    [
      '`onExpiry` must not be "approve" on a rule that can match P1: write `onExpiry: reject`, or a `match.priority` without P1, or state `acknowledgeRisk: true`, got "approve"',
    ],
  ],
  [
    "approve on expiry of high risk",
    { onExpiry: "approve", risk: 0.8, match: { priority: "P3" } },
    [
      '`onExpiry` must not be "approve" with a `risk` of 0.8 or more (0.8): write `onExpiry: reject`, or a lower `risk`, or state `acknowledgeRisk: true`, got "approve"',
    ],
  ],
  [
    "an event that is close to a known one",
    { match: { event: "incident.trigered" } },
    [
      `\`match.event\` must be an event type of PagerDuty that can lead to a proposal (did you mean incident.triggered?): ${proposingEvents.join(", ")}, or "custom:incident.<type>" for one that is not in this list, got "incident.trigered"`,
    ],
  ],
  [
    "an event that is not about an incident",
    { match: { event: ["incident.triggered", "pagey.ping"] } },
    [
      `\`match.event[1]\` must be an event type of PagerDuty that can lead to a proposal: ${proposingEvents.join(", ")}, or "custom:incident.<type>" for one that is not in this list, got "pagey.ping"`,
    ],
  ],
  [
    "an empty list",
    { match: { priority: [] } },
    ["`match.priority` must hold at least one value or be left out, got an empty list"],
  ],
  [
    "a priority that YAML took for a number",
    { match: { priority: 1 } },
    [
      "`match.priority` must be text of 1 to 200 characters without space around it, written in quotes, got 1",
    ],
  ],
  [
    "a value with space around it, which nothing would equal",
    { match: { region: [" us-east-1"] } },
    [
      '`match.region[0]` must be text of 1 to 200 characters without space around it, got " us-east-1"',
    ],
  ],
  [
    "another urgency",
    { match: { urgency: "mid" } },
    ['`match.urgency` must be high or low, got "mid"'],
  ],
  ["a match that is no object", { match: ["P1"] }, ["`match` must be an object, got a list of 1"]],
  [
    "an unknown key in match",
    { match: { runbok: "failover" } },
    [
      "`match.runbok` is not a known key; did you mean `runbook`? (known: `event`, `action`, `priority`, `severity`, `urgency`, `region`, `runbook`, `proposer`, `titlePattern`, `during`)",
    ],
  ],
  [
    "an unknown runbook",
    { match: { runbook: ["failover", "reboot"] } },
    [`\`match.runbook[1]\` must be a runbook of this service ${known}, got "reboot"`],
  ],
  [
    "an action that no runbook has",
    { match: { action: "restart_servce" } },
    [
      '`match.action` must be the action of a runbook of this service ("run_auto_remediation_runbook", "restart_service", "escalate_incident"), got "restart_servce"; did you mean `restart_service`?',
    ],
  ],
  [
    "a title pattern that every title has",
    { match: { titlePattern: ["", "CPU"] } },
    ['`match.titlePattern[0]` must not be empty, or every title matches: leave it out, got ""'],
  ],
  [
    "a runbook and an action that do not go together",
    { match: { runbook: "failover", action: ["restart_service", "escalate_incident"] } },
    [
      'can never match: no runbook in `match.runbook` ("failover") has an action in `match.action` ("restart_service" or "escalate_incident")',
    ],
  ],
  [
    "propose without event",
    { propose: "failover" },
    [
      '`propose` must stand with `match.event`, which says for which events to propose, got "failover" without it',
    ],
  ],
  [
    "propose of an unknown runbook",
    { propose: "failovr", match: { event: "incident.triggered" } },
    [
      `\`propose\` must be a runbook of this service ${known}, got "failovr"; did you mean \`failover\`?`,
    ],
  ],
  [
    "propose of a runbook that the rule does not match",
    { propose: "failover", match: { event: "incident.triggered", runbook: "page" } },
    [
      '`propose` must be a runbook that `match.runbook` and `match.action` of the same rule let through, got "failover"',
    ],
  ],
  [
    "events about what ran",
    {
      propose: "failover",
      match: {
        event: [
          "incident.action_invocation.terminated",
          "custom:incident.workflow.started",
          "incident.triggered",
        ],
      },
    },
    ["incident.action_invocation.terminated", "custom:incident.workflow.started"].map(
      (type, index) =>
        `\`match.event[${index}]\` must be an event type of PagerDuty that can lead to a proposal: ${proposingEvents.join(", ")}, or "custom:incident.<type>" for one that is not in this list, got "${type}"`,
    ),
  ],
  [
    "an event of a type of its own that is not about an incident",
    { propose: "failover", match: { event: "custom:service.updated" } },
    [
      `\`match.event\` must be an event type of PagerDuty that can lead to a proposal: ${proposingEvents.join(", ")}, or "custom:incident.<type>" for one that is not in this list, got "custom:service.updated"`,
    ],
  ],
  [
    "an event with what nobody claims for it, and others who propose",
    {
      propose: "failover",
      match: {
        event: "incident.triggered",
        severity: "critical",
        region: ["eu", "us"],
        proposer: ["pagerduty", "healer"],
      },
    },
    [
      '`match.proposer[1]` must be "pagerduty" with `match.event`: the gate itself proposes for events, got "healer"',
      '`match.severity` must be left out with `match.event`: an event claims none, got "critical"',
      "`match.region` must be left out with `match.event`: an event claims none, got a list of 2",
    ],
  ],
  [
    "claims of whoever proposes for events",
    { match: { proposer: "pagerduty", severity: "critical" } },
    [
      '`match.severity` must be left out with `match.proposer` "pagerduty": an event claims none, got "critical"',
    ],
  ],
  [
    "proposers that nobody can be",
    { match: { proposer: ["event", "PagerDuty", "healer"] } },
    [
      '`match.proposer[0]` must be a name that a proposer\'s token can have, or "pagerduty" for events, got "event"',
      '`match.proposer[1]` must be a name that a proposer\'s token can have, or "pagerduty" for events, got "PagerDuty"',
    ],
  ],
  [
    "an event for which nothing is proposed",
    { match: { event: "incident.triggered" } },
    [
      "can never match: no rule with `propose` proposes such a thing for an event; write `propose` in it, or match what proposers propose",
    ],
  ],
  [
    "whoever proposes for events where nothing is proposed",
    { match: { proposer: ["pagerduty"] } },
    [
      "can never match: no rule with `propose` proposes such a thing for an event; write `propose` in it, or match what proposers propose",
    ],
  ],
  [
    "editable keys that nothing has or carries",
    { editable: ["max_replica", "note"] },
    [
      '`editable[0]` must be a parameter of a runbook that the rule can match ("max_replicas", "note"), got "max_replica"; did you mean `max_replicas`?',
      '`editable[1]` must be a parameter with a `customField`, which carries a change to the runbook; "failover" has none for it, got "note"',
    ],
  ],
  [
    "editable keys of a runbook that the rule does not match",
    { editable: ["max_replicas"], match: { runbook: "page" } },
    [
      '`editable[0]` must be a parameter of a runbook that the rule can match (there is none), got "max_replicas"',
    ],
  ],
  [
    "a pattern with a back-reference",
    { match: { titlePattern: "(a)\\1" } },
    [`\`match.titlePattern\` ${noPattern} (invalid escape sequence: \`\\1\`), got "(a)\\\\1"`],
  ],
  [
    "patterns with look-around",
    { match: { titlePattern: ["(?=a)", "(?<!a)b"] } },
    [
      `\`match.titlePattern[0]\` ${noPattern} (invalid or unsupported Perl syntax: \`(?=\`), got "(?=a)"`,
      `\`match.titlePattern[1]\` ${noPattern} (invalid named capture: \`(?<!a)b\`), got "(?<!a)b"`,
    ],
  ],
  [
    "a pattern that is too long",
    { match: { titlePattern: "a".repeat(201) } },
    [
      `\`match.titlePattern\` must have at most 200 characters, got "${"a".repeat(60)}"… (201 characters)`,
    ],
  ],
  [
    "a pattern whose repetitions multiply",
    { match: { titlePattern: "(?:(?:ab){30}){30}" } },
    [
      '`match.titlePattern` must be simpler: its repetitions multiply to a very large pattern, got "(?:(?:ab){30}){30}"',
    ],
  ],
  [
    "a pattern that is no text",
    { match: { titlePattern: 5 } },
    ["`match.titlePattern` must be a regular expression of RE2, written in quotes, got 5"],
  ],
];

/** One window, and what is said of it. */
const ofWindows: readonly (readonly [string, unknown, readonly string[]])[] = [
  [
    "no time zone",
    { days: "mon" },
    [
      '`match.during.timeZone` is required and must be a time zone such as "Europe/Berlin" or "UTC"',
    ],
  ],
  [
    "a bad time zone",
    { days: "mon", timeZone: "Europe/Berlinn" },
    [
      '`match.during.timeZone` must be a time zone such as "Europe/Berlin" or "UTC", got "Europe/Berlinn"',
    ],
  ],
  [
    "an offset instead of a time zone",
    { days: "mon", timeZone: "+01:00" },
    ['`match.during.timeZone` must be a time zone such as "Europe/Berlin" or "UTC", got "+01:00"'],
  ],
  [
    "another day",
    { days: ["mon", "monday"], timeZone: "UTC" },
    ['`match.during.days[1]` must be mon, tue, wed, thu, fri, sat or sun, got "monday"'],
  ],
  [
    "times that are none",
    { from: "9:00", to: "25:00", timeZone: "UTC" },
    [
      '`match.during.from` must be a time of day such as "17:00", got "9:00"',
      '`match.during.to` must be a time of day such as "09:00", or "24:00", got "25:00"',
    ],
  ],
  [
    "an empty weekly window",
    [{ from: "17:00", to: "17:00", timeZone: "UTC" }],
    [
      '`match.during[0].to` must differ from `from`, or the window is empty (a whole day is written "00:00" to "24:00"), got "17:00" for both',
    ],
  ],
  [
    "an empty weekly window whose beginning is the default",
    { to: "00:00", timeZone: "UTC" },
    [
      '`match.during.to` must differ from `from`, or the window is empty (a whole day is written "00:00" to "24:00"), got "00:00" for both',
    ],
  ],
  [
    "a window that says nothing",
    { timeZone: "UTC" },
    [
      "`match.during` must say when: `days`, `from` and `to` for every week, or `start` and `end`, got only `timeZone`",
    ],
  ],
  [
    "both kinds in one",
    { days: "mon", start: "2026-12-20T00:00", timeZone: "UTC" },
    [
      "`match.during` must be either weekly (`days`, `from`, `to`) or one stretch (`start`, `end`), got `days` and `start`",
    ],
  ],
  [
    "a stretch without an end",
    { start: "2026-12-20T00:00", timeZone: "UTC" },
    ["`match.during.end` is required and must be a day that the calendar has"],
  ],
  [
    "a day that the calendar does not have",
    { start: "2026-02-30T00:00", end: "2026-03-01T00:00", timeZone: "UTC" },
    ['`match.during.start` must be a day that the calendar has, got "2026-02-30T00:00"'],
  ],
  [
    "a date without a time",
    { start: "2026-12-20", end: "2026-12-21T00:00", timeZone: "UTC" },
    [
      '`match.during.start` must be a local date and time such as "2026-12-20T00:00", got "2026-12-20"',
    ],
  ],
  [
    "a stretch that ends when it starts",
    { start: "2026-12-20T00:00", end: "2026-12-20T00:00", timeZone: "UTC" },
    [
      '`match.during.end` must be later than `start` ("2026-12-20T00:00"), or the window is empty, got "2026-12-20T00:00"',
    ],
  ],
  [
    "a window that is no object",
    "weekends",
    [
      '`match.during` must be an object such as { days: [sat, sun], timeZone: Europe/Berlin }, got "weekends"',
    ],
  ],
];

const targets = "`automationAction`, `incidentWorkflow`, `reassign`, `escalate`";
const parameterKeys =
  "`type`, `description`, `required`, `default`, `enum`, `minimum`, `maximum`, `maxLength`, `customField`";

/** One runbook, and what is said of it. */
const ofRunbooks: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["no target", {}, [`: must have exactly one of ${targets}, got none`]],
  [
    "two targets",
    { automationAction: "01A", escalate: { level: 2 } },
    [`: must have exactly one of ${targets}, got \`automationAction\` and \`escalate\``],
  ],
  [
    "a bad target, which counts as one",
    { automationAction: "DB failover" },
    [
      ': `automationAction` must be the PagerDuty id of an automation action such as "01DBFAILOVER" (capital letters and digits), got "DB failover"',
    ],
  ],
  [
    "reassigning to nobody",
    { reassign: {} },
    [": `reassign` must have either `escalationPolicy` or `users`, got neither"],
  ],
  [
    "reassigning to both",
    { reassign: { escalationPolicy: "PEP0002", users: ["PUSER02"] } },
    [": `reassign` must have either `escalationPolicy` or `users`, got both"],
  ],
  [
    "reassigning to a name",
    { reassign: "PEP0002" },
    [': `reassign` must be an object such as { escalationPolicy: PEP0002 }, got "PEP0002"'],
  ],
  [
    "a level in quotes",
    { escalate: { level: "2" } },
    [': `escalate.level` must be a whole number between 1 and 20, written without quotes, got "2"'],
  ],
  [
    "an action that is not snake_case",
    { incidentWorkflow: "PWF0001", action: "Start It" },
    [
      ': `action` must be snake_case: a small letter, then up to 63 small letters, digits or `_`, got "Start It"',
    ],
  ],
  [
    "an empty description",
    { incidentWorkflow: "PWF0001", description: " " },
    [': `description` must be text of 1 to 500 characters, got " "'],
  ],
];

/** One parameter called `n`, and what is said of it. */
const ofParameters: readonly (readonly [string, unknown, readonly string[]])[] = [
  [
    "no type",
    {},
    ["`parameters.n.type` is required and must be string, integer, number or boolean"],
  ],
  [
    "an unknown key",
    { type: "integer", min: 1 },
    [`\`parameters.n.min\` is not a known key (known: ${parameterKeys})`],
  ],
  [
    "no object",
    "integer",
    ['`parameters.n` must be an object such as { type: integer }, got "integer"'],
  ],
  [
    "limits of a number on a string",
    { type: "string", minimum: 1, maximum: 2 },
    [
      "`parameters.n.minimum` must stand only with `type: integer` or `type: number`, got 1",
      "`parameters.n.maximum` must stand only with `type: integer` or `type: number`, got 2",
    ],
  ],
  [
    "the length of a number",
    { type: "number", maxLength: 5 },
    ["`parameters.n.maxLength` must stand only with `type: string`, got 5"],
  ],
  [
    "a fraction as the limit of an integer",
    { type: "integer", minimum: 0.5 },
    ["`parameters.n.minimum` must be a whole number for `type: integer`, got 0.5"],
  ],
  [
    "a limit in quotes",
    { type: "integer", maximum: "5" },
    ['`parameters.n.maximum` must be a number, written without quotes, got "5"'],
  ],
  [
    "limits that leave nothing",
    { type: "integer", minimum: 3, maximum: 1 },
    ["`parameters.n.minimum` must not be more than `maximum` (1), got 3"],
  ],
  [
    "values of another type or out of range",
    { type: "integer", maximum: 5, enum: [1, 6, "2"] },
    [
      "`parameters.n.enum[1]` must be a whole number of at most 5, got 6",
      '`parameters.n.enum[2]` must be a whole number of at most 5, got "2"',
    ],
  ],
  [
    "a value that is an object",
    { type: "integer", enum: [{}] },
    ["`parameters.n.enum[0]` must be text, a number, true or false, got an object"],
  ],
  [
    "a default that is not allowed",
    { type: "string", enum: ["a", "b"], default: "c" },
    ['`parameters.n.default` must be "a" or "b", got "c"'],
  ],
  [
    "a default out of range",
    { type: "number", minimum: 1, maximum: 2, default: 3 },
    ["`parameters.n.default` must be a number between 1 and 2, got 3"],
  ],
  [
    "a default that never applies",
    { type: "boolean", required: true, default: false },
    ["`parameters.n.default` must be left out with `required: true`, or never applies, got false"],
  ],
  [
    "a custom field that has no such name",
    { type: "boolean", customField: "max replicas" },
    [
      '`parameters.n.customField` must be the name of a PagerDuty incident custom field: up to 50 letters, digits, `_` or `-`, got "max replicas"',
    ],
  ],
];

describe("refused gating", () => {
  describe("rules", () => {
    for (const [name, fields, texts] of ofRules) {
      it(`refuses ${name}`, () => {
        const rule = { name: "r", decision: "requireApproval", ...fields };
        assert.deepEqual(
          problemsOf(withRules(rule)),
          texts.map((text) => `services.db.rules[0] (r): ${text}`),
        );
      });
    }

    it("accepts approve on expiry with the risk acknowledged, or on lower priorities", () => {
      const base = { decision: "requireApproval", onExpiry: "approve" };
      const rules = [
        { name: "a", ...base, match: { priority: ["P3"] }, risk: 0.79 },
        { name: "b", ...base, acknowledgeRisk: true, risk: 1 },
      ];
      assert.deepEqual(problemsOf(withRules(...rules)), []);
    });

    it("refuses names that are missing, malformed or used twice", () => {
      const must =
        "must be a name: a letter or digit, then up to 63 letters, digits, `_`, `-` or `.`";
      assert.deepEqual(
        problemsOf(
          withRules(
            { decision: "deny", match: { priority: "P1" } },
            { name: "not so good", decision: "deny", match: { priority: "P2" } },
            { name: "a", decision: "deny", match: { priority: "P3" } },
            { name: "a", decision: "deny", match: { priority: "P4" } },
            "a",
          ),
        ),
        [
          `services.db.rules[0]: \`name\` is required and ${must}`,
          `services.db.rules[1]: \`name\` ${must}, got "not so good"`,
          'services.db: `rules[4]` must be an object, got "a"',
          'services.db.rules[3] (a): `name` must be unique within the service, got "a", which rules[2] has already',
        ],
      );
    });

    it("refuses more than 100 rules, or something that is no list", () => {
      const rules = Array.from({ length: 101 }, (_, index) => ({
        name: `r${index}`,
        decision: "deny",
        match: { proposer: `p${index}` },
      }));
      assert.deepEqual(problemsOf(withRules(...rules)), [
        "services.db: `rules` must hold at most 100 rules, got a list of 101",
      ]);
      assert.deepEqual(problemsOf({ services: { db: { rules: { name: "a" } } } }), [
        "services.db: `rules` must be a list, got an object",
      ]);
    });

    it("refuses rules of a service that has no runbooks", () => {
      const rules = [
        { name: "a", decision: "deny", propose: "x", match: { event: "custom:incident.x" } },
      ];
      assert.deepEqual(problemsOf({ services: { db: { rules } } }), [
        "services.db.rules[0] (a): can never match: the service has no `runbooks`, so nothing can be proposed for it",
      ]);
    });

    it("does not call runbooks missing that could not be read", () => {
      const rules = [{ name: "a", decision: "deny", match: { runbook: "x" } }];
      assert.deepEqual(problemsOf({ services: { db: { runbooks: [], rules } } }), [
        "services.db: `runbooks` must be an object, got an empty list",
      ]);
    });
  });

  describe("windows", () => {
    for (const [name, during, texts] of ofWindows) {
      it(`refuses ${name}`, () => {
        assert.deepEqual(
          problemsOf(withRules({ name: "r", decision: "deny", match: { during } })),
          texts.map((text) => `services.db.rules[0] (r): ${text}`),
        );
      });
    }
  });

  describe("runbooks", () => {
    for (const [name, runbook, texts] of ofRunbooks) {
      it(`refuses ${name}`, () => {
        assert.deepEqual(
          problemsOf({ services: { db: { runbooks: { r: runbook } } } }),
          texts.map((text) => `services.db.runbooks.r${text}`),
        );
      });
    }

    for (const [name, n, texts] of ofParameters) {
      it(`refuses a parameter with ${name}`, () => {
        const runbook = { automationAction: "01A", parameters: { n } };
        assert.deepEqual(
          problemsOf({ defaults: { runbooks: { r: runbook } } }),
          texts.map((text) => `defaults.runbooks.r: ${text}`),
        );
      });
    }

    for (const key of reservedDetailKeys) {
      it(`refuses a parameter called ${key}`, () => {
        const runbook = { automationAction: "01A", parameters: { [key]: { type: "string" } } };
        assert.deepEqual(problemsOf({ services: { db: { runbooks: { r: runbook } } } }), [
          `services.db.runbooks.r: \`parameters.${key}\` must have another name: \`${key}\` is what the gate itself tells the reviewer`,
        ]);
      });
    }

    it("refuses names of runbooks and parameters that are none", () => {
      const runbook = {
        automationAction: "01A",
        parameters: { "Max Replicas": { type: "integer" } },
      };
      assert.deepEqual(problemsOf({ services: { db: { runbooks: { "db failover": runbook } } } }), [
        'services.db.runbooks["db failover"]: a runbook\'s name must be a letter, then up to 63 letters, digits, `_`, `-` or `.`',
        'services.db.runbooks["db failover"]: `parameters["Max Replicas"]` must have a snake_case name: a small letter, then up to 39 small letters, digits or `_`',
      ]);
    });

    it("refuses two parameters in one custom field", () => {
      const parameters = {
        a: { type: "string", customField: "f" },
        b: { type: "string", customField: "f" },
      };
      assert.deepEqual(
        problemsOf({
          services: { db: { runbooks: { r: { automationAction: "01A", parameters } } } },
        }),
        [
          'services.db.runbooks.r: `parameters.b.customField` must be used by one parameter only, got "f", which "a" uses already',
        ],
      );
    });

    it("refuses too many runbooks and parameters", () => {
      const many = (count: number, value: unknown) =>
        Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, value]));
      const runbook = { automationAction: "01A", parameters: many(21, { type: "string" }) };
      assert.deepEqual(
        problemsOf({
          services: { a: { runbooks: many(101, runbooks.page) }, b: { runbooks: { r: runbook } } },
        }),
        [
          "services.a: `runbooks` must hold at most 100 runbooks, got 101",
          "services.b.runbooks.r: `parameters` must hold at most 20 parameters, got 21",
        ],
      );
    });
  });

  describe("services and defaults", () => {
    it("refuses hidden characters in keys and in texts for people, which may have lines", () => {
      const described = (description: string) => ({
        services: {
          "pay\u200Bments": { runbooks: { page: { escalate: { level: 1 }, description } } },
        },
      });
      assert.deepEqual(problemsOf(described("first line\n\tsecond\u202E line")), [
        `services: \`["pay[U+200B]ments"]\` ${hidden("U+200B")}`,
        `services["pay[U+200B]ments"].runbooks.page: \`description\` ${hidden("U+202E")}`,
      ]);
    });

    it("refuses what is no gating at all", () => {
      assert.deepEqual(problemsOf(null), ["gating: must be an object, got null (an empty key)"]);
      assert.deepEqual(problemsOf({ servces: {} }), [
        "gating: `servces` is not a known key; did you mean `services`? (known: `services`, `defaults`)",
      ]);
      assert.deepEqual(problemsOf({ services: [], defaults: "deny" }), [
        "gating: `services` must be an object, got an empty list",
        'gating: `defaults` must be an object, got "deny"',
      ]);
      assert.deepEqual(problemsOf({ services: { db: null, " ": {} } }), [
        "services: `db` must be an object, got null (an empty key)",
        'services: `[" "]` must have a service\'s name or id of 1 to 255 characters as its key, got " "',
      ]);
    });

    it("refuses manual tasks that go to a policy and to users", () => {
      assert.deepEqual(problemsOf({ services: { db: { incidentAppearsWithin: "30s" } } }), [
        'services.db: `incidentAppearsWithin` must be between 1m and 24h, got "30s"',
      ]);
      const manualTask = { escalationPolicy: "PEP0001", users: ["PUSER01"], team: "x" };
      const keys = "(known: `service`, `escalationPolicy`, `users`, `urgency`)";
      assert.deepEqual(problemsOf({ services: { db: { manualTask } }, defaults: { manualTask } }), [
        `services.db: \`manualTask.team\` is not a known key ${keys}`,
        `defaults: \`manualTask.team\` is not a known key ${keys}`,
      ]);
      const { team: _, ...both } = manualTask;
      assert.deepEqual(problemsOf({ services: { db: { manualTask: both } } }), [
        "services.db: `manualTask` must have either `escalationPolicy` or `users`, got both",
      ]);
    });

    it("refuses defaults that would act on events or allow proposals", () => {
      assert.deepEqual(problemsOf({ defaults: { events: "propose", proposals: "allow" } }), [
        'defaults: `events` must be ignore, got "propose"',
        'defaults: `proposals` must be requireApproval or deny, got "allow"',
      ]);
    });
  });
});
