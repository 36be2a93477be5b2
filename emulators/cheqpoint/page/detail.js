import { decisionForm } from "./decision.js";
import { detailsList } from "./details.js";
import { el } from "./dom.js";
import { age, countdown, deadlineOf, instant, ticking } from "./format.js";

const BY = {
  human: "by a reviewer",
  rule: "by the rule",
  expiry: "because nobody answered in time",
  limit: "by the limit",
};

/** One request in full: what is asked, why, until when, and either the answer or the way to give it. */
export function detailView(approval, { onDecided, onBack, told }) {
  const pending = approval.status === "PENDING";
  const { what, rest } = detailsList(approval.details);
  return el(
    "article",
    { class: "request", "data-id": approval.id, "data-status": approval.status },
    el("button", { type: "button", class: "plain to-list", onclick: onBack }, "← All requests"),
    el(
      "p",
      { class: "chips" },
      chips(approval),
      el("span", { class: "quiet" }, askedAgo(approval)),
    ),
    el("h2", { class: "summary", id: "summary", tabindex: "-1" }, approval.summary),
    el("p", { class: "action" }, el("code", {}, approval.action)),
    pending ? clockCard(approval) : result(approval, told),
    what,
    approval.justification === null
      ? null
      : el("section", { class: "why" }, el("h3", {}, "Why"), el("p", {}, approval.justification)),
    rest,
    pending ? decisionForm(approval, onDecided) : null,
  );
}

export function chips(approval) {
  const { details } = approval;
  const severity = details.severity ?? details.priority;
  return [
    el("span", { class: "chip", "data-risk": approval.riskLevel }, `${approval.riskLevel} risk`),
    typeof severity === "string" ? el("span", { class: "chip" }, severity) : null,
    approval.priority === "urgent" ? el("span", { class: "chip" }, "urgent") : null,
  ];
}

function askedAgo(approval) {
  const ms = Date.parse(approval.createdAt);
  const element = el("time", { datetime: approval.createdAt, title: approval.createdAt });
  return ticking(element, () => {
    element.textContent = `asked ${age(ms)} ago`;
  });
}

function clockCard(approval) {
  const deadline = deadlineOf(approval);
  if (deadline === null) return null;
  const { on_no_answer: stated } = approval.details;
  const without =
    typeof stated === "string" ? stated : approval.onExpiry === "approve" ? "it is approved" : null;
  const runs = approval.onExpiry === "approve" || /^it runs/i.test(without ?? "");
  return el(
    "div",
    { class: "clock" },
    el(
      "p",
      { class: "clock-left" },
      countdown(deadline, {
        after: " left to decide",
        over: "Time is over; an answer may be too late",
      }),
    ),
    el("p", { class: "quiet" }, "until ", instant(new Date(deadline).toISOString())),
    without === null
      ? null
      : el("p", { class: runs ? "runs" : null }, el("strong", {}, "If nobody answers: "), without),
  );
}

function result(approval, told) {
  const approved = approval.status === "APPROVED";
  const rule = approval.autoDecisionRuleName;
  return el(
    "section",
    {
      class: "result",
      id: "result",
      tabindex: "-1",
      "data-testid": "decided",
      "data-outcome": approval.status.toLowerCase(),
    },
    told === undefined ? null : el("p", { class: "problem", role: "alert" }, told),
    el(
      "h3",
      {},
      el("span", { "aria-hidden": "true" }, approved ? "✓ " : "✕ "),
      approved ? "Approved " : "Rejected ",
      BY[approval.decidedBy] ?? "",
      rule === null || approval.decidedBy === "expiry" ? null : [" ", el("code", {}, rule)],
    ),
    el("p", { class: "quiet" }, instant(approval.decidedAt)),
    approval.decisionNote === null
      ? null
      : el("p", { class: "result-note" }, `“${approval.decisionNote}”`),
    approval.modifiedDetails === null ? null : changes(approval),
    el(
      "p",
      { class: "quiet" },
      approval.decidedBy === "human" || approval.decidedBy === "expiry"
        ? approval.hasCallback
          ? "The requester is called back with it."
          : "The requester reads it back."
        : "The requester had it in the answer.",
    ),
  );
}

/** Only what differs: that is what somebody looks for later. */
function changes({ details, modifiedDetails }) {
  const keys = new Set([...Object.keys(details), ...Object.keys(modifiedDetails)]);
  const text = (value) => (value === undefined ? "(absent)" : JSON.stringify(value));
  const rows = [...keys]
    .filter((key) => JSON.stringify(details[key]) !== JSON.stringify(modifiedDetails[key]))
    .map((key) =>
      el(
        "li",
        {},
        el("code", {}, key),
        ": ",
        el("del", {}, text(details[key])),
        " → ",
        el("ins", {}, text(modifiedDetails[key])),
      ),
    );
  return el("div", {}, el("p", {}, "With changed details:"), el("ul", { class: "changes" }, rows));
}
