import { detailView } from "./detail.js";
import { announce, byId, el } from "./dom.js";
import { deadlineOf, isLate, setNow } from "./format.js";
import { listRow } from "./rows.js";

const DECIDED_SHOWN = 50;

const approvals = new Map();
const rows = new Map();
/** The request that is open; `null` = none, the list is what a phone shows. */
let selected = idInPath();
/** Where in the list of pending ones the open request is or was: after its decision the next one stands there. */
let place = null;
let shownDetail = "";
let drawing = false;
let everySecond;

addEventListener("popstate", () => open(idInPath(), false));
byId("home").addEventListener("click", (event) => {
  event.preventDefault();
  open(null);
});
document.addEventListener("keydown", onKey);
listen();

function idInPath() {
  const id = /^\/r\/([^/]+)$/.exec(location.pathname)?.[1];
  return id === undefined ? null : decodeURIComponent(id);
}

function listen() {
  const events = new EventSource("/_emulator/events");
  // Also after a lost connection: what happened meanwhile is read again.
  events.addEventListener("open", () => void load());
  events.addEventListener("error", () => {
    connection("lost", "Reconnecting…");
    // Some browsers give up for good when nothing listens.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
  events.addEventListener("beat", (event) => setNow(JSON.parse(event.data).now));
  events.addEventListener("reload", () => void load());
  events.addEventListener("approval", (event) => {
    const message = JSON.parse(event.data);
    setNow(message.now);
    const { approval } = message;
    const isNew = !approvals.has(approval.id);
    approvals.set(approval.id, approval);
    if (isNew && approval.status === "PENDING") announce(`New request: ${approval.summary}`);
    draw();
  });
}

async function load() {
  try {
    const [pending, decided, { notice }] = await Promise.all([
      read("/_emulator/approvals?status=pending&limit=1000"),
      read(`/_emulator/approvals?status=decided&limit=${DECIDED_SHOWN}`),
      read("/_emulator/notice"),
    ]);
    byId("notice").hidden = notice === null;
    byId("notice").textContent = notice ?? "";
    setNow(pending.now);
    approvals.clear();
    for (const approval of [...pending.approvals, ...decided.approvals]) {
      approvals.set(approval.id, approval);
    }
    if (selected !== null) await fetchSelected();
    connection("live", "Live");
    draw();
    // A request becomes too late without anybody telling so.
    everySecond ??= setInterval(draw, 1000);
  } catch {
    connection("lost", "Reconnecting…");
  }
}

async function fetchSelected() {
  if (selected === null || approvals.has(selected)) return;
  const answer = await fetch(`/_emulator/approvals/${encodeURIComponent(selected)}`);
  if (!answer.ok) return;
  const { approval } = await answer.json();
  approvals.set(approval.id, approval);
}

async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

function connection(state, text) {
  const element = byId("connection");
  element.dataset.state = state;
  element.textContent = text;
}

/** At most once a frame, however many requests come in. */
function draw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawNow();
  });
}

function drawNow() {
  const { pending, late, decided } = sorted();
  if (selected === null && !isNarrow() && pending.length > 0) selected = pending[0].id;
  const at = pending.findIndex(({ id }) => id === selected);
  if (at >= 0) place = { id: selected, at };
  const focused = document.activeElement?.closest(".item")?.dataset.id;
  drawList("pending", pending);
  byId("pending-empty").hidden = pending.length > 0;
  drawList("late", late);
  byId("late-group").hidden = late.length === 0;
  drawList("decided", decided);
  byId("decided-empty").hidden = decided.length > 0;
  // Moving or replacing an element in the page takes the focus away from it.
  if (focused !== undefined) rows.get(focused)?.row.firstElementChild.focus();
  document.title = pending.length > 0 ? `(${pending.length}) Approvals inbox` : "Approvals inbox";
  drawDetail();
}

/**
 * The one with the least time left first, then the oldest. Cheqpoint cannot take a request back, so those whose time is
 * over stay pending: they come after what somebody can still decide, newest first, and so do the decided ones.
 */
function sorted() {
  const all = [...approvals.values()];
  const due = (approval) => deadlineOf(approval) ?? Infinity;
  const pending = all.filter((approval) => approval.status === "PENDING" && !isLate(approval));
  pending.sort((a, b) => {
    const [dueA, dueB] = [due(a), due(b)];
    return dueA === dueB ? order(a, b, "createdAt") : dueA - dueB;
  });
  const late = all.filter(isLate);
  late.sort((a, b) => order(b, a, "createdAt"));
  const decided = all.filter(({ status }) => status !== "PENDING");
  decided.sort((a, b) => order(b, a, "decidedAt"));
  return { pending, late, decided: decided.slice(0, DECIDED_SHOWN) };
}

/** By time; the id makes it the same order every time. */
function order(a, b, key) {
  const [left, right] = [a[key] + a.id, b[key] + b.id];
  return left < right ? -1 : left > right ? 1 : 0;
}

