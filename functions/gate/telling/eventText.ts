import type { AuditEvent } from "../proposal/audit.ts";
import { inLine } from "../text/quotation.ts";
import { targetText } from "../review/approvalRequest.ts";
import type { Target } from "../gating/index.ts";

export interface EventText {
  /** One sentence for people. */
  text: string;
  /** `key`: a turn in the proposal's life; `step`: how the gate got there. */
  weight: "key" | "step";
  tone: "neutral" | "good" | "bad" | "warn";
}

type Data = AuditEvent["data"];
type Teller = (data: Data) => string;

const tell = (
  weight: EventText["weight"],
  tone: EventText["tone"],
  teller: Teller,
): { weight: EventText["weight"]; tone: EventText["tone"]; teller: Teller } => ({
  weight,
  tone,
  teller,
});

/** What each event of an audit trail says, in words. */
const EVENTS: Readonly<Record<string, ReturnType<typeof tell>>> = {
  "proposal.received": tell(
    "key",
    "neutral",
    (data) =>
      `${word(data, "proposer")} proposed ${word(inside(data, "request"), "runbook")} for ${word(inside(data, "request"), "service")}${via(inside(data, "source"))}`,
  ),
  "proposal.weighed": tell("key", "neutral", weighed),
  "proposal.joined": tell("step", "neutral", (data) =>
    typeof data["proposer"] === "string"
      ? `${data["proposer"]} proposed the same; this one answers for it`
      : "The same was proposed again; this one answers for it",
  ),
  "proposal.withdrawn": tell(
    "key",
    "warn",
    (data) => `${word(data, "by")} withdrew it${withdrawnBecause(data)}`,
  ),
  "proposal.withdrawnLate": tell(
    "key",
    "warn",
    (data) =>
      `${word(data, "by")} wanted to withdraw it${withdrawnBecause(data)}; it was too late for that`,
  ),
  "proposal.closed": tell("step", "neutral", () => "Closed: nothing more is owed"),
  "approval.submitting": tell(
    "step",
    "neutral",
    (data) => `Asks Cheqpoint${again(data, "attempt")}`,
  ),
  "approval.submitted": tell(
    "key",
    "neutral",
    (data) => `Cheqpoint has the approval request ${word(data, "approvalId")}`,
  ),
  "approval.submittedLate": tell(
    "step",
    "warn",
    (data) => `A late answer of Cheqpoint was recorded${approvalOf(data)}`,
  ),
  "approval.submitRefused": tell(
    "key",
    "warn",
    (data) => `Cheqpoint did not take the request${because(data)}`,
  ),
  "approval.submitUnclear": tell(
    "key",
    "warn",
    (data) => `Nobody can tell whether Cheqpoint took the request${because(data)}`,
  ),
  "approval.unreadable": tell(
    "step",
    "warn",
    (data) => `The approval could not be read back${because(data)}`,
  ),
  "approval.toldByCallback": tell("step", "neutral", (data) =>
    data["approvalId"] === null
      ? "A callback tells of a no to a request that cannot be read"
      : "A callback tells the id of a request whose answer was lost",
  ),
  "approval.unconfirmed": tell(
    "key",
    "warn",
    (data) => `It waits: what the ledger says of the approval is not confirmed${because(data)}`,
  ),
  "approval.unwatched": tell(
    "key",
    "warn",
    () => "It was not watched for a while, or the clock jumped: silence counts as much later",
  ),
  "approval.unattended": tell("key", "warn", (data) => word(data, "text")),
  "decision.approved": tell(
    "key",
    "good",
    (data) => `Approved ${byWhom(data)}${decisionEnd(data)}`,
  ),
  "decision.rejected": tell("key", "bad", (data) => `Rejected ${byWhom(data)}${decisionEnd(data)}`),
  "decision.expired": tell("key", "warn", (data) =>
    data["onExpiry"] === "approve"
      ? "Nobody decided in time; the rule approves then"
      : "Nobody decided in time",
  ),
  "decision.late": tell(
    "key",
    "warn",
    (data) => `A late decision (${word(data, "outcome")}) was recorded and not acted on`,
  ),
  "decision.overruled": tell(
    "key",
    "bad",
    (data) => `Rejected ${byWhom(data)} before it ran${decisionEnd(data)}`,
  ),
  "decision.lateUnread": tell(
    "step",
    "warn",
    (data) => `Whether somebody decided after the end could not be read${because(data)}`,
  ),
  "execution.claimed": tell("key", "neutral", claimed),
  "execution.accepted": tell(
    "key",
    "neutral",
    (data) => `PagerDuty accepted it${invocationOf(data)}${stateOf(data)}`,
  ),
  "execution.found": tell(
    "key",
    "neutral",
    (data) => `PagerDuty does have it${invocationOf(data)}${stateOf(data)}`,
  ),
  "execution.notSent": tell(
    "key",
    "warn",
    (data) => `PagerDuty did nothing; it is tried again${because(data)}`,
  ),
  "execution.uncertain": tell(
    "key",
    "bad",
    (data) => `Nobody can tell yet whether it ran${because(data)}`,
  ),
  "execution.refused": tell("key", "bad", (data) => `It was not run${because(data)}`),
  "execution.reported": tell(
    "step",
    "neutral",
    (data) => `PagerDuty reports: ${word(data, "state")}`,
  ),
  "execution.ended": tell(
    "key",
    "neutral",
    (data) => `PagerDuty reports the end: ${word(data, "state")}`,
  ),
  "execution.held": tell(
    "key",
    "bad",
    (data) =>
      `The kill switch holds it${data["reason"] === null ? "" : `: ${inLine(word(data, "reason"))}`}`,
  ),
  "execution.waits": tell(
    "key",
    "warn",
    (data) =>
      `It waits for a place: ${String(data["limit"])} have run in the last hour${data["for"] === "service" ? " for the whole service" : " by its rule"}`,
  ),
  "execution.waitsForRun": tell("key", "warn", (data) => word(data, "text")),
  "manualTask.counted": tell("step", "neutral", (data) =>
    data["number"] === 0
      ? "Not counted: its task was resolved meanwhile"
      : `Counted by incident ${word(data, "ref")}, as number ${String(data["number"])}`,
  ),
  "execution.lateResult": tell("step", "warn", () => "A late answer of PagerDuty was recorded"),
  "execution.seenLate": tell(
    "key",
    "warn",
    (data) => `PagerDuty reported it after the end${stateOf(data)}`,
  ),
  "outcome.executed": tell("key", "good", (data) => word(data, "text")),
  "outcome.suppressed": tell("key", "warn", (data) => word(data, "text")),
  "outcome.failed": tell("key", "bad", (data) => word(data, "text")),
  "outcome.uncertain": tell("key", "bad", (data) => word(data, "text")),
};

