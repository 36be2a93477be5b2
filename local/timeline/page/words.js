/** What a status is called, and how it looks. */
const STATUS = {
  received: ["received", "calm"],
  awaitingDecision: ["waits for a decision", "wait"],
  approved: ["approved", "go"],
  executing: ["executing", "go"],
  running: ["running", "go"],
  ending: ["ends", "calm"],
  executed: ["✓ executed", "good"],
  suppressed: ["✕ suppressed", "warn"],
  failed: ["! failed", "bad"],
  uncertain: ["? uncertain", "bad"],
};

const BY = {
  human: "a reviewer",
  policy: "the gating",
  autoRule: "a rule at Cheqpoint, no human",
  onExpiry: "the rule's default, as nobody answered",
  gate: "the gate",
};

export const ALARMS = {
  bypass: "Bypass",
  ranTwice: "Ran twice",
  fieldChanged: "Field changed",
  neverRan: "Never ran",
  unintelligible: "Not understood",
  uncertain: "Uncertain",
  taskNotPossible: "No manual task",
  pageNotPossible: "Nobody paged",
  eventNotHandled: "Event not handled",
  subscriptionDisabled: "Webhook disabled",
  proposalRefused: "Proposals refused",
  serviceMissing: "Service missing",
};

export function statusOf({ status, held_by_kill_switch_since: held }) {
  if (held !== null) return { text: "held by the kill switch", tone: "bad" };
  const [text, tone] = STATUS[status] ?? [status, "calm"];
  return { text, tone };
}

export function decidedBy(decision) {
  const by = BY[decision.by] ?? decision.by;
  return decision.rule === null ? by : `${by} (${decision.rule})`;
}

/** What PagerDuty is asked to do. */
export function targetText(target) {
  switch (target?.kind) {
    case "automationAction":
      return `Automation action ${target.actionId}`;
    case "incidentWorkflow":
      return `Incident workflow ${target.workflowId}`;
    case "reassign":
      return `Reassign to ${target.escalationPolicy ?? target.users.join(", ")}`;
    case "escalate":
      return `Escalate to level ${target.level}`;
    default:
      return null;
  }
}

export function ruleText({ rule, rule_decision: decision }) {
  if (decision === null) return null;
  const says = { allow: "allows it", deny: "denies it", requireApproval: "asks for an approval" };
  const who = rule === "otherwise" ? "No rule matched; the default" : `Rule ${rule}`;
  return `${who} ${says[decision] ?? decision}`;
}

/** What would have been said if no rule were in a dry run; null: the same. */
export function dryRunText({ would_have: answer }) {
  if (answer === null) return null;
  const did = { allow: "allowed it", deny: "denied it", requireApproval: "asked for an approval" };
  const who = answer.rule === "otherwise" ? "the default" : `rule ${answer.rule}`;
  return `Without dry runs ${who} would have ${did[answer.decision] ?? answer.decision}.`;
}

export function shortDigest(digest) {
  return digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

/** "INC-4421", or what is known of the incident. */
export function incidentLabel({ number, id }) {
  return number === null ? (id ?? "no incident yet") : `INC-${number}`;
}
