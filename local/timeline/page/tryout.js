import { announce, byId, el } from "./dom.js";
import { duration } from "./format.js";
import { send } from "./connection.js";

const SKIPS = [
  ["1m", "1 min", 60_000],
  ["5m", "5 min", 300_000],
  ["15m", "15 min", 900_000],
];

let built = false;

/** What only the embedded gate has: scenarios to start and a clock to move on. */
export function drawTryout(embedded, { onReport, onSkipped }) {
  const panel = byId("tryout");
  panel.hidden = embedded === null;
  if (embedded === null) return;
  if (!built) {
    built = true;
    panel.append(scenarios(embedded.scenarios, onReport), clock(onSkipped));
  }
  byId("skipped").textContent =
    embedded.skipped_ms === 0
      ? "Nothing skipped yet."
      : `Skipped so far: ${duration(embedded.skipped_ms)}.`;
}

function scenarios(list, onReport) {
  return el(
    "section",
    { class: "tryout-part", "aria-labelledby": "scenarios-title" },
    el("h2", { class: "list-title", id: "scenarios-title" }, "Try a scenario"),
    el(
      "ul",
      { class: "scenarios" },
      list.map(({ name, title, shows }) =>
        el(
          "li",
          {},
          el(
            "button",
            {
              type: "button",
              class: "scenario",
              "data-testid": `scenario-${name}`,
              "aria-describedby": `shows-${name}`,
              onclick: (event) => play(event.currentTarget, name, title, onReport),
            },
            title,
          ),
          el("p", { class: "hint", id: `shows-${name}` }, shows),
        ),
      ),
    ),
    el("p", { class: "problem", id: "scenario-problem", role: "alert" }),
  );
}

async function play(button, name, title, onReport) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  byId("scenario-problem").textContent = "";
  announce(`${title} begins`);
  try {
    const answer = await send(`/timeline/scenarios/${name}`, {});
    if (answer.ok) onReport({ title, ...answer.told });
    else byId("scenario-problem").textContent = answer.problem;
  } catch {
    byId("scenario-problem").textContent = "The gate does not answer.";
  }
  button.removeAttribute("aria-busy");
}

function clock(onSkipped) {
  return el(
    "section",
    { class: "tryout-part", "aria-labelledby": "clock-title" },
    el("h2", { class: "list-title", id: "clock-title" }, "Virtual time"),
    el(
      "p",
      { class: "hint" },
      "Moves the clock of the gate and of both emulators on, so that an expiry can be seen at once. It stays moved on. ",
      el("span", { id: "skipped" }),
    ),
    el(
      "div",
      { class: "skips", role: "group", "aria-label": "Skip" },
      SKIPS.map(([name, text, ms]) =>
        el(
          "button",
          {
            type: "button",
            class: "plain",
            "data-testid": `clock-skip-${name}`,
            onclick: () => skip(ms, text, onSkipped),
          },
          `+ ${text}`,
        ),
      ),
    ),
  );
}

async function skip(ms, text, onSkipped) {
  try {
    const answer = await send("/timeline/clock", { skip_ms: ms });
    if (!answer.ok) throw new Error(answer.problem);
    announce(`Skipped ${text}`);
    onSkipped();
  } catch {
    byId("scenario-problem").textContent = "The clock could not be moved on.";
  }
}
