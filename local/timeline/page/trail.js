import { el } from "./dom.js";
import { ago, clockTime } from "./format.js";
import { shortDigest } from "./words.js";

/** The history of a proposal, and whether nobody altered it. */
export function trail(events, chain, everyStep, onEveryStep) {
  const shown = everyStep ? events : events.filter(({ weight }) => weight === "key");
  const hidden = events.length - events.filter(({ weight }) => weight === "key").length;
  return el(
    "section",
    { class: "panel", "data-key": "trail" },
    el(
      "div",
      { class: "panel-head" },
      el("h3", {}, "Audit trail"),
      hidden === 0
        ? null
        : el(
            "button",
            {
              type: "button",
              class: "plain",
              id: "every-step",
              "aria-pressed": String(everyStep),
              onclick: onEveryStep,
            },
            everyStep ? "Only the turns" : `Every step (${hidden} more)`,
          ),
    ),
    el(
      "ol",
      { class: "trail" },
      grouped(shown).map(({ event, times }) =>
        el(
          "li",
          {
            "data-testid": "audit-event",
            "data-key": event.seq,
            "data-type": event.type,
            "data-tone": event.tone,
            "data-weight": event.weight,
          },
          eventTime(event.at),
          el("span", { class: "trail-text" }, event.text, times === 1 ? null : ` (${times} times)`),
        ),
      ),
    ),
    el(
      "p",
      {
        class: "chain",
        "data-testid": "chain",
        "data-whole": String(chain.problems.length === 0),
      },
      chain.problems.length === 0
        ? [
            `✓ Chain verified: ${events.length} events, head `,
            el("code", { title: chain.head.head }, shortDigest(chain.head.head)),
          ]
        : ["⚠ The audit trail was altered: ", chain.problems.join("; ")],
    ),
  );
}

/** Equal events in a row, as a storm of the same proposal makes them, are counted. */
function grouped(events) {
  const groups = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last?.event.text === event.text) last.times += 1;
    else groups.push({ event, times: 1 });
  }
  return groups;
}

function eventTime(iso) {
  return el(
    "span",
    { class: "trail-time" },
    el("time", { datetime: iso, title: iso }, clockTime(Date.parse(iso))),
    el("span", { class: "quiet" }, ago(iso)),
  );
}
