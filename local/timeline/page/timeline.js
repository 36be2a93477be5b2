import { connection, listen, read } from "./connection.js";
import { detailView } from "./detail.js";
import { announce, byId, coded, el } from "./dom.js";
import { tick } from "./format.js";
import { drawList, keepRows, matching, rowLink } from "./list.js";
import { drawNotices } from "./notices.js";
import { patch } from "./patch.js";
import { drawTryout } from "./tryout.js";
import { incidentLabel, statusOf } from "./words.js";

const STEP = 50;
const MOST_SHOWN = 2000;

let overview = null;
/** How many that have ended are read. */
let shown = STEP;
/** The proposal that is open; `null` = none, the list is what a phone shows. */
let selected = idInHash();
let found = null;
let report = null;
let everyStep = false;
let shownDetail = "";
let loading = false;
let loadAgain = false;
const known = new Map();

addEventListener("hashchange", () => void open(idInHash(), false));
byId("home").addEventListener("click", (event) => {
  event.preventDefault();
  void open(null);
});
document.addEventListener("keydown", onKey);
byId("search").addEventListener("input", () => overview !== null && draw());
byId("outcome").addEventListener("change", () => overview !== null && draw());
byId("older").addEventListener("click", () => {
  shown = Math.min(MOST_SHOWN, shown + STEP);
  void load();
});
listen(() => void load());

function idInHash() {
  const id = /^#(prop_[a-z0-9]+)$/.exec(location.hash)?.[1];
  return id ?? null;
}

/** One reading at a time; what changes meanwhile is read after it. */
async function load() {
  if (loading) {
    loadAgain = true;
    return;
  }
  loading = true;
  try {
    do {
      loadAgain = false;
      overview = await read(`/timeline/data?ended=${shown}`);
      await readSelected();
      connection("live", "Live");
      tellChanges();
      draw();
      tick();
    } while (loadAgain);
  } catch {
    connection("lost", "Reconnecting…");
    setTimeout(() => void load(), 2000);
  }
  loading = false;
}

async function readSelected() {
  const id = selected;
  if (id === null) {
    found = null;
    return;
  }
  const answer = await fetch(`/timeline/proposals/${id}`);
  const body = answer.ok ? await answer.json() : null;
  if (selected === id) found = body;
}

/** For screen readers: what changed since the last reading. */
function tellChanges() {
  const isFirst = known.size === 0;
  const news = [];
  for (const proposal of [...overview.open, ...overview.ended]) {
    const { text } = statusOf(proposal);
    const before = known.get(proposal.id);
    if (!isFirst && before !== text) {
      const what = `${proposal.runbook} on ${incidentLabel(proposal.incident)}`;
      news.push(before === undefined ? `New proposal: ${what}` : `${what}: ${text}`);
    }
    known.set(proposal.id, text);
  }
  const alarms = known.get("alarms") ?? overview.alarms.length;
  if (overview.alarms.length > alarms) news.push(`Alarm: ${overview.alarms[0].text}`);
  known.set("alarms", overview.alarms.length);
  if (news.length > 0) announce(news.slice(0, 3).join(". "));
}

function draw() {
  const { open: openOnes, ended, more, embedded } = overview;
  const filter = filterNow();
  const isFiltered = filter.words.trim() !== "" || filter.outcome !== "";
  const options = { selected, onOpen: (id) => void open(id), isFiltered };
  drawList("open", matching(sortedOpen(), filter), { ...options, more: more.open });
  drawList("ended", matching(ended, filter), { ...options, more: more.ended });
  byId("older").hidden = !more.ended || shown >= MOST_SHOWN;
  keepRows(new Set([...openOnes, ...ended].map(({ id }) => id)));
  drawNotices(overview, (id) => void open(id));
  drawTryout(embedded, { onReport: showReport, onSkipped: () => void load() });
  drawLinks(embedded);
  document.title = openOnes.length > 0 ? `(${openOnes.length}) Approval gate` : "Approval gate";
  drawDetail();
}

function filterNow() {
  return { words: byId("search").value, outcome: byId("outcome").value };
}

/** The one with the least time left first. */
function sortedOpen() {
  const due = ({ decision, decide_by: decideBy }) =>
    Date.parse((decision === null ? decideBy : decision.valid_until) ?? "") || Infinity;
  return [...overview.open].sort((a, b) => {
    const [dueA, dueB] = [due(a), due(b)];
    return dueA === dueB ? (a.id < b.id ? -1 : 1) : dueA - dueB;
  });
}

