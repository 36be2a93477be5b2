import { byId, coded, el } from "./dom.js";
import { ago, instant, now } from "./format.js";
import { patch } from "./patch.js";
import { ALARMS } from "./words.js";

const SHOWN = 3;
const RECENT_MS = 24 * 3_600_000;

let drawn = "";
let latest = null;
let showsAll = false;
/** Alarms that somebody unfolded. */
const opened = new Set();

/** What nobody must overlook: the kill switch, a refused change of the gating, and the alarms. */
export function drawNotices(overview, onOpen) {
  latest = overview;
  const { alarms, kill_switch: killSwitch, gating_problem: gatingProblem, embedded } = overview;
  const recent = alarms.filter(isRecent).length;
  const key = JSON.stringify([alarms, recent, killSwitch, gatingProblem, showsAll]);
  if (key === drawn) return;
  drawn = key;
  drawKillSwitch(killSwitch);
  drawGatingProblem(gatingProblem);
  const incidentUrl = (id) =>
    embedded === null ? null : `${embedded.pagerduty_url}/web/incidents/${id}`;
  drawAlarms(alarms, { onOpen, incidentUrl, again: () => drawNotices(latest, onOpen) });
}

/** The switch for everything, and those for a service or a runbook. */
function drawKillSwitch({ narrower, ...all }) {
  const banner = byId("kill-switch");
  const thrown = [...(all.on ? [{ ...all, service: null, runbook: null }] : []), ...narrower];
  banner.hidden = thrown.length === 0;
  banner.replaceChildren(...thrown.map(switchLine));
}

function switchLine({ service, runbook, reason, by, since }) {
  const scope = [
    ...(service === null ? [] : ["--service", service]),
    ...(runbook === null ? [] : ["--runbook", runbook]),
  ];
  const held =
    runbook !== null
      ? `runbook ${runbook} of ${service === null ? "every service" : `service ${service}`} is held`
      : service !== null
        ? `service ${service} is held`
        : "nothing is executed";
  return el(
    "div",
    {},
    el("strong", {}, `Kill switch on: ${held}. `),
    el(
      "span",
      {},
      reason === null || reason === "" ? null : `${sentence(reason)} `,
      `Set by ${by ?? "somebody"} `,
      since === null ? null : instant(since),
      ". To end it: ",
      el("code", {}, ["npx gate kill-switch off", ...scope].join(" ")),
    ),
  );
}

function sentence(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

function drawGatingProblem(problem) {
  const notice = byId("gating-problem");
  notice.hidden = problem === null;
  notice.replaceChildren();
  if (problem === null) return;
  notice.append(
    el("strong", {}, "The changed gating is refused, the earlier one stays in force."),
    el("p", { class: "gating-text", tabindex: "0" }, coded(problem)),
  );
}

/** Each takes one line until it is opened; old ones are folded away, since alarms are never taken back. */
function drawAlarms(alarms, links) {
  const section = byId("alarms");
  section.hidden = alarms.length === 0;
  const recent = alarms.filter(isRecent);
  const shown = showsAll ? alarms : recent.slice(0, SHOWN);
  const rest = alarms.length - Math.min(recent.length, SHOWN);
  const more = `${rest} ${recent.length > SHOWN ? "more" : "older"} alarm${rest === 1 ? "" : "s"}`;
  const list = el(
    "ul",
    {},
    shown.map((alarm) => alarmItem(alarm, links)),
  );
  const fold = el(
    "button",
    {
      type: "button",
      class: "plain",
      id: "all-alarms",
      "aria-expanded": String(showsAll),
      onclick: () => {
        showsAll = !showsAll;
        links.again();
      },
    },
    showsAll ? "Show fewer alarms" : `Show ${more}`,
  );
  patch(section, el("div", {}, shown.length === 0 ? null : list, rest === 0 ? null : fold));
}

/** What somebody has taken care of is no news. */
function isRecent({ at, acknowledged }) {
  return acknowledged === null && now() - Date.parse(at) < RECENT_MS;
}

function alarmItem(alarm, { onOpen, incidentUrl }) {
  const { kind, text, at, proposal, incident_id: incident } = alarm;
  const url = incident === null ? null : incidentUrl(incident);
  const key = JSON.stringify(alarm);
  return el(
    "li",
    { "data-key": key },
    el(
      "details",
      {
        class: "alarm",
        "data-testid": "alarm",
        "data-kind": kind,
        open: opened.has(key),
        ontoggle: ({ currentTarget }) => {
          if (currentTarget.open) opened.add(key);
          else opened.delete(key);
        },
      },
      el(
        "summary",
        { class: "alarm-line" },
        el("strong", { class: "alarm-kind" }, "⚠ ", ALARMS[kind] ?? kind),
        " ",
        el("span", { class: "alarm-text" }, text),
        " ",
        el("span", { class: "alarm-age" }, ago(at)),
      ),
      el(
        "p",
        { class: "alarm-more" },
        instant(at),
        proposal === null
          ? null
          : [
              " ",
              el(
                "a",
                {
                  href: `#${proposal}`,
                  onclick: (event) => {
                    event.preventDefault();
                    onOpen(proposal);
                  },
                },
                "Proposal",
              ),
            ],
        url === null
          ? null
          : [" ", el("a", { href: url, target: "_blank", rel: "noopener" }, "Incident")],
      ),
    ),
  );
}