function drawList(name, list) {
  byId(`${name}-count`).textContent = String(list.length);
  const wanted = list.map(rowOf);
  const container = byId(name);
  const same =
    wanted.length === container.children.length &&
    wanted.every((row, i) => row === container.children[i]);
  if (!same) container.replaceChildren(...wanted);
}

/** The list entry of a request; built again only when its status changed or its time ran out. */
function rowOf(approval) {
  const known = rows.get(approval.id);
  const key = `${approval.status} ${isLate(approval)}`;
  const row = known?.key === key ? known.row : listRow(approval, (id) => void open(id));
  rows.set(approval.id, { key, row });
  const link = row.firstElementChild;
  if (approval.id === selected) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  return row;
}

/** Drawn again only when it shows another request or the request changed: typing goes on. */
function drawDetail(told) {
  byId("split").dataset.view = selected === null ? "list" : "detail";
  const approval = selected === null ? undefined : approvals.get(selected);
  const key = JSON.stringify([selected, approval ?? null]);
  if (key === shownDetail && told === undefined) return;
  shownDetail = key;
  const detail = byId("detail");
  const hadFocus = detail.contains(document.activeElement) && document.activeElement !== detail;
  if (approval === undefined) {
    detail.replaceChildren(nothing());
    return;
  }
  detail.replaceChildren(detailView(approval, { onDecided, onBack: () => open(null), told }));
  if (hadFocus) (byId("result") ?? byId("summary")).focus();
}

function nothing() {
  if (selected !== null) {
    return el(
      "div",
      { class: "nothing" },
      el("h2", {}, "There is no such request"),
      el("p", {}, "It may be from before the emulator was reset."),
      el("p", {}, el("a", { href: "/" }, "To the inbox")),
    );
  }
  return el(
    "div",
    { class: "nothing" },
    el("h2", {}, "Nothing waits for you"),
    el("p", {}, "When an agent asks for an approval, it appears here by itself."),
  );
}

/** `told` = why the answer did not count. */
async function onDecided(id, told) {
  try {
    const found = await read(`/_emulator/approvals/${encodeURIComponent(id)}`);
    setNow(found.now);
    approvals.set(id, found.approval);
  } catch {
    return load();
  }
  if (selected === id) drawDetail(told);
  drawNow();
  if (selected === id) byId("result")?.focus();
}

async function open(id, push = true) {
  const from = selected;
  selected = id;
  if (push) history.pushState(null, "", id === null ? "/" : `/r/${id}`);
  await fetchSelected().catch(() => connection("lost", "Reconnecting…"));
  drawNow();
  if (!isNarrow()) return;
  scrollTo(0, 0);
  if (selected === null) rows.get(from)?.row.firstElementChild.focus();
  else byId("summary")?.focus();
}

function isNarrow() {
  return matchMedia("(max-width: 760px)").matches;
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const typing = event.target instanceof HTMLTextAreaElement;
  if (event.key === "Escape") {
    if (typing) event.target.blur();
    else if (document.querySelector(".second:not([hidden])"))
      document.querySelector(".back").click();
    else if (isNarrow() && selected !== null) void open(null);
    return;
  }
  if (typing) return;
  const inList =
    document.activeElement?.closest(".list") ?? document.activeElement === document.body;
  if (event.key === "j" || (event.key === "ArrowDown" && inList)) move(event, 1);
  else if (event.key === "k" || (event.key === "ArrowUp" && inList)) move(event, -1);
  else if (event.key === "a") focusOn(event, "approve");
  else if (event.key === "r") focusOn(event, "reject");
  else if (event.key === "n") focusOn(event, "note");
  else if (event.key === "e") focusOn(event, "edit");
}

/** The letter only goes to the button; a stray key in the night must not decide anything. */
function focusOn(event, id) {
  const element = byId(id);
  if (element === null) return;
  event.preventDefault();
  element.focus();
  element.scrollIntoView({ block: "nearest" });
}

/** Who has just decided goes on with what is still pending, not with what was decided before. */
function nextOf(list, pending, step) {
  const wasPending = place !== null && place.id === selected;
  if (wasPending && pending.length > 0 && !pending.some(({ id }) => id === selected)) {
    const at = step > 0 ? place.at : place.at - 1;
    return pending[Math.min(pending.length - 1, Math.max(0, at))];
  }
  const at = list.findIndex(({ id }) => id === selected);
  return list[at === -1 ? 0 : Math.min(list.length - 1, Math.max(0, at + step))];
}

function move(event, step) {
  const { pending, late, decided } = sorted();
  const list = [...pending, ...late, ...decided];
  if (list.length === 0) return;
  event.preventDefault();
  const next = nextOf(list, pending, step);
  void open(next.id, false).then(() => {
    history.replaceState(null, "", `/r/${next.id}`);
    if (!isNarrow()) rows.get(next.id)?.row.firstElementChild.focus();
  });
}