function drawLinks(embedded) {
  const links = byId("links");
  byId("kind").hidden = embedded === null;
  if (embedded === null || links.childElementCount > 0) return;
  const link = (url, text, testid) =>
    el("a", { href: url, target: "_blank", rel: "noopener", "data-testid": testid }, text);
  links.append(
    link(embedded.inbox_url, "Inbox", "inbox-link"),
    link(embedded.pagerduty_url, "PagerDuty", "pagerduty-link"),
  );
}

/** Only what differs is drawn again: a focus or a selection stays. */
function drawDetail() {
  byId("split").dataset.view = selected === null && report === null ? "list" : "detail";
  const key = JSON.stringify([
    selected,
    found === null ? null : [found.proposal, found.events.length, found.chain],
    everyStep,
    report,
  ]);
  if (key === shownDetail) return;
  shownDetail = key;
  const detail = byId("detail");
  const hadFocus = detail.contains(document.activeElement) && document.activeElement !== detail;
  patch(detail, el("div", {}, contents()));
  // What had the focus is gone, such as the link to decide once it is decided.
  if (hadFocus && !detail.contains(document.activeElement)) byId("summary")?.focus();
}

function contents() {
  if (selected === null) return report === null ? welcome() : reportView();
  if (found === null) {
    return el(
      "div",
      { class: "nothing" },
      el("h2", {}, "There is no such proposal"),
      el("p", {}, el("a", { href: "/" }, "To the timeline")),
    );
  }
  return detailView(found, {
    onBack: () => void open(null),
    everyStep,
    onEveryStep: () => {
      everyStep = !everyStep;
      drawDetail();
    },
  });
}

function welcome() {
  return el(
    "div",
    { class: "nothing" },
    el("h2", {}, "What agents propose, who decides, what runs"),
    el(
      "p",
      {},
      overview.embedded === null
        ? "Choose a proposal to see its audit trail."
        : "Choose a proposal, or start a scenario: “Database failover” is a good first one.",
    ),
  );
}

function reportView() {
  return el(
    "article",
    { class: "request", "data-testid": "scenario-report" },
    el(
      "button",
      { type: "button", class: "plain to-list", onclick: () => void open(null) },
      "← All proposals",
    ),
    el("h2", { class: "summary", id: "summary", tabindex: "-1" }, report.title),
    el(
      "section",
      { class: "why" },
      el("h3", {}, "What happened"),
      el(
        "ol",
        { class: "told" },
        report.happened.map((text) => el("li", {}, text)),
      ),
    ),
    el(
      "section",
      { class: "why" },
      el("h3", {}, "Next"),
      el(
        "ul",
        { class: "told" },
        report.proposalIds.map((id) =>
          el(
            "li",
            {},
            el(
              "a",
              {
                href: `#${id}`,
                onclick: (event) => {
                  event.preventDefault();
                  void open(id);
                },
              },
              `Open ${id}`,
            ),
          ),
        ),
        report.lookAt.map((text) => el("li", {}, withLink(text))),
      ),
    ),
  );
}

/** Makes the address at the end of a sentence a link. */
function withLink(text) {
  const [, before, url] = /^(.*?)(https?:\/\/\S+)$/.exec(text) ?? [];
  return url === undefined
    ? coded(text)
    : [before, el("a", { href: url, target: "_blank", rel: "noopener" }, url)];
}

async function showReport(told) {
  report = told;
  selected = null;
  history.pushState(null, "", "/");
  await load();
  drawDetail();
  byId("split").dataset.view = "detail";
  byId("summary")?.focus();
  if (isNarrow()) scrollTo(0, 0);
}

async function open(id, push = true) {
  const from = selected;
  selected = id;
  report = null;
  if (push) history.pushState(null, "", id === null ? "/" : `#${id}`);
  await readSelected().catch(() => connection("lost", "Reconnecting…"));
  if (overview === null) return;
  draw();
  if (!isNarrow()) return;
  scrollTo(0, 0);
  if (selected === null) rowLink(from)?.focus();
  else byId("summary")?.focus();
}

function isNarrow() {
  return matchMedia("(max-width: 760px)").matches;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    byId("search").focus();
    return;
  }
  if (event.key === "Escape" && (selected !== null || report !== null)) void open(null);
  else if (event.key === "j") move(event, 1);
  else if (event.key === "k") move(event, -1);
}

function move(event, step) {
  if (overview === null) return;
  const list = matching([...sortedOpen(), ...overview.ended], filterNow());
  if (list.length === 0) return;
  event.preventDefault();
  const at = list.findIndex(({ id }) => id === selected);
  const next = list[at === -1 ? 0 : Math.min(list.length - 1, Math.max(0, at + step))];
  void open(next.id, false).then(() => {
    history.replaceState(null, "", `#${next.id}`);
    if (!isNarrow()) rowLink(next.id)?.focus();
  });
}
