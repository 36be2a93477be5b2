import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainArguments } from "../../cli/gatingWitness.ts";
import { compareGatings } from "../../functions/gate/gating/compare/index.ts";
import { gatingJsonSchema, parseGating } from "../../functions/gate/gating/index.ts";
import { run } from "./support.ts";

const fromMs = Date.parse("2026-11-24T10:00:00Z");

type Verdict = "loosened" | "tightened" | "changed" | "same";
/** Where a field stands below `base`, what it is before and after, what that means, and what else has to be written. */
type Change = [
  path: string,
  before: unknown,
  after: unknown,
  Verdict,
  also?: Record<string, unknown>,
];

const failover = "services.db.runbooks.failover";
const rule = "services.db.rules.0";

/** One change for every field that can be written, by its place in the JSON Schema. */
const CHANGES: Readonly<Record<string, Change>> = {
  "services.*.runbooks.*.automationAction": [
    `${failover}.automationAction`,
    "01A",
    "01B",
    "loosened",
  ],
  "services.*.runbooks.*.incidentWorkflow": [
    `${failover}.incidentWorkflow`,
    "PWF0001",
    "PWF0002",
    "loosened",
    { [`${failover}.automationAction`]: undefined },
  ],
  "services.*.runbooks.*.reassign.escalationPolicy": [
    `${failover}.reassign`,
    { escalationPolicy: "PEP0001" },
    { escalationPolicy: "PEP0002" },
    "loosened",
    { [`${failover}.automationAction`]: undefined },
  ],
  "services.*.runbooks.*.reassign.users": [
    `${failover}.reassign`,
    { users: ["PUSER01"] },
    { users: ["PUSER02"] },
    "loosened",
    { [`${failover}.automationAction`]: undefined },
  ],
  "services.*.runbooks.*.escalate.level": [
    `${failover}.escalate`,
    { level: 2 },
    { level: 3 },
    "loosened",
    { [`${failover}.automationAction`]: undefined },
  ],
  "services.*.runbooks.*.action": [`${failover}.action`, "one_label", "another_label", "changed"],
  "services.*.runbooks.*.description": [`${failover}.description`, "One.", "Another.", "changed"],
  "services.*.runbooks.*.parameters.*.type": [
    `${failover}.parameters.count.type`,
    "integer",
    "number",
    "loosened",
  ],
  "services.*.runbooks.*.parameters.*.description": [
    `${failover}.parameters.count.description`,
    undefined,
    "How many.",
    "changed",
  ],
  "services.*.runbooks.*.parameters.*.required": [
    `${failover}.parameters.count.required`,
    true,
    false,
    "loosened",
  ],
  "services.*.runbooks.*.parameters.*.default": [
    `${failover}.parameters.count.default`,
    1,
    2,
    "loosened",
  ],
  "services.*.runbooks.*.parameters.*.enum": [
    `${failover}.parameters.count.enum`,
    [1, 2, 3],
    [3, 1],
    "tightened",
  ],
  "services.*.runbooks.*.parameters.*.minimum": [
    `${failover}.parameters.count.minimum`,
    2,
    1,
    "loosened",
  ],
  "services.*.runbooks.*.parameters.*.maximum": [
    `${failover}.parameters.count.maximum`,
    5,
    undefined,
    "loosened",
  ],
  "services.*.runbooks.*.parameters.*.maxLength": [
    `${failover}.parameters.note.maxLength`,
    undefined,
    100,
    "tightened",
  ],
  "services.*.runbooks.*.parameters.*.customField": [
    `${failover}.parameters.note.customField`,
    undefined,
    "note",
    "loosened",
  ],
  "services.*.rules.name": [`${rule}.name`, "one", "another", "changed"],
  "services.*.rules.match.event": [
    `${rule}.match.event`,
    "incident.triggered",
    "incident.acknowledged",
    "loosened",
    { [`${rule}.propose`]: "failover" },
  ],
  "services.*.rules.match.action": [
    `${rule}.match.action`,
    "run_auto_remediation_runbook",
    "restart_service",
    "loosened",
  ],
  "services.*.rules.match.priority": [`${rule}.match.priority`, ["P1"], ["P1", "P2"], "loosened"],
  "services.*.rules.match.severity": [`${rule}.match.severity`, "critical", "warning", "loosened"],
  "services.*.rules.match.urgency": [`${rule}.match.urgency`, "high", "low", "loosened"],
  "services.*.rules.match.region": [
    `${rule}.match.region`,
    ["eu-west-1"],
    ["eu-west-1", "us-east-1"],
    "loosened",
  ],
  "services.*.rules.match.runbook": [`${rule}.match.runbook`, "failover", "restart", "loosened"],
  "services.*.rules.match.proposer": [`${rule}.match.proposer`, "ai-agent", "healer", "loosened"],
  "services.*.rules.match.titlePattern": [
    `${rule}.match.titlePattern`,
    "CPU",
    "disk|CPU$",
    "loosened",
  ],
  "services.*.rules.match.during.days": [
    `${rule}.match.during`,
    { days: "fri", timeZone: "UTC" },
    { days: ["fri", "sat"], timeZone: "UTC" },
    "loosened",
  ],
  "services.*.rules.match.during.from": [
    `${rule}.match.during`,
    { from: "09:00", timeZone: "UTC" },
    { from: "08:00", timeZone: "UTC" },
    "loosened",
  ],
  "services.*.rules.match.during.to": [
    `${rule}.match.during`,
    { to: "09:00", timeZone: "UTC" },
    { to: "08:00", timeZone: "UTC" },
    "tightened",
  ],
  "services.*.rules.match.during.start": [
    `${rule}.match.during`,
    { start: "2026-12-20T00:00", end: "2027-01-02T00:00", timeZone: "UTC" },
    { start: "2026-12-21T00:00", end: "2027-01-02T00:00", timeZone: "UTC" },
    "tightened",
  ],
  "services.*.rules.match.during.end": [
    `${rule}.match.during`,
    { start: "2026-12-20T00:00", end: "2027-01-02T00:00", timeZone: "UTC" },
    { start: "2026-12-20T00:00", end: "2027-01-03T00:00", timeZone: "UTC" },
    "loosened",
  ],
  "services.*.rules.match.during.timeZone": [
    `${rule}.match.during`,
    { to: "09:00", timeZone: "UTC" },
    { to: "09:00", timeZone: "Asia/Tokyo" },
    "loosened",
  ],
  "services.*.rules.decision": [`${rule}.decision`, "requireApproval", "allow", "loosened"],
  "services.*.rules.dryRun": [`${rule}.dryRun`, true, false, "loosened"],
  "services.*.rules.risk": [`${rule}.risk`, 0.5, 0.6, "changed"],
  "services.*.rules.sla": [`${rule}.sla`, "5m", "6m", "changed"],
  "services.*.rules.validFor": [`${rule}.validFor`, "5m", "6m", "loosened"],
  "services.*.rules.onExpiry": [
    `${rule}.onExpiry`,
    "reject",
    "approve",
    "loosened",
    { [`${rule}.acknowledgeRisk`]: true },
  ],
  // It lets `onExpiry: approve` be written, and means nothing to a proposal.
  "services.*.rules.acknowledgeRisk": [`${rule}.acknowledgeRisk`, true, false, "same"],
  "services.*.rules.escalateAfter": [
    `${rule}.escalateAfter`,
    "1m",
    "2m",
    "changed",
    { [`${rule}.escalateTo`]: { users: ["PUSER01"] } },
  ],
  "services.*.rules.escalateTo.escalationPolicy": [
    `${rule}.escalateTo`,
    { escalationPolicy: "PEP0001" },
    { escalationPolicy: "PEP0002" },
    "changed",
    { [`${rule}.escalateAfter`]: "1m" },
  ],
  "services.*.rules.escalateTo.users": [
    `${rule}.escalateTo`,
    { users: ["PUSER01"] },
    { users: ["PUSER02"] },
    "changed",
    { [`${rule}.escalateAfter`]: "1m" },
  ],
  "services.*.rules.delivery": [`${rule}.delivery`, "callback", "poll", "changed"],
  "services.*.rules.propose": [
    `${rule}.propose`,
    "failover",
    "restart",
    "loosened",
    { [`${rule}.match.event`]: "incident.triggered" },
  ],
  "services.*.rules.editable": [`${rule}.editable`, undefined, ["count"], "loosened"],
  "services.*.rules.coolDown": [`${rule}.coolDown`, "30m", "20m", "loosened"],
  "services.*.rules.limits.openProposals": [`${rule}.limits.openProposals`, 20, 21, "loosened"],
  "services.*.rules.limits.executionsPerHour": [
    `${rule}.limits.executionsPerHour`,
    10,
    9,
    "tightened",
  ],
  "services.*.rules.onDeny": [
    `${rule}.onDeny`,
    "task",
    "note",
    "changed",
    { [`${rule}.decision`]: "deny" },
  ],
  "services.*.rules.acceptRuleApprovals": [`${rule}.acceptRuleApprovals`, false, true, "loosened"],
  "services.*.otherwise": [
    "services.db.otherwise",
    "deny",
    "allow",
    "loosened",
    { [`${rule}.match.priority`]: "P1" },
  ],
  "services.*.onDeny": [
    "services.db.onDeny",
    "task",
    "page",
    "changed",
    { [`${rule}.match.priority`]: "P1" },
  ],
  "services.*.limits.openProposals": ["services.db.limits.openProposals", 5, undefined, "loosened"],
  "services.*.limits.executionsPerHour": [
    "services.db.limits.executionsPerHour",
    5,
    4,
    "tightened",
  ],
  "services.*.manualTask.service": [
    "services.db.manualTask.service",
    undefined,
    "PSVC002",
    "changed",
  ],
  "services.*.manualTask.escalationPolicy": [
    "services.db.manualTask.escalationPolicy",
    undefined,
    "PEP0002",
    "changed",
  ],
  "services.*.manualTask.users": [
    "services.db.manualTask.users",
    ["PUSER01"],
    ["PUSER02"],
    "changed",
  ],
  "services.*.manualTask.urgency": ["services.db.manualTask.urgency", "high", "low", "changed"],
  "services.*.incidentAppearsWithin": [
    "services.db.incidentAppearsWithin",
    "20m",
    "21m",
    "loosened",
  ],
  // It has one value only.
  "defaults.events": ["defaults.events", undefined, "ignore", "same"],
  "defaults.proposals": ["defaults.proposals", "deny", "requireApproval", "loosened"],
  "defaults.onDeny": [
    "defaults.onDeny",
    "task",
    "note",
    "changed",
    { "defaults.proposals": "deny" },
  ],
  "defaults.manualTask.service": ["defaults.manualTask.service", undefined, "PSVC002", "changed"],
  "defaults.manualTask.escalationPolicy": [
    "defaults.manualTask.escalationPolicy",
    undefined,
    "PEP0002",
    "changed",
  ],
  "defaults.manualTask.users": ["defaults.manualTask.users", ["PUSER01"], ["PUSER02"], "changed"],
  "defaults.manualTask.urgency": ["defaults.manualTask.urgency", "high", "low", "changed"],
  "defaults.runbooks": [
    "defaults.runbooks.page",
    { escalate: { level: 2 } },
    { escalate: { level: 3 } },
    "loosened",
  ],
};

