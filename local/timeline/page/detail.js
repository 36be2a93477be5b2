import { coded, el } from "./dom.js";
import { ago, countdown, instant } from "./format.js";
import { statusChip } from "./list.js";
import { trail } from "./trail.js";
import {
  decidedBy,
  dryRunText,
  incidentLabel,
  ruleText,
  shortDigest,
  targetText,
} from "./words.js";

/** One proposal in full: where it stands, what is asked, who decided, what ran, and its history. */
export function detailView({ proposal, events, chain }, { onBack, everyStep, onEveryStep }) {
  return el(
    "article",
    {
      class: "request",
      "data-key": proposal.id,
      "data-id": proposal.id,
      "data-status": proposal.status,
    },
    el("button", { type: "button", class: "plain to-list", onclick: onBack }, "← All proposals"),
    el(
      "p",
      { class: "chips" },
      statusChip(proposal),
      proposal.incident.priority === null
        ? null
        : el("span", { class: "chip" }, proposal.incident.priority),
      proposal.risk === null ? null : el("span", { class: "chip" }, `risk ${proposal.risk}`),
      el("span", { class: "quiet" }, "proposed ", ago(proposal.received_at)),
    ),
    el("h2", { class: "summary", id: "summary", tabindex: "-1" }, proposal.title),
    standing(proposal),
    el(
      "section",
      { class: "why", "data-key": "why" },
      el("h3", {}, "Why"),
      el("p", { class: "quiet" }, `${proposal.proposer} wrote:`),
      // Apart from the gate's own lines, whatever it says.
      el(
        "blockquote",
        { "data-key": "proposer's words" },
        proposal.summary === null ? null : el("p", {}, proposal.summary),
        el("p", {}, proposal.justification),
        proposal.evidence.map((text) => el("p", { class: "quiet" }, linked(text))),
      ),
    ),
    facts(proposal),
    ruleTrace(proposal),
    trail(events, chain, everyStep, onEveryStep),
  );
}

/** The one thing to know now. */
function standing(proposal) {
  const { decision, outcome, review_url: reviewUrl, decide_by: decideBy } = proposal;
  if (outcome !== null) return ended(proposal);
  if (proposal.held_by_kill_switch_since !== null) {
    return card("bad", [
      el("p", {}, el("strong", {}, "The kill switch holds it"), " since "),
      el("p", {}, instant(proposal.held_by_kill_switch_since)),
      validity(decision),
    ]);
  }
  if (decision !== null) {
    return card("good", [
      el("h3", {}, `${word(decision.outcome)} by ${decidedBy(decision)}`),
      note(decision),
      el("p", { class: "quiet" }, decision.at === null ? null : instant(decision.at)),
      proposal.execution === null
        ? validity(decision)
        : el("p", {}, "PagerDuty: ", proposal.execution.reported ?? proposal.execution.state),
    ]);
  }
  if (decideBy === null) return null;
  return card("wait", [
    el(
      "p",
      { class: "clock-left" },
      countdown(decideBy, { after: " left to decide", over: "Time is over" }),
    ),
    el("p", { class: "quiet" }, "until ", instant(decideBy)),
    el(
      "p",
      { class: proposal.on_expiry === "approve" ? "runs" : null },
      el("strong", {}, "If nobody answers: "),
      proposal.on_expiry === "approve"
        ? "IT RUNS"
        : "suppressed; the on-call engineer gets a manual task",
    ),
    reviewUrl === null
      ? el("p", { class: "quiet" }, "Cheqpoint has not got it yet.")
      : el("p", {}, external(reviewUrl, "Decide in the inbox")),
  ]);
}

function ended(proposal) {
  const { outcome, decision, execution, manual_task: task } = proposal;
  const tone = { executed: "good", suppressed: "warn" }[outcome.kind] ?? "bad";
  const title = {
    executed: "It ran",
    suppressed: "Suppressed: nothing ran",
    failed: "It failed",
    uncertain: "Nobody can tell whether it ran",
  }[outcome.kind];
  return card(
    tone,
    [
      el("h3", {}, title ?? outcome.kind),
      el("p", {}, outcome.text, " ", el("span", { class: "quiet code" }, outcome.reason)),
      decision === null || decision.outcome === "expired"
        ? null
        : el("p", {}, `${word(decision.outcome)} by ${decidedBy(decision)}`),
      decision === null ? null : note(decision),
      execution === null || execution.invocation_id === null
        ? null
        : el("p", { class: "quiet" }, "Invocation ", el("code", {}, execution.invocation_id)),
      task === null
        ? null
        : el("p", { "data-testid": "manual-task" }, "Manual task: ", taskLink(proposal, task)),
      el("p", { class: "quiet" }, outcome.at === null ? null : instant(outcome.at)),
    ],
    "outcome",
  );
}

