import { z } from "zod";
import { targetText } from "../functions/gate/review/approvalRequest.ts";
import { formatDuration } from "../functions/gate/text/duration.ts";
import { asName, inLine, marked } from "../functions/gate/text/quotation.ts";
import type { ProposalAnswer } from "./answers.ts";
import { facts, instant, oneLine, relative, shortDigest, statusText } from "./text.ts";

/** A proposal in full, for people. */
export function describe(proposal: ProposalAnswer, nowMs: number): string {
  const { incident, decision, outcome, execution } = proposal;
  const { held_by_kill_switch_since: heldSince } = proposal;
  const at = (iso: string): string => `${instant(iso)} (${relative(iso, nowMs)})`;
  const parameters = Object.entries(proposal.parameters)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(" ");
  return [
    `${proposal.id}: ${standing(proposal)}\n`,
    `${oneLine(proposal.runbook)} on ${oneLine(proposal.service)}, proposed by ${oneLine(proposal.proposer)} ${at(proposal.received_at)}\n\n`,
    facts([
      ["Incident", incidentText(incident)],
      ["", incident.url],
      ["Action", proposal.action],
      ["Target", targetOf(proposal.target)],
      ["Parameters", parameters === "" ? null : parameters],
      ["Why", marked(proposal.justification)],
      ["Evidence", listOf(proposal.evidence.map(marked), "\n")],
      [
        "Severity",
        proposal.severity === null ? null : `${asName(proposal.severity)}, says the proposer`,
      ],
      ["Regions", listOf(proposal.affected_regions.map(asName), ", ")],
      ["Risk", proposal.risk === null ? null : String(proposal.risk)],
      ["Digest", proposal.digest === null ? null : shortDigest(proposal.digest)],
      [
        "Decide by",
        proposal.decide_by === null || decision !== null || outcome !== null
          ? null
          : `${at(proposal.decide_by)}, without an answer: ${proposal.on_expiry === "approve" ? "it runs" : "suppressed"}`,
      ],
      ["Review", decision === null && outcome === null ? proposal.review_url : null],
      ["Decided", decision === null ? null : decisionText(decision, at)],
      ["Held", heldSince === null ? null : `by the kill switch since ${at(heldSince)}`],
      [
        "Valid until",
        typeof decision?.valid_until !== "string" || outcome !== null
          ? null
          : at(decision.valid_until),
      ],
      [
        "Execution",
        execution === null
          ? null
          : `${execution.state}${execution.invocation_id === null ? "" : `, invocation ${execution.invocation_id}`}${execution.problem === null ? "" : `: ${execution.problem}`}`,
      ],
      ["Outcome", outcome === null ? null : `${outcome.kind} (${outcome.reason}): ${outcome.text}`],
      [
        "Escalated",
        proposal.escalation === null ? null : `paged by incident ${proposal.escalation}`,
      ],
      ["Manual task", taskText(proposal)],
    ]),
  ].join("");
}

/** Where it stands, in a few words. */
export function standing(proposal: ProposalAnswer): string {
  const { outcome, held_by_kill_switch_since: heldSince } = proposal;
  return outcome === null
    ? heldSince === null
      ? statusText(proposal.status)
      : "held by the kill switch"
    : outcome.kind === "executed"
      ? outcome.kind
      : `${outcome.kind} (${outcome.reason})`;
}

/** Why it did not run, or nobody knows whether it did. */
export function whyNot({ outcome }: ProposalAnswer): string | null {
  return outcome === null || outcome.kind === "executed" ? null : outcome.text;
}

const targetShape = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("automationAction"), actionId: z.string() }),
  z.object({ kind: z.literal("incidentWorkflow"), workflowId: z.string() }),
  z.object({
    kind: z.literal("reassign"),
    users: z.array(z.string()),
    escalationPolicy: z.string().nullable(),
  }),
  z.object({ kind: z.literal("escalate"), level: z.number() }),
]);

