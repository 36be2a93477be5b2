import { byId, el } from "./dom.js";
import { instant, now, setNow } from "./format.js";

export async function read(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const body = await answer.json();
  setNow(body.now);
  return body;
}

/** Sends what only this page may; resolves to the answer, or to why it was refused. */
export async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  return answer.ok ? { ok: true, told } : { ok: false, problem: told.error ?? "It was refused." };
}

/** Calls `onChange` whenever the page should read again; also after a lost connection. */
export function listen(onChange) {
  const events = new EventSource("/timeline/events");
  events.addEventListener("open", onChange);
  events.addEventListener("change", (event) => {
    setNow(JSON.parse(event.data).now);
    onChange();
  });
  events.addEventListener("beat", (event) => setNow(JSON.parse(event.data).now));
  events.addEventListener("error", () => {
    connection("lost", "Reconnecting…");
    // Some browsers give up for good when nothing listens.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => listen(onChange), 3000);
  });
}

/** While the gate does not answer, what is shown is old: nobody must take it for how things stand. */
export function connection(state, text) {
  const element = byId("connection");
  const banner = byId("stale");
  element.dataset.state = state;
  element.textContent = text;
  if (state === "live") {
    banner.hidden = true;
  } else if (banner.hidden) {
    banner.replaceChildren(
      el("strong", {}, "Not live since "),
      instant(new Date(now()).toISOString()),
      ": the gate does not answer. What is shown may have changed.",
    );
    banner.hidden = false;
  }
}