/** The task is an incident beside the one that the proposal is for. */
function taskLink({ incident }, task) {
  const url = incident.url?.endsWith(incident.id)
    ? incident.url.slice(0, -incident.id.length) + task
    : null;
  return url === null ? el("code", {}, task) : external(url, task);
}

function validity(decision) {
  if (decision.valid_until === null) return null;
  return el(
    "p",
    {},
    countdown(decision.valid_until, {
      after: " left until the approval lapses",
      over: "The approval has lapsed",
    }),
  );
}

function note(decision) {
  return decision.note === null
    ? null
    : el(
        "div",
        {},
        el("p", { class: "quiet" }, "The note in Cheqpoint:"),
        el("blockquote", { class: "result-note" }, decision.note),
      );
}

function card(tone, children, testid) {
  return el(
    "section",
    { class: "card", "data-key": "standing", "data-tone": tone, "data-testid": testid },
    children,
  );
}

function facts(proposal) {
  const { incident, digest, decision } = proposal;
  const changed = decision?.changed ?? [];
  const parameters = Object.entries(proposal.parameters).map(([name, value]) =>
    el(
      "span",
      { class: "parameter" },
      el("code", {}, `${name}=${JSON.stringify(value)}`),
      changed.includes(name)
        ? el(
            "span",
            { class: "quiet" },
            ` changed by the reviewer, was ${JSON.stringify(proposal.proposed_parameters[name])}`,
          )
        : null,
    ),
  );
  const entries = [
    [
      "Incident",
      [
        incident.url === null
          ? incidentLabel(incident)
          : external(incident.url, incidentLabel(incident)),
        incident.title === null ? null : ` ${incident.title}`,
      ],
    ],
    ["Service", proposal.service],
    ["Runbook", el("code", {}, proposal.runbook)],
    ["Does", targetText(proposal.target)],
    ["Parameters", parameters.length === 0 ? null : parameters],
    ["Regions", proposal.regions.length === 0 ? null : proposal.regions.join(", ")],
    ["Proposed by", `${proposal.proposer}, by ${sourceText(proposal.source)}`],
    ["Digest", digest === null ? null : el("code", { title: digest }, shortDigest(digest))],
    ["Escalation", proposal.escalation === null ? null : el("code", {}, proposal.escalation)],
    ["Proposal", el("code", {}, proposal.id)],
  ];
  return el(
    "dl",
    { class: "facts" },
    entries
      .filter(([, value]) => value !== null)
      .map(([name, value]) =>
        el("div", { class: "fact", "data-key": name }, el("dt", {}, name), el("dd", {}, value)),
      ),
  );
}

function ruleTrace(proposal) {
  const text = ruleText(proposal);
  if (text === null) return null;
  const dryRun = dryRunText(proposal);
  return el(
    "section",
    { class: "panel", "data-key": "rule" },
    el("h3", {}, text),
    dryRun === null ? null : el("p", { class: "quiet", "data-dry-run": "" }, dryRun),
    el(
      "ul",
      { class: "trace" },
      (proposal.trace ?? []).map(({ rule, matched, because, dryRun: isDry = false }) =>
        el(
          "li",
          { "data-matched": String(matched && !isDry) },
          el("span", { "aria-hidden": "true" }, matched ? (isDry ? "~ " : "✓ ") : "✕ "),
          el("span", { class: "unseen" }, matched ? "matched: " : "did not match: "),
          el("code", {}, rule),
          " ",
          el("span", { class: "quiet" }, coded(because)),
        ),
      ),
    ),
  );
}

function sourceText(source) {
  return { api: "HTTP", orchestration: "an Event Orchestration rule" }[source] ?? source;
}

function word(outcome) {
  return outcome[0].toUpperCase() + outcome.slice(1);
}

/** Evidence may be a link; only http and https become one. */
function linked(text) {
  return /^https?:\/\/\S+$/.test(text) ? external(text, text) : text;
}

function external(url, text) {
  if (!/^https?:\/\//.test(url)) return text;
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}