const base = () => ({
  services: {
    db: {
      runbooks: {
        failover: {
          automationAction: "01A",
          parameters: {
            count: { type: "integer", customField: "count" },
            note: { type: "string" },
          },
        },
        restart: { automationAction: "01C", action: "restart_service" },
      },
      rules: [{ name: "one", match: {}, decision: "requireApproval" }],
      otherwise: "deny",
    },
  },
  defaults: { runbooks: { page: { escalate: { level: 1 } } } },
});

describe("every field of a gating", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "gate-compare-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function written(name: string, gating: unknown): string {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, JSON.stringify(gating));
    return path;
  }

  it("has a change here that is compared", () => {
    assert.deepEqual(Object.keys(CHANGES).sort(), fieldsOf(gatingJsonSchema()));
  });

  for (const [field, [path, was, is, verdict, also = {}]] of Object.entries(CHANGES)) {
    it(`${verdict === "same" ? "means nothing to a proposal" : `is ${verdict}, and explained otherwise`}: ${field}`, async () => {
      const [before, after] = [was, is].map((value) =>
        set(Object.entries({ ...also, [path]: value })),
      );
      const {
        services,
        verdict: found,
        unproven,
      } = compareGatings(parseGating(before), parseGating(after), { fromMs });
      assert.equal(unproven, null);
      assert.equal(found ?? "same", verdict);
      const files = [written("before", before), written("after", after)];
      for (const { service, groups } of services) {
        for (const { witness, verdict: own, which } of groups) {
          assert(witness !== null, `no witness for ${own}: ${which.join()}`);
          const [one, other] = await Promise.all(
            files.map((file) => run(explainArguments(file, service, witness))),
          );
          assert.notDeepEqual(one, other);
        }
      }
    });
  }
});