const DUTIES: Readonly<Record<string, { what: string; weight: EventText["weight"] }>> = {
  noteProposed: { what: "Note on the incident that it was proposed", weight: "step" },
  noteDecided: { what: "Note on the incident that it was decided", weight: "step" },
  noteMerged: {
    what: "Note on the incident that it was merged into",
    weight: "step",
  },
  noteCounted: { what: "Note on the task that collects", weight: "step" },
  noteEnded: { what: "Note on the incident on how it ended", weight: "step" },
  noteLate: { what: "Note on the incident that a yes came too late", weight: "step" },
  escalation: { what: "Escalation, because nobody had decided", weight: "key" },
  closeEscalation: { what: "End of the escalation", weight: "step" },
  manualTask: { what: "Manual task for the on-call engineer", weight: "key" },
};

export function eventText(event: Pick<AuditEvent, "type" | "data">): EventText {
  const { type, data } = event;
  const known = Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined;
  if (known !== undefined) {
    return { text: known.teller(data), weight: known.weight, tone: known.tone };
  }
  return dutyText(type, data) ?? { text: type, weight: "step", tone: "neutral" };
}

/** `manualTask.done`. */
function dutyText(type: string, data: Data): EventText | null {
  const [name = "", turn = ""] = type.split(".");
  const duty = Object.hasOwn(DUTIES, name) ? DUTIES[name] : undefined;
  if (duty === undefined) {
    return null;
  }
  const { what, weight } = duty;
  switch (turn) {
    case "claimed":
      return { text: `${what}: begun${again(data, "try")}`, weight: "step", tone: "neutral" };
    case "done": {
      const ref = typeof data["ref"] === "string" && weight === "key" ? ` (${data["ref"]})` : "";
      return { text: `${what}: done${ref}`, weight, tone: "neutral" };
    }
    case "failed":
      return {
        text: `${what}: failed, tried again${because(data)}`,
        weight: "key",
        tone: "warn",
      };
    case "lateResult":
      return { text: `${what}: a late answer was recorded`, weight: "step", tone: "warn" };
    case "abandoned":
      return { text: `${what}: given up${because(data)}`, weight: "key", tone: "bad" };
    default:
      return null;
  }
}

