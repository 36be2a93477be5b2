import assert from "node:assert/strict";
import { explore } from "../../harness/explore.ts";
import { isMore } from "../../harness/more.ts";
import type { Part, Scenario } from "../../harness/simulation.ts";

const APPROVAL: Omit<Scenario, "faults" | "events"> = {
  name: "approval",
  runbook: "failover",
  rule: {},
};
const ON_EXPIRY: typeof APPROVAL = {
  name: "approve on expiry",
  runbook: "failover",
  rule: { onExpiry: "approve", acknowledgeRisk: true },
  approvesOnExpiry: true,
};
const ALLOW: typeof APPROVAL = {
  name: "allow",
  runbook: "failover",
  rule: { decision: "allow" },
  isAllowed: true,
};
const PAGE: typeof APPROVAL = {
  name: "page",
  runbook: "failover",
  rule: { escalateAfter: "30s", escalateTo: { users: ["PUSER01"] } },
};
const RULES: typeof APPROVAL = {
  name: "rules may approve",
  runbook: "failover",
  rule: { acceptRuleApprovals: true, delivery: "poll" },
  acceptsRules: true,
};
/** Its manual task is all that there is to do, on another service than the incident's. */
const ROUTED: typeof APPROVAL = {
  name: "deny, task on another service",
  runbook: "failover",
  rule: { decision: "deny", onDeny: "page" },
  taskService: "PSVC003",
};
const DENIED: typeof APPROVAL = {
  name: "deny, the first of its kind",
  runbook: "failover",
  rule: { decision: "deny" },
};
const WORKFLOW: typeof APPROVAL = { name: "workflow", runbook: "workflow", rule: {} };
const HANDOVER: typeof APPROVAL = { name: "reassign", runbook: "handover", rule: {} };

/**
 * `faults` things go wrong (an answer is lost, late, refused, unclear; the process dies; something cannot be read) and
 * `events` things happen (decisions of every kind, forged callbacks, the incident, the gating, the kill switch).
 */
const SCENARIOS: readonly Scenario[] = [
  { ...APPROVAL, faults: 2, events: 0 },
  { ...APPROVAL, faults: 0, events: 2 },
  { ...APPROVAL, name: "inbox down", isInboxDown: true, faults: 1, events: 1 },
  { ...ON_EXPIRY, faults: 1, events: 1 },
  { ...ON_EXPIRY, faults: 2, events: 0 },
  { ...ALLOW, faults: 2, events: 1 },
  { ...PAGE, faults: 2, events: 0 },
  { ...PAGE, faults: 1, events: 1 },
  { ...ROUTED, faults: 4, events: 0 },
  { ...DENIED, faults: 3, events: 0 },
  { ...DENIED, name: "deny, one of many", collecting: "open", faults: 3, events: 0 },
  { ...DENIED, name: "deny, after they were read", collecting: "resolved", faults: 3, events: 0 },
  { ...RULES, faults: 0, events: 2 },
  { ...WORKFLOW, faults: 1, events: 1 },
  { ...WORKFLOW, faults: 2, events: 0 },
  { ...HANDOVER, faults: 2, events: 0 },
];

const BY_ALERT: typeof APPROVAL = { ...APPROVAL, source: "alert" };
const BY_EVENT: typeof APPROVAL = { ...APPROVAL, source: "event" };

/**
 * What others do beside it, every two of them together: another proposal for the same thing, an equal one, the team
 * that changes its gating, noes to the same, edits and other odd answers, what happens to the incident.
 */
function together(base: typeof APPROVAL, parts: readonly Part[]): Scenario {
  const name = `${base.name}${base.source === undefined ? "" : `, by ${base.source}`}: ${parts.join(" and ")}`;
  return { ...base, name, parts, faults: 0, events: 2 };
}

const PAIRS: readonly Scenario[] = [
  together(APPROVAL, ["other proposal", "gating"]),
  together(BY_EVENT, ["other proposal", "noes"]),
  together(APPROVAL, ["other proposal", "edits"]),
  together(BY_ALERT, ["other proposal", "equal proposal"]),
  together(ALLOW, ["other proposal", "incident"]),
  together(ON_EXPIRY, ["gating", "noes"]),
  together(RULES, ["gating", "edits"]),
  together(BY_ALERT, ["gating", "equal proposal"]),
  together(ALLOW, ["gating", "incident"]),
  together(ON_EXPIRY, ["noes", "edits"]),
  together(BY_ALERT, ["noes", "equal proposal"]),
  together(BY_EVENT, ["noes", "incident"]),
  together(BY_ALERT, ["edits", "equal proposal"]),
  together(APPROVAL, ["edits", "incident"]),
  together(BY_ALERT, ["incident", "equal proposal"]),
];

/** The same where something goes wrong beside it. */
const MORE_PAIRS = PAIRS.map((pair): Scenario => ({ ...pair, faults: 1, events: 1 }));

const MORE_SCENARIOS: readonly Scenario[] = [
  { ...ALLOW, faults: 1, events: 2 },
  { ...PAGE, faults: 0, events: 2 },
  { ...HANDOVER, faults: 0, events: 2 },
];

describe("The lifecycle in every order of things", () => {
  const total = { states: 0, moves: 0, ends: 0 };
  const outcomes = new Set<string>();

  after(() => {
    console.log(
      `      ${total.states} states visited by ${total.moves} moves, ${total.ends} of them ends`,
    );
  });

  for (const scenario of isMore() ? [...MORE_SCENARIOS, ...MORE_PAIRS] : [...SCENARIOS, ...PAIRS]) {
    const { name, faults, events } = scenario;
    it(`${name}: is safe and ends with ${faults} faults and ${events} events`, function () {
      const explored = explore(scenario);
      total.states += explored.states;
      total.moves += explored.moves;
      total.ends += explored.ends;
      for (const outcome of explored.outcomes.keys()) {
        outcomes.add(outcome);
      }
    });
  }

  if (isMore()) {
    return;
  }
  it("comes to every kind of end", () => {
    assert.deepEqual([...outcomes].sort(), [
      "executed accepted",
      "executed completed",
      "failed refusedByPagerDuty",
      "failed runFailed",
      "suppressed approvalAltered",
      "suppressed approvalLapsed",
      "suppressed changeNotPossible",
      "suppressed deniedByPolicy",
      "suppressed executionsLimit",
      "suppressed expired",
      "suppressed gatingChanged",
      "suppressed incidentMerged",
      "suppressed incidentMoved",
      "suppressed incidentNotFound",
      "suppressed incidentResolved",
      "suppressed neverAsked",
      "suppressed rejected",
      "suppressed rejectedByRule",
      "suppressed ruleApprovalNotAccepted",
      "suppressed sameAsOpen",
      "suppressed sameAsRejected",
      "uncertain neverRan",
      "uncertain unclear",
    ]);
  });
});