function set(values: readonly (readonly [string, unknown])[]): unknown {
  const gating: unknown = base();
  for (const [path, value] of values) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let at = gating as Record<string, unknown>;
    for (const key of keys) at = (at[key] ??= {}) as Record<string, unknown>;
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return gating;
}

/** Every field that the schema lets be written; the runbooks of `defaults` are those of services. */
function fieldsOf(schema: unknown): string[] {
  const found = new Set<string>();
  const visit = (node: Record<string, unknown>, path: string): void => {
    const { properties, additionalProperties, items, anyOf } = node as {
      properties?: Record<string, Record<string, unknown>>;
      additionalProperties?: Record<string, unknown> | false;
      items?: Record<string, unknown>;
      anyOf?: Record<string, unknown>[];
    };
    if (path === "defaults.runbooks") found.add(path);
    else if (properties !== undefined) {
      for (const [key, one] of Object.entries(properties))
        visit(one, path === "" ? key : `${path}.${key}`);
    } else if (typeof additionalProperties === "object") visit(additionalProperties, `${path}.*`);
    else if (anyOf?.some((one) => "properties" in one) === true) {
      for (const one of anyOf) if ("properties" in one) visit(one, path);
    } else if (items !== undefined && "properties" in items) visit(items, path);
    else found.add(path);
  };
  visit(schema as Record<string, unknown>, "");
  return [...found].sort();
}