/** In the reviewer's words; a kind of a later release as it came. */
function targetOf(target: unknown): string | null {
  if (target === null || target === undefined) {
    return null;
  }
  const known = targetShape.safeParse(target);
  return known.success ? targetText(known.data) : JSON.stringify(target);
}

function listOf(texts: readonly string[], between: string): string | null {
  return texts.length === 0 ? null : texts.join(between);
}

function taskText({
  outcome,
  manual_task: id,
  manual_task_url: url,
  closed_at: closed,
}: ProposalAnswer) {
  return id === null
    ? outcome !== null && outcome.kind !== "executed" && closed === null
      ? "is being made"
      : null
    : url === null
      ? id
      : `${id}\n${url}`;
}

function decisionText(
  decision: NonNullable<ProposalAnswer["decision"]>,
  at: (iso: string) => string,
): string {
  const rule = decision.rule === null ? "" : ` ${decision.rule}`;
  const by =
    {
      human: "a reviewer",
      policy: `gating rule${rule}`,
      autoRule: `Cheqpoint's rule${rule}`,
      onExpiry: `rule${rule}, as nobody answered`,
    }[decision.by] ?? "the gate";
  const changed = decision.changed.length === 0 ? "" : `, changed: ${decision.changed.join(", ")}`;
  const note = decision.note === null ? "" : `\n${inLine(decision.note)}`;
  return `${decision.outcome} by ${by} ${decision.at === null ? "" : at(decision.at)}${changed}${note}`;
}

function incidentText({ id, number, title, priority }: ProposalAnswer["incident"]): string | null {
  if (number === null) {
    return id;
  }
  return `INC-${number} ${title ?? ""}${priority === null ? "" : ` [${priority}]`} (${id ?? "?"})`;
}

interface Tried {
  rule: string;
  matched: boolean;
  because: string;
  dryRun?: true | undefined;
}

/** Which rule decided, why each before it did not, and what rules in a dry run would have changed. */
export function explain(of: {
  rule: string | null;
  decision: string | null;
  wouldHave: { rule: string | null; decision: string } | null;
  trace: readonly Tried[] | null;
}): string {
  if (of.trace === null || of.decision === null) {
    return "Not weighed by any rule yet\n";
  }
  const isRule = of.rule !== null && of.rule !== "otherwise";
  const says =
    { allow: "allows it", deny: "denies it", requireApproval: "asks for an approval" }[
      of.decision
    ] ?? of.decision;
  const dryRun = of.wouldHave === null ? "" : `${dryRunText(of.wouldHave)}\n`;
  return `${isRule ? `Rule ${of.rule}` : "No rule matched; `otherwise`"} ${says}\n${traceText(of.trace)}${dryRun}`;
}

function dryRunText({ rule, decision }: { rule: string | null; decision: string }): string {
  const did =
    { allow: "allowed it", deny: "denied it", requireApproval: "asked for an approval" }[
      decision
    ] ?? decision;
  const who = rule === null || rule === "otherwise" ? "`otherwise`" : `rule ${rule}`;
  return `Without dry runs ${who} would have ${did}`;
}

export function traceText(trace: readonly Tried[]): string {
  const width = Math.max(0, ...trace.map(({ rule }) => rule.length));
  return trace
    .map(
      ({ rule, matched, because, dryRun }) =>
        `  ${matched ? (dryRun === true ? "~" : "✓") : "✗"} ${oneLine(rule).padEnd(width)}  ${oneLine(because)}\n`,
    )
    .join("");
}

/** "in 4m 12s" until the deadline that counts now. */
export function deadlineText(proposal: ProposalAnswer, nowMs: number): string {
  const deadline =
    proposal.outcome !== null
      ? null
      : proposal.decision === null
        ? proposal.decide_by
        : proposal.decision.valid_until;
  if (deadline === null) {
    return "";
  }
  const leftMs = Date.parse(deadline) - nowMs;
  return leftMs <= 0 ? "over" : formatDuration(leftMs);
}

export function incidentLabel({ number, id }: ProposalAnswer["incident"]): string {
  return number === null ? (id ?? "") : `INC-${number}`;
}