function weighed(data: Data): string {
  const rule =
    typeof data["rule"] === "string" ? `Rule ${data["rule"]}` : "No rule matched, so the default";
  const says =
    { allow: "allows it", deny: "denies it", requireApproval: "asks for an approval" }[
      word(data, "decision")
    ] ?? word(data, "decision");
  return `${rule} ${says}${"wouldHave" in data ? dryRunText(inside(data, "wouldHave")) : ""}`;
}

function dryRunText(answer: Data): string {
  const did =
    { allow: "allowed it", deny: "denied it", requireApproval: "asked for an approval" }[
      word(answer, "decision")
    ] ?? word(answer, "decision");
  const rule = typeof answer["rule"] === "string" ? `rule ${answer["rule"]}` : "the default";
  return `; without dry runs ${rule} would have ${did}`;
}

function claimed(data: Data): string {
  const target = inside(data, "target");
  const what = isTarget(target) ? targetText(target) : "run it";
  return `The gate is about to ${what}${again(data, "claim")}`;
}

function isTarget(data: Data): data is Data & Target {
  switch (data["kind"]) {
    case "automationAction":
      return typeof data["actionId"] === "string";
    case "incidentWorkflow":
      return typeof data["workflowId"] === "string";
    case "reassign":
      return Array.isArray(data["users"]) && "escalationPolicy" in data;
    case "escalate":
      return typeof data["level"] === "number";
    default:
      return false;
  }
}

function byWhom(data: Data): string {
  const rule = typeof data["rule"] === "string" ? ` ${data["rule"]}` : "";
  switch (data["by"]) {
    case "human":
      return "by a reviewer";
    case "policy":
      return `by gating rule${rule}`;
    case "autoRule":
      return `by Cheqpoint's rule${rule}, without a human`;
    case "onExpiry":
      return `because nobody answered and rule${rule} says so`;
    default:
      return "by the gate";
  }
}

function decisionEnd(data: Data): string {
  const changed = Array.isArray(data["changed"]) ? data["changed"].map(String) : [];
  const change = changed.length === 0 ? "" : `, with ${changed.join(", ")} changed`;
  const note =
    typeof data["note"] === "string" && data["note"] !== "" ? `: ${inLine(data["note"])}` : "";
  return `${change}${note}`;
}

function via(source: Data): string {
  switch (source["kind"]) {
    case "event":
      return `, on PagerDuty's event ${word(source, "eventType")}`;
    case "orchestration":
      return ", through an Event Orchestration rule";
    default:
      return "";
  }
}

function approvalOf(data: Data): string {
  return typeof data["approvalId"] === "string" ? ` (${data["approvalId"]})` : "";
}

function invocationOf(data: Data): string {
  return typeof data["invocationId"] === "string" ? ` as ${data["invocationId"]}` : "";
}

function stateOf(data: Data): string {
  return typeof data["state"] === "string" ? ` (${data["state"]})` : "";
}

function withdrawnBecause(data: Data): string {
  return typeof data["reason"] === "string" ? `: ${inLine(data["reason"])}` : "";
}

function because(data: Data): string {
  const why = data["problem"] ?? data["reason"];
  return typeof why === "string" && why !== "" ? `: ${why}` : "";
}

function again(data: Data, key: string): string {
  const count = data[key];
  return typeof count === "number" && count > 1 ? ` (try ${count})` : "";
}

function word(data: Data, key: string): string {
  const value = data[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}

function inside(data: Data, key: string): Data {
  const value = data[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
