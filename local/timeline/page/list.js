import { byId, el } from "./dom.js";
import { ago, countdown } from "./format.js";
import { incidentLabel, statusOf } from "./words.js";

const rows = new Map();

/** Fills one of the lists; a row is built again only when its proposal changed. */
export function drawList(name, proposals, { more, selected, onOpen, isFiltered }) {
  byId(`${name}-count`).textContent = `${proposals.length}${more ? "+" : ""}`;
  byId(`${name}-empty`).hidden = proposals.length > 0 || isFiltered;
  const wanted = proposals.map((proposal) => rowOf(proposal, selected, onOpen));
  const container = byId(name);
  const same =
    wanted.length === container.children.length &&
    wanted.every((row, i) => row === container.children[i]);
  if (same) return;
  const focusedId = container.contains(document.activeElement)
    ? document.activeElement.dataset.id
    : undefined;
  container.replaceChildren(...wanted);
  // Moving or replacing an element in the page takes the focus away from it.
  if (focusedId !== undefined) rowLink(focusedId)?.focus();
}

export function rowLink(id) {
  return rows.get(id)?.row.firstElementChild;
}

/** Forgets rows of proposals that are shown no more. */
export function keepRows(ids) {
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
}

function rowOf(proposal, selected, onOpen) {
  const { id, version, status } = proposal;
  const key = `${version} ${status}`;
  const known = rows.get(id);
  const row = known?.key === key ? known.row : buildRow(proposal, onOpen);
  rows.set(id, { key, row });
  const link = row.firstElementChild;
  if (id === selected) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  return row;
}

function buildRow(proposal, onOpen) {
  const { id, incident, runbook, service, proposer } = proposal;
  return el(
    "li",
    {},
    el(
      "a",
      {
        href: `#${id}`,
        class: "item",
        "data-testid": "proposal-row",
        "data-id": id,
        "data-status": proposal.status,
        onclick: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onOpen(id);
        },
      },
      el("span", { class: "item-top" }, statusChip(proposal), timing(proposal)),
      el("span", { class: "item-summary" }, runbook),
      el(
        "span",
        { class: "item-meta" },
        el("strong", {}, incidentLabel(incident)),
        incident.priority === null ? null : ` ${incident.priority}`,
        ` · ${service} · ${proposer}`,
      ),
      incident.title === null ? null : el("span", { class: "item-title" }, incident.title),
      whyNot(proposal),
    ),
  );
}

/** Those that a search and a filter let through. All words must be somewhere in what people know a proposal by. */
export function matching(proposals, { words, outcome }) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return proposals.filter((proposal) => {
    const { id, incident, runbook, service, proposer } = proposal;
    const texts = [id, incidentLabel(incident), incident.id, incident.title, incident.priority];
    const text = [...texts, runbook, service, proposer, statusOf(proposal).text]
      .filter((part) => typeof part === "string")
      .join("\n")
      .toLowerCase();
    return wanted.every((word) => text.includes(word)) && isOf(outcome, proposal.outcome?.kind);
  });
}

function isOf(wanted, kind) {
  switch (wanted) {
    case "ran":
      return kind === "executed";
    case "not":
      return kind === "suppressed";
    case "unclear":
      return kind === "failed" || kind === "uncertain";
    default:
      return true;
  }
}

export function statusChip(proposal) {
  const { text, tone } = statusOf(proposal);
  return el("span", { class: "chip", "data-testid": "proposal-status", "data-tone": tone }, text);
}

/** Why it did not run, or nobody knows whether it did. */
function whyNot({ outcome }) {
  return outcome === null || outcome.kind === "executed"
    ? null
    : el("span", { class: "item-why" }, outcome.text);
}

function timing(proposal) {
  const { decision, outcome, decide_by: decideBy, closed_at: closedAt } = proposal;
  if (outcome !== null) {
    return el("span", { class: "item-time quiet" }, ago(closedAt ?? outcome.at));
  }
  const deadline = decision === null ? decideBy : decision.valid_until;
  return deadline === null || deadline === undefined
    ? null
    : el("span", { class: "item-time" }, countdown(deadline));
}
