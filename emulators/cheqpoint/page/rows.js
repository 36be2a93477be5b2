import { chips } from "./detail.js";
import { el } from "./dom.js";
import { age, clockTime, countdown, deadlineOf, isLate, ticking } from "./format.js";

/** One request in the list; `onOpen` is called unless it is opened in another tab. */
export function listRow(approval, onOpen) {
  const pending = approval.status === "PENDING";
  const about = subject(approval.details);
  return el(
    "li",
    {},
    el(
      "a",
      {
        href: `/r/${approval.id}`,
        class: "item",
        "data-testid": isLate(approval) ? "late-item" : pending ? "inbox-item" : "decided-item",
        "data-id": approval.id,
        "data-risk": approval.riskLevel,
        onclick: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onOpen(approval.id);
        },
      },
      el(
        "span",
        { class: "item-top" },
        pending ? chips(approval) : outcome(approval),
        timing(approval),
      ),
      about,
      el(
        "span",
        { class: about === null ? "item-summary" : "item-meta item-prose" },
        approval.summary,
      ),
      el(
        "span",
        { class: "item-meta" },
        el("code", {}, approval.action),
        pending ? [" · ", asked(approval)] : null,
      ),
    ),
  );
}

/** What it is about, before any sentence that somebody wrote; null where the requester names nothing of it. */
function subject({ runbook, service, incident_id: incident, priority, severity }) {
  const text = (value) => (typeof value === "string" && value !== "" ? value : null);
  const parts = [text(service), text(incident), text(priority) ?? text(severity)].filter(
    (part) => part !== null,
  );
  const what = text(runbook);
  if (what === null && parts.length === 0) return null;
  return el(
    "span",
    { class: "item-summary", "data-testid": "item-subject" },
    what === null ? null : el("code", {}, what),
    parts.flatMap((part, i) => [
      what === null && i === 0 ? null : " · ",
      el("span", { class: "item-part" }, part),
    ]),
  );
}

function timing(approval) {
  if (approval.status !== "PENDING") {
    return el(
      "time",
      { class: "item-time", datetime: approval.decidedAt },
      clockTime(Date.parse(approval.decidedAt)),
    );
  }
  const deadline = deadlineOf(approval);
  return deadline === null ? null : el("span", { class: "item-time" }, countdown(deadline));
}

function asked(approval) {
  const element = el("time", { datetime: approval.createdAt });
  return ticking(element, () => {
    element.textContent = `${age(Date.parse(approval.createdAt))} old`;
  });
}

function outcome({ status, decidedBy }) {
  const word = status === "APPROVED" ? "✓ approved" : "✕ rejected";
  const by = decidedBy === "human" ? null : el("span", { class: "quiet" }, decidedBy);
  return [el("span", { class: "chip", "data-outcome": status.toLowerCase() }, word), by];
}
