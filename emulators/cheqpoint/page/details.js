import { el, plain } from "./dom.js";
import { readable } from "./format.js";

/** Known keys of the details, in the order in which they are read. */
const GROUPS = [
  [
    "What would be done",
    {
      target: "Target",
      kill_switch: "Kill switch, when you were asked",
      also_open: "Also open",
      also_rejected: "Refused before",
      runbook: "Runbook",
      runbook_description: "What the runbook does",
      service: "Service",
      affected_regions: "Regions",
      parameters: "Parameters",
      parameter_descriptions: "What its values mean",
    },
  ],
  [
    "Incident",
    {
      incident_title: "Title",
      incident_id: "Incident",
      incident_number: "Number",
      incident_url: "Open in PagerDuty",
      severity: "Severity",
      priority: "Priority",
      urgency: "Urgency",
      incident_age: "Age",
    },
  ],
  [
    "Who asks, and how risky",
    {
      proposer: "Proposed by",
      proposer_says: "In its own words",
      requester: "Requested by",
      evidence: "Evidence",
      risk: "Risk",
      risk_level: "Risk level",
      runs_this_hour: "Runs in the last hour",
    },
  ],
  [
    "Clocks",
    {
      decide_by: "Decide by",
      on_no_answer: "If nobody answers",
      valid_for: "An approval is good for",
      approval_valid_until: "… and ends",
    },
  ],
];
const REFERENCE = {
  editable: "You may change",
  action_digest: "Action digest",
  proposal_id: "Proposal",
  attempt_id: "Attempt",
  pagerduty_incident: "PagerDuty incident",
  service_id: "PagerDuty service",
};

/** The details as labelled lists: what would be done with which parameters, and apart from it the rest, references last. */
export function detailsList(details) {
  const left = new Map(Object.entries(details));
  const known = GROUPS.map(([title, labels]) => [title, take(left, labels)]);
  const reference = take(left, REFERENCE);
  for (const [key, value] of left) {
    known[0][1].push([el("code", {}, key === "" ? '""' : key), value, key]);
  }
  const [what, ...others] = known.map(([title, entries]) => group(title, entries));
  return {
    what: el("div", { class: "facts" }, what),
    rest: el("div", { class: "facts columns" }, others, group("Reference", reference)),
  };
}

/** What the runbook gets: the keys of the details that have no meaning of their own. */
export function parametersOf(details) {
  const left = new Map(Object.entries(details));
  for (const labels of [...GROUPS.map(([, known]) => known), REFERENCE]) take(left, labels);
  return Object.fromEntries(left);
}

function take(left, labels) {
  const found = [];
  for (const [key, name] of Object.entries(labels)) {
    if (!left.has(key)) continue;
    found.push([name, left.get(key), key]);
    left.delete(key);
  }
  return found;
}

function group(title, entries) {
  if (entries.length === 0) return null;
  const rows = entries.map(([name, value, key]) =>
    el("div", { class: "fact", "data-key": key }, el("dt", {}, name), el("dd", {}, shown(value))),
  );
  return el("section", {}, el("h3", {}, title), el("dl", {}, rows));
}

export function shown(value) {
  if (value === null) return el("span", { class: "quiet" }, "null");
  if (value === "") return el("span", { class: "quiet" }, "(empty)");
  if (typeof value === "string") return isLink(value) ? link(value) : readable(value);
  if (Array.isArray(value) && value.every((entry) => typeof entry !== "object")) {
    return value.length === 0 ? el("span", { class: "quiet" }, "(none)") : listed(value);
  }
  if (typeof value === "object") {
    return el("pre", { tabindex: "0" }, JSON.stringify(value, null, 2));
  }
  return String(value);
}

/** Names side by side; sentences below each other. */
function listed(entries) {
  const texts = entries.map((entry) => plain(String(entry)));
  return texts.join(texts.some((text) => text.includes(" ")) ? "\n" : ", ");
}

/** Only web addresses become links: others could run code. */
function isLink(text) {
  return /^https?:\/\/\S+$/.test(text) && URL.canParse(text);
}

function link(text) {
  return el("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, plain(text));
}
