import assert from "node:assert/strict";
import {
  compareGatings,
  groupLine,
  serviceName,
  verdictText,
} from "../../../../functions/gate/gating/compare/index.ts";
import { parseGating } from "../../../../functions/gate/gating/index.ts";

const fromMs = Date.parse("2026-11-24T10:00:00Z");

const weekend = { days: "fri", from: "17:00", to: "24:00", timeZone: "Europe/Berlin" };
const saturdays = { days: ["sat", "sun"], timeZone: "Europe/Berlin" };
const night = { from: "22:00", to: "06:00", timeZone: "UTC" };
const yearEnd = { start: "2026-12-20T00:00", end: "2027-01-02T00:00", timeZone: "Europe/Berlin" };
const lastYear = { start: "2025-12-20T00:00", end: "2026-01-02T00:00", timeZone: "Europe/Berlin" };

const runbooks = {
  restart_primary: { automationAction: "01RESTART" },
  diagnostics: { automationAction: "01DIAG", action: "collect_diagnostics" },
};

/** The services of a gating; `db` alone unless there are more. */
function db(
  rules: readonly unknown[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return { db: { runbooks, rules, ...more } };
}

const ask = { name: "ask", match: { priority: ["P1", "P2"] }, decision: "requireApproval" };
const allow = { name: "allow", decision: "allow" };
const deny = { name: "deny", decision: "deny" };
const diagnostics = { name: "diagnostics", match: { runbook: "diagnostics" }, decision: "allow" };

/** What people do to a gating, and what a reviewer is to be told of it. */
const CHANGES: readonly (readonly [
  what: string,
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  told: readonly string[],
])[] = [
  [
    "a threshold is moved",
    db([ask, deny]),
    db([{ ...ask, match: { priority: "P1" } }, deny]),
    ["tightened: priority P2: a human is asked (rule `ask`) → denied (rule `deny`)"],
  ],
  [
    "a threshold is moved the other way",
    db([{ ...ask, match: { priority: "P1" } }, deny]),
    db([ask, deny]),
    ["loosened: priority P2: denied (rule `deny`) → a human is asked (rule `ask`)"],
  ],
  [
    "rules are swapped",
    db([ask, diagnostics, deny]),
    db([diagnostics, ask, deny]),
    [
      "loosened: runbook `diagnostics`, priority P1 or P2: a human is asked (rule `ask`) → allowed (rule `diagnostics`)",
    ],
  ],
  [
    "rules that do not meet are swapped",
    db([{ ...ask, match: { runbook: "restart_primary" } }, diagnostics]),
    db([diagnostics, { ...ask, match: { runbook: "restart_primary" } }]),
    [],
  ],
  [
    "a region is added",
    db([{ ...allow, match: { region: "eu-west-1" } }, deny]),
    db([{ ...allow, match: { region: ["eu-west-1", "us-east-1"] } }, deny]),
    [
      "loosened: in region us-east-1, not in region eu-west-1: denied (rule `deny`) → allowed (rule `allow`)",
    ],
  ],
  [
    "p1 is written for P1",
    db([{ ...ask, match: { priority: ["P1", "P2"] } }, deny]),
    db([{ ...ask, match: { priority: ["p2", "p1"] } }, deny]),
    [],
  ],
  [
    "a runbook's action id is replaced",
    db([ask]),
    {
      db: {
        runbooks: { ...runbooks, restart_primary: { automationAction: "01WIPE" } },
        rules: [ask],
      },
    },
    [
      "loosened: runbook `restart_primary`: `target` automationAction 01RESTART → automationAction 01WIPE",
    ],
  ],
  [
    "the action id of a runbook that is always denied is replaced",
    db([deny]),
    {
      db: {
        runbooks: { ...runbooks, restart_primary: { automationAction: "01WIPE" } },
        rules: [deny],
      },
    },
    [
      "changed: runbook `restart_primary`: `target` automationAction 01RESTART → automationAction 01WIPE",
    ],
  ],
  [
    "otherwise is turned to allow",
    db([ask], { otherwise: "deny" }),
    db([ask], { otherwise: "allow" }),
    ["loosened: any priority but P1 and P2: denied (`otherwise`) → allowed (`otherwise`)"],
  ],
  [
    "otherwise is turned to deny",
    db([ask]),
    db([ask], { otherwise: "deny" }),
    [
      "tightened: any priority but P1 and P2: a human is asked (`otherwise`) → denied (`otherwise`)",
    ],
  ],
  [
    "silence becomes a yes",
    db([{ ...ask, match: { priority: "P3" } }, deny]),
    db([{ ...ask, match: { priority: "P3" }, onExpiry: "approve" }, deny]),
    [
      "loosened: priority P3: a human is asked (rule `ask`) → a human is asked, silence is a yes (rule `ask`)",
    ],
  ],
  [
    "a yes stays good for longer",
    db([ask, deny]),
    db([{ ...ask, validFor: "1h" }, deny]),
    ["loosened: priority P1 or P2: a human is asked (rule `ask`); `validFor` 15m → 1h"],
  ],
  [
    "people have more time and are paged later",
    db([{ ...ask, sla: "5m", escalateAfter: "2m", escalateTo: { users: ["PUSER01"] } }]),
    db([{ ...ask, sla: "10m", escalateAfter: "5m", escalateTo: { users: ["PUSER02"] } }]),
    [
      "changed: priority P1 or P2: a human is asked (rule `ask`); `sla` 5m → 10m, `escalateAfter` 2m → 5m, `escalateTo` users PUSER01 → users PUSER02",
    ],
  ],
  [
    "more may run in an hour",
    db([diagnostics]),
    db([{ ...diagnostics, limits: { executionsPerHour: 60 } }]),
    [
      "loosened: runbook `diagnostics`: allowed (rule `diagnostics`); `limits.executionsPerHour` 10 → 60",
    ],
  ],
  [
    "a no counts for less long",
    db([ask, deny]),
    db([{ ...ask, coolDown: "5m" }, deny]),
    ["loosened: priority P1 or P2: a human is asked (rule `ask`); `coolDown` 30m → 5m"],
  ],
  [
    "a freeze begins earlier",
    db([{ ...deny, match: { during: [weekend, saturdays] } }, allow]),
    db([{ ...deny, match: { during: [{ ...weekend, from: "15:00" }, saturdays] } }, allow]),
    ["tightened: Fri 15:00–17:00 Europe/Berlin: allowed (rule `allow`) → denied (rule `deny`)"],
  ],
  [
    "a freeze over midnight ends earlier",
    db([{ ...deny, match: { during: night } }, allow]),
    db([{ ...deny, match: { during: { ...night, to: "05:00" } } }, allow]),
    ["loosened: every day 05:00–06:00 UTC: denied (rule `deny`) → allowed (rule `allow`)"],
  ],
  [
    "a window is written otherwise",
    db([{ ...deny, match: { during: [weekend, saturdays] } }, allow]),
    db([
      {
        ...deny,
        match: {
          during: [
            { ...weekend, to: "12:00" },
            { days: "sat", from: "12:00", timeZone: "Europe/Berlin" },
            { ...saturdays, days: "sun" },
            { ...saturdays, days: "sat", to: "12:00" },
          ],
        },
      },
      allow,
    ]),
    [],
  ],
  [
    "a freeze that is over is taken away",
    db([{ ...deny, match: { during: lastYear } }, allow]),
    db([allow]),
    [],
  ],
  [
    "a freeze is added",
    db([{ ...deny, match: { during: saturdays } }, allow]),
    db([{ ...deny, match: { during: [saturdays, yearEnd] } }, allow]),
    [
      "tightened: 2026-12-20T00:00–2027-01-02T00:00 Europe/Berlin outside Sat–Sun Europe/Berlin: allowed (rule `allow`) → denied (rule `deny`)",
    ],
  ],
  [
    "an exception is put above a freeze",
    db([{ ...deny, match: { during: weekend } }, allow]),
    db([ask, { ...deny, match: { during: weekend } }, allow]),
    [
      "loosened: priority P1 or P2, Fri 17:00–24:00 Europe/Berlin: denied (rule `deny`) → a human is asked (rule `ask`)",
      "tightened: priority P1 or P2, outside Fri 17:00–24:00 Europe/Berlin: allowed (rule `allow`) → a human is asked (rule `ask`)",
    ],
  ],
  [
    "a window moves to another zone",
    db([{ ...deny, match: { during: night } }, allow]),
    db([{ ...deny, match: { during: { ...night, timeZone: "Europe/Berlin" } } }, allow]),
    [
      "loosened: every day 22:00–06:00 UTC outside every day 22:00–06:00 Europe/Berlin: denied (rule `deny`) → allowed (rule `allow`)",
      "tightened: every day 22:00–06:00 Europe/Berlin outside every day 22:00–06:00 UTC: allowed (rule `allow`) → denied (rule `deny`)",
    ],
  ],
  [
    "a proposer is let in",
    db([{ ...ask, match: { proposer: "ai-agent" } }, deny]),
    db([{ ...ask, match: { proposer: ["ai-agent", "healer"] } }, deny]),
    ["loosened: from `healer`: denied (rule `deny`) → a human is asked (rule `ask`)"],
  ],
  [
    "a proposer is shut out",
    db([allow]),
    db([{ ...deny, match: { proposer: "ai-agent" } }, allow]),
    ["tightened: from `ai-agent`: allowed (rule `allow`) → denied (rule `deny`)"],
  ],
  [
    "a severity is denied",
    db([allow]),
    db([{ ...deny, match: { severity: "critical" } }, allow]),
    [
      "tightened: severity critical: allowed (rule `allow`) → denied (rule `deny`)",
      "tightened: no severity stated: allowed (rule `allow`) → a human is asked (rule `deny`)",
    ],
  ],
  [
    "a title pattern is changed",
    db([{ ...deny, match: { titlePattern: "CPU" } }, allow]),
    db([{ ...deny, match: { titlePattern: "CPU|disk" } }, allow]),
    [
      "possibly loosened: title like `CPU` but not like `CPU|disk`: denied (rule `deny`) → allowed (rule `allow`)",
      "tightened: title like `CPU|disk` but not like `CPU`: allowed (rule `allow`) → denied (rule `deny`)",
    ],
  ],
  [
    "a parameter's bounds are widened",
    {
      db: {
        runbooks: {
          scale: {
            automationAction: "01SCALE",
            parameters: { count: { type: "integer", maximum: 3 } },
          },
        },
        rules: [ask],
      },
    },
    {
      db: {
        runbooks: {
          scale: {
            automationAction: "01SCALE",
            parameters: { count: { type: "integer", maximum: 30 } },
          },
        },
        rules: [ask],
      },
    },
    ["loosened: runbook `scale`: `parameters.count.maximum` 3 → 30"],
  ],
  [
    "a runbook is added under a rule that allows",
    db([allow]),
    { db: { runbooks: { ...runbooks, wipe: { automationAction: "01WIPE" } }, rules: [allow] } },
    ["loosened: runbook `wipe`: refused, no such runbook → allowed (rule `allow`)"],
  ],
  [
    "a service is added",
    {},
    db([diagnostics], { otherwise: "deny" }),
    [
      "loosened: runbook `diagnostics`: refused, no such runbook → allowed (rule `diagnostics`)",
      "changed: runbook `restart_primary`: refused, no such runbook → denied (`otherwise`)",
    ],
  ],
  [
    "a service is taken away",
    db([ask]),
    {},
    [
      "tightened: priority P1 or P2: a human is asked (rule `ask`) → refused, no such runbook",
      "tightened: any priority but P1 and P2: a human is asked (`otherwise`) → refused, no such runbook",
    ],
  ],
  [
    "an event proposes",
    db([ask, deny]),
    db([
      {
        name: "heal",
        match: { event: "incident.triggered", urgency: "high" },
        propose: "diagnostics",
        decision: "allow",
      },
      ask,
      deny,
    ]),
    [
      "loosened: event `incident.triggered`, high urgency: nothing is proposed → `diagnostics` by rule `heal`, allowed (rule `heal`)",
    ],
  ],
  [
    "a rule is put into force after its dry run",
    db([{ ...deny, match: { priority: "P5" }, dryRun: true }, allow]),
    db([{ ...deny, match: { priority: "P5" } }, allow]),
    ["tightened: priority P5: allowed (rule `allow`) → denied (rule `deny`)"],
  ],
  [
    "silence is no yes any more, but that of a rule of Cheqpoint is",
    db([{ ...ask, match: { priority: "P2" }, onExpiry: "approve" }, deny]),
    db([{ ...ask, match: { priority: "P2" }, acceptRuleApprovals: true }, deny]),
    [
      "loosened: priority P2: a human is asked, silence is a yes (rule `ask`) → a human is asked (rule `ask`); `acceptRuleApprovals` false → true",
    ],
  ],
  [
    "a denial stands for less long",
    db([{ ...deny, coolDown: "1d", match: { priority: "P5" } }, allow]),
    db([{ ...deny, coolDown: "1m", match: { priority: "P5" } }, allow]),
    ["loosened: priority P5: denied (rule `deny`); `coolDown` 1d → 1m"],
  ],
  [
    "another rule denies, for less long",
    db([{ ...deny, coolDown: "1d" }]),
    db([{ ...deny, name: "freeze", coolDown: "1m" }]),
    ["changed: every proposal: denied (rule `deny`) → denied (rule `freeze`); `coolDown` 1d → 1m"],
  ],
  [
    "an allowing rule is split in two, each with its own limits",
    db([{ ...allow, name: "run", limits: { executionsPerHour: 2 } }]),
    db([
      { ...allow, name: "run", match: { priority: "P1" }, limits: { executionsPerHour: 2 } },
      { ...allow, name: "run2", limits: { executionsPerHour: 2 } },
    ]),
    [
      "loosened: any priority but P1: allowed (rule `run`) → allowed (rule `run2`); `limits` `shared with run` → `its own`",
    ],
  ],
  [
    "an allowing rule is split in two that share its limits",
    db([{ ...allow, name: "run", limits: { openProposals: 4, executionsPerHour: 2 } }]),
    db([
      {
        ...allow,
        name: "run",
        match: { priority: "P1" },
        limits: { openProposals: 2, executionsPerHour: 1 },
      },
      { ...allow, name: "run2", limits: { openProposals: 2, executionsPerHour: 1 } },
    ]),
    [
      "tightened: priority P1: allowed (rule `run`); `limits.openProposals` 4 → 2, `limits.executionsPerHour` 2 → 1",
      "tightened: any priority but P1: allowed (rule `run`) → allowed (rule `run2`); `limits.openProposals` 4 → 2, `limits.executionsPerHour` 2 → 1",
    ],
  ],
  [
    "manual tasks go elsewhere, and a rule has another name",
    db([ask]),
    db([{ ...ask, name: "ask-a-human" }], { manualTask: { escalationPolicy: "PEP0002" } }),
    [
      "changed: every proposal: `manualTask.escalationPolicy` nothing → PEP0002",
      "changed: priority P1 or P2: a human is asked (rule `ask`) → a human is asked (rule `ask-a-human`)",
    ],
  ],
];

describe("what people do to a gating", () => {
  for (const [what, before, after, told] of CHANGES) {
    it(`is told where ${what}`, () => {
      const gating = (services: unknown) => parseGating({ services });
      const { services, unproven } = compareGatings(gating(before), gating(after), { fromMs });
      assert.equal(unproven, null);
      assert.deepEqual(
        services.flatMap((change) =>
          change.groups.map((group) => {
            assert.equal(group.witness === null, group.possibly);
            const name = change.service === "db" ? "" : `${serviceName(change)}: `;
            return `${name}${verdictText(group)}: ${groupLine(group)}`;
          }),
        ),
        told,
      );
    });
  }
});
