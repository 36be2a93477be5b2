import { byId, coded, el } from "./dom.js";
import { instant } from "./format.js";
import { ALARMS } from "./words.js";

const SHOWN = 3;

let drawn = "";
let showsAll = false;

/** What nobody must overlook: the kill switch, a refused change of the gating, and the alarms. */
export function drawNotices(overview, onOpen) {
  const { alarms, kill_switch: killSwitch, gating_problem: gatingProblem, embedded } = overview;
  const key = JSON.stringify([alarms, killSwitch, gatingProblem, showsAll]);
  if (key === drawn) return;
  drawn = key;
  drawKillSwitch(killSwitch);
  drawGatingProblem(gatingProblem);
  const incidentUrl = (id) =>
    embedded === null ? null : `${embedded.pagerduty_url}/web/incidents/${id}`;
  drawAlarms(alarms, { onOpen, incidentUrl, again: () => drawNotices(overview, onOpen) });
}

function drawKillSwitch({ on, reason, by, since }) {
  const banner = byId("kill-switch");
  banner.hidden = !on;
  if (!on) {
    banner.replaceChildren();
    return;
  }
  banner.replaceChildren(
    el("strong", {}, "Kill switch on: nothing is executed. "),
    el(
      "span",
      {},
      reason === null ? null : `${reason} `,
      `Set by ${by ?? "somebody"} `,
      since === null ? null : instant(since),
    ),
  );
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

function drawAlarms(alarms, links) {
  const section = byId("alarms");
  section.hidden = alarms.length === 0;
  const shown = showsAll ? alarms : alarms.slice(0, SHOWN);
  const rest = alarms.length - SHOWN;
  section.replaceChildren(
    el(
      "ul",
      {},
      shown.map((alarm) => alarmItem(alarm, links)),
    ),
    ...(rest <= 0
      ? []
      : [
          el(
            "button",
            {
              type: "button",
              class: "plain",
              "aria-expanded": String(showsAll),
              onclick: () => {
                showsAll = !showsAll;
                links.again();
                section.querySelector("button")?.focus();
              },
            },
            showsAll ? "Show fewer alarms" : `Show ${rest} more alarm${rest === 1 ? "" : "s"}`,
          ),
        ]),
  );
}

function alarmItem({ kind, text, at, proposal, incident_id: incident }, { onOpen, incidentUrl }) {
  const url = incident === null ? null : incidentUrl(incident);
  return el(
    "li",
    { class: "alarm", "data-testid": "alarm", "data-kind": kind },
    el("strong", { class: "alarm-kind" }, "⚠ ", ALARMS[kind] ?? kind),
    el(
      "span",
      { class: "alarm-text" },
      text,
      " ",
      el("span", { class: "quiet" }, instant(at)),
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
  );
}
