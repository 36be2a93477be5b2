import { el, plain } from "./dom.js";

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))(.*)$/s;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let offset = 0;
const updates = new Set();

/** Takes over the server's clock: countdowns follow it, not this device. */
export function setNow(iso) {
  offset = Date.parse(iso) - Date.now();
}

export function now() {
  return Date.now() + offset;
}

/** Keeps `element` up to date by `update` as long as it is in the page. */
export function ticking(element, update) {
  update();
  updates.add({ element, update });
  return element;
}

setInterval(() => {
  for (const entry of updates) {
    if (entry.element.isConnected) entry.update();
    else updates.delete(entry);
  }
}, 1000);

/** "4 min 05 s", "2 h 10 min", "3 d 4 h". */
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (ms < HOUR) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

function coarse(ms) {
  if (ms < MINUTE) return `${Math.floor(ms / 1000)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  return duration(ms);
}

export function relative(ms) {
  const distance = ms - now();
  if (Math.abs(distance) < 5000) return "just now";
  return distance > 0 ? `in ${coarse(distance)}` : `${coarse(-distance)} ago`;
}

export function age(ms) {
  return coarse(Math.max(0, now() - ms));
}

/** The wall clock, with the day unless it is today. */
export function clockTime(ms) {
  const date = new Date(ms);
  const today = new Date(now()).toDateString() === date.toDateString();
  return new Intl.DateTimeFormat(undefined, {
    ...(today ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
    timeZoneName: "short",
  }).format(date);
}

/** An instant as wall clock and distance. */
export function instant(iso) {
  const ms = Date.parse(iso);
  const element = el("time", { datetime: iso, title: iso });
  return ticking(element, () => {
    element.textContent = `${clockTime(ms)} (${relative(ms)})`;
  });
}

/** Texts that are, or begin with, an instant get it readable; all others stay as they are. */
export function readable(text) {
  const [, iso, rest] = ISO.exec(text) ?? [];
  if (iso === undefined || Number.isNaN(Date.parse(iso))) return [plain(text)];
  return [instant(iso), plain(rest)];
}

/** By when somebody must have answered: what the requester says, or the request's own expiry. */
export function deadlineOf(approval) {
  const stated = [approval.details.decide_by, approval.details.deadline, approval.expiresAt]
    .filter((value) => typeof value === "string")
    .map((value) => Date.parse(value))
    .filter((ms) => !Number.isNaN(ms));
  return stated.length === 0 ? null : Math.min(...stated);
}

/** Whether nobody decided in time: the request is still pending, but its requester waits no more. */
export function isLate(approval) {
  const deadline = deadlineOf(approval);
  return approval.status === "PENDING" && deadline !== null && deadline <= now();
}

/** A countdown that turns urgent in the last two minutes. */
export function countdown(ms, { after = "", over = "time is over" } = {}) {
  const left = el("strong");
  const rest = el("span");
  const element = el("span", { class: "countdown", role: "timer" }, left, rest);
  return ticking(element, () => {
    const leftMs = ms - now();
    element.dataset.state = leftMs <= 0 ? "over" : leftMs < 2 * MINUTE ? "urgent" : "calm";
    left.textContent = leftMs <= 0 ? over : duration(leftMs);
    rest.textContent = leftMs <= 0 ? "" : after;
  });
}
